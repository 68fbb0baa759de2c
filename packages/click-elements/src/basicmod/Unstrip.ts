/**
 * Unstrip(LENGTH) — puts back LENGTH bytes at the front of packets.
 *
 * The bytes are those that were there, if something stripped them. A packet without room for them is dropped.
 *
 *   ... -> Strip(14) -> CheckIPHeader -> Unstrip(14) -> ...
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";

export const Unstrip: ElementClass = element({
  name: "Unstrip",
  ports: "1/1",
  processing: "a/a",
  config: { LENGTH: required(arg.u32) },
  action(c, packet, { config }) {
    c.if(packet.headroom.ltU(config.LENGTH), () => packet.drop("no headroom"));
    packet.unpull(config.LENGTH);
  },
});
