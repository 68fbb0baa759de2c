/**
 * IP6Encap(PROTO, SRC, DST [, keywords HLIM, CLASS]) — puts an IPv6 header before each packet.
 *
 * The header's next header is PROTO, a number or a name, and it goes from SRC to DST; where DST is DST_ANNO, to the IPv6 destination
 * annotation of each packet. Otherwise the annotation becomes DST. HLIM, 250 by default, is the hop limit, and CLASS, 0 by default,
 * the traffic class. The header is marked.
 *
 * Handlers: src, dst (read, write).
 *
 *   ... -> IP6Encap(4, 2000:10:1::2, 2000:20:1::2, HLIM 20) -> ...
 */
import { arg, type ElementClass, element, keyword, Mistake, required } from "@clickos/click-core/element";
import { formatIp6Address, ip6Address } from "../lib/ip6-address.ts";
import { destinationText, encapsulateIp6, readDestination } from "../lib/ip6-encap.ts";

export const IP6Encap: ElementClass = element({
  name: "IP6Encap",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: {
    PROTO: required(arg.ipProtocolOrNumber),
    SRC: required(ip6Address),
    DST: required(arg.raw),
    HLIM: keyword(arg.u8, 250),
    CLASS: keyword(arg.u8, 0),
  },
  prepare({ config, scope, error }) {
    const { PROTO, DST } = config;
    const destination = readDestination(DST, scope);
    if (PROTO < 0 || PROTO > 255) error("bad IP protocol");
    else if (destination instanceof Mistake) error("DST argument should be IP address or 'DST_ANNO'");
    return { destination: destination instanceof Mistake ? undefined : destination };
  },
  handlers: {
    src: {
      flags: ".",
      constant: ({ config }) => formatIp6Address(config.SRC),
      write: (_s, text, { change }) => change("SRC", text),
    },
    dst: {
      flags: ".",
      constant: ({ plan }) => destinationText(plan.destination),
      write: (_s, text, { change }) => change("DST", text),
    },
  },
  action(c, packet, context) {
    const { config, plan, output } = context;
    const header = {
      trafficClass: config.CLASS,
      nextHeader: config.PROTO,
      hopLimit: config.HLIM,
      source: config.SRC,
    };
    encapsulateIp6(c, context, packet, header, plan.destination, 0, (packet) => output(0).push(packet));
  },
});
