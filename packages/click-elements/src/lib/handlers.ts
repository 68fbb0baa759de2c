/** Handlers that many elements have, over state fields of usual names. */
import { type ArgumentType, arg, type HandlerContext } from "@clickos/click-core";

/** Reads a value that is written to a handler; throws what is wrong with it. */
export function readValue<T>(type: ArgumentType<T>, text: string): T {
  const value = type.parse(text.trim());
  if (value === undefined) throw `'${text.trim()}' is not ${type.expects}`;
  return value;
}

type Field<K extends string, V> = Record<K, V>;

/** A 32-bit state field that is read and written as a signed number; the task is woken to look at it. */
export function numberHandler<K extends string>(
  field: K,
  type: ArgumentType<number> = arg.i32,
): {
  read(s: Field<K, number>): number;
  write(s: Field<K, number>, value: string, context: HandlerContext<any, any>): void;
} {
  return {
    read: (s) => (type === arg.u32 ? s[field] : s[field] | 0),
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
