/**
 * IP summary dumps: a line a packet, a column a field. `!data` names the columns.
 *
 * Each field is a row of the table below: how it is read from a packet, written as text, and parsed. Values are
 * numbers, or bytes; `undefined` is a field that the packet does not have, written `-`.
 */
import { annotation, formatIpAddress, type HostPacket, parseIpAddress } from "@clickos/click-core/element";
import { quoteAlways, unquote } from "@clickos/click-language/arguments";
import { formatTcpOptions, parseTcpOptions } from "./tcp-options.ts";
import { formatTimestamp, parseTimestamp } from "./time.ts";

export type Value = number | bigint | Uint8Array;
export type Values = Partial<Record<string, Value>>;

/** An IP packet taken apart. */
export interface IpView {
  readonly packet: HostPacket;
  readonly bytes: DataView;
  /** Offsets in `bytes`; -1 where there is no such header. */
  readonly ip: number;
  readonly transport: number;
  readonly protocol: number;
  /** Length that the header gives, and what the packet stands for beyond its data. */
  readonly ipLength: number;
  readonly extraLength: number;
}

const extraPackets = 24;
const extraLength = 28;

/** Takes a packet apart; `undefined`, with the reason, where it holds no sound IP header. */
export function viewIp(packet: HostPacket): IpView | string {
  const at = packet.network;
  const { data } = packet;
  if (at < 0) return "no IP header";
  const bytes = new DataView(data.buffer, data.byteOffset, data.length);
  if (at + 20 > data.length) return "truncated IP header";
  const first = bytes.getUint8(at);
  if (first >> 4 !== 4) return `IP version ${first >> 4}`;
  const headerLength = (first & 15) * 4;
  if (headerLength < 20) return `IP header length ${headerLength}`;
  const firstFragment = (bytes.getUint16(at + 6) & 0x1fff) === 0;
  const transport = at + headerLength;
  return {
    packet,
    bytes,
    ip: at,
    transport: firstFragment && transport <= data.length ? transport : -1,
    protocol: bytes.getUint8(at + 9),
    ipLength: bytes.getUint16(at + 2),
    extraLength: packet.annotations.getUint32(extraLength, true),
  };
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

const inIp = (offset: number, size: 1 | 2 | 4) => (v: IpView) => get(v.bytes, v.ip + offset, size);
const inTransport = (protocols: readonly number[], offset: number, size: 1 | 2 | 4) => (v: IpView) =>
  v.transport >= 0 && protocols.includes(v.protocol) ? get(v.bytes, v.transport + offset, size) : undefined;

function get(bytes: DataView, at: number, size: 1 | 2 | 4): number | undefined {
  if (at + size > bytes.byteLength) return undefined;
  return size === 1 ? bytes.getUint8(at) : size === 2 ? bytes.getUint16(at) : bytes.getUint32(at);
}

function numeric(name: string, size: 1 | 2 | 4, read: (v: IpView) => number | undefined): SummaryField {
  return { name, size, read, format: decimal, parse: parseDecimal };
}

const [icmp, tcp, udp] = [1, 6, 17];
const protocolLetters: Readonly<Record<number, string>> = { [icmp]: "I", [tcp]: "T", [udp]: "U" };
export const flagLetters = "FSRPAUECN";

/** `T`, `U`, `I`, a name or a number. */
export function parseProtocol(text: string): number | undefined {
  const named = { T: tcp, U: udp, I: icmp, TCP: tcp, UDP: udp, ICMP: icmp }[text.toUpperCase()];
  const value = named ?? parseDecimal(text);
  return value !== undefined && value < 256 ? value : undefined;
}

function headerEnd(v: IpView): number | undefined {
  if (v.transport < 0) return undefined;
  if (v.protocol === tcp) {
    const off = get(v.bytes, v.transport + 12, 1);
    return off === undefined ? undefined : v.transport + (off >> 4) * 4;
  }
  if (v.protocol === udp || v.protocol === icmp) return v.transport + 8;
  return v.transport;
}

const address = (name: string, offset: number): SummaryField => ({
  name,
  size: 4,
  read: inIp(offset, 4),
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
  const from = headerEnd(v);
  if (from === undefined) return undefined;
  return v.packet.data.subarray(Math.min(from, v.bytes.byteLength), Math.min(v.ip + v.ipLength, v.bytes.byteLength));
};

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
  address("ip_src", 12),
  address("ip_dst", 16),
  numeric("sport", 2, inTransport([tcp, udp], 0, 2)),
  numeric("dport", 2, inTransport([tcp, udp], 2, 2)),
  numeric("ip_len", 4, (v) => Math.max(v.ipLength, 0)),
  {
    name: "ip_proto",
    size: 1,
    read: (v) => v.protocol,
    format: (value) => protocolLetters[Number(value)] ?? String(value),
    parse: parseProtocol,
  },
  numeric("ip_id", 2, inIp(4, 2)),
  {
    name: "ip_fragoff",
    size: 2,
    read: inIp(6, 2),
    format: (value) => `${(Number(value) & 0x1fff) * 8}${Number(value) & 0x2000 ? "+" : ""}`,
    parse: (text) => {
      const match = /^(\d+)(\+?)$/.exec(text);
      const offset = Number(match?.[1]);
      if (!match || offset % 8 !== 0 || offset > 65528) return undefined;
      return offset / 8 + (match[2] ? 0x2000 : 0);
    },
  },
  {
    name: "ip_frag",
    size: 1,
    read: inIp(6, 2),
    format: (value) => {
      const v = Number(value);
      return v & 0x1fff ? "f" : v & 0x2000 ? "F" : v & 0x4000 ? "!" : ".";
    },
    parse: (text) => ({ f: 100, F: 0x2000, "!": 0x4000, ".": 0 })[text],
  },
  numeric("ip_tos", 1, inIp(1, 1)),
  numeric("ip_dscp", 1, (v) => v.bytes.getUint8(v.ip + 1) >> 2),
  {
    name: "ip_ecn",
    size: 1,
    read: (v) => v.bytes.getUint8(v.ip + 1) & 3,
    format: (value) => ["no", "ect1", "ect2", "ce"][Number(value)] ?? "no",
    parse: (text) => {
      const index = ["no", "ect1", "ect2", "ce"].indexOf(text);
      return index >= 0 ? index : parseDecimal(text);
    },
  },
  numeric("ip_ttl", 1, inIp(8, 1)),
  numeric("ip_sum", 2, inIp(10, 2)),
  numeric("ip_hl", 1, (v) => (v.bytes.getUint8(v.ip) & 15) * 4),
  numeric("ip_capture_len", 4, (v) => Math.min(v.bytes.byteLength - v.ip, v.ipLength)),
  numeric("tcp_seq", 4, inTransport([tcp], 4, 4)),
  numeric("tcp_ack", 4, inTransport([tcp], 8, 4)),
  numeric("tcp_off", 1, (v) => {
    const off = inTransport([tcp], 12, 1)(v);
    return off === undefined ? undefined : (off >> 4) * 4;
  }),
  {
    name: "tcp_flags",
    size: 1,
    read: inTransport([tcp], 13, 1),
    format: (value) => [...flagLetters].filter((_, i) => (Number(value) >> i) & 1).join("") || ".",
    parse: (text) => {
      if (text === ".") return 0;
      if (/^\d+$/.test(text)) return Number(text) & 255;
      let flags = 0;
      for (const ch of text) {
        const bit = flagLetters.indexOf(ch === "W" ? "C" : ch);
        if (bit < 0) return undefined;
        flags |= 1 << bit;
      }
      return flags & 255;
    },
  },
  numeric("tcp_window", 2, inTransport([tcp], 14, 2)),
  numeric("tcp_urp", 2, inTransport([tcp], 18, 2)),
  numeric("tcp_sum", 2, inTransport([tcp], 16, 2)),
  tcpOptions("tcp_opt", () => true),
  tcpOptions("tcp_ntopt", (kind) => kind !== 8 && kind !== 1),
  tcpOptions("tcp_sack", (kind) => kind === 4 || kind === 5),
  numeric("udp_len", 4, inTransport([udp], 4, 2)),
  numeric("udp_sum", 2, inTransport([udp], 6, 2)),
  numeric("icmp_type", 1, inTransport([icmp], 0, 1)),
  numeric("icmp_code", 1, inTransport([icmp], 1, 1)),
  numeric("icmp_sum", 2, inTransport([icmp], 2, 2)),
  numeric("icmp_flowid", 2, inTransport([icmp], 4, 2)),
  numeric("icmp_seq", 2, inTransport([icmp], 6, 2)),
  numeric("payload_len", 4, (v) => {
    const from = headerEnd(v);
    return Math.max(0, v.ip + v.ipLength - (from ?? v.transport));
  }),
  quotedBytes("payload", payloadBytes),
  numeric("capture_len", 4, (v) => v.bytes.byteLength),
  numeric("wire_len", 4, (v) => v.bytes.byteLength + v.extraLength),
  numeric("count", 4, (v) => 1 + v.packet.annotations.getUint32(extraPackets, true)),
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
const etherAddress = (name: string, offset: number): SummaryField => ({
  name,
  size: 0,
  read: (v) => (v.ip >= 14 ? v.packet.data.subarray(v.ip - 14 + offset, v.ip - 14 + offset + 6) : undefined),
  format: (value) => [...(value as Uint8Array)].map((b) => b.toString(16).padStart(2, "0").toUpperCase()).join("-"),
  parse: () => undefined,
});

const fields: ReadonlyMap<string, SummaryField> = new Map(
  [...rows, etherAddress("eth_dst", 0), etherAddress("eth_src", 6)].map((f) => [f.name, f]),
);

const aliases: Readonly<Record<string, string>> = {
  src: "ip_src",
  dst: "ip_dst",
  len: "ip_len",
  length: "ip_len",
  proto: "ip_proto",
  protocol: "ip_proto",
  id: "ip_id",
  fragoff: "ip_fragoff",
  frag: "ip_frag",
  tos: "ip_tos",
  dscp: "ip_dscp",
  ecn: "ip_ecn",
  ttl: "ip_ttl",
  time: "timestamp",
  ts: "timestamp",
  utimestamp: "timestamp",
  nts: "ntimestamp",
  seq: "tcp_seq",
  ack: "tcp_ack",
  win: "tcp_window",
  tcp_win: "tcp_window",
  tcp_seqno: "tcp_seq",
  tcp_ackno: "tcp_ack",
  flags: "tcp_flags",
  payload_length: "payload_len",
  dir: "direction",
  packets: "count",
  agg: "aggregate",
};

/** A field by its name or one of its other names; spaces and quotes are forgiven. */
export function summaryField(text: string): SummaryField | undefined {
  const name = unquote(text).trim().toLowerCase().replace(/[ -]/g, "_");
  return fields.get(name) ?? fields.get(aliases[name] ?? "") ?? fields.get(`ip_${name}`);
}

function tcpOptions(name: string, wanted: (kind: number) => boolean): SummaryField {
  return {
    name,
    size: 0,
    read: (v) => {
      const end = headerEnd(v);
      if (v.protocol !== tcp || end === undefined || v.transport < 0) return undefined;
      return v.packet.data.subarray(v.transport + 20, Math.min(end, v.bytes.byteLength));
    },
    format: (value) => formatTcpOptions(value as Uint8Array, wanted),
    parse: parseTcpOptions,
  };
}
