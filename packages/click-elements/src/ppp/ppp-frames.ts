/** Frames that a PPPoE server sends: those that it begins with, and its answers in the frame that asked. */
import type { Packet } from "@clickos/click-core/element";
import type { I32, I32Like } from "@clickos/codegen";
import type { StagedHeader } from "@clickos/wire";
import { ethernet, etherTypes, exchangeAddresses } from "@clickos/wire/ethernet";
import {
  ipcpOptionKinds,
  lcpOptionKinds,
  ppp,
  pppCodes,
  pppControl,
  pppLongOption,
  pppMagic,
  pppoe,
  pppoeCodes,
  pppProtocols,
  pppShortOption,
} from "@clickos/wire/ppp";
import { copyBytes } from "../lib/bytes.ts";
import { dataOf } from "../lib/headers.ts";
import { type ServerConfig, type ServerContext, sessionAt } from "./session-state.ts";

/** What is before IP in a session. */
export const encapsulation: number = ethernet.size + pppoe.size + ppp.size;

const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

/** A control packet in a session, but for who it is to. */
function control(ether: Uint8Array, protocol: number, code: number, body: Uint8Array): Uint8Array {
  const length = pppControl.size + body.length;
  return join(
    ethernet.bytes({ source: ether, etherType: etherTypes.pppoeSession }),
    pppoe.bytes({ version: 1, type: 1, length: ppp.size + length }),
    ppp.bytes({ protocol }),
    pppControl.bytes({ code, length }),
    body,
  );
}

/** What the server sends of its own accord. A magic number is where `magicAt` says. */
export interface OwnFrames {
  /** LCP: PAP, and where hosts know of more, the largest packet that it takes and a magic number. */
  readonly link: Uint8Array;
  readonly plainLink: Uint8Array;
  readonly network: Uint8Array;
  readonly echo: Uint8Array;
  readonly end: Uint8Array;
}
export function ownFrames({ ETH, MRU, ADDRESS }: ServerConfig): OwnFrames {
  const pap = pppShortOption.bytes({ kind: lcpOptionKinds.authenticationProtocol, length: 4, value: pppProtocols.pap });
  const mru = pppShortOption.bytes({ kind: lcpOptionKinds.maximumReceiveUnit, length: 4, value: MRU });
  const magic = pppLongOption.bytes({ kind: lcpOptionKinds.magicNumber, length: 6 });
  const address = pppLongOption.bytes({ kind: ipcpOptionKinds.ipAddress, length: 6, value: ADDRESS });
  const { configureRequest, echoRequest } = pppCodes;
  return {
    link: control(ETH, pppProtocols.lcp, configureRequest, join(magic, pap, mru)),
    plainLink: control(ETH, pppProtocols.lcp, configureRequest, pap),
    network: control(ETH, pppProtocols.ipcp, configureRequest, address),
    echo: control(ETH, pppProtocols.lcp, echoRequest, pppMagic.bytes()),
    end: join(
      ethernet.bytes({ source: ETH, etherType: etherTypes.pppoeDiscovery }),
      pppoe.bytes({ version: 1, type: 1, code: pppoeCodes.padt }),
    ),
  };
}

/** Sends one of those to a session's host. A request's identifier is noted. */
export function sendOwn(context: ServerContext, number: I32, which: keyof OwnFrames): void {
  const { config, packets, data, output } = context;
  const template = ownFrames(config)[which];
  const its = sessionAt(context, number);
  packets.make(template.length, (packet) => {
    const { c } = packet;
    copyBytes(c, packet.data, data(template, 16), template.length);
    const bytes = dataOf(packet).need(template.length, "stated");
    bytes.header(ethernet).destination.set(its.mac.get());
    const head = bytes.advance(ethernet.size);
    head.header(pppoe).sessionId.set(number);
    if (which !== "end") {
      const message = head.advance(pppoe.size + ppp.size).header(pppControl);
      its.identifier.inc();
      message.identifier.set(its.identifier.get());
      const body = message.payload();
      if (which === "link") body.header(pppLongOption).value.set(its.magic.get());
      if (which === "echo") body.header(pppMagic).magicNumber.set(its.magic.get());
    }
    output(0).push(packet);
  });
}

/** A control packet of a host, in its frame. */
export interface Message {
  readonly ether: StagedHeader<(typeof ethernet)["table"]>;
  readonly head: StagedHeader<(typeof pppoe)["table"]>;
  readonly control: StagedHeader<(typeof pppControl)["table"]>;
}

/** Sends a host's packet back as the answer to it, with so many bytes after the control header. */
export function answer(
  packet: Packet,
  { ether, head, control }: Message,
  code: I32Like,
  bodyBytes: I32,
  context: ServerContext,
): void {
  const length = bodyBytes.add(pppControl.size);
  control.code.set(code);
  control.length.set(length);
  head.length.set(length.add(ppp.size));
  exchangeAddresses(ether);
  packet.setLength(length.add(encapsulation));
  context.output(0).push(packet);
}
