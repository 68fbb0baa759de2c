/**
 * IPEncap(PROTO, SRC, DST [, keywords TTL, DSCP, ECT, CE, TOS, DF]) — puts an IP header before each packet.
 *
 * The header has protocol PROTO, a number or a name, and goes from SRC to DST; where DST is DST_ANNO, to the destination annotation
 * of each packet. Otherwise the annotation becomes DST. TTL is 250 unless it is given. DSCP (0 to 62) and either ECT or CE set the
 * bits of the type of service apart, TOS sets them together. ECT is a boolean, or 2 for the other code point. With DF
 * true, packets may not be fragmented. Identifications count up from 0. The header is marked.
 *
 * Handlers: src, dst (read, write).
 *
 *   ... -> IPEncap(ipip, 18.26.4.24, 140.247.60.147) -> ...
 */
import {
  arg,
  type ElementClass,
  element,
  formatIpAddress,
  keyword,
  Mistake,
  readText,
  required,
} from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { ecnCodes } from "@clickos/wire/ipv4";
import { encapsulate } from "../lib/ip-encap.ts";

const annotated = "DST_ANNO";
/** Click takes 63, the last that fits, for too large. */
const dscpLimit = 63;

export const IPEncap: ElementClass = element({
  name: "IPEncap",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: {
    PROTO: required(arg.ipProtocolOrNumber),
    SRC: required(arg.ipAddress),
    DST: required(arg.raw),
    TOS: keyword(arg.i32, -1),
    TTL: keyword(arg.u8, 250),
    DSCP: keyword(arg.i32, -1),
    ECT: keyword(arg.raw, ""),
    CE: keyword(arg.bool, false),
    DF: keyword(arg.bool, false),
  },
  prepare({ config, scope, error }) {
    const { PROTO, DST, TOS, DSCP, ECT, CE } = config;
    const address = DST === annotated ? undefined : readText(arg.ipAddress, DST, scope);
    const flag = ECT === "" ? false : readText(arg.bool, ECT, scope);
    const ect = typeof flag === "boolean" ? Number(flag) : 2;
    if (PROTO < 0 || PROTO > 255) error("bad IP protocol");
    else if (address instanceof Mistake) error("DST argument should be IP address or 'DST_ANNO'");
    else if (flag instanceof Mistake && ECT !== "2") error(`bad ECT value '${ECT}'`);
    else if (TOS >= 0 && DSCP >= 0) error("cannot set both TOS and DSCP");
    else if (TOS >= 0 && (ect > 0 || CE)) error("cannot set both TOS and ECN bits");
    else if (TOS > 255 || TOS < -1) error("TOS too large; max 255");
    else if (DSCP >= dscpLimit || DSCP < -1) error("DSCP too large; max 63");
    else if (ect > 0 && CE) error("can set at most one ECN option");
    const ecn = CE ? ecnCodes.ce : ([ecnCodes.notEct, ecnCodes.ect1, ecnCodes.ect0][ect] as number);
    return {
      destination: address instanceof Mistake ? undefined : address,
      service: TOS >= 0 ? { tos: TOS } : { dscp: Math.max(DSCP, 0), ecn },
    };
  },
  state: { made: u32 },
  handlers: {
    src: {
      flags: ".",
      constant: ({ config }) => formatIpAddress(config.SRC),
      write: (_s, text, { change }) => change("SRC", text),
    },
    dst: {
      flags: ".",
      constant: ({ plan }) => (plan.destination === undefined ? annotated : formatIpAddress(plan.destination)),
      write: (_s, text, { change }) => change("DST", text),
    },
  },
  action(c, packet, context) {
    const { config, plan, state, output } = context;
    const destination = plan.destination ?? packet.dstIp.get();
    const identification = state.made.get();
    state.made.set(identification.add(1));
    const header = {
      ...plan.service,
      identification,
      df: Number(config.DF),
      ttl: config.TTL,
      protocol: config.PROTO,
      source: config.SRC,
      destination,
    };
    encapsulate(c, context, packet, header, 0, (packet) => {
      if (plan.destination !== undefined) packet.dstIp.set(plan.destination);
      output(0).push(packet);
    });
  },
});
