/**
 * Align(MODULUS, OFFSET) — has packets' data start at addresses of an alignment.
 *
 * The data of a packet is moved so that its address is OFFSET beyond a multiple of MODULUS, which is 2, 4 or 8. No element needs that here:
 * any address may be read.
 *
 *   FromDevice(0) -> Align(4, 2) -> ...
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";

export const Align: ElementClass = element({
  name: "Align",
  ports: "1/1",
  processing: "a/a",
  config: { MODULUS: required(arg.u32), OFFSET: required(arg.i32) },
  prepare({ config: { MODULUS, OFFSET }, error }) {
    if (![2, 4, 8].includes(MODULUS)) error("MODULUS must be 2, 4, or 8");
    else if (OFFSET >= MODULUS) error("OFFSET must be smaller than MODULUS");
  },
  action(c, packet, { config: { MODULUS, OFFSET }, packets, output }) {
    packets.room(packet, { tail: MODULUS }, (packet) => {
      const { length, data } = packet;
      const distance = c
        .i32(OFFSET)
        .sub(data)
        .and(MODULUS - 1);
      c.if(distance, () => {
        c.copy(data.add(distance), data, length);
        // Marks move with what they mark.
        const mac = packet.mac.get();
        c.if(mac, () => packet.mac.set(mac.add(distance)));
        const moved = (mark: typeof data): typeof data => c.select(mark, mark.add(distance), mark);
        packet.setNetworkHeader(moved(packet.network), moved(packet.transport));
        packet.pull(distance);
        packet.setLength(length);
      });
      output(0).push(packet);
    });
  },
});
