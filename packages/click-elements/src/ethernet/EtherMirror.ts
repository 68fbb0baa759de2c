/**
 * EtherMirror — exchanges the source and destination addresses of Ethernet packets.
 *
 * A packet too short for them is dropped.
 *
 *   FromDevice(0) -> EtherMirror -> ToDevice(0);
 */
import { type ElementClass, element } from "@clickos/click-core/element";

export const EtherMirror: ElementClass = element({
  name: "EtherMirror",
  ports: "1/1",
  processing: "a/a",
  action(c, packet) {
    c.if(packet.length.ltU(14), () => packet.drop("shorter than an Ethernet header"));
    const at = packet.data;
    // Twelve bytes as 8 + 4: destination is bytes 0–5, source 6–11.
    const low = c.load64(at);
    const high = c.load32(at, 8).toI64();
    const destination = low.and(0xffffffffffffn);
    const source = low.shrU(48).or(high.shl(16));
    c.store64(at, source.or(destination.shl(48)));
    c.store32(at, destination.shrU(16).toI32(), 8);
  },
});
