/** What elements that make packets of fixed data have in common. */
import { arg, type ElementContext, maximumLargeFrame, type Packet } from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import { copyBytes } from "./bytes.ts";
import { readValue } from "./handlers.ts";

/** What packets hold when nothing is said, as in Click. */
export const defaultData: Uint8Array = new TextEncoder().encode(
  "Random bullshit in a packet, at least 64 bytes long. Well, now it is.",
);

/** The length of packets that is asked for, by either name; below 0 it is that of the data. */
export function givenLength(config: { readonly LENGTH: number; readonly DATASIZE: number | undefined }): number {
  return config.DATASIZE ?? config.LENGTH;
}

/** The packet's bytes: DATA, cut or repeated to LENGTH when that is given. */
export function packetTemplate(
  config: { readonly DATA: Uint8Array; readonly LENGTH: number },
  error: (message: string) => void,
): Uint8Array {
  const length = config.LENGTH >= 0 ? config.LENGTH : config.DATA.length;
  if (length > maximumLargeFrame) error(`LENGTH ${length} is more than a packet can have (${maximumLargeFrame})`);
  const template = new Uint8Array(Math.min(length, maximumLargeFrame));
  const { DATA } = config;
  if (DATA.length > 0)
    for (let at = 0; at < template.length; at += DATA.length) template.set(DATA.subarray(0, template.length - at), at);
  return template;
}

/** What the handler `data` shows: a character a byte. */
export function dataText(template: Uint8Array): string {
  return Array.from(template, (byte) => String.fromCharCode(byte)).join("");
}

/** A written LENGTH, as the argument's text. */
export function lengthText(text: string, refused: string): string {
  return String(readValue(arg.i32, text, refused));
}

/** Makes a packet of the template, with the time as its timestamp unless TIMESTAMP is false. */
export function makePacket(
  c: FunctionBuilder,
  template: Uint8Array,
  {
    packets,
    data,
    clock,
    config,
  }: Pick<
    ElementContext<{ readonly DATA: Uint8Array; readonly TIMESTAMP?: boolean }, unknown, Record<never, never>>,
    "packets" | "data" | "clock" | "config"
  >,
  some: (packet: Packet) => void,
): void {
  packets.make(template.length, (packet) => {
    copyBytes(c, packet.data, data(template, 16), template.length);
    if (config.TIMESTAMP !== false) packet.timestamp.set(clock.now());
    some(packet);
  });
}
