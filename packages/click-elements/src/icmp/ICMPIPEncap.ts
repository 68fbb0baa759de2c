/**
 * ICMPIPEncap(SRC, DST, TYPE [, CODE, keyword IDENTIFIER]) — makes each packet the data of an ICMP message.
 *
 * Puts an ICMP and an IP header before it, from SRC to DST, with a TTL of 255. TYPE and CODE (0) are numbers or names, such as
 * `unreachable` and `port`. Messages that have an identifier and a sequence number, such as echo requests, get IDENTIFIER (0) and a number
 * that counts up from 1 and leaves 0 out, as the IP header's identification does. The headers are marked, and the destination
 * annotation becomes DST.
 *
 * Handlers: src, dst (read, write).
 *
 *   ... -> ICMPIPEncap(18.26.4.24, 140.247.60.147, unreachable, port) -> ...
 */
import {
  type ArgumentType,
  arg,
  type ElementClass,
  element,
  keyword,
  live,
  positional,
  required,
} from "@clickos/click-core/element";
import { u16 } from "@clickos/layout";
import { sumFunction } from "@clickos/wire/checksum";
import { icmp, icmpCodes, icmpEcho, icmpTimestamp, icmpTypes } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { syntaxError } from "../lib/handlers.ts";
import { echoSize, nextNonzero } from "../lib/icmp-echo.ts";
import { encapsulate } from "../lib/ip-encap.ts";

const ttl = 255;
const address = live(arg.ipAddress, { refusal: syntaxError, flags: "." });
const type: ArgumentType<number> = {
  expects: "an ICMP type",
  parse: (text, scope) => (icmpTypes as Readonly<Record<string, number>>)[text] ?? arg.i32.parse(text, scope),
};
const timestamps: readonly number[] = [icmpTypes.timestamp, icmpTypes["timestamp-reply"]];
const numbered: readonly number[] = [
  ...timestamps,
  icmpTypes.echo,
  icmpTypes["echo-reply"],
  icmpTypes.inforeq,
  icmpTypes["inforeq-reply"],
];

export const ICMPIPEncap: ElementClass = element({
  name: "ICMPIPEncap",
  ports: "1/1",
  processing: "a/a",
  config: {
    SRC: required(address),
    DST: required(address),
    TYPE: required(type),
    CODE: positional(arg.raw, "0"),
    IDENTIFIER: keyword(arg.u16, 0),
  },
  prepare({ config: { TYPE, CODE }, scope, error }) {
    const code = icmpCodes[TYPE]?.[CODE] ?? arg.u8.parse(CODE, scope);
    if (TYPE < 0 || TYPE > 255) error("invalid TYPE");
    else if (typeof code !== "number") error("invalid CODE");
    const size = timestamps.includes(TYPE) ? icmp.size + icmpTimestamp.size : echoSize;
    return { code: typeof code === "number" ? code : 0, size, isNumbered: numbered.includes(TYPE) };
  },
  state: { number: u16 },
  initial: () => ({ number: 1 }),
  action(c, packet, context) {
    const { config, plan, state, output } = context;
    const number = state.number.get();
    const destination = state.dst.get();
    state.number.set(nextNonzero(c, number));
    const header = { identification: number, ttl, protocol: ipProtocols.icmp, source: state.src.get(), destination };
    encapsulate(c, context, packet, header, plan.size, (packet, _ip, message) => {
      packet.dstIp.set(destination);
      c.fill(message.address, 0, plan.size);
      const head = message.header(icmp);
      head.emit({ type: config.TYPE, code: plan.code });
      if (plan.isNumbered)
        head.payload().header(icmpEcho).emit({ identifier: config.IDENTIFIER, sequenceNumber: number });
      const sum = c.call(sumFunction(c), message.address, packet.length.sub(ipv4.size));
      head.checksum.stored.set(sum.xor(0xffff));
      output(0).push(packet);
    });
  },
});
