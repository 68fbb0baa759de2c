/**
 * SimpleIdle — never makes a packet; kills those it is given.
 *
 * The same as Idle, but those who pull from it are not told that there are no packets: they ask again and again.
 *
 *   ... -> [0] q :: ARPQuerier(10.0.0.1, 02:00:00:00:00:01) -> ...; SimpleIdle -> [1] q
 */
import { type ElementClass, element } from "@clickos/click-core/element";

export const SimpleIdle: ElementClass = element({
  name: "SimpleIdle",
  ports: "-/-",
  processing: "a/a",
  flow: "x/y",
  push(_c, _port, packet) {
    packet.kill();
  },
  pull() {},
});
