/**
 * MarkIPHeader([OFFSET]) — says where the IP header is, OFFSET bytes into the packet (default 0).
 *
 * An OFFSET below 0 is before the packet's data, where a header is that was stripped. It checks nothing: there must be a valid header.
 * A packet in which there are not 20 bytes there passes without a mark. Use CheckIPHeader for packets from outside.
 *
 *   FromDevice(0) -> MarkIPHeader(14) -> IPFilter(allow tcp, deny all) -> ...
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import { span } from "@clickos/wire";
import { ipv4 } from "@clickos/wire/ipv4";
import { boundedOffset, hasBytes } from "../lib/headers.ts";

export const MarkIPHeader: ElementClass = element({
  name: "MarkIPHeader",
  ports: "1/1",
  processing: "a/a",
  config: { OFFSET: positional(arg.i32, 0) },
  action(c, packet, { config }) {
    const offset = boundedOffset(config.OFFSET);
    c.if(
      hasBytes(packet, offset, ipv4.size),
      () => {
        const ip = span(c, packet.data.add(offset), packet.length.sub(offset)).header(ipv4, "stated");
        packet.setNetworkHeader(ip.address, ip.address.add(ip.headerLength));
      },
      () => packet.setNetworkHeader(c.i32(0), c.i32(0)),
    );
  },
});
