/** Columns of IP and Ethernet headers. */
import {
  addressNamed,
  formatIpAddress,
  parseEtherAddress,
  parseIpAddress,
  type Scope,
} from "@clickos/click-core/element";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { fragmentUnit, ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { ecnNames, type SummaryPlace, summaryFields } from "@clickos/wire/names";
import { ipGroup, ipOptionText, optionRecord, parseIpOptions } from "../lib/header-options.ts";
import type { PacketBuilder } from "./packet-builder.ts";
import type { PacketSummary } from "./packet-summary.ts";
import { type FieldInput, numberOf, order, parseNumber, type SummaryField, type Value } from "./summary-field.ts";

type IpHeader = PacketBuilder["ip"];

/** A field of the IP header that is a number. */
function ofIp(
  name: string,
  put: (ip: IpHeader, value: number) => void,
  {
    at = order.network as number,
    ...others
  }: Partial<SummaryField> & { readonly at?: number; readonly parse?: FieldInput["parse"] } = {},
): SummaryField {
  const { field, bytes, unit } = summaryFields[name] as SummaryPlace;
  const { parse, ...rest } = others;
  return {
    name,
    size: bytes,
    prepares: true,
    read: (s) =>
      hasIp(s, field.offset + field.size) ? s.ofIp(field) * unit : s.missing("ip", field.offset + field.size),
    ...rest,
    input: {
      order: at,
      ...(parse ? { parse } : {}),
      inject(p, value) {
        if (p.makeIp(0)) put(p.ip, numberOf(value));
      },
    },
  };
}

function hasIp(s: PacketSummary, length: number): boolean {
  return s.ip >= 0 && s.networkLength >= length;
}

const addressText = (value: Value): string => formatIpAddress(numberOf(value));
const parseAddress = (text: string, _p: PacketBuilder, scope: Scope): number | undefined =>
  parseIpAddress(text) ?? numberIn(addressNamed(text, scope));
const numberIn = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

const protocolLetters: Readonly<Record<string, number>> = {
  T: ipProtocols.tcp,
  U: ipProtocols.udp,
  I: ipProtocols.icmp,
};

/** A protocol's letter, or its number. */
export function protocolText(value: Value): string {
  return Object.keys(protocolLetters).find((letter) => protocolLetters[letter] === value) ?? String(value);
}
export function parseProtocolLetter(text: string): number | undefined {
  return protocolLetters[text] ?? parseNumber(text, 0xff);
}

const flagBits = ipv4.view(ipv4.bytes({ version: 4, df: 1 })).flagsAndOffset;
const moreBits = ipv4.view(ipv4.bytes({ version: 4, mf: 1 })).flagsAndOffset;
const offsetBits = ipv4.fields.fragmentOffset.mask;
/** What `f` stands for: some later fragment. */
const someFragment = 100;
const fragmentLetters: Readonly<Record<string, number>> = { ".": 0, "!": flagBits, F: moreBits, f: someFragment };

const fragmentLetter = (value: Value): string => {
  const word = numberOf(value);
  if ((word & (offsetBits | moreBits)) !== 0) return (word & offsetBits) !== 0 ? "f" : "F";
  return word & flagBits ? "!" : ".";
};
const fragmentText = (value: Value): string => {
  const word = numberOf(value);
  return `${(word & offsetBits) * fragmentUnit}${word & moreBits ? "+" : ""}${word & flagBits ? "!" : ""}`;
};
/** A letter, or an offset in bytes, in units of eight in the format's first version, and signs for the flags. */
const parseFragment = (text: string, p: PacketBuilder): number | undefined => {
  if (Object.hasOwn(fragmentLetters, text)) return fragmentLetters[text];
  const match = /^(0x[0-9a-f]+|\d*)([!+]*)$/i.exec(text);
  if (!match || text === "") return undefined;
  const offset = match[1] ? parseNumber(match[1]) : 0;
  if (offset === undefined) return undefined;
  const word = p.options.minorVersion > 0 ? offset >>> 3 : offset;
  return word | (match[2]?.includes("!") ? flagBits : 0) | (match[2]?.includes("+") ? moreBits : 0);
};

const ecnWords: Readonly<Record<string, number>> = {
  "-": 0,
  "ECT(1)": 1,
  "ECT(0)": 2,
  CE: 3,
};
const parseEcn = (text: string): number | undefined => {
  if (/^[0-3]$/.test(text)) return Number(text);
  return ecnNames.includes(text) ? ecnNames.indexOf(text) : ecnWords[text];
};

const allButPadding = (group: string): boolean => group !== "padding";

/** Options in the rest of a header; the header becomes longer for them. */
const ipOptions: SummaryField = {
  name: "ip_opt",
  size: "options",
  prepares: true,
  read(s) {
    const length = s.ip < 0 ? ipv4.size : s.ipHeaderLength;
    if (s.ip < 0 || (length > ipv4.size && s.networkLength < length)) return s.missing("ip", length);
    return s.bytes.subarray(s.ip + ipv4.size, s.ip + length);
  },
  text: (value) => ipOptionText(value as Uint8Array, allButPadding),
  binary: (value) =>
    value instanceof Uint8Array && value.length > 0 ? optionRecord(value, ipGroup, () => true, true) : [0],
  input: {
    order: order.network,
    parse: parseIpOptions,
    inject(p, value) {
      if (!p.makeIp(0)) return;
      p.hasIpHeaderLength = true;
      const options = value as Uint8Array;
      if (options.length === 0) return;
      const length = (ipv4.size + options.length + 3) & ~3;
      if (p.networkLength < length && !p.put(length - p.networkLength)) return;
      if (length > p.ip.ihl * 4) p.setIpHeaderLength(length);
      p.data.set(options, p.network + ipv4.size);
      p.data.fill(0, p.network + ipv4.size + options.length, p.network + length);
    },
  },
};

export const ipFields: readonly SummaryField[] = [
  ofIp(
    "ip_src",
    (ip, value) => {
      ip.source = value;
    },
    { text: addressText, parse: parseAddress },
  ),
  ofIp(
    "ip_dst",
    (ip, value) => {
      ip.destination = value;
    },
    { text: addressText, parse: parseAddress },
  ),
  ofIp("ip_tos", (ip, value) => {
    ip.tos = value;
  }),
  ofIp("ip_dscp", (ip, value) => {
    ip.dscp = value & ipv4.fields.dscp.mask;
  }),
  ofIp(
    "ip_ecn",
    (ip, value) => {
      ip.ecn = value;
    },
    { text: (value) => ecnNames[numberOf(value)] ?? "", parse: parseEcn },
  ),
  ofIp("ip_ttl", (ip, value) => {
    ip.ttl = value;
  }),
  ofIp(
    "ip_frag",
    (ip, value) => {
      ip.flagsAndOffset = value & 0xffff;
    },
    {
      at: order.network - 2,
      text: fragmentLetter,
      parse: parseFragment,
      binary: (value) => [value === undefined ? 0 : fragmentLetter(value).charCodeAt(0)],
    },
  ),
  ofIp(
    "ip_fragoff",
    (ip, value) => {
      ip.flagsAndOffset = value & 0xffff;
    },
    {
      at: order.network - 1,
      text: fragmentText,
      parse: parseFragment,
    },
  ),
  ofIp("ip_id", (ip, value) => {
    ip.identification = value;
  }),
  ofIp(
    "ip_sum",
    (ip, value) => {
      ip.checksum = value;
    },
    { at: order.network + 2 },
  ),
  ofIp(
    "ip_proto",
    (ip, value) => {
      ip.protocol = value;
    },
    { text: protocolText, parse: parseProtocolLetter },
  ),
  {
    ...ofIp("ip_hl", () => {}),
    input: {
      order: order.network - 1,
      inject(p, value) {
        if (!p.makeIp(0)) return;
        p.hasIpHeaderLength = true;
        const length = (numberOf(value) + 3) & ~3;
        const more = length - p.ip.ihl * 4;
        if (more > 0) {
          if (!p.put(more)) return;
          p.transport = p.network + length;
        }
        p.ip.ihl = (length >> 2) & 15;
      },
    },
  },
  {
    name: "ip_len",
    size: 4,
    prepares: true,
    read: (s) =>
      ((s.ip >= 0 ? s.ofIp(ipv4.fields.totalLength) : s.length) + (s.options.extraLength ? s.extra : 0)) >>> 0,
    input: {
      order: order.network + 1,
      inject(p, value) {
        if (p.makeIp(0)) p.wanted = (p.network + numberOf(value)) >>> 0;
      },
    },
  },
  {
    name: "ip_capture_len",
    size: 4,
    prepares: true,
    read: (s) => (s.ip >= 0 ? Math.min(s.ofIp(ipv4.fields.totalLength), s.networkLength) : s.length),
    // What was captured is what is there.
    input: { order: order.payload + 2, inject: (p) => void p.makeIp(0) },
  },
  ipOptions,
];

/** The Ethernet header, where one is right before the IP header. */
function etherAt(s: PacketSummary): number {
  const mac = s.mac >= 0 ? s.mac : s.network < 0 || s.data < s.network ? s.data : -1;
  const network = s.network < 0 ? s.bytes.length : s.network;
  return mac >= 0 && mac + ethernet.size === network ? mac : -1;
}

function etherAddress(name: string, field: "source" | "destination"): SummaryField {
  return {
    name,
    size: 6,
    read(s) {
      const at = etherAt(s);
      return at < 0 ? s.missing("ethernet", 0) : ethernet.view(s.bytes, at)[field].slice();
    },
    text: (value) =>
      Array.from(value as Uint8Array, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join("-"),
    binary: (value) => (value instanceof Uint8Array ? [...value] : [0, 0, 0, 0, 0, 0]),
    input: {
      order: order.link,
      parse: (text) => parseEtherAddress(text),
      fromBinary: (bytes) => new Uint8Array(bytes.buffer, bytes.byteOffset, 6).slice(),
      inject(p, value) {
        p.makeEther();
        const to = ethernet.fields[field].offset;
        p.data.set(value as Uint8Array, p.mac + to);
      },
    },
  };
}

export const linkFields: readonly SummaryField[] = [
  etherAddress("eth_src", "source"),
  etherAddress("eth_dst", "destination"),
  {
    name: "eth_type",
    size: 2,
    read(s) {
      const at = etherAt(s);
      return at < 0 ? s.missing("ethernet", 0) : ethernet.view(s.bytes, at).etherType;
    },
    text: (value) => numberOf(value).toString(16).toUpperCase().padStart(4, "0"),
    input: {
      order: order.link,
      parse: (text) =>
        /^(?:0x)?[0-9a-f]{1,8}$/i.test(text) ? limited(Number.parseInt(text.replace(/^0x/i, ""), 16)) : undefined,
      inject(p, value) {
        p.makeEther();
        const type = numberOf(value);
        p.ether.etherType = type;
        if (type !== etherTypes.ip && type !== etherTypes.ip6) p.isIp = false;
      },
    },
  },
];

const limited = (value: number): number | undefined => (value < 65536 ? value : undefined);
