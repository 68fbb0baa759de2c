/**
 * Idle — never makes a packet; kills those it is given.
 *
 * Ends ports that are not used.
 *
 *   Idle -> [1] arpq;
 */
import { type ElementClass, element } from "@clickos/click-core/element";

export const Idle: ElementClass = element({
  name: "Idle",
  ports: "-/-",
  processing: "a/a",
  quiet: true,
  push(_c, _port, packet) {
    packet.kill();
  },
  pull() {},
});
