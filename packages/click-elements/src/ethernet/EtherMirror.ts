/**
 * EtherMirror — exchanges the source and destination addresses of Ethernet packets.
 *
 * A packet too short for them is dropped.
 *
 *   FromDevice(0) -> EtherMirror -> ToDevice(0);
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { ethernet, exchangeAddresses } from "@clickos/wire/ethernet";
import { dataOf } from "../lib/headers.ts";

export const EtherMirror: ElementClass = element({
  name: "EtherMirror",
  ports: "1/1",
  processing: "a/a",
  action(_c, packet) {
    exchangeAddresses(dataOf(packet).header(ethernet, () => packet.drop("shorter than an Ethernet header")));
  },
});
