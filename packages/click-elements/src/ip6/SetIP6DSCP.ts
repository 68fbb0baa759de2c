/**
 * SetIP6DSCP(DSCP) — sets the differentiated services code point of IPv6 packets.
 *
 * DSCP is a number from 0 to 63: the upper six bits of the traffic class. The IPv6 header must be marked; packets without one are
 * dropped.
 *
 * Handlers: dscp (read, write).
 *
 *   ... -> CheckIP6Header -> SetIP6DSCP(46) -> ...
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";
import { ipv6 } from "@clickos/wire/ipv6";
import { argumentText } from "../lib/argument-text.ts";
import { ip6Of } from "../lib/ip6.ts";

export const SetIP6DSCP: ElementClass = element({
  name: "SetIP6DSCP",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: { DSCP: required(arg.u32) },
  prepare({ config, arguments: texts, error }) {
    if (config.DSCP > ipv6.fields.dscp.mask) error("diffserv code point out of range");
    return { text: argumentText(texts, 0, "DSCP") };
  },
  handlers: {
    dscp: { flags: ".", constant: ({ plan }) => plan.text, write: (_s, text, { change }) => change("DSCP", text) },
  },
  action(_c, packet, { config }) {
    ip6Of(packet, () => packet.drop("no IPv6 header marked")).dscp.set(config.DSCP);
  },
});
