/**
 * IP6Mirror — exchanges the source and destination of IPv6 packets.
 *
 * Exchanges the addresses of the marked header, and the ports of TCP and UDP where they follow it. Checksums stay right as they are.
 *
 *   ... -> CheckIP6Header -> IP6Mirror -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { ipProtocols } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import { transportOf } from "../lib/headers.ts";
import { ip6Of, loadIp6, storeIp6 } from "../lib/ip6.ts";

export const IP6Mirror: ElementClass = element({
  name: "IP6Mirror",
  ports: "1/1",
  processing: "a/a",
  action(c, packet) {
    const ip = ip6Of(packet, () => packet.drop("no IPv6 header marked"));
    const [source, destination] = [loadIp6(c, ip.source.address), loadIp6(c, ip.destination.address)];
    storeIp6(c, ip.source.address, destination);
    storeIp6(c, ip.destination.address, source);
    const next = ip.nextHeader.get();
    const transport = transportOf(packet);
    const hasPorts = next.eq(ipProtocols.tcp).or(next.eq(ipProtocols.udp));
    c.if(hasPorts.and(transport.has(udp.size)), () => {
      // Both protocols begin with their ports.
      const { ports } = transport.header(udp, "stated");
      ports.stored.set(ports.stored.get().rotl(16));
    });
  },
});
