/**
 * ICMPPingEncap(SRC, DST [, keyword IDENTIFIER]) — makes each packet the data of an ICMP echo request.
 *
 * Puts an ICMP and an IP header before it, from SRC to DST, with a TTL of 255. The identifier is IDENTIFIER (0); sequence numbers and
 * the IP header's identifications count up from 1, and leave 0 out. The headers are marked, and the destination annotation becomes DST.
 *
 * Handlers: src, dst (read, write).
 *
 *   ... -> ICMPPingEncap(18.26.4.24, 140.247.60.147) -> ...
 */
import { arg, type ElementClass, element, keyword, live, required } from "@clickos/click-core/element";
import { u16 } from "@clickos/layout";
import { icmpTypes } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { syntaxError } from "../lib/handlers.ts";
import { echoSize, emitEcho, nextNonzero } from "../lib/icmp-echo.ts";
import { encapsulate } from "../lib/ip-encap.ts";

const ttl = 255;
const address = live(arg.ipAddress, { refusal: syntaxError, flags: "." });

export const ICMPPingEncap: ElementClass = element({
  name: "ICMPPingEncap",
  ports: "1/1",
  processing: "a/a",
  config: { SRC: required(address), DST: required(address), IDENTIFIER: keyword(arg.u16, 0) },
  state: { number: u16 },
  initial: () => ({ number: 1 }),
  action(c, packet, context) {
    const { config, state, output } = context;
    const number = state.number.get();
    const destination = state.dst.get();
    state.number.set(nextNonzero(c, number));
    const header = { identification: number, ttl, protocol: ipProtocols.icmp, source: state.src.get(), destination };
    encapsulate(c, context, packet, header, echoSize, (packet, _ip, message) => {
      packet.dstIp.set(destination);
      emitEcho(c, message, packet.length.sub(ipv4.size), {
        type: icmpTypes.echo,
        identifier: config.IDENTIFIER,
        sequenceNumber: number,
      });
      output(0).push(packet);
    });
  },
});
