/** The functions of the script language: read handlers of every script, used as `$(add 1 2)`. */
import { type HandlerReport, parseInteger } from "@clickos/click-core/element";
import { shiftWord, splitWords, unquote } from "@clickos/click-language/arguments";
import { drawBetween } from "../lib/draw.ts";
import { sprintf } from "./sprintf.ts";
import { formatNumber, readBoolean, readDouble, readWhole } from "./values.ts";

type Function_ = (text: string) => string;

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);

interface Folding {
  /** What it is of no numbers. */
  readonly nothing: bigint;
  /** Without it, all numbers are doubles. */
  readonly whole?: (a: bigint, b: bigint) => bigint;
  readonly real: (a: number, b: number) => number;
}

/** Numbers are whole ones of 64 bits until one is not; from there on they are doubles. */
function foldNumbers(text: string, { nothing, whole, real }: Folding): bigint | number {
  let result: bigint | number = whole ? nothing : Number(nothing);
  splitWords(text).forEach((word, i) => {
    const next: bigint | undefined = whole && typeof result === "bigint" ? readWhole(word) : undefined;
    if (next !== undefined && whole) result = i === 0 ? next : wrap(whole(result as bigint, next));
    else {
      const value = readDouble(word);
      if (value === undefined) throw "expected list of numbers";
      result = i === 0 ? value : real(Number(result), value);
    }
  });
  return result;
}

const fold =
  (folding: Folding): Function_ =>
  (text) =>
    formatNumber(foldNumbers(text, folding));

const division: Folding = { nothing: 1n, real: (a, b) => a / b };
const smallest = -(1n << 63n);

/** A double cut off to 64 bits, as a processor does it: one that does not fit is the smallest number. */
function truncated(value: number): bigint {
  const whole = Number.isFinite(value) ? BigInt(Math.trunc(value)) : smallest;
  return wrap(whole) === whole ? whole : smallest;
}

function twoWords(text: string): [string, string] {
  const words = splitWords(text);
  if (words.length !== 2) throw "expected two numbers";
  return words as [string, string];
}

/** The remainder, of whole numbers, or of doubles where those will do. */
const remainder =
  (doubles: boolean): Function_ =>
  (text) => {
    const [a, b] = twoWords(text);
    const [x, y] = [readWhole(a), readWhole(b)];
    if (x !== undefined && y !== undefined) {
      if (y === 0n) throw "division by zero";
      return formatNumber(x % y);
    }
    const [u, v] = doubles ? [readDouble(a), readDouble(b)] : [];
    if (u === undefined || v === undefined) throw "expected two numbers";
    return formatNumber(u % v);
  };

const ofOne =
  (whole: (value: bigint) => bigint, real: (value: number) => number): Function_ =>
  (text) => {
    const value = readWhole(text);
    if (value !== undefined) return formatNumber(wrap(whole(value)));
    const double = readDouble(text);
    if (double === undefined) throw "expected one number";
    return formatNumber(real(double));
  };

/** Compares numbers where both are, else texts. */
const compare =
  (test: (order: number) => boolean): Function_ =>
  (text) => {
    const [a, b] = twoWords(text);
    return String(test(order(readWhole(a), readWhole(b)) ?? order(readDouble(a), readDouble(b)) ?? ordered(a, b)));
  };

function order<T extends bigint | number>(a: T | undefined, b: T | undefined): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  return a < b ? -1 : a === b ? 0 : 1;
}

function ordered(a: string, b: string): number {
  const [x, y] = [unquote(a), unquote(b)];
  return x < y ? -1 : x === y ? 0 : 1;
}

function boolean(word: string): boolean {
  const value = readBoolean(word);
  if (value === undefined) throw "syntax error";
  return value;
}

/** Numbers beyond 32 bits with a sign are the one nearest to them. */
const swap =
  (bits: 16 | 32): Function_ =>
  (text) => {
    const number = parseInteger(text);
    if (number === undefined) throw "syntax error";
    const nearest = number > 0x7fffffffn ? 0x7fffffffn : number < -0x80000000n ? -0x80000000n : number;
    const value = BigInt.asUintN(bits, nearest);
    let out = 0n;
    for (let i = 0; i < bits; i += 8) out = (out << 8n) | ((value >> BigInt(i)) & 0xffn);
    return out.toString();
  };

/** A whole number of two, or of 31 bits. */
function random(text: string, { error }: Pick<HandlerReport, "error">, chance: () => number): string {
  const words = splitWords(text);
  if (words.length === 0) return String(chance());
  let wrong = false;
  const complain = (message: string): void => {
    wrong = true;
    error(message);
  };
  const [low = 0, high = 0] = ["N1", "N2"].map((name, i) => {
    const word = words[i];
    const value = word === undefined || word.startsWith("-") ? undefined : parseInteger(word);
    if (word === undefined) complain(`${name}: required argument missing`);
    else if (value === undefined) complain(`${name}: invalid number`);
    else if (value > 0xffffffffn) complain(`${name}: out of range, bound 4294967295`);
    return Number(value ?? 0);
  });
  if (words.length > 2) complain("too many arguments");
  if (!wrong && high < low) complain("bad N");
  return wrong ? "" : String(drawBetween(chance, low, high));
}

type ScriptFunction = (text: string, report: HandlerReport, chance: () => number) => string;

export const scriptFunctions: Readonly<Record<string, ScriptFunction>> = {
  add: fold({ nothing: 0n, whole: (a, b) => a + b, real: (a, b) => a + b }),
  sub: fold({ nothing: 0n, whole: (a, b) => a - b, real: (a, b) => a - b }),
  min: fold({ nothing: 1n, whole: (a, b) => (a < b ? a : b), real: (a, b) => (a < b ? a : b) }),
  max: fold({ nothing: 1n, whole: (a, b) => (a > b ? a : b), real: (a, b) => (a > b ? a : b) }),
  mul: fold({ nothing: 1n, whole: (a, b) => a * b, real: (a, b) => a * b }),
  div: fold(division),
  idiv: (text) => formatNumber(truncated(Number(foldNumbers(text, division)))),
  mod: remainder(false),
  rem: remainder(true),
  neg: ofOne(
    (a) => -a,
    (a) => -a,
  ),
  abs: ofOne((a) => (a < 0n ? -a : a), Math.abs),
  eq: compare((order) => order === 0),
  ne: compare((order) => order !== 0),
  lt: compare((order) => order < 0),
  gt: compare((order) => order > 0),
  le: compare((order) => order <= 0),
  ge: compare((order) => order >= 0),
  not: (text) => String(!boolean(text)),
  sprintf,
  first: (text) => shiftWord(text)[0],
  random,
  and: (text) => String(splitWords(text).every(boolean)),
  or: (text) => String(splitWords(text).some(boolean)),
  // Click's says so of any truths.
  nand: (text) => {
    splitWords(text).forEach(boolean);
    return "false";
  },
  nor: (text) => String(!splitWords(text).some(boolean)),
  if: (text) => {
    const [condition = "", yes = "", no = ""] = splitWords(text);
    return boolean(condition) ? yes : no;
  },
  in: (text) => {
    const [word = "", ...others] = splitWords(text).map(unquote);
    return String(word !== "" && others.includes(word));
  },
  length: (text) => String(text.length),
  unquote,
  htons: swap(16),
  htonl: swap(32),
  ntohs: swap(16),
  ntohl: swap(32),
};
