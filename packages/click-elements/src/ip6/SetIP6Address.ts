/**
 * SetIP6Address(IPADDR) — sets the IPv6 destination address annotation of packets.
 *
 *   ... -> SetIP6Address(3ffe:1::1) -> rt :: LookupIP6Route(3ffe:1::/32 0, ::/0 3ffe:1::1 1); rt [0] -> ...; rt [1] -> ...
 */
import { type ElementClass, element, required } from "@clickos/click-core/element";
import { ip6Annotation, storeKnownIp6 } from "../lib/ip6.ts";
import { ip6Address } from "../lib/ip6-address.ts";

export const SetIP6Address: ElementClass = element({
  name: "SetIP6Address",
  ports: "1/1",
  processing: "a/a",
  config: { IPADDR: required(ip6Address) },
  action(c, packet, { config }) {
    storeKnownIp6(c, ip6Annotation(packet), config.IPADDR);
  },
});
