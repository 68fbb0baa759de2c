/**
 * Arguments that can be changed while the router runs. `ACTIVE: keyword(live(arg.bool), true)` is an argument, the field
 * `active` of the element's state, which has the argument's value at first and which staged code reads, and the handler
 * `active`, which is read and written.
 */
import type { FieldType, HostOf } from "@clickos/layout";
import type { ArgumentType } from "./argument-type.ts";

/** How a value is kept in a field of an element's state. */
export interface Stored<T, F extends FieldType<any>> {
  readonly field: F;
  /** What a handler of it is; `text` is shown by `show`. */
  readonly kind: "flag" | "gauge" | "rate" | "text";
  readonly unit?: string;
  /** The field's 32 or 64 bits have a sign. */
  readonly signed?: boolean;
  /** What is said of a text that cannot be read when it is written to a handler: as Click says it. */
  readonly refusal?: string;
  store(value: T): HostOf<F>;
  /** The value as text, where it is not a plain number. */
  show?(stored: HostOf<F>): string;
}

/** A type whose values fit a field of an element's state. */
export interface StoredType<T, F extends FieldType<any>> extends ArgumentType<T> {
  readonly stored: Stored<T, F>;
}

/** What a written value may do to the element. */
export interface Written {
  /** The router's time in nanoseconds. */
  now(): bigint;
  readonly ninputs: number;
  readonly noutputs: number;
  schedule(): void;
  unschedule(): void;
  /** Whether the task is scheduled; `undefined` where the element has none. */
  isScheduled(): boolean | undefined;
  /** Whether the element's timer is set. */
  timerIsSet(): boolean;
  setTimer(at: bigint | undefined): void;
  /** Does what the element's timer does when it is due: see `HandlerContext`. */
  fire(): void;
}

export interface LiveOptions {
  /** The handler's name; the argument's in small letters when absent. */
  readonly handler?: string;
  readonly kind?: "gauge" | "rate";
  readonly unit?: string;
  /** The handler's flags, where they are other ones than one of its kind has. */
  readonly flags?: string;
  /** What is said of a text that cannot be read; what the type says when absent. */
  readonly refusal?: string;
  /** What is done when a value was written; the element's task is scheduled when absent. */
  written?(context: Written, state: any): void;
}

/** A type of argument that can be changed while the router runs. */
export interface LiveType<T, F extends FieldType<any>> extends StoredType<T, F> {
  readonly live: LiveOptions;
}

export function live<T, F extends FieldType<any>>(type: StoredType<T, F>, options: LiveOptions = {}): LiveType<T, F> {
  return { ...type, live: options };
}
