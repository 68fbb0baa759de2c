/**
 * UDPIPEncap(SRC, SPORT, DST, DPORT [, CHECKSUM]) — puts a UDP and an IP header before each packet.
 *
 * Packets go from SRC and SPORT to DST and DPORT; where DST is DST_ANNO, to the destination annotation of each packet. Otherwise
 * the annotation becomes DST. The UDP checksum is computed unless CHECKSUM is false. The TTL is 250; identifications count up from
 * 0. The headers are marked.
 *
 * Handlers: src, sport, dst, dport (read, write).
 *
 *   ... -> UDPIPEncap(1.0.0.1, 1234, 2.0.0.2, 1234) -> ...
 */
import {
  arg,
  type ElementClass,
  element,
  formatIpAddress,
  Mistake,
  positional,
  readText,
  required,
} from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { encapsulateUdp } from "../lib/udp-encap.ts";

export const UDPIPEncap: ElementClass = element({
  name: "UDPIPEncap",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: {
    SRC: required(arg.ipAddress),
    SPORT: required(arg.port("udp")),
    DST: required(arg.raw),
    DPORT: required(arg.port("udp")),
    CHECKSUM: positional(arg.bool, true),
  },
  prepare({ config, scope, error }) {
    const address = config.DST === "DST_ANNO" ? undefined : readText(arg.ipAddress, config.DST, scope);
    if (address instanceof Mistake) error("bad DST");
    return { destination: address instanceof Mistake ? undefined : address };
  },
  state: { made: u32 },
  handlers: {
    src: {
      constant: ({ config }) => formatIpAddress(config.SRC),
      write: (_s, text, { change }) => change("SRC", text),
    },
    sport: { constant: ({ config }) => config.SPORT, write: (_s, text, { change }) => change("SPORT", text) },
    dst: {
      constant: ({ plan }) => formatIpAddress(plan.destination ?? 0),
      write: (_s, text, { change }) => change("DST", text),
    },
    dport: { constant: ({ config }) => config.DPORT, write: (_s, text, { change }) => change("DPORT", text) },
  },
  action(c, packet, context) {
    const { config, plan, state, output } = context;
    const headers = {
      source: config.SRC,
      sourcePort: config.SPORT,
      destination: plan.destination ?? packet.dstIp.get(),
      destinationPort: config.DPORT,
      checksum: config.CHECKSUM,
      made: state.made,
    };
    encapsulateUdp(c, context, packet, headers, (packet) => {
      if (plan.destination !== undefined) packet.dstIp.set(plan.destination);
      output(0).push(packet);
    });
  },
});
