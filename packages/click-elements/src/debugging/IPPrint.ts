/**
 * IPPrint([LABEL] [, keywords CONTENTS, PAYLOAD, MAXLENGTH, ID, TTL, TOS, LENGTH, TIMESTAMP, AGGREGATE, PAINT, SWAP,
 * ACTIVE, OUTFILE, CHANNEL]) — prints IP packets and passes them on.
 *
 * A line a packet: the label, the timestamp (unless TIMESTAMP is false), addresses and ports, and what the
 * protocol has to tell. Of packets without an IP header nothing is printed. ID, TTL, TOS, LENGTH, AGGREGATE and PAINT add
 * those. CONTENTS is NONE, HEX or ASCII, PAYLOAD false, HEX or ASCII: one of them prints up to MAXLENGTH bytes (1500; -1 for
 * all) of the packet, or of what follows its headers. With SWAP false, the identifiers of ICMP echo have their bytes
 * exchanged. OUTFILE writes to a file; CHANNEL, to the clients of a ChatterSocket. NBYTES is an earlier name of MAXLENGTH.
 * Runs in process only, not in a virtual machine.
 *
 * Handlers: active (read, write).
 *
 *   FromDump(in.pcap) -> CheckIPHeader(14) -> IPPrint(ip) -> Discard
 */
import { annotation, arg, type ElementClass, element, keyword, live, positional } from "@clickos/click-core/element";
import { type Contents, dump, readContents, readPayload } from "../lib/contents.ts";
import { FileTrouble } from "../lib/file-trouble.ts";
import { ipLine } from "../lib/ip-line.ts";
import { formatTimestamp } from "../lib/time.ts";

export const IPPrint: ElementClass = element({
  name: "IPPrint",
  ports: "1/1",
  processing: "a/a",
  config: {
    LABEL: positional(arg.string, ""),
    CONTENTS: keyword(arg.string, "no"),
    PAYLOAD: keyword(arg.string, "no"),
    MAXLENGTH: keyword(arg.i32, 1500),
    NBYTES: keyword(arg.i32, undefined),
    ID: keyword(arg.bool, false),
    TIMESTAMP: keyword(arg.bool, true),
    PAINT: keyword(arg.bool, false),
    TOS: keyword(arg.bool, false),
    TTL: keyword(arg.bool, false),
    SWAP: keyword(arg.bool, true),
    LENGTH: keyword(arg.bool, false),
    AGGREGATE: keyword(arg.bool, false),
    ACTIVE: keyword(live(arg.bool, { flags: ".c" }), true),
    OUTFILE: keyword(arg.filename, ""),
    CHANNEL: keyword(arg.string, undefined),
  },
  prepare({ config, error }) {
    const contents = readContents(config.CONTENTS, error);
    const payload = contents === undefined ? undefined : readPayload(config.PAYLOAD, config.CONTENTS, contents, error);
    if (contents && payload && contents !== "NONE" && payload !== "NONE")
      error("specify at most one of PAYLOAD and CONTENTS");
    const kind: Contents = payload && payload !== "NONE" ? payload : (contents ?? "NONE");
    return { kind, ofPayload: payload !== "NONE", limit: config.NBYTES ?? config.MAXLENGTH };
  },
  files: (config) => ({ writes: config.OUTFILE }),
  service({ config, plan, host }) {
    const { OUTFILE } = config;
    const { files } = host;
    if (OUTFILE && !files) throw "files are not available here";
    try {
      if (OUTFILE) files?.write(OUTFILE, "", false);
    } catch (e) {
      throw `${OUTFILE}: ${(e as Error).message}`;
    }
    const trouble = new FileTrouble(host);
    const limit = plan.limit < 0 ? Number.POSITIVE_INFINITY : plan.limit;
    return {
      packet(packet) {
        if (packet.network < 0) return 0;
        let text = config.LABEL ? `${config.LABEL}: ` : "";
        if (config.TIMESTAMP) text += `${formatTimestamp(packet.timestampNs)}: `;
        if (config.AGGREGATE) text += `#${packet.annotations.getUint32(annotation.aggregate, true)}`;
        if (config.PAINT)
          text += `${config.AGGREGATE ? "." : "paint "}${packet.annotations.getUint8(annotation.paint)}`;
        if (config.AGGREGATE || config.PAINT) text += ": ";
        const { line, payload } = ipLine(packet, config);
        text += line;
        if (payload) text += dump((plan.ofPayload ? payload : packet.data).subarray(0, limit), plan.kind);
        if (OUTFILE) trouble.attempt(() => files?.write(OUTFILE, `${text}\n`, true));
        else host.chatter(text, config.CHANNEL);
        return 0;
      },
      problem: () => trouble.problem && `${OUTFILE}: ${trouble.problem}`,
    };
  },
  action(c, packet, { service, state }) {
    c.if(state.active.get(), () => {
      service.give(packet);
    });
  },
});
