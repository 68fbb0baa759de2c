/**
 * GetIP6Address(OFFSET) — sets the IPv6 destination address annotation to an address in the packet.
 *
 * The address is OFFSET bytes into the packet: 24 for the destination of an IPv6 packet. Where the packet ends before, the annotation
 * becomes `::`.
 *
 *   ... -> CheckIP6Header -> GetIP6Address(24) -> rt :: LookupIP6Route(3ffe:1::/32 0, ::/0 3ffe:1::1 1); rt [0] -> ...; rt [1] -> ...
 */
import { arg, type ElementClass, element, maximumLargeFrame, required } from "@clickos/click-core/element";
import { dataOf } from "../lib/headers.ts";
import { ip6Annotation, loadIp6, storeIp6 } from "../lib/ip6.ts";
import { ip6AddressSize } from "../lib/ip6-address.ts";

export const GetIP6Address: ElementClass = element({
  name: "GetIP6Address",
  ports: "1/1",
  processing: "a/a",
  config: { OFFSET: required(arg.u32) },
  action(c, packet, { config }) {
    const offset = Math.min(config.OFFSET, maximumLargeFrame);
    const to = ip6Annotation(packet);
    c.if(
      dataOf(packet).has(offset + ip6AddressSize),
      () => storeIp6(c, to, loadIp6(c, packet.data.add(offset))),
      () => c.fill(to, 0, ip6AddressSize),
    );
  },
});
