/**
 * IP summary dumps: a line a packet, a column a field. `!data` names the columns.
 *
 * Each field is a row of the table below: how it is read from a packet, written as text, and parsed. Values are
 * numbers, or bytes; `undefined` is a field that the packet does not have, written `-`.
 */
import { annotation, formatIpAddress, type HostPacket, parseIpAddress } from "@clickos/click-core/element";
import { quoteAlways, unquote } from "@clickos/click-language/arguments";
import { type HeaderView, readField } from "@clickos/wire";
import { ethernet } from "@clickos/wire/ethernet";
import { icmp, icmpEcho } from "@clickos/wire/icmp";
import { fragmentUnit, ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { ecnNames, type SummaryPlace, summaryAliases, summaryFields, tcpFlagLetters } from "@clickos/wire/names";
import { tcp, tcpOptionKinds } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { formatTcpOptions, parseTcpOptions } from "./tcp-options.ts";
import { formatTimestamp, parseTimestamp } from "./time.ts";

export type Value = number | bigint | Uint8Array;
export type Values = Partial<Record<string, Value>>;

/** An IP packet taken apart. */
export interface IpView {
  readonly packet: HostPacket;
  readonly data: Uint8Array;
  /** Offset of the IP header in the data. */
  readonly at: number;
  readonly ip: HeaderView<(typeof ipv4)["table"]>;
  /** Offset of the transport header; -1 where there is none. */
  readonly transport: number;
}

/** Takes a packet apart; `undefined`, with the reason, where it holds no sound IP header. */
export function viewIp(packet: HostPacket): IpView | string {
  const { data, network: at } = packet;
  if (at < 0) return "no IP header";
  const read = ipv4.read(data, at);
  if (!read.ok) {
    const { kind, value } = read.problem;
    if (kind === "truncated") return "truncated IP header";
    if (kind === "unexpected value") return `IP version ${value}`;
    if (value < ipv4.size) return `IP header length ${value}`;
  }
  const ip = ipv4.view(data, at);
  const transport = at + ip.headerLength;
  return { packet, data, at, ip, transport: ip.fragmentOffset === 0 && transport <= data.length ? transport : -1 };
}

/** A field of a header, as far as the packet has it. */
export function fieldOf(v: IpView, { protocols, field, after, unit }: SummaryPlace): number | undefined {
  const ofIp = protocols.length === 0;
  if (!ofIp && (v.transport < 0 || !protocols.includes(v.ip.protocol))) return undefined;
  const value = readField(v.data, (ofIp ? v.at : v.transport) + after, field);
  return value === undefined ? undefined : value * unit;
}

/** Where the payload starts: after the headers that are known. */
export function payloadStart(v: IpView): number | undefined {
  if (v.transport < 0) return undefined;
  switch (v.ip.protocol) {
    case ipProtocols.tcp: {
      const headerLength = fieldOf(v, summaryFields.tcp_off as SummaryPlace);
      return headerLength === undefined ? undefined : v.transport + headerLength;
    }
    case ipProtocols.udp:
      return v.transport + udp.size;
    case ipProtocols.icmp:
      return v.transport + icmp.size + icmpEcho.size;
    default:
      return v.transport;
  }
}

export interface SummaryField {
  readonly name: string;
  /** Bytes of the binary form; 0 for a length in two bytes and the content. */
  readonly size: 0 | 1 | 2 | 4 | 8;
  read(view: IpView): Value | undefined;
  format(value: Value): string;
  parse(text: string): Value | undefined;
}

const decimal = (value: Value): string => String(value);
const parseDecimal = (text: string): number | undefined =>
  /^(?:0x[0-9a-f]+|\d+)$/i.test(text) && Number(text) <= 0xffffffff ? Number(text) : undefined;

function numeric(name: string, size: 1 | 2 | 4, read: (v: IpView) => number | undefined): SummaryField {
  return { name, size, read, format: decimal, parse: parseDecimal };
}

/** A field of a header, written as a number. */
function ofHeader(name: string): SummaryField {
  const place = summaryFields[name] as SummaryPlace;
  return numeric(name, place.bytes, (v) => fieldOf(v, place));
}

const protocolLetters: Readonly<Record<string, number>> = {
  T: ipProtocols.tcp,
  U: ipProtocols.udp,
  I: ipProtocols.icmp,
};

/** `T`, `U`, `I`, a name or a number. */
export function parseProtocol(text: string): number | undefined {
  const word = text.toUpperCase();
  const named = { ...protocolLetters, TCP: ipProtocols.tcp, UDP: ipProtocols.udp, ICMP: ipProtocols.icmp }[word];
  const value = named ?? parseDecimal(text);
  return value !== undefined && value < 256 ? value : undefined;
}

const address = (name: string): SummaryField => ({
  ...ofHeader(name),
  format: (value) => formatIpAddress(Number(value)),
  parse: parseIpAddress,
});

const time = (name: string, nanoseconds: boolean): SummaryField => ({
  name,
  size: 8,
  read: (v) => v.packet.timestampNs,
  format: (value) => {
    const text = formatTimestamp(BigInt(value as bigint));
    const [seconds = "0", fraction = ""] = text.split(".");
    return `${seconds}.${nanoseconds ? fraction.padEnd(9, "0") : fraction.slice(0, 6)}`;
  },
  parse: parseTimestamp,
});

const quotedBytes = (name: string, read: (v: IpView) => Uint8Array | undefined): SummaryField => ({
  name,
  size: 0,
  read,
  format: (value) => quoteAlways(String.fromCharCode(...(value as Uint8Array))),
  parse: (text) => Uint8Array.from(unquote(text), (ch) => ch.charCodeAt(0)),
});

const payloadBytes = (v: IpView): Uint8Array | undefined => {
  const from = payloadStart(v);
  if (from === undefined) return undefined;
  return v.data.subarray(Math.min(from, v.data.length), Math.min(v.at + v.ip.totalLength, v.data.length));
};

/** Flags and fragment offset as one word: what a value of `ip_fragoff` and `ip_frag` is. */
const fragmentWord = (values: { df?: number; mf?: number; fragmentOffset?: number }): number =>
  ipv4.view(ipv4.bytes(values)).flagsAndOffset;
const fragmentOf = (value: Value): HeaderView<(typeof ipv4)["table"]> =>
  ipv4.view(ipv4.bytes({ flagsAndOffset: Number(value) }));

const rows: readonly SummaryField[] = [
  time("timestamp", false),
  time("ntimestamp", true),
  numeric("ts_sec", 4, (v) => Number(v.packet.timestampNs / 1_000_000_000n)),
  numeric("ts_usec", 4, (v) => Number((v.packet.timestampNs % 1_000_000_000n) / 1000n)),
  {
    ...time("first_timestamp", false),
    read: (v) => {
      const first = v.packet.annotations.getBigUint64(annotation.firstTimestamp, true);
      return first === 0n ? v.packet.timestampNs : first;
    },
  },
  address("ip_src"),
  address("ip_dst"),
  ofHeader("sport"),
  ofHeader("dport"),
  ofHeader("ip_len"),
  {
    ...ofHeader("ip_proto"),
    format: (value) => Object.keys(protocolLetters).find((l) => protocolLetters[l] === Number(value)) ?? String(value),
    parse: parseProtocol,
  },
  ofHeader("ip_id"),
  {
    ...ofHeader("ip_fragoff"),
    format: (value) => {
      const { fragmentOffset, mf } = fragmentOf(value);
      return `${fragmentOffset * fragmentUnit}${mf ? "+" : ""}`;
    },
    parse: (text) => {
      const match = /^(\d+)(\+?)$/.exec(text);
      const offset = Number(match?.[1]) / fragmentUnit;
      if (!match || !Number.isInteger(offset) || offset > ipv4.fields.fragmentOffset.mask) return undefined;
      return fragmentWord({ fragmentOffset: offset, mf: match[2] ? 1 : 0 });
    },
  },
  {
    ...ofHeader("ip_frag"),
    format: (value) => {
      const { fragmentOffset, mf, df } = fragmentOf(value);
      return fragmentOffset ? "f" : mf ? "F" : df ? "!" : ".";
    },
    // Some later fragment, a first one, one that may not be made fragments of, any other.
    parse: (text) =>
      ({
        f: fragmentWord({ fragmentOffset: 100 }),
        F: fragmentWord({ mf: 1 }),
        "!": fragmentWord({ df: 1 }),
        ".": 0,
      })[text],
  },
  ofHeader("ip_tos"),
  ofHeader("ip_dscp"),
  {
    ...ofHeader("ip_ecn"),
    format: (value) => ecnNames[Number(value)] ?? "no",
    parse: (text) => (ecnNames.includes(text) ? ecnNames.indexOf(text) : parseDecimal(text)),
  },
  ofHeader("ip_ttl"),
  ofHeader("ip_sum"),
  ofHeader("ip_hl"),
  numeric("ip_capture_len", 4, (v) => Math.min(v.data.length - v.at, v.ip.totalLength)),
  ofHeader("tcp_seq"),
  ofHeader("tcp_ack"),
  ofHeader("tcp_off"),
  {
    ...ofHeader("tcp_flags"),
    format: (value) => flagText(Number(value)) || ".",
    parse: (text) => {
      if (text === ".") return 0;
      if (/^\d+$/.test(text)) return Number(text) & tcp.fields.flags.mask;
      let flags = 0;
      for (const ch of text) {
        const bit = tcpFlagLetters.indexOf(ch === "W" ? "C" : ch);
        if (bit < 0) return undefined;
        flags |= 1 << bit;
      }
      return flags & tcp.fields.flags.mask;
    },
  },
  ofHeader("tcp_window"),
  ofHeader("tcp_urp"),
  ofHeader("tcp_sum"),
  tcpOptions("tcp_opt", () => true),
  tcpOptions("tcp_ntopt", (kind) => kind !== tcpOptionKinds.timestamps && kind !== tcpOptionKinds.noOperation),
  tcpOptions("tcp_sack", (kind) => kind === tcpOptionKinds.sackPermitted || kind === tcpOptionKinds.sack),
  ofHeader("udp_len"),
  ofHeader("udp_sum"),
  ofHeader("icmp_type"),
  ofHeader("icmp_code"),
  ofHeader("icmp_sum"),
  ofHeader("icmp_flowid"),
  ofHeader("icmp_seq"),
  numeric("payload_len", 4, (v) => {
    const from = payloadStart(v) ?? v.transport;
    return Math.max(0, v.at + v.ip.totalLength - from);
  }),
  quotedBytes("payload", payloadBytes),
  numeric("capture_len", 4, (v) => v.data.length),
  numeric("wire_len", 4, (v) => v.data.length + v.packet.annotations.getUint32(annotation.extraLength, true)),
  numeric("count", 4, (v) => 1 + v.packet.annotations.getUint32(annotation.extraPackets, true)),
  {
    name: "direction",
    size: 1,
    read: (v) => v.packet.annotations.getUint8(annotation.paint),
    format: (value) => (Number(value) === 0 ? ">" : Number(value) === 1 ? "<" : `L${Number(value)}`),
    parse: (text) =>
      ({ ">": 0, L: 0, "<": 1, X: 0, R: 1, "-": undefined })[text] ?? parseDecimal(text.replace(/^L/, "")),
  },
  numeric("link", 1, (v) => v.packet.annotations.getUint8(annotation.paint)),
  numeric("aggregate", 4, (v) => v.packet.annotations.getUint32(annotation.aggregate, true)),
];

/** Fields of the packet's data that are not in IP: seen only where the network header has a frame before it. */
const etherAddress = (name: string, field: "destination" | "source"): SummaryField => ({
  name,
  size: 0,
  read: (v) => (v.at >= ethernet.size ? ethernet.view(v.data, v.at - ethernet.size)[field] : undefined),
  format: (value) => [...(value as Uint8Array)].map((b) => b.toString(16).padStart(2, "0").toUpperCase()).join("-"),
  parse: () => undefined,
});

const fields: ReadonlyMap<string, SummaryField> = new Map(
  [...rows, etherAddress("eth_dst", "destination"), etherAddress("eth_src", "source")].map((f) => [f.name, f]),
);

/** The letters of TCP flags that are set, of those that are `shown`. */
export function flagText(flags: number, shown: string = tcpFlagLetters): string {
  return [...tcpFlagLetters].filter((letter, i) => (flags >> i) & 1 && shown.includes(letter)).join("");
}

/** A field by its name or one of its other names; spaces and quotes are forgiven. */
export function summaryField(text: string): SummaryField | undefined {
  const name = unquote(text).trim().toLowerCase().replace(/[ -]/g, "_");
  return fields.get(name) ?? fields.get(summaryAliases[name] ?? "") ?? fields.get(`ip_${name}`);
}

function tcpOptions(name: string, wanted: (kind: number) => boolean): SummaryField {
  return {
    name,
    size: 0,
    read: (v) => {
      const end = payloadStart(v);
      if (v.ip.protocol !== ipProtocols.tcp || end === undefined) return undefined;
      return v.data.subarray(v.transport + tcp.size, Math.min(end, v.data.length));
    },
    format: (value) => formatTcpOptions(value as Uint8Array, wanted),
    parse: parseTcpOptions,
  };
}
