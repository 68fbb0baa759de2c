/**
 * DecIPTTL([keywords ACTIVE, MULTICAST]) — decrements the time to live of IP packets.
 *
 * Patches the checksum (RFC 1624). A packet whose TTL is 0 or 1 leaves unchanged on output 1 if it is connected
 * and is dropped otherwise. With MULTICAST false, packets to multicast addresses pass unchanged; while ACTIVE is false, all
 * do.
 *
 * Handlers: drops (read), active (read, write).
 *
 *   ... -> DecIPTTL -> ...
 */

import { arg, type ElementClass, element, keyword, live } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { decrementTtl } from "../lib/ip-header.ts";

export const DecIPTTL: ElementClass = element({
  name: "DecIPTTL",
  ports: "1/1-2",
  processing: "a/ah",
  config: { ACTIVE: keyword(live(arg.bool), true), MULTICAST: keyword(arg.bool, true) },
  state: { drops: u32 },
  handlers: { drops: { counter: "drops" } },
  action(c, packet, { config, state, output }) {
    c.if(state.active.get(), () => {
      c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
      const { ip } = packet;
      const exempt = config.MULTICAST ? c.i32(0) : ip.destination.get().shrU(28).eq(0xe);
      c.if(exempt.eqz(), () => {
        const ttl = ip.ttl.get();
        c.if(ttl.leU(1), () => {
          state.drops.inc();
          output(1).push(packet, "TTL expired");
        });
        decrementTtl(ip, ttl);
      });
    });
  },
});
