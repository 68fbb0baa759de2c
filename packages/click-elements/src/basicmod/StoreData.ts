/**
 * StoreData(OFFSET, DATA) — writes bytes into packets.
 *
 * DATA is put at OFFSET, as far as the packet reaches. A packet that ends before passes as it is.
 *
 *   ... -> StoreData(12, \\<0800>) -> ...
 */
import { arg, type ElementClass, element, maximumLargeFrame, required } from "@clickos/click-core/element";

export const StoreData: ElementClass = element({
  name: "StoreData",
  ports: "1/1",
  processing: "a/a",
  config: { OFFSET: required(arg.u32), DATA: required(arg.bytes) },
  action(c, packet, { config, data }) {
    const offset = Math.min(config.OFFSET, maximumLargeFrame);
    const { length: size } = config.DATA;
    if (size === 0) return;
    c.if(packet.length.gtU(offset), () => {
      const room = packet.length.sub(offset);
      c.copy(packet.data.add(offset), data(config.DATA), c.select(room.ltU(size), room, c.i32(size)));
    });
  },
});
