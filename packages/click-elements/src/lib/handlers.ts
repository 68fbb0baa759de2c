/** Handlers that many elements have, over state fields of usual names. */
import {
  type ArgumentType,
  arg,
  emptyScope,
  type HandlerContext,
  HandlerRefusal,
  Mistake,
  readText,
  type Scope,
  type StoredType,
  type Written,
} from "@clickos/click-core/element";
import type { U64Field } from "@clickos/layout";
import { formatInterval } from "./time.ts";

/** What most handlers of Click's say of a text that they cannot read. */
export const syntaxError = "syntax error";

/** Reads a value that is written to a handler; throws what is wrong with it, or `refused`. */
export function readValue<T>(type: ArgumentType<T>, text: string, refused?: string, scope: Scope = emptyScope): T {
  const value = readText(type, text.trim(), scope);
  if (value instanceof Mistake) throw refused ?? value.message;
  return value;
}

/** The status of handlers that refuse what they are given as an element refuses its arguments. */
const notConfigured = -1;

/** Does what a handler is to do; what it throws as a `string` is refused as arguments are, by another status than other handlers'. */
export function asArguments<T>(write: () => T): T {
  try {
    return write();
  } catch (e) {
    if (typeof e === "string") refuse(e);
    throw e;
  }
}

/** Refuses as an element refuses its arguments. */
export function refuse(message: string): never {
  throw new HandlerRefusal(message, notConfigured);
}

/** Reads a value that takes an argument's place: what is wrong with it is said of the argument, and refused as arguments are. */
export function readArgument<T>(name: string, type: ArgumentType<T>, text: string, scope: Scope = emptyScope): T {
  const value = readText(type, text.trim(), scope);
  if (value instanceof Mistake) refuse(`${name}: ${value.message}`);
  return value;
}

/** The same; what it throws is the given text. */
export function readAs<T>(type: ArgumentType<T>, text: string, otherwise: string, scope: Scope = emptyScope): T {
  const value = readText(type, text.trim(), scope);
  if (value instanceof Mistake) throw otherwise;
  return value;
}

/** Sets number fields back to zero. */
export function resetHandler<K extends string>(
  ...fields: readonly K[]
): { write(s: Record<K, any>, value: string, context: HandlerContext<any, any>): void } {
  return {
    write: (s, _value, context) => {
      for (const field of fields) s[field] = typeof s[field] === "bigint" ? 0n : 0;
      context.schedule();
    },
  };
}

/** What a written value does to an element that may be asleep: its task is scheduled, and its timer does what it does. */
export function wake({ schedule, fire }: Written): void {
  schedule();
  fire();
}

/** The timer goes off at once, unless it is set, in an element that is active. */
export function startTimer({ now, timerIsSet, setTimer }: Written, { active }: { readonly active: number }): void {
  if (active && !timerIsSet()) setTimer(now());
}

/** A length of time in a field of the state. */
export const interval: StoredType<bigint, U64Field> = {
  ...arg.time,
  stored: { ...arg.time.stored, show: formatInterval },
};

/** The time between one turn of a timer and the next: what is written counts from the next on, and is more than nothing. */
export const intervalHandler = {
  flags: ".",
  read: (s: { readonly interval: bigint }): string => formatInterval(s.interval),
  write(s: { interval: bigint }, text: string): void {
    const refusal = "bad interval";
    const written = readValue(arg.time, text, refusal);
    if (written === 0n) throw refusal;
    s.interval = written;
  },
};
