/** Handlers that many elements have, over state fields of usual names. */
import {
  type ArgumentType,
  arg,
  emptyScope,
  type HandlerContext,
  Mistake,
  readText,
  type Scope,
} from "@clickos/click-core/element";
import { formatTime } from "./time.ts";

/** Reads a value that is written to a handler; throws what is wrong with it. */
export function readValue<T>(type: ArgumentType<T>, text: string, scope: Scope = emptyScope): T {
  const value = readText(type, text.trim(), scope);
  if (value instanceof Mistake) throw value.message;
  return value;
}

type Field<K extends string, V> = Record<K, V>;

/** A 32-bit state field that is read and written as a signed number; the task is woken to look at it. */
export function numberHandler<K extends string>(
  field: K,
  type: ArgumentType<number> = arg.i32,
): {
  readonly gauge: K;
  readonly signed: boolean;
  write(s: Field<K, number>, value: string, context: HandlerContext<any, any>): void;
} {
  return {
    gauge: field,
    signed: type === arg.i32,
    write: (s, value, context) => {
      s[field] = (readValue(type, value) >>> 0) as Field<K, number>[K];
      context.schedule();
    },
  };
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

/** A 64-bit state field that is a time, read and written as seconds; `written` is told of the new time, and may refuse it. */
export function timeHandler<K extends string>(
  field: K,
  written: (time: bigint, context: HandlerContext<any, any>) => void = () => {},
): {
  read(s: Field<K, bigint>): string;
  write(s: Field<K, bigint>, value: string, context: HandlerContext<any, any>): void;
} {
  return {
    read: (s) => formatTime(s[field]),
    write: (s, value, context) => {
      const time = readValue(arg.time, value) as Field<K, bigint>[K];
      written(time, context);
      s[field] = time;
    },
  };
}

/** The time between one turn and the next: the next comes that long after it is written. */
export const intervalHandler: ReturnType<typeof timeHandler<"interval">> = timeHandler("interval", (time, context) => {
  if (time === 0n) throw "an interval must be more than nothing";
  context.setTimer(context.now() + time);
});
