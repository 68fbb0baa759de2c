/**
 * UDPIP6Encap(SRC, SPORT, DST, DPORT) — puts a UDP and an IPv6 header before each packet.
 *
 * Packets go from SRC and SPORT to DST and DPORT; where DST is DST_ANNO, to the IPv6 destination annotation of each packet. Otherwise
 * the annotation becomes DST. The UDP checksum is always computed, the hop limit is 255, and the IPv6 header is marked.
 *
 * Handlers: src, sport, dst, dport (read, write).
 *
 *   ... -> UDPIP6Encap(3ffe::1, 1234, 3ffe::2, 1234) -> ...
 */
import { arg, type ElementClass, element, Mistake, required } from "@clickos/click-core/element";
import { ipProtocols } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { udp } from "@clickos/wire/udp";
import { ip6Checksum } from "../lib/ip6.ts";
import { formatIp6Address, ip6Address } from "../lib/ip6-address.ts";
import { destinationText, encapsulateIp6, readDestination } from "../lib/ip6-encap.ts";

const hopLimit = 255;

export const UDPIP6Encap: ElementClass = element({
  name: "UDPIP6Encap",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: {
    SRC: required(ip6Address),
    SPORT: required(arg.port("udp")),
    DST: required(arg.raw),
    DPORT: required(arg.port("udp")),
  },
  prepare({ config, scope, error }) {
    const destination = readDestination(config.DST, scope);
    if (destination instanceof Mistake) error("bad DST");
    return { destination: destination instanceof Mistake ? undefined : destination };
  },
  handlers: {
    src: {
      constant: ({ config }) => formatIp6Address(config.SRC),
      write: (_s, text, { change }) => change("SRC", text),
    },
    sport: { constant: ({ config }) => config.SPORT, write: (_s, text, { change }) => change("SPORT", text) },
    dst: {
      constant: ({ plan }) => destinationText(plan.destination, "::"),
      write: (_s, text, { change }) => change("DST", text),
    },
    dport: { constant: ({ config }) => config.DPORT, write: (_s, text, { change }) => change("DPORT", text) },
  },
  action(c, packet, context) {
    const { config, plan, output } = context;
    const header = { nextHeader: ipProtocols.udp, hopLimit, source: config.SRC };
    encapsulateIp6(c, context, packet, header, plan.destination, udp.size, (packet, ip, transport) => {
      const length = packet.length.sub(ipv6.size).and(0xffff);
      const datagram = transport.header(udp);
      datagram.emit({ sourcePort: config.SPORT, destinationPort: config.DPORT, length });
      datagram.checksum.stored.set(ip6Checksum(c, ip, ipProtocols.udp, datagram.address, length));
      output(0).push(packet);
    });
  },
});
