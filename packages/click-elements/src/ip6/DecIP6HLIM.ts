/**
 * DecIP6HLIM — decrements the hop limit of IPv6 packets.
 *
 * A packet whose hop limit is 0 or 1 leaves unchanged on output 1 if that is connected and is dropped otherwise.
 *
 * Handlers: drops (read).
 *
 *   ... -> d :: DecIP6HLIM -> ...; d [1] -> ICMP6Error(3ffe::1, 3, 0) -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { ip6Of } from "../lib/ip6.ts";

export const DecIP6HLIM: ElementClass = element({
  name: "DecIP6HLIM",
  ports: "1/1-2",
  processing: "a/ah",
  state: { drops: u32 },
  handlers: { drops: { counter: "drops" } },
  action(c, packet, { state, output }) {
    const ip = ip6Of(packet, () => packet.drop("no IPv6 header marked"));
    const hopLimit = ip.hopLimit.get();
    c.if(hopLimit.leU(1), () => {
      state.drops.inc();
      output(1).push(packet, "hop limit exceeded");
    });
    ip.hopLimit.set(hopLimit.sub(1));
  },
});
