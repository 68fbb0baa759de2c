/**
 * MarkIP6Header([OFFSET]) — says where the IPv6 header is, OFFSET bytes into the packet (default 0).
 *
 * An OFFSET below 0 is before the packet's data, where a header is that was stripped. It checks nothing: there must be a valid header.
 * A packet in which there are not 40 bytes there passes without a mark. Use CheckIP6Header for packets from outside.
 *
 *   ... -> MarkIP6Header(14) -> IP6Print -> ...
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import { ipv6 } from "@clickos/wire/ipv6";
import { boundedOffset, hasBytes } from "../lib/headers.ts";

export const MarkIP6Header: ElementClass = element({
  name: "MarkIP6Header",
  ports: "1/1",
  processing: "a/a",
  config: { OFFSET: positional(arg.i32, 0) },
  action(c, packet, { config }) {
    const offset = boundedOffset(config.OFFSET);
    c.if(
      hasBytes(packet, offset, ipv6.size),
      () => {
        const address = packet.data.add(offset);
        packet.setNetworkHeader(address, address.add(ipv6.size));
      },
      () => packet.setNetworkHeader(c.i32(0), c.i32(0)),
    );
  },
});
