/**
 * IPGWOptions(MYADDR [, OTHERADDRS]) — processes the IP options that every router does: record route and timestamp.
 *
 * Expects marked IP headers. MYADDR is the router's address on the interface that packets leave by: the element writes it to
 * record routes, and to timestamps that come with addresses. Where a timestamp option names the routers that are to fill it in,
 * the element does so only for MYADDR and the addresses of OTHERADDRS, a list with spaces between them. It computes the
 * header's checksum again where it finds such an option. Other options, source routes included, stay as they are.
 *
 * A packet with malformed options leaves on output 1 if that is connected and is dropped otherwise. Its parameter problem
 * annotation says which byte of the header is wrong, for ICMPError.
 *
 * Handlers: drops (read).
 *
 *   ... -> o :: IPGWOptions(18.26.4.24) -> ...
 *   o [1] -> ICMPError(18.26.4.24, parameterproblem) -> ...
 */
import { annotation, arg, type ElementClass, element, positional, required } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { ipv4 } from "@clickos/wire/ipv4";
import { setHeaderChecksum } from "../lib/ip-header.ts";
import { processOptions } from "../lib/router-options.ts";

export const IPGWOptions: ElementClass = element({
  name: "IPGWOptions",
  ports: "1/1-2",
  processing: "a/ah",
  config: { MYADDR: required(arg.ipAddress), OTHERADDRS: positional(arg.listOf(arg.ipAddress), []) },
  state: { drops: u32 },
  handlers: { drops: { counter: "drops" } },
  action(c, packet, context) {
    const { state, output, config } = context;
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    c.if(ip.headerLength.gtU(ipv4.size), () => {
      const { options } = ip.parts(() => packet.drop("bad IP header length"));
      const addresses = { mine: config.MYADDR, others: config.OTHERADDRS };
      const { wrong, seen } = processOptions(c, context, addresses, ip.address, options);
      c.if(wrong, () => {
        state.drops.inc();
        packet.annotation8(annotation.icmpParameterProblem).set(wrong);
        output(1).push(packet, "malformed IP options");
      });
      c.if(seen, () => setHeaderChecksum(c, ip));
    });
  },
});
