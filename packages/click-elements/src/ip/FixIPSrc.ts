/**
 * FixIPSrc(IPADDR) — sets the source address of IP packets whose Fix IP Source annotation asks for it.
 *
 * ICMPError sets the annotation: an error must come from the address of the interface that it leaves by. Where the annotation is
 * set and an IP header is marked, the element sets the source address to IPADDR, computes the header's checksum, and
 * clears the annotation. Other packets pass unchanged.
 *
 *   ... -> FixIPSrc(18.26.4.24) -> ...
 */
import { annotation, arg, type ElementClass, element, required } from "@clickos/click-core/element";
import { setHeaderChecksum } from "../lib/ip-header.ts";

export const FixIPSrc: ElementClass = element({
  name: "FixIPSrc",
  ports: "1/1",
  processing: "a/a",
  config: { IPADDR: required(arg.ipAddress) },
  action(c, packet, { config }) {
    const asked = packet.annotation8(annotation.fixIpSrc);
    c.if(asked.get(), () =>
      c.if(packet.network, () => {
        const { ip } = packet;
        ip.parts(() => packet.drop("bad IP header length"));
        asked.set(0);
        ip.source.set(config.IPADDR);
        setHeaderChecksum(c, ip);
      }),
    );
  },
});
