/**
 * EtherMirror — exchanges the source and destination addresses of Ethernet packets.
 *
 * A packet too short for them is dropped.
 *
 *   FromDevice(0) -> EtherMirror -> ToDevice(0);
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { ethernet } from "@clickos/wire/ethernet";
import { dataOf } from "../lib/headers.ts";

export const EtherMirror: ElementClass = element({
  name: "EtherMirror",
  ports: "1/1",
  processing: "a/a",
  action(_c, packet) {
    const { source, destination } = dataOf(packet).header(ethernet, () =>
      packet.drop("shorter than an Ethernet header"),
    );
    const [from, to] = [source.get(), destination.get()];
    source.set(to);
    destination.set(from);
  },
});
