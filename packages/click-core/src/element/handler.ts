/**
 * Handlers: named values of elements that the host reads and writes. Here is how an element class defines one, and how a
 * compiled program lists it.
 */
import type { Fields, FieldType, HostFields } from "@clickos/layout";

/**
 * What a handler's value is, for whoever shows it: a count that only grows, a level, a level per second, on or off, a text, a
 * text of lines, or something that is only pressed.
 */
export type HandlerKind = "counter" | "gauge" | "rate" | "flag" | "text" | "table" | "button";

/**
 * How a plain value lies in memory: an integer, little endian unless its name ends in `be`. `span` is two `u32`, a `head` and
 * then a `tail` that run free; the value is what lies between them.
 */
export type PlainType = "u8" | "u16" | "u32" | "i32" | "u64" | "u16be" | "u32be" | "u64be" | "span";

export const plainTypes: readonly PlainType[] = ["u8", "u16", "u32", "i32", "u64", "u16be", "u32be", "u64be", "span"];

/** A handler of a compiled program. Plain data: it travels in images. */
export interface HandlerEntry {
  /** `element.handler`, or the name of one of the router's own. */
  readonly path: string;
  readonly access: "r" | "w" | "rw";
  readonly kind: HandlerKind;
  /** What a number counts or measures, such as `packets`, `bytes`, `ns`, `bytes/s`. */
  readonly unit?: string;
  /** Where the value is in the router's memory, where it is a plain one: no code is needed to read it. */
  readonly at?: { readonly address: number; readonly type: PlainType };
  /** The value, where it follows from the configuration. */
  readonly text?: string;
}

/** What a handler's value may be; it is shown as Click shows it. */
export type HandlerValue = string | number | bigint | boolean;

/** What a handler works with, on the host. */
export interface HandlerContext<C, P> {
  readonly config: C;
  readonly plan: P;
  readonly name: string;
  readonly ninputs: number;
  readonly noutputs: number;
  /** The router's time in nanoseconds. */
  now(): bigint;
  /** Makes the element's task run again, or not. */
  schedule(): void;
  unschedule(): void;
  /** Sets or clears the element's timer. */
  setTimer(at: bigint | undefined): void;
  /** Frees the buffer of a packet taken out of the element's state. */
  free(address: number): void;
  /** Gives the element another configuration; it throws a `string` where that cannot be. */
  reconfigure(config: string): void;
}

/**
 * A named value of an element: how the host reads it, writes it, or both. A value that is a field of the state is named by
 * its kind, as in `{ counter: "count" }`; one that follows from the configuration is a `constant`. Those are read without
 * code of the element, which `read` and `write` are.
 */
export interface Handler<C, P, S extends Fields> {
  /** Names of fields of the state, which are numbers or structures, of which it is the length. Others are an error when an
   * element is compiled: types follow only later what a `state` function gives. */
  readonly counter?: string;
  readonly gauge?: string;
  readonly rate?: string;
  readonly flag?: string;
  /** The field's 32 bits have a sign. */
  readonly signed?: boolean;
  constant?(context: Pick<HandlerContext<C, P>, "config" | "plan" | "name" | "ninputs" | "noutputs">): HandlerValue;
  read?(state: HostFields<S>, context: HandlerContext<C, P>, parameter: string): HandlerValue;
  /** Throws a `string` to refuse. */
  write?(state: HostFields<S>, value: string, context: HandlerContext<C, P>): void;
  /** What `read` or `constant` give: `text` when absent; and of a handler that is only written, `button`. */
  readonly kind?: HandlerKind;
  /** `packets` when absent, of a counter. */
  readonly unit?: string;
}
export type Handlers<C, P, S extends Fields> = Readonly<Record<string, Handler<C, P, S>>>;

/** A handler of a service element. It throws a `string` to refuse. */
export interface ServiceHandler {
  readonly kind?: HandlerKind;
  readonly unit?: string;
  read?(parameter: string): HandlerValue;
  write?(value: string): void;
}

/** A field type whose value, or length, is a plain number at an offset in it. */
export interface PlainField {
  readonly plain: { readonly type: PlainType; readonly offset: number };
}

/** Where in a field its plain value is; `undefined` when it has none. */
export function plainValue(type: FieldType): PlainField["plain"] | undefined {
  if ("plain" in type) return (type as FieldType & PlainField).plain;
  return plainTypes.includes(type.name as PlainType) ? { type: type.name as PlainType, offset: 0 } : undefined;
}

/** Reads a plain value; a flag is `true` or `false`. */
export function readPlain(data: DataView, { address, type }: NonNullable<HandlerEntry["at"]>): number | bigint {
  switch (type) {
    case "u8":
      return data.getUint8(address);
    case "u16":
      return data.getUint16(address, true);
    case "u16be":
      return data.getUint16(address);
    case "u32":
      return data.getUint32(address, true);
    case "u32be":
      return data.getUint32(address);
    case "i32":
      return data.getInt32(address, true);
    case "u64":
      return data.getBigUint64(address, true);
    case "u64be":
      return data.getBigUint64(address);
    case "span":
      return (data.getUint32(address + 4, true) - data.getUint32(address, true)) >>> 0;
  }
}

/** Bytes of a plain value. */
export function plainSize(type: PlainType): number {
  return { u8: 1, u16: 2, u16be: 2, u32: 4, u32be: 4, i32: 4, u64: 8, u64be: 8, span: 8 }[type];
}
