/**
 * SimpleIdle — never makes a packet; kills those it is given.
 *
 * The same as Idle, but those who pull from it are not told that there are no packets: they ask again and again.
 *
 *   SimpleIdle -> [1] arpq;
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
