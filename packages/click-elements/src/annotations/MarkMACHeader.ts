/**
 * MarkMACHeader([OFFSET, LENGTH]) — marks where packets' MAC header is.
 *
 * It is OFFSET bytes from the start, 0 by default. With a LENGTH other than 0, the network header is marked, too, behind so many bytes. A
 * packet that ends before passes without a mark.
 *
 *   FromDevice(0) -> MarkMACHeader(0, 14) -> ...
 */
import { arg, type ElementClass, element, maximumLargeFrame, positional } from "@clickos/click-core/element";

export const MarkMACHeader: ElementClass = element({
  name: "MarkMACHeader",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: { OFFSET: positional(arg.u32, 0), LENGTH: positional(arg.u32, 0) },
  action(c, packet, { config }) {
    const offset = Math.min(config.OFFSET, maximumLargeFrame);
    const length = Math.min(config.LENGTH, maximumLargeFrame);
    const mark = (): void => {
      const mac = packet.data.add(offset);
      packet.mac.set(mac);
      if (length > 0) packet.setNetworkHeader(mac.add(length), packet.transport);
    };
    if (offset + length === 0) return mark();
    c.if(packet.length.geU(offset + length), mark, () => {
      packet.mac.set(0);
      if (length > 0) packet.setNetworkHeader(c.i32(0), c.i32(0));
    });
  },
});
