/**
 * Idle — never makes a packet; kills those it is given.
 *
 * Ends ports that are not used.
 *
 *   ... -> [0] q :: ARPQuerier(10.0.0.1, 02:00:00:00:00:01) -> ...; Idle -> [1] q
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
