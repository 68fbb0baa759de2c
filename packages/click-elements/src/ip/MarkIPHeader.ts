/**
 * MarkIPHeader([OFFSET]) — says where the IP header is, OFFSET bytes into the packet (default 0).
 *
 * It checks nothing: the packet must hold a valid header there. Use CheckIPHeader for packets from outside.
 *
 *   ... -> MarkIPHeader(14) -> IPFilter(...) -> ...
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";

export const MarkIPHeader: ElementClass = element({
  name: "MarkIPHeader",
  ports: "1/1",
  processing: "a/a",
  config: { OFFSET: positional(arg.u16, 0) },
  action(c, packet, { config }) {
    c.if(
      packet.length.ltU(config.OFFSET + 20),
      () => packet.setNetworkHeader(c.i32(0), c.i32(0)),
      () => {
        const ip = packet.data.add(config.OFFSET);
        packet.setNetworkHeader(ip, ip.add(c.load8(ip).and(15).shl(2)));
      },
    );
  },
});
