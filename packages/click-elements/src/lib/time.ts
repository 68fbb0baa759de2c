/** Times as Click writes them. */
import { type ArgumentType, arg, Mistake } from "@clickos/click-core/element";
import type { I32, I64 } from "@clickos/codegen";

const second = 1_000_000_000n;
const millisecond = 1_000_000n;

/** A timestamp: seconds, a point, and six digits, or nine where microseconds do not say it all. */
export function formatTimestamp(nanoseconds: bigint): string {
  if (nanoseconds < 0n) return `-${formatTimestamp(-nanoseconds)}`;
  const fraction = (nanoseconds % second).toString().padStart(9, "0");
  return `${nanoseconds / second}.${fraction.endsWith("000") ? fraction.slice(0, 6) : fraction}`;
}

/** A length of time: `500ms`, `100us`, `7ns`, and from a second on `1.000000s`. */
export function formatInterval(nanoseconds: bigint): string {
  if (nanoseconds < 0n) return `-${formatInterval(-nanoseconds)}`;
  if (nanoseconds >= second) return `${formatTimestamp(nanoseconds)}s`;
  if (nanoseconds % 1_000_000n === 0n) return `${nanoseconds / 1_000_000n}ms`;
  return nanoseconds % 1000n === 0n ? `${nanoseconds / 1000n}us` : `${nanoseconds}ns`;
}

/** Nanoseconds of a decimal number of seconds, exactly; they fit 64 bits. */
export function parseTimestamp(text: string): bigint | undefined {
  const match = /^(\d{1,20})?(?:\.(\d*))?$/.exec(text);
  if (!match || (match[1] === undefined && !match[2])) return undefined;
  const value = BigInt(match[1] ?? 0) * second + BigInt((match[2] ?? "").slice(0, 9).padEnd(9, "0"));
  return value < 1n << 64n ? value : undefined;
}

/** An equal share of a time, to the nearest nanosecond, as Click divides times. */
export function timeShare(nanoseconds: bigint, count: number): bigint {
  const perSecond = Number(second);
  return BigInt(Math.floor((Number(nanoseconds) / perSecond / count) * perSecond + 0.5));
}

/** A time in whole seconds, rounded, of 32 bits; the value is in nanoseconds. */
export const wholeSeconds: ArgumentType<bigint> = {
  expects: arg.time.expects,
  parse(text, scope) {
    const time = arg.time.parse(text, scope);
    if (typeof time !== "bigint") return time;
    const seconds = (time + second / 2n) / second;
    return seconds > 0xffffffffn ? new Mistake("out of range") : seconds * second;
  },
};

/** A time rounded to whole milliseconds. */
export const inMilliseconds = (nanoseconds: bigint): bigint =>
  ((nanoseconds + millisecond / 2n) / millisecond) * millisecond;

/** A time in whole milliseconds, rounded, of which there are at most 32 bits; the value is in nanoseconds. */
export const wholeMilliseconds: ArgumentType<bigint> = {
  expects: arg.time.expects,
  parse(text, scope) {
    const time = arg.time.parse(text, scope);
    if (typeof time !== "bigint") return time;
    const rounded = inMilliseconds(time);
    return rounded / millisecond > 0xffffffffn ? new Mistake("out of range") : rounded;
  },
};

/** Whole seconds; the value is in seconds. */
export const secondCount: ArgumentType<number> = {
  expects: wholeSeconds.expects,
  parse(text, scope) {
    const time = wholeSeconds.parse(text, scope);
    return typeof time === "bigint" ? Number(time / second) : time;
  },
};

/** The time, in nanoseconds, that comes `more` seconds after one in seconds. */
export function secondsAfter(time: I32, more: number): I64 {
  return time.toI64().add(BigInt(more)).mul(second);
}
