/** What elements that make packets of fixed data have in common. */
import { type ElementContext, maximumLargeFrame, type Packet } from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import { copyBytes } from "./bytes.ts";

/** The packet's bytes: DATA, cut or filled with zeros to LENGTH when that is given. */
export function packetTemplate(
  config: { readonly DATA: Uint8Array; readonly LENGTH: number },
  error: (message: string) => void,
): Uint8Array {
  const length = config.LENGTH >= 0 ? config.LENGTH : config.DATA.length;
  if (length > maximumLargeFrame) error(`LENGTH ${length} is more than a packet can have (${maximumLargeFrame})`);
  const template = new Uint8Array(Math.min(length, maximumLargeFrame));
  template.set(config.DATA.subarray(0, template.length));
  return template;
}

/** What the handler `data` shows: a character a byte. */
export function dataText(template: Uint8Array): string {
  return Array.from(template, (byte) => String.fromCharCode(byte)).join("");
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
