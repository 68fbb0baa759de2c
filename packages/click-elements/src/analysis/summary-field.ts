/**
 * A column of IP summary dumps: how it is read from a packet and written, and how it is read from a dump and put into a
 * packet. Values are numbers, or bytes; `undefined` is a field that the packet does not have, written `-`.
 */
import { parseInteger, type Scope } from "@clickos/click-core/element";
import type { PacketBuilder } from "./packet-builder.ts";
import type { PacketSummary } from "./packet-summary.ts";

export type Value = number | bigint | Uint8Array;

/** Bytes of the binary form; `options` is a length in a byte and the bytes; `none` has no binary form. */
export type BinarySize = 1 | 2 | 4 | 6 | 8 | 16 | "options" | "none";

/** The order in which columns are put into a packet: what is further in needs what is further out. */
export const order = { annotation: 100, link: 200, network: 300, transport: 400, payload: 500 } as const;

/** How a column gets into a packet. */
export interface FieldInput {
  readonly order: number;
  /** A number of the field's size when absent. */
  parse?(text: string, packet: PacketBuilder, scope: Scope): Value | undefined;
  /** From its binary form; a number in network order when absent. */
  fromBinary?(bytes: DataView): Value;
  inject(packet: PacketBuilder, value: Value): void;
}

export interface SummaryField {
  readonly name: string;
  readonly size: BinarySize;
  /** Whether the packet's headers must have been looked at. */
  readonly prepares?: boolean;
  read(summary: PacketSummary): Value | undefined;
  /** The decimal number when absent. */
  text?(value: Value, summary: PacketSummary): string;
  /** The number in network order when absent. */
  binary?(value: Value | undefined, summary: PacketSummary): readonly number[];
  readonly input?: FieldInput;
}

/** A number of 32 bits that a text writes. */
export function parseNumber(text: string, most = 0xffffffff): number | undefined {
  const value = /^\d/.test(text) || text.startsWith("+") ? parseInteger(text) : undefined;
  return value !== undefined && value >= 0n && value <= BigInt(most) ? Number(value) : undefined;
}

/** A number of 64 bits that a text writes. */
export function parseLong(text: string): bigint | undefined {
  const value = parseInteger(text);
  return value !== undefined && value >= 0n && value < 1n << 64n ? value : undefined;
}

/** A value that is a number of 32 bits. */
export function numberOf(value: Value): number {
  return value instanceof Uint8Array ? 0 : Number(value) >>> 0;
}

/** Bytes of a number in network order. */
export function numberBytes(value: Value | undefined, size: number): number[] {
  const number = value === undefined || value instanceof Uint8Array ? 0n : BigInt(value);
  return Array.from({ length: size }, (_, i) => Number((number >> BigInt(8 * (size - 1 - i))) & 255n));
}

export function fieldText(field: SummaryField, value: Value | undefined, summary: PacketSummary): string {
  if (value === undefined) return "-";
  return field.text?.(value, summary) ?? String(value);
}

export function fieldBytes(field: SummaryField, value: Value | undefined, summary: PacketSummary): readonly number[] {
  if (field.binary) return field.binary(value, summary);
  return numberBytes(value, typeof field.size === "number" ? field.size : 0);
}

/** The value of a column's text; `undefined` where it cannot be read. */
export function parseField(field: SummaryField, text: string, packet: PacketBuilder, scope: Scope): Value | undefined {
  const { input, size } = field;
  if (input?.parse) return input.parse(text, packet, scope);
  if (size === 8) return parseLong(text);
  return parseNumber(text, size === 1 ? 0xff : size === 2 ? 0xffff : 0xffffffff);
}
