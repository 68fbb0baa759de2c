/**
 * DecIPTTL([keywords ACTIVE, MULTICAST]) — decrements the time to live of IP packets.
 *
 * Patches the checksum (RFC 1624). A packet whose TTL is 0 or 1 leaves unchanged on output 1 if it is connected
 * and is dropped otherwise. With MULTICAST false, packets to multicast addresses pass unchanged.
 *
 * Handlers: drops (read), active (read).
 *
 *   ... -> DecIPTTL -> ...
 */

import { arg, type ElementClass, element, keyword } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";

export const DecIPTTL: ElementClass = element({
  name: "DecIPTTL",
  ports: "1/1-2",
  processing: "a/ah",
  config: { ACTIVE: keyword(arg.bool, true), MULTICAST: keyword(arg.bool, true) },
  state: { drops: u32 },
  handlers: { drops: { counter: "drops" }, active: { constant: ({ config }) => config.ACTIVE } },
  action(c, packet, { config, state, output }) {
    if (!config.ACTIVE) return;
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    const multicast = config.MULTICAST ? c.i32(0) : ip.destination.get().shrU(28).eq(0xe);
    c.if(multicast.eqz(), () => {
      const ttl = ip.ttl.get();
      c.if(ttl.leU(1), () => {
        state.drops.inc();
        output(1).push(packet, "TTL expired");
      });
      ip.ttl.set(ttl.sub(1));
      // The TTL is the high byte of its 16-bit word: the word shrinks by 0x0100, so the checksum grows by it.
      const sum = ip.checksum.get().add(0x0100);
      ip.checksum.set(sum.add(sum.shrU(16)));
    });
  },
});
