/** Types of quantities: numbers with a unit after them, and a prefix such as `k` or `m` before the unit. */
import { type U32Field, type U64Field, u32, u64 } from "@clickos/layout";
import { Mistake } from "./argument-type.ts";
import type { StoredType } from "./live.ts";

const second = 1_000_000_000n;

const timeUnits: ReadonlyMap<string, number> = new Map([
  ["s", 1],
  ["sec", 1],
  ["m", 60],
  ["min", 60],
  ["h", 3600],
  ["hr", 3600],
  ["d", 86400],
  ["day", 86400],
]);
const timePrefixes: ReadonlyMap<string, number> = new Map([
  ["m", 1e-3],
  ["u", 1e-6],
  ["n", 1e-9],
]);

/** Bytes a second. */
const rateUnits: ReadonlyMap<string, number> = new Map([
  ["Bps", 1],
  ["B/s", 1],
  ["bps", 1 / 8],
  ["baud", 1 / 8],
  ["b/s", 1 / 8],
]);
const ratePrefixes: ReadonlyMap<string, number> = new Map([
  ["k", 1e3],
  ["K", 1e3],
  ["M", 1e6],
  ["G", 1e9],
]);

/** Reads a number that is not negative and its unit; without a unit, the number is the quantity. */
function parseQuantity(
  text: string,
  units: ReadonlyMap<string, number>,
  prefixes: ReadonlyMap<string, number>,
): number | undefined {
  const match = /^\+?(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)\s*([A-Za-z/]*)$/.exec(text);
  if (!match) return undefined;
  const [, number, unit] = match as unknown as [string, string, string];
  if (unit === "") return Number(number);
  const whole = units.get(unit);
  if (whole !== undefined) return Number(number) * whole;
  const factor = prefixes.get(unit[0] as string);
  const rest = units.get(unit.slice(1));
  return factor === undefined || rest === undefined ? undefined : Number(number) * factor * rest;
}

/** Nanoseconds as seconds, with as many digits after the point as are needed. */
export function formatTime(nanoseconds: bigint): string {
  const fraction = (nanoseconds % second).toString().padStart(9, "0").replace(/0+$/, "");
  return `${nanoseconds / second}${fraction ? `.${fraction}` : ""}`;
}

/** A time; the value is in nanoseconds. Plain numbers are seconds. */
export const time: StoredType<bigint, U64Field> = {
  stored: {
    field: u64,
    kind: "text",
    refusal: "expected time in seconds",
    store: (value) => value,
    show: formatTime,
  },
  expects: "a time such as 5s or 100ms",
  parse(text) {
    const value = Math.round((parseQuantity(text, timeUnits, timePrefixes) ?? Number.NaN) * 1e9);
    return value < 2 ** 63 ? BigInt(value) : undefined;
  },
};

/** A bandwidth; the value is in bytes a second, of 32 bits. */
export const bandwidth: StoredType<number, U32Field> = {
  stored: { field: u32, kind: "rate", unit: "bytes/s", store: (value) => value },
  expects: "a bandwidth such as 10Mbps, up to 34Gbps",
  parse(text) {
    const rate = Math.round(parseQuantity(text, rateUnits, ratePrefixes) ?? Number.NaN);
    return rate > 0xffffffff ? new Mistake("out of range") : rate >= 0 ? rate : undefined;
  },
};
