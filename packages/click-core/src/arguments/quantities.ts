/** Types of quantities: numbers with a unit after them, and a prefix such as `k` or `m` before the unit. */
import { type U32Field, type U64Field, u32, u64 } from "@clickos/layout";
import { Mistake } from "./argument-type.ts";
import type { StoredType } from "./live.ts";

const second = 1_000_000_000n;
const nanosecondDigits = 9;
/** What a longer time is taken for: Click's seconds have 32 bits. */
const longestTime = 2n ** 32n * second - 1n;

/** Seconds. */
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
/** Powers of ten. */
const timePrefixes: ReadonlyMap<string, number> = new Map([
  ["m", -3],
  ["u", -6],
  ["n", -9],
]);

/** Bytes a second. */
const rateUnits: ReadonlyMap<string, number> = new Map([
  ["Bps", 1],
  ["B/s", 1],
  ["bps", 1 / 8],
  ["baud", 1 / 8],
  ["b/s", 1 / 8],
]);
/** Powers of ten. */
const ratePrefixes: ReadonlyMap<string, number> = new Map([
  ["k", 3],
  ["K", 3],
  ["M", 6],
  ["G", 9],
]);

/** A number, ten to which power it is multiplied by, and how much one of its unit is. */
interface Quantity {
  readonly number: string;
  readonly power: number;
  readonly unit: number;
}

/** Digits in groups that `_` separates or ends, a point and digits after it, and an exponent; and the unit. */
const quantity = /^\+?(\d+(?:_\d+)*(?:_|\.(?:\d+(?:_\d+)*_?)?)?|\.\d+(?:_\d+)*_?)([eE][-+]?\d+)?\s*([A-Za-z/]*)$/;

/** Reads a number that is not negative and its unit; without a unit, the number is the quantity. */
function parseQuantity(
  text: string,
  units: ReadonlyMap<string, number>,
  prefixes: ReadonlyMap<string, number>,
): Quantity | undefined {
  const match = quantity.exec(text);
  if (!match) return undefined;
  const [, mantissa = "", exponent = "", name = ""] = match;
  const number = mantissa.replaceAll("_", "") + exponent;
  const unit = name === "" ? 1 : units.get(name);
  if (unit !== undefined) return { number, power: 0, unit };
  const power = prefixes.get(name[0] as string);
  const rest = units.get(name.slice(1));
  return power === undefined || rest === undefined ? undefined : { number, power, unit: rest };
}

/** Digits of a number that count: those of the longest time to the nanosecond are fewer. */
const significant = 40;

/** A decimal number times a unit and ten to a power, rounded; what would have more digits than count is infinite. */
function product(number: string, unit: number, power: number): bigint | undefined {
  const [mantissa = "", exponent = "0"] = number.split(/[eE]/);
  const [whole = "", fraction = ""] = mantissa.split(".");
  const all = (whole + fraction).replace(/^0+/, "");
  if (all === "") return 0n;
  const digits = (BigInt(all.slice(0, significant)) * BigInt(unit)).toString();
  // How many of the digits stand before the point of the result.
  const end = digits.length + Math.max(0, all.length - significant) - fraction.length + Number(exponent) + power;
  if (end < 0) return 0n;
  if (end > significant) return undefined;
  const roundsUp = (digits[end] ?? "0") >= "5";
  return BigInt(digits.slice(0, end).padEnd(end, "0")) + (roundsUp ? 1n : 0n);
}

/** Nanoseconds as seconds, with as many digits after the point as are needed. */
export function formatTime(nanoseconds: bigint): string {
  const fraction = (nanoseconds % second).toString().padStart(9, "0").replace(/0+$/, "");
  return `${nanoseconds / second}${fraction ? `.${fraction}` : ""}`;
}

/** A time; the value is in nanoseconds. Plain numbers are seconds; what is longer than 136 years is that long. */
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
    const read = parseQuantity(text, timeUnits, timePrefixes);
    if (!read) return undefined;
    const value = product(read.number, read.unit, read.power + nanosecondDigits);
    return value !== undefined && value < longestTime ? value : longestTime;
  },
};

/** A bandwidth; the value is in bytes a second, of 32 bits. */
export const bandwidth: StoredType<number, U32Field> = {
  stored: { field: u32, kind: "rate", unit: "bytes/s", store: (value) => value },
  expects: "a bandwidth such as 10Mbps, up to 34Gbps",
  parse(text) {
    const read = parseQuantity(text, rateUnits, ratePrefixes);
    if (!read) return undefined;
    const rate = Math.round(Number(read.number) * 10 ** read.power * read.unit);
    return rate > 0xffffffff ? new Mistake("out of range") : rate;
  },
};
