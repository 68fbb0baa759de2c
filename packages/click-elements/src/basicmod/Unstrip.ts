/**
 * Unstrip(LENGTH) — puts back LENGTH bytes at the front of packets.
 *
 * The bytes are those that were there, if something stripped them. A packet without room for them moves to a larger buffer.
 *
 *   ... -> Strip(14) -> CheckIPHeader -> Unstrip(14) -> ...
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";

export const Unstrip: ElementClass = element({
  name: "Unstrip",
  ports: "1/1",
  processing: "a/a",
  config: { LENGTH: required(arg.u32) },
  action(_c, packet, { config, packets, output }) {
    packets.room(packet, { head: config.LENGTH }, (packet) => {
      packet.unpull(config.LENGTH);
      output(0).push(packet);
    });
  },
});
