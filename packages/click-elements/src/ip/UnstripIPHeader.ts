/**
 * UnstripIPHeader — puts the marked IP header back at the front of packets that it was stripped off.
 *
 * A packet that has its header passes unchanged.
 *
 *   ... -> StripIPHeader -> ... -> UnstripIPHeader -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";

export const UnstripIPHeader: ElementClass = element({
  name: "UnstripIPHeader",
  ports: "1/1",
  processing: "a/a",
  action(c, packet) {
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    // The mark is in the packet's own buffer: there is room for what is between it and the data.
    c.if(packet.network.ltU(packet.data), () => packet.unpull(packet.data.sub(packet.network)));
  },
});
