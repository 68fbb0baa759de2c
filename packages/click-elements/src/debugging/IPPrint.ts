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
  live,
  positional,
} from "@clickos/click-core/element";
import type { HeaderView } from "@clickos/wire";
import { icmp, icmpEcho, icmpTypes, icmpTypeText } from "@clickos/wire/icmp";
import { fragmentUnit, ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { FileTrouble } from "../lib/file-trouble.ts";
import { flagText, type IpView, payloadStart, viewIp } from "../lib/ip-summary.ts";
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
    ACTIVE: keyword(live(arg.bool), true),
    OUTFILE: keyword(arg.string, ""),
  },
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
            : [config.PAYLOAD, typeof view === "string" ? 0 : (payloadStart(view) ?? packet.data.length)];
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

function describe(
  v: IpView,
  config: { readonly ID: boolean; readonly TTL: boolean; readonly TOS: boolean; readonly LENGTH: boolean },
): string {
  const { ip } = v;
  let text = "";
  if (config.ID) text += `id ${ip.identification} `;
  if (config.TTL) text += `ttl ${ip.ttl} `;
  if (config.TOS) text += `tos ${ip.tos} `;
  if (config.LENGTH) text += `length ${ip.totalLength} `;
  text += transportText(v);
  if (ip.fragment)
    text += ` (frag ${ip.identification}:${ip.totalLength - ip.headerLength}@${ip.fragmentOffset * fragmentUnit}${ip.mf ? "+" : ""})`;
  return text;
}

/** Addresses and ports, and what the protocol has to tell, where its header is there. */
function transportText(v: IpView): string {
  const { ip, data, transport } = v;
  const [source, destination] = [formatIpAddress(ip.source), formatIpAddress(ip.destination)];
  const room = transport < 0 ? 0 : data.length - transport;
  const ported = ({ sourcePort, destinationPort }: { sourcePort: number; destinationPort: number }): string =>
    `${source}.${sourcePort} > ${destination}.${destinationPort}: `;
  if (ip.protocol === ipProtocols.tcp && room >= tcp.size) {
    const segment = tcp.view(data, transport);
    return ported(segment) + tcpText(v, segment);
  }
  if (ip.protocol === ipProtocols.udp && room >= udp.size) {
    const datagram = udp.view(data, transport);
    return `${ported(datagram)}udp ${datagram.length}`;
  }
  if (ip.protocol === ipProtocols.icmp && room >= icmp.size + icmpEcho.size)
    return `${source} > ${destination}: icmp: ${icmpText(data, transport)}`;
  return `${source} > ${destination}: ${names[ip.protocol] ?? `ip-proto-${ip.protocol}`}`;
}

const names: Readonly<Record<number, string>> = Object.fromEntries(
  (["icmp", "tcp", "udp"] as const).map((name) => [ipProtocols[name], name]),
);

/** Flags, sequence numbers, acknowledgement, window: as tcpdump had it. */
function tcpText({ at, ip, transport }: IpView, segment: HeaderView<(typeof tcp)["table"]>): string {
  const { sequenceNumber, acknowledgmentNumber, window, syn, fin, ack, flags } = segment;
  const length = Math.max(0, at + ip.totalLength - transport - segment.headerLength);
  const end = (sequenceNumber + length + syn + fin) >>> 0;
  let text = `${flagText(flags, "FSRP") || "."} ${sequenceNumber}:${end}(${length})`;
  if (ack) text += ` ack ${acknowledgmentNumber}`;
  return `${text} win ${window}`;
}

function icmpText(data: Uint8Array, at: number): string {
  const { type, code } = icmp.view(data, at);
  const { identifier, sequenceNumber } = icmpEcho.view(data, at + icmp.size);
  const name = icmpTypeText[type] ?? `type ${type}`;
  if (type === icmpTypes["echo-reply"] || type === icmpTypes.echo) return `${name} (${identifier}, ${sequenceNumber})`;
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
