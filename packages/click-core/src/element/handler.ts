/**
 * Handlers: named values of elements that the host reads and writes. Here is how an element class defines one, and how a
 * compiled program lists it.
 */
import { type Fields, type FieldType, type HostFields, u8, u16, u16be, u32, u32be, u64, u64be } from "@clickos/layout";

import type { Scope } from "../arguments/scope.ts";
import type { Peer } from "./peer.ts";
import type { HostFiles } from "./service.ts";

/**
 * What a handler's value is, for whoever shows it: a count that only grows, a level, a level per second, on or off, a text, a
 * text of lines, or something that is only pressed.
 */
export type HandlerKind = "counter" | "gauge" | "rate" | "flag" | "text" | "table" | "button";

/** Two `u32`, a head and then a tail that run free; the value is what lies between them. */
const span: Pick<FieldType<number>, "size" | "read"> = {
  size: 8,
  read: (data, offset) => (u32.read(data, offset + 4) - u32.read(data, offset)) >>> 0,
};
const i32: Pick<FieldType<number>, "size" | "read"> = { size: 4, read: (data, offset) => u32.read(data, offset) | 0 };
const i64: Pick<FieldType<bigint>, "size" | "read"> = {
  size: 8,
  read: (data, offset) => BigInt.asIntN(64, u64.read(data, offset)),
};

/** How a plain value lies in memory: an integer, little endian unless its name ends in `be`; or a `span`, the length of a ring. */
export type PlainType = "u8" | "u16" | "u32" | "i32" | "u64" | "i64" | "u16be" | "u32be" | "u64be" | "span";

const plainFields: Readonly<Record<PlainType, Pick<FieldType<number | bigint>, "size" | "read">>> = {
  u8,
  u16,
  u32,
  i32,
  u64,
  i64,
  u16be,
  u32be,
  u64be,
  span,
};

export const plainTypes: readonly PlainType[] = Object.keys(plainFields) as PlainType[];

/** Bytes of a plain value. */
export function plainSize(type: PlainType): number {
  return plainFields[type].size;
}

/** Reads a plain value. @throws {RangeError} where it is beyond the memory. */
export function readPlain(data: DataView, { address, type }: NonNullable<HandlerEntry["at"]>): number | bigint {
  return plainFields[type].read(data, address);
}

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
  /** What else there is to it, in the letters of Click's `handlers`: see `HandlerFlags`. */
  readonly flags?: string;
  /** It is for the configuration itself: lists do not show it, and nobody reads it from outside. */
  readonly hidden?: boolean;
}

/** Puts names in a wanted order; those that it does not name stay behind them, as they are. */
export function inOrder(names: readonly string[], order: readonly string[] = []): string[] {
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return order.length === 0 ? [...names] : [...names].sort((a, b) => rank(a) - rank(b));
}

/**
 * What the `handlers` handler shows after `r` and `w`, in this order: `+` takes a parameter when it is read, `%` raw, no newline
 * is added to its value, `.` calm, its value seldom changes, `$` expensive to read, `U` uncommon, `D` deprecated, `b` a button:
 * what is written does not matter, `c` a checkbox.
 */
export type HandlerFlags = string;

/** The flags that a handler has where it does not say: a button's, and those of what can be switched on and off. */
export function flagsOf(entry: Pick<HandlerEntry, "access" | "kind">): HandlerFlags {
  if (entry.kind === "button") return "b";
  return entry.kind === "flag" && entry.access === "rw" ? "c" : "";
}

/** What a handler's value may be; it is shown as Click shows it. */
export type HandlerValue = string | number | bigint | boolean;

/**
 * The memory that a router's structures take from and give back to while it runs, as the host reaches it while the router
 * stands still. Views of fields read the memory by themselves; what they do that takes memory or gives it back has the heap as
 * its first argument: `state.routes.set(heap, route)`.
 */
export interface HostHeap {
  /** The router's memory. */
  readonly data: DataView;
  /** The address of at least that many bytes, not cleared; 0 when there are no more. */
  allocate(bytes: number): number;
  /** Gives back what `allocate` gave for as many bytes. */
  free(address: number, bytes: number): void;
  /** What hash tables mix into their keys. */
  readonly seed: bigint;
}

/** What a handler works with, on the host. */
export interface HandlerContext<C, P, R = unknown> {
  readonly config: C;
  readonly plan: P;
  readonly name: string;
  readonly ninputs: number;
  readonly noutputs: number;
  readonly heap: HostHeap;
  /** What names mean where the element stands. */
  readonly scope: Scope;
  /** The router's time in nanoseconds. In simulated time to ask takes one. */
  now(): bigint;
  /** Makes the element's task run again, or not. */
  schedule(): void;
  unschedule(): void;
  /** Whether the task is scheduled; `undefined` where the element has none. */
  isScheduled(): boolean | undefined;
  /** Whether the element's timer is set. */
  timerIsSet(): boolean;
  /** Sets or clears the element's timer. */
  setTimer(at: bigint | undefined): void;
  /**
   * Does what the element's timer does when it is due: at once in process, and in a virtual machine in its next turn. So a
   * handler has code of the element run.
   */
  fire(): void;
  /** Frees the buffer of a packet taken out of the element's state. */
  free(address: number): void;
  /** What the class's `peers` found. */
  readonly peers: R;
  /** What a peer offers on the host. */
  peer<H>(peer: Peer<any, H, any>): H;
  /**
   * Gives the element the same configuration but for one argument, by its name; of the rest of the arguments, one by its number. It
   * is as if its `config` were written. It throws a `string` where that cannot be, with the argument's name in front.
   */
  change(argument: string | number, text: string): void;
  /** Gives one argument another value, which `config` does not show; all else of the element's state stays as it is. */
  override(argument: string, text: string): void;
  /** Gives the element another configuration; it throws a `string` where that cannot be. */
  reconfigure(config: string): void;
  /** Tells whoever writes of something that is not quite as it was written; the value is taken all the same. */
  warn(message: string): void;
  /** Reads and writes files, where the router may: in process, and not in a virtual machine. */
  readonly files: HostFiles | undefined;
  /** Asks the driver to stop. */
  stop(): void;
}

/**
 * A named value of an element: how the host reads it, writes it, or both. A value that is a field of the state is named by
 * its kind, as in `{ counter: "count" }`; one that follows from the configuration is a `constant`. Those are read without
 * code of the element, which `read` and `write` are.
 */
export interface Handler<C, P, S extends Fields, R = unknown> {
  /**
   * The name of a field of the state: a number, or a structure, whose length it then is. Another name is an error when an
   * element is compiled, and not before: what a `state` function gives is not known yet where this is typed.
   */
  readonly counter?: string;
  readonly gauge?: string;
  readonly rate?: string;
  readonly flag?: string;
  /** The field's 32 or 64 bits have a sign. */
  readonly signed?: boolean;
  constant?(context: Pick<HandlerContext<C, P>, "config" | "plan" | "name" | "ninputs" | "noutputs">): HandlerValue;
  read?(state: HostFields<S>, context: HandlerContext<C, P, R>, parameter: string): HandlerValue;
  /** Throws a `string` to refuse. */
  write?(state: HostFields<S>, value: string, context: HandlerContext<C, P, R>): void;
  /** What `read` or `constant` give: `text` when absent; and of a handler that is only written, `button`. */
  readonly kind?: HandlerKind;
  /** `packets` when absent, of a counter. */
  readonly unit?: string;
  /** Where they are other ones than a handler of its kind has; one that takes a parameter has `+`. */
  readonly flags?: HandlerFlags;
}
/** By name, in the order in which Click's element adds them; `handlers` shows the last first. */
export type Handlers<C, P, S extends Fields, R = unknown> = Readonly<Record<string, Handler<C, P, S, R>>>;

/** Where an element stands, for handlers that it has or has not by that. */
export interface HandlerPlace<C, P> {
  readonly config: C;
  readonly plan: P;
  readonly inputs: readonly ("push" | "pull")[];
  readonly outputs: readonly ("push" | "pull")[];
}

/**
 * Takes what a handler has to say beside its value: errors, of which there may be several, a value notwithstanding; warnings;
 * other text; and how it ended, 0 unless something went wrong, when it is below.
 */
export interface HandlerReport {
  error(message: string): void;
  warn(message: string): void;
  /** Takes lines as they are; they may be warnings that say so themselves. */
  tell(text: string, kind: "note" | "warning"): void;
  status: number;
}

/** The status of a handler that refused: `-EINVAL`. */
export const refused: number = -22;

/** Thrown by a handler that refuses with another status than `refused`. */
export class HandlerRefusal {
  readonly reason: string;
  readonly status: number;
  constructor(reason: string, status: number) {
    this.reason = reason;
    this.status = status;
  }
}

/** A handler of a service element. It throws a `string` to refuse, or tells `report`. */
export interface ServiceHandler {
  readonly kind?: HandlerKind;
  readonly unit?: string;
  /** Where they are other ones than a handler of its kind has; one that takes a parameter has `+`. */
  readonly flags?: HandlerFlags;
  /** See `HandlerEntry`. */
  readonly hidden?: boolean;
  read?(parameter: string, report: HandlerReport): HandlerValue;
  write?(value: string, report: HandlerReport): void;
}

/** A field type whose value, or length, is a plain number at an offset in it. */
export interface PlainField {
  readonly plain: { readonly type: PlainType; readonly offset: number };
}

/** Where in a field its plain value is; `undefined` when it has none. */
export function plainValue(type: FieldType): PlainField["plain"] | undefined {
  if ("plain" in type) return (type as FieldType & PlainField).plain;
  const isPlain = type.kind === "integer" && Object.hasOwn(plainFields, type.name);
  return isPlain ? { type: type.name as PlainType, offset: 0 } : undefined;
}
