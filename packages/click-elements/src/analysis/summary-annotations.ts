/** Columns of a packet's annotations and its length. */
import { annotation, arg, type Scope } from "@clickos/click-core/element";
import { formatTimestamp } from "../lib/time.ts";
import type { PacketBuilder } from "./packet-builder.ts";
import type { PacketSummary } from "./packet-summary.ts";
import {
  type FieldInput,
  numberBytes,
  numberOf,
  order,
  parseNumber,
  type SummaryField,
  type Value,
} from "./summary-field.ts";

const second = 1_000_000_000n;
const ns = (value: Value): bigint => (value instanceof Uint8Array ? 0n : BigInt(value));

const timeText = (value: Value): string => formatTimestamp(ns(value));
const parseTime = (text: string, _packet: PacketBuilder, scope: Scope): bigint | undefined => {
  const value = arg.time.parse(text, scope);
  return typeof value === "bigint" ? value : undefined;
};
const word = (bytes: DataView, at: number): bigint => BigInt(bytes.getUint32(at));

/** Times in their two binary forms: seconds and microseconds, or nanoseconds and seconds. */
const forms = {
  micro: {
    binary: (value: Value = 0) => [
      ...numberBytes(ns(value) / second, 4),
      ...numberBytes((ns(value) % second) / 1000n, 4),
    ],
    fromBinary: (bytes: DataView) => word(bytes, 0) * second + word(bytes, 4) * 1000n,
  },
  nano: {
    binary: (value: Value = 0) => [...numberBytes(ns(value) % second, 4), ...numberBytes(ns(value) / second, 4)],
    fromBinary: (bytes: DataView) => word(bytes, 4) * second + word(bytes, 0),
  },
} as const;

function time(
  name: string,
  form: keyof typeof forms,
  read: SummaryField["read"],
  inject: FieldInput["inject"],
): SummaryField {
  const { binary, fromBinary } = forms[form];
  const input: FieldInput = { order: order.annotation, parse: parseTime, fromBinary, inject };
  return { name, size: 8, read, text: timeText, binary, input };
}

const timestamp = (name: string, form: keyof typeof forms): SummaryField =>
  time(
    name,
    form,
    ({ packet }) => packet.timestampNs,
    (p, value) => {
      p.timestampNs = ns(value);
    },
  );
const firstTimestamp = (name: string, form: keyof typeof forms): SummaryField =>
  time(
    name,
    form,
    ({ packet }) => packet.annotations.getBigUint64(annotation.firstTimestamp, true),
    (p, value) => p.annotations.setBigUint64(annotation.firstTimestamp, BigInt.asUintN(64, ns(value)), true),
  );

/** The two halves of a number of 64 bits, exchanged, as Click has them in `ts_usec1`. */
const exchanged = (value: bigint): bigint => BigInt.asUintN(64, (value << 32n) | (BigInt.asUintN(64, value) >> 32n));

const paint = ({ packet }: PacketSummary): number => packet.annotations.getUint8(annotation.paint);
const injectPaint = (p: PacketBuilder, value: Value): void =>
  p.annotations.setUint8(annotation.paint, numberOf(value) & 255);
const directions: Readonly<Record<string, number>> = { ">": 0, "<": 1 };
const linkInput: FieldInput = {
  order: order.annotation,
  parse: (text) => directions[text] ?? parseNumber(text),
  inject: injectPaint,
};

export const annotationFields: readonly SummaryField[] = [
  timestamp("timestamp", "micro"),
  timestamp("ntimestamp", "nano"),
  {
    name: "ts_sec",
    size: 4,
    read: ({ packet }) => Number(BigInt.asUintN(32, packet.timestampNs / second)),
    input: {
      order: order.annotation,
      inject(p, value) {
        p.timestampNs = ns(value) * second + (p.timestampNs % second);
      },
    },
  },
  {
    name: "ts_usec",
    size: 4,
    read: ({ packet }) => Number((packet.timestampNs % second) / 1000n),
    input: {
      order: order.annotation,
      inject(p, value) {
        p.timestampNs = p.timestampNs - (p.timestampNs % second) + ns(value) * 1000n;
      },
    },
  },
  {
    name: "ts_usec1",
    size: 8,
    read: ({ packet }) => exchanged(packet.timestampNs / 1000n),
    binary: (value = 0) => numberBytes(ns(value), 8),
    input: {
      order: order.annotation,
      fromBinary: (bytes) => bytes.getBigUint64(0),
      inject(p, value) {
        p.timestampNs = ns(value) * 1000n;
      },
    },
  },
  firstTimestamp("first_timestamp", "micro"),
  firstTimestamp("first_ntimestamp", "nano"),
  {
    name: "count",
    size: 4,
    read: ({ packet }) => (1 + packet.annotations.getUint32(annotation.extraPackets, true)) >>> 0,
    input: {
      order: order.annotation,
      inject: (p, value) => p.annotations.setUint32(annotation.extraPackets, Math.max(0, numberOf(value) - 1), true),
    },
  },
  { name: "link", size: 1, read: paint, input: linkInput },
  { name: "paint", size: 1, read: paint, input: linkInput },
  {
    name: "direction",
    size: 1,
    read: paint,
    text: (value) => Object.keys(directions).find((sign) => directions[sign] === value) ?? String(value),
    input: linkInput,
  },
  {
    name: "aggregate",
    size: 4,
    read: ({ packet }) => packet.annotations.getUint32(annotation.aggregate, true),
    input: {
      order: order.annotation,
      inject: (p, value) => p.annotations.setUint32(annotation.aggregate, numberOf(value), true),
    },
  },
  {
    name: "wire_len",
    size: 4,
    read: ({ packet }) => packet.data.length,
    input: {
      order: order.annotation,
      inject(p, value) {
        p.wanted = numberOf(value);
      },
    },
  },
];
