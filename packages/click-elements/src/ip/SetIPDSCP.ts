/**
 * SetIPDSCP(DSCP) — sets the differentiated services code point of IP packets.
 *
 * DSCP is a number from 0 to 63: the upper six bits of the type of service. The checksum of the marked header is brought up to date.
 *
 * Handlers: dscp (read, write).
 *
 *   ... -> SetIPDSCP(46) -> ...
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";
import { ipv4 } from "@clickos/wire/ipv4";
import { argumentText } from "../lib/argument-text.ts";
import { changeService } from "../lib/ip-tos.ts";

export const SetIPDSCP: ElementClass = element({
  name: "SetIPDSCP",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: { DSCP: required(arg.u32) },
  prepare({ config, arguments: texts, error }) {
    if (config.DSCP > ipv4.fields.dscp.mask) error("diffserv code point out of range");
    return { text: argumentText(texts, 0, "DSCP") };
  },
  handlers: {
    dscp: { flags: ".", constant: ({ plan }) => plan.text, write: (_s, text, { change }) => change("DSCP", text) },
  },
  action(c, packet, { config }) {
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    changeService(ip, () => ip.dscp.set(config.DSCP));
  },
});
