/**
 * IPPrint([LABEL] [, keywords CONTENTS, PAYLOAD, MAXLENGTH, ID, TTL, TOS, LENGTH, TIMESTAMP, AGGREGATE, PAINT,
 * ACTIVE, OUTFILE]) — prints IP packets and passes them on.
 *
 * A line a packet: the label, the timestamp (unless TIMESTAMP is false), addresses and ports, and what the
 * protocol has to tell. ID, TTL, TOS, LENGTH, AGGREGATE and PAINT add those. CONTENTS or PAYLOAD is NONE, HEX or
 * ASCII: prints up to MAXLENGTH bytes (1500) of the packet or of what follows its headers. OUTFILE writes to a
 * file. Runs in process only, not in a virtual machine.
 *
 * Handlers: active (read, write).
 *
 *   FromDump(in.pcap) -> CheckIPHeader(14) -> IPPrint(ip) -> Discard
 */
import {
  type ArgumentType,
  annotation,
  arg,
  type ElementClass,
  element,
  formatIpAddress,
  keyword,
  positional,
} from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { activeHandler } from "../lib/active.ts";
import { FileTrouble } from "../lib/file-trouble.ts";
import { flagLetters, type IpView, viewIp } from "../lib/ip-summary.ts";
import { formatTimestamp } from "../lib/time.ts";

/** NONE, HEX, ASCII, or a boolean for none and hex. */
const contents: ArgumentType<"NONE" | "HEX" | "ASCII"> = {
  expects: "NONE, HEX or ASCII",
  parse: (text, scope) => {
    const word = text.replace(/"/g, "").toUpperCase();
    const flag = arg.bool.parse(word, scope);
    if (typeof flag === "boolean") return flag ? "HEX" : "NONE";
    return word === "NONE" || word === "HEX" || word === "ASCII" ? word : undefined;
  },
};

export const IPPrint: ElementClass = element({
  name: "IPPrint",
  ports: "1/1",
  processing: "a/a",
  config: {
    LABEL: positional(arg.string, ""),
    CONTENTS: keyword(contents, "NONE"),
    PAYLOAD: keyword(contents, "NONE"),
    MAXLENGTH: keyword(arg.i32, 1500),
    NBYTES: keyword(arg.i32, -1),
    ID: keyword(arg.bool, false),
    TTL: keyword(arg.bool, false),
    TOS: keyword(arg.bool, false),
    LENGTH: keyword(arg.bool, false),
    TIMESTAMP: keyword(arg.bool, true),
    AGGREGATE: keyword(arg.bool, false),
    PAINT: keyword(arg.bool, false),
    ACTIVE: keyword(arg.bool, true),
    OUTFILE: keyword(arg.string, ""),
  },
  state: { active: u32 },
  initial: ({ config }) => ({ active: config.ACTIVE ? 1 : 0 }),
  handlers: { active: activeHandler },
  files: (config) => ({ writes: config.OUTFILE }),
  service({ config, host }) {
    const { files } = host;
    if (config.OUTFILE && !files) throw "files are not available here";
    const trouble = new FileTrouble(host);
    let started = false;
    const put = (line: string): void => {
      if (!config.OUTFILE) host.chatter(line);
      else
        trouble.attempt(() => {
          files?.write(config.OUTFILE, `${line}\n`, started);
          started = true;
        });
    };
    const limit =
      config.NBYTES >= 0 ? config.NBYTES : config.MAXLENGTH < 0 ? Number.POSITIVE_INFINITY : config.MAXLENGTH;
    return {
      packet(packet) {
        let line = config.LABEL ? `${config.LABEL}: ` : "";
        if (config.TIMESTAMP) line += `${formatTimestamp(packet.timestampNs)}: `;
        if (config.AGGREGATE) line += `#${packet.annotations.getUint32(annotation.aggregate, true)}`;
        if (config.PAINT)
          line += `${config.AGGREGATE ? "." : "paint "}${packet.annotations.getUint8(annotation.paint)}`;
        if (config.AGGREGATE || config.PAINT) line += ": ";
        const view = viewIp(packet);
        if (typeof view === "string") line += view === "no IP header" ? "(Not an IP packet)" : `(${view})`;
        else line += describe(view, config);
        const [kind, from] =
          config.CONTENTS !== "NONE"
            ? [config.CONTENTS, 0]
            : [config.PAYLOAD, typeof view === "string" ? 0 : payloadStart(view)];
        put(line + dump(packet.data.subarray(from, Math.min(packet.data.length, from + limit)), kind));
        return 0;
      },
      problem: () => trouble.problem && `${config.OUTFILE}: ${trouble.problem}`,
    };
  },
  action(c, packet, { service, state }) {
    c.if(state.active.get(), () => {
      service.give(packet);
    });
  },
});

function payloadStart(v: IpView): number {
  if (v.transport < 0) return v.bytes.byteLength;
  if (v.protocol === 6 && v.transport + 13 <= v.bytes.byteLength)
    return v.transport + (v.bytes.getUint8(v.transport + 12) >> 4) * 4;
  return v.protocol === 17 || v.protocol === 1 ? v.transport + 8 : v.transport;
}

function describe(
  v: IpView,
  config: { readonly ID: boolean; readonly TTL: boolean; readonly TOS: boolean; readonly LENGTH: boolean },
): string {
  const { bytes, ip } = v;
  let text = "";
  if (config.ID) text += `id ${bytes.getUint16(ip + 4)} `;
  if (config.TTL) text += `ttl ${bytes.getUint8(ip + 8)} `;
  if (config.TOS) text += `tos ${bytes.getUint8(ip + 1)} `;
  if (config.LENGTH) text += `length ${v.ipLength} `;
  const source = formatIpAddress(bytes.getUint32(ip + 12));
  const destination = formatIpAddress(bytes.getUint32(ip + 16));
  const room = v.transport < 0 ? 0 : bytes.byteLength - v.transport;
  const ported = (): string =>
    `${source}.${bytes.getUint16(v.transport)} > ${destination}.${bytes.getUint16(v.transport + 2)}: `;
  if (v.protocol === 6 && room >= 20) text += ported() + tcpText(v);
  else if (v.protocol === 17 && room >= 8) text += `${ported()}udp ${bytes.getUint16(v.transport + 4)}`;
  else if (v.protocol === 1 && room >= 8) text += `${source} > ${destination}: icmp: ${icmpText(v)}`;
  else text += `${source} > ${destination}: ${names[v.protocol] ?? `ip-proto-${v.protocol}`}`;
  const fragment = bytes.getUint16(ip + 6);
  if (fragment & 0x3fff)
    text += ` (frag ${bytes.getUint16(ip + 4)}:${v.ipLength - (bytes.getUint8(ip) & 15) * 4}@${(fragment & 0x1fff) * 8}${fragment & 0x2000 ? "+" : ""})`;
  return text;
}

const names: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp" };

/** Flags, sequence numbers, acknowledgement, window: as tcpdump had it. */
function tcpText({ bytes, transport: at, ip, ipLength }: IpView): string {
  const flags = bytes.getUint8(at + 13);
  const shown = [...flagLetters].filter((ch, i) => (flags >> i) & 1 && "FSRP".includes(ch)).join("");
  const sequence = bytes.getUint32(at + 4);
  const length = Math.max(0, ip + ipLength - at - (bytes.getUint8(at + 12) >> 4) * 4);
  const counted = length + (flags & 1) + ((flags >> 1) & 1);
  let text = `${shown || "."} ${sequence}:${(sequence + counted) >>> 0}(${length})`;
  if (flags & 16) text += ` ack ${bytes.getUint32(at + 8)}`;
  return `${text} win ${bytes.getUint16(at + 14)}`;
}

const icmpTypes: Readonly<Record<number, string>> = {
  0: "echo-reply",
  3: "unreachable",
  4: "source-quench",
  5: "redirect",
  8: "echo-request",
  11: "time-exceeded",
  12: "parameter-problem",
  13: "time-stamp",
  14: "time-stamp-reply",
};

function icmpText({ bytes, transport: at }: IpView): string {
  const type = bytes.getUint8(at);
  const code = bytes.getUint8(at + 1);
  const name = icmpTypes[type] ?? `type ${type}`;
  if (type === 0 || type === 8) return `${name} (${bytes.getUint16(at + 4)}, ${bytes.getUint16(at + 6)})`;
  return code ? `${name} code ${code}` : name;
}

/** Sixteen bytes a line in groups of two, or text. */
function dump(bytes: Uint8Array, kind: "NONE" | "HEX" | "ASCII"): string {
  if (kind === "NONE") return "";
  let out = "";
  const width = kind === "HEX" ? 16 : 32;
  for (let at = 0; at < bytes.length; at += width) {
    const row = [...bytes.subarray(at, at + width)];
    const cells = row.map((b) =>
      kind === "HEX" ? b.toString(16).padStart(2, "0") : b >= 32 && b < 127 ? String.fromCharCode(b) : ".",
    );
    const size = kind === "HEX" ? 2 : 8;
    const groups: string[] = [];
    for (let i = 0; i < cells.length; i += size) groups.push(cells.slice(i, i + size).join(""));
    out += `\n${String(at).padStart(4)}: ${groups.join(" ")}`;
  }
  return out;
}
