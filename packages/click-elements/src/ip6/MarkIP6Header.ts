/**
 * MarkIP6Header([OFFSET]) — says where the IPv6 header is, OFFSET bytes into the packet (default 0).
 *
 * It checks nothing: the packet must hold a valid header there. Use CheckIP6Header for packets from outside.
 *
 *   ... -> MarkIP6Header(14) -> IP6Print -> ...
 */
import { arg, type ElementClass, element, maximumLargeFrame, positional } from "@clickos/click-core/element";
import { ipv6 } from "@clickos/wire/ipv6";
import { dataOf } from "../lib/headers.ts";

export const MarkIP6Header: ElementClass = element({
  name: "MarkIP6Header",
  ports: "1/1",
  processing: "a/a",
  config: { OFFSET: positional(arg.i32, 0) },
  action(c, packet, { config }) {
    const offset = Math.min(config.OFFSET, maximumLargeFrame);
    c.if(
      offset < 0 ? c.i32(0) : dataOf(packet).has(offset + ipv6.size),
      () => {
        const address = packet.data.add(offset);
        packet.setNetworkHeader(address, address.add(ipv6.size));
      },
      () => packet.setNetworkHeader(c.i32(0), c.i32(0)),
    );
  },
});
