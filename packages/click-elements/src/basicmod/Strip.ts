/**
 * Strip(LENGTH) — takes LENGTH bytes off the front of packets.
 *
 * A packet that is shorter is dropped.
 *
 *   ... -> Strip(14) -> CheckIPHeader -> ...
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";

export const Strip: ElementClass = element({
  name: "Strip",
  ports: "1/1",
  processing: "a/a",
  config: { LENGTH: required(arg.u32) },
  action(c, packet, { config }) {
    c.if(packet.length.ltU(config.LENGTH), () => packet.drop("shorter than what is to be stripped"));
    packet.pull(config.LENGTH);
  },
});
