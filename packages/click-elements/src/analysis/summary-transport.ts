/** Columns of TCP, UDP and ICMP headers, and of the payload. */
import type { Field } from "@clickos/wire";
import { icmp, icmpCodes, icmpEcho, icmpTypes, icmpUnreachable } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { type SummaryPlace, summaryFields, tcpFlagLetters } from "@clickos/wire/names";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import {
  type OptionGroup,
  optionRecord,
  parseTcpOptions,
  tcpGroup,
  tcpOptionText,
  type Wanted,
} from "../lib/header-options.ts";
import type { PacketBuilder } from "./packet-builder.ts";
import type { PacketSummary } from "./packet-summary.ts";
import { type FieldInput, numberOf, order, parseNumber, type SummaryField, type Value } from "./summary-field.ts";

type Input = Partial<FieldInput> & Pick<FieldInput, "inject">;

/** A field of a protocol's header: the packet has it where it has so much of the header. */
function ofHeader(
  name: string,
  what: "tcp" | "udp" | "icmp",
  length: number,
  input: Input,
  others: Partial<SummaryField> = {},
): SummaryField {
  const { field, after, bytes, unit } = summaryFields[name] as SummaryPlace;
  return {
    name,
    size: bytes,
    prepares: true,
    read: (s) =>
      s[what] >= 0 && s.transportLength >= length ? s.ofTransport(field, after) * unit : s.missing(what, length),
    ...others,
    input: { order: order.transport, ...input },
  };
}

// ---- ports

const withPorts: readonly number[] = [ipProtocols.tcp, ipProtocols.udp, ipProtocols.dccp, ipProtocols.udplite];

function port(name: string, put: (header: PacketBuilder["udp"], value: number) => void): SummaryField {
  const { field } = summaryFields[name] as SummaryPlace;
  const length = field.offset + field.size;
  return {
    name,
    size: 2,
    prepares: true,
    read(s) {
      const has =
        s.ip >= 0 &&
        s.networkLength > s.ipHeaderLength &&
        s.isFirstFragment &&
        withPorts.includes(s.protocol) &&
        s.transportLength >= length;
      return has ? s.ofTransport(field) : s.missing("ports", length);
    },
    input: {
      order: order.transport,
      inject(p, value) {
        if (!p.makeIp(0) || !p.makeTransport()) return;
        const { protocol } = p.ip;
        if (protocol === 0 || withPorts.includes(protocol)) put(p.udp, numberOf(value));
      },
    },
  };
}

// ---- TCP

type TcpHeader = PacketBuilder["tcp"];

const inTcp = (put: (header: TcpHeader, value: number, packet: PacketBuilder) => void): Input => ({
  inject(p, value) {
    if (p.makeIp(ipProtocols.tcp) && p.makeTransport()) put(p.tcp, numberOf(value), p);
  },
});

/** The letters of flags that a column may have: two have another letter. */
const flagLetters: Readonly<Record<string, number>> = {
  ...Object.fromEntries([...tcpFlagLetters].map((letter, bit) => [letter, 1 << bit])),
  W: 1 << tcpFlagLetters.indexOf("C"),
  X: 1 << tcpFlagLetters.indexOf("E"),
};
/** All bits beside the data offset: the flags, and before them four that are reserved but for one. */
const flagsMask = 0xfff;
const parseFlags = (text: string): number | undefined => {
  if (text === ".") return 0;
  if (/^\d/.test(text)) return parseNumber(text, flagsMask);
  let flags = 0;
  for (const letter of text) {
    const bit = flagLetters[letter];
    if (bit === undefined) return undefined;
    flags |= bit;
  }
  return text === "" ? undefined : flags;
};
/** The usual ones are written the usual way round. */
const pushed = (flagLetters.P as number) | (flagLetters.A as number);
const flagsText = (value: Value): string => {
  const flags = numberOf(value);
  if (flags === pushed) return "PA";
  if (flags === 0) return ".";
  return [...tcpFlagLetters].filter((_, bit) => (flags >> bit) & 1).join("");
};

function tcpOptions(name: string, at: number, wanted: Wanted, parsed: Wanted): SummaryField {
  /** Timestamps alone, after two bytes of padding, are what most segments have. */
  const usual = [1, 1, 8, 10];
  const looksAtUsual = name !== "tcp_opt";
  return {
    name,
    size: "options",
    prepares: true,
    read(s) {
      const has = s.tcp >= 0 && s.transportLength > tcp.fields.dataOffset.offset;
      if (!has) return s.missing("tcp", s.transportLength + 1);
      const length = s.ofTransport(tcp.fields.dataOffset) * tcp.table.headerLength.unit;
      const start = s.tcp + tcp.size;
      if (
        looksAtUsual &&
        length === tcp.size + 12 &&
        s.transportLength >= tcp.size + 4 &&
        usual.every((byte, i) => s.bytes[start + i] === byte)
      )
        return new Uint8Array();
      if (length > tcp.size && s.transportLength < length) return s.missing("tcp", s.transportLength + 1);
      return s.bytes.subarray(start, Math.max(start, s.tcp + length));
    },
    text: (value) => tcpOptionText(value as Uint8Array, wanted),
    binary: (value) =>
      value instanceof Uint8Array && value.length > 0
        ? optionRecord(value, tcpGroup, (group) => name === "tcp_opt" || wanted(group), name === "tcp_opt")
        : [0],
    input: {
      order: at,
      parse: (text) => parseTcpOptions(text, parsed),
      inject(p, value) {
        if (!p.makeIp(ipProtocols.tcp) || !p.makeTransport()) return;
        p.hasTcpHeaderLength = true;
        const options = value as Uint8Array;
        if (options.length === 0) return;
        const length = (tcp.size + options.length + 3) & ~3;
        if (p.transportLength < length && !p.put(length - p.transportLength)) return;
        if (length > p.tcp.dataOffset * 4) p.tcp.dataOffset = length / 4;
        p.data.set(options, p.transport + tcp.size);
        p.data.fill(0, p.transport + tcp.size + options.length, p.transport + length);
      },
    },
  };
}

const isGroup =
  (...groups: readonly OptionGroup[]): Wanted =>
  (group) =>
    groups.includes(group);
const notGroup =
  (...groups: readonly OptionGroup[]): Wanted =>
  (group) =>
    !groups.includes(group);

const flagsField: Field = { ...tcp.fields.flags };

const tcpFields: readonly SummaryField[] = [
  ofHeader(
    "tcp_seq",
    "tcp",
    8,
    inTcp((h, value) => {
      h.sequenceNumber = value;
    }),
  ),
  ofHeader(
    "tcp_ack",
    "tcp",
    12,
    inTcp((h, value) => {
      h.acknowledgmentNumber = value;
    }),
  ),
  ofHeader("tcp_off", "tcp", 13, {
    order: order.transport - 1,
    ...inTcp((h, value, p) => {
      const length = (value + 3) & ~3;
      const more = length - h.dataOffset * 4;
      if (more > 0 && !p.put(more)) return;
      p.tcp.dataOffset = (length >> 2) & 15;
    }),
  }),
  {
    ...ofHeader("tcp_flags", "tcp", 14, {
      parse: parseFlags,
      ...inTcp((h, value) => {
        h.flags = value & flagsField.mask;
        h.ns = (value >> 8) & 1;
        h.reserved = (value >> 9) & 7;
      }),
    }),
    read(s) {
      if (s.tcp < 0 || s.transportLength < 14) return s.missing("tcp", 14);
      const { fields } = tcp;
      return s.ofTransport(fields.flags) | (s.ofTransport(fields.ns) << 8) | (s.ofTransport(fields.reserved) << 9);
    },
    text: flagsText,
  },
  ofHeader(
    "tcp_window",
    "tcp",
    16,
    inTcp((h, value) => {
      h.window = value;
    }),
  ),
  ofHeader(
    "tcp_urp",
    "tcp",
    20,
    inTcp((h, value) => {
      h.urgentPointer = value;
    }),
  ),
  tcpOptions("tcp_opt", order.transport + 3, notGroup("padding"), () => true),
  tcpOptions("tcp_ntopt", order.transport + 2, notGroup("padding", "timestamp"), notGroup("padding", "timestamp")),
  tcpOptions("tcp_sack", order.transport + 1, isGroup("sack"), isGroup("sack")),
];

// ---- UDP

const udpFields: readonly SummaryField[] = [
  ofHeader("udp_len", "udp", 6, {
    inject(p, value) {
      if (!p.makeIp(0) || !p.makeTransport()) return;
      const { protocol } = p.ip;
      if (protocol !== 0 && protocol !== ipProtocols.udp && protocol !== ipProtocols.udplite) return;
      if (p.transportLength < udp.size && !p.put(udp.size - p.transportLength)) return;
      p.udp.length = numberOf(value) & 0xffff;
    },
  }),
];

// ---- ICMP

const sequenced: readonly number[] = [0, 8, 13, 14, 15, 16];
const icmpHeader = icmp.size + icmpEcho.size;
/** Timestamps have three times behind the header. */
const icmpTimestampHeader = icmpHeader + 12;
const needsFragments = icmpCodes[icmpTypes.unreachable]?.needfrag as number;

const inIcmp = (put: (packet: PacketBuilder, value: number) => void): Input => ({
  inject(p, value) {
    if (!p.makeIp(ipProtocols.icmp) || !p.makeTransport()) return;
    if (p.transportLength < icmpHeader && !p.put(icmpHeader - p.transportLength)) return;
    put(p, numberOf(value));
  },
});
const typeInput: Input = {
  parse: (text) => icmpTypes[text as keyof typeof icmpTypes] ?? parseNumber(text, 0xff),
  ...inIcmp((p, value) => {
    p.icmp.type = value;
    p.hasIcmpType = true;
    const length = value === 13 || value === 14 ? icmpTimestampHeader : icmpHeader;
    if (p.transportLength < length) p.put(length - p.transportLength);
  }),
};
const codeInput: Input = {
  order: order.transport + 1,
  parse: (text, p) => (p.hasIcmpType ? icmpCodes[p.icmp.type]?.[text] : undefined) ?? parseNumber(text, 0xff),
  ...inIcmp((p, value) => {
    p.icmp.code = value;
    p.hasIcmpCode = true;
  }),
};
const nameIn = (names: Readonly<Record<string, number>> | undefined, value: Value): string =>
  Object.keys(names ?? {}).find((name) => names?.[name] === value) ?? String(value);
const isSequenced = (p: PacketBuilder): boolean => !p.hasIcmpType || sequenced.includes(p.icmp.type);

function echo(
  name: string,
  length: number,
  put: (h: { identifier: number; sequenceNumber: number }, value: number) => void,
): SummaryField {
  const field = ofHeader(name, "icmp", length, {
    order: order.transport + 2,
    ...inIcmp((p, value) => {
      if (isSequenced(p)) put(icmpEcho.view(p.data, p.transport + icmp.size), value);
    }),
  });
  return {
    ...field,
    read(s: PacketSummary) {
      if (s.icmp < 0 || s.transportLength < 1) return s.missing("icmp", 1);
      return sequenced.includes(s.ofTransport(icmp.fields.type)) ? field.read(s) : undefined;
    },
  };
}

const icmpFields: readonly SummaryField[] = [
  ofHeader("icmp_type", "icmp", 1, typeInput),
  ofHeader("icmp_code", "icmp", 2, codeInput),
  { ...ofHeader("icmp_type", "icmp", 1, typeInput), name: "icmp_type_name", text: (value) => nameIn(icmpTypes, value) },
  {
    ...ofHeader("icmp_code", "icmp", 2, codeInput),
    name: "icmp_code_name",
    text: (value, s) => nameIn(icmpCodes[s.ofTransport(icmp.fields.type)], value),
  },
  echo("icmp_flowid", 6, (h, value) => {
    h.identifier = value;
  }),
  echo("icmp_seq", 8, (h, value) => {
    h.sequenceNumber = value;
  }),
  {
    name: "icmp_nextmtu",
    size: 2,
    prepares: true,
    read(s) {
      if (s.icmp < 0 || s.transportLength < 2) return s.missing("icmp", 2);
      const { type, code } = icmp.view(s.bytes, s.icmp);
      if (type !== icmpTypes.unreachable || code !== needsFragments) return undefined;
      return s.transportLength < 8 ? s.missing("icmp", 8) : s.ofTransport(icmpUnreachable.fields.nextHopMtu, icmp.size);
    },
    input: {
      order: order.transport + 2,
      ...inIcmp((p, value) => {
        const { type, code } = p.icmp;
        if (p.hasIcmpType && type !== icmpTypes.unreachable) return;
        if (p.hasIcmpCode && code !== needsFragments) return;
        icmpUnreachable.view(p.data, p.transport + icmp.size).nextHopMtu = value;
      }),
    },
  },
];

export const transportFields: readonly SummaryField[] = [
  port("sport", (h, value) => {
    h.sourcePort = value;
  }),
  port("dport", (h, value) => {
    h.destinationPort = value;
  }),
  ...tcpFields,
  ...udpFields,
  ...icmpFields,
];

/** The least and the most of a header's length, for who makes headers longer. */
export const headerLimits: { readonly ip: number; readonly tcp: number; readonly most: number } = {
  ip: ipv4.size,
  tcp: tcp.size,
  most: 60,
};
