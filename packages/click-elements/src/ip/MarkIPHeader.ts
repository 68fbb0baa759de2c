/**
 * MarkIPHeader([OFFSET]) — says where the IP header is, OFFSET bytes into the packet (default 0).
 *
 * It checks nothing: the packet must hold a valid header there. Use CheckIPHeader for packets from outside.
 *
 *   FromDevice(0) -> MarkIPHeader(14) -> IPFilter(allow tcp, deny all) -> ...
 */
import { arg, type ElementClass, element, maximumLargeFrame, positional } from "@clickos/click-core/element";
import { ipv4 } from "@clickos/wire/ipv4";
import { dataOf } from "../lib/headers.ts";

export const MarkIPHeader: ElementClass = element({
  name: "MarkIPHeader",
  ports: "1/1",
  processing: "a/a",
  config: { OFFSET: positional(arg.u32, 0) },
  action(c, packet, { config }) {
    const data = dataOf(packet);
    const offset = Math.min(config.OFFSET, maximumLargeFrame);
    const bytes = offset + ipv4.size;
    c.if(
      data.has(bytes),
      () => {
        const ip = data.need(bytes, "stated").advance(offset).header(ipv4);
        packet.setNetworkHeader(ip.address, ip.address.add(ip.headerLength));
      },
      () => packet.setNetworkHeader(c.i32(0), c.i32(0)),
    );
  },
});
