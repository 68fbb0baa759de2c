/** Types of numbers, written as Click writes them: `0x1f`, `0b101`, `017` in octal, `1_000`. */
import { type U32Field, type U64Field, u32, u64 as u64Field } from "@clickos/layout";
import { type ArgumentType, Mistake } from "./argument-type.ts";
import type { StoredType } from "./live.ts";

/** Characters of a number of 64 bits, zeros before it included. */
const maximumDigits = 128;

const digits = /^([-+]?)(?:0x([0-9A-Fa-f]+(?:_[0-9A-Fa-f]+)*)|0b([01]+(?:_[01]+)*)|(\d+(?:_\d+)*))$/i;

/** The whole number that a text writes, of any size. */
export function parseInteger(text: string): bigint | undefined {
  if (text.length > maximumDigits) return undefined;
  const match = digits.exec(text);
  if (!match) return undefined;
  const [, sign, hexadecimal, binary, plain] = match;
  const bare = (hexadecimal ?? binary ?? plain ?? "").replaceAll("_", "");
  const octal = plain !== undefined && /^0./.test(bare);
  if (octal && /[89]/.test(bare)) return undefined;
  const value = BigInt((hexadecimal ? "0x" : binary ? "0b" : octal ? "0o" : "") + bare);
  return sign === "-" ? -value : value;
}

/** What is wrong with a number that is none of a type's; `bound` is the one that it is beyond. */
function wrongNumber(bound: number | bigint | undefined): Mistake {
  return bound === undefined ? new Mistake("invalid number") : new Mistake(`out of range, bound ${bound}`);
}

/** `refusal` is what is said of another text that is written to a handler. */
export function integer(low: number, high: number, refusal = "expected integer"): StoredType<number, U32Field> {
  return {
    stored: { field: u32, kind: "gauge", signed: low < 0, refusal, store: (value) => value >>> 0 },
    expects: `an integer between ${low} and ${high}`,
    parse(text) {
      // Most are a few decimal digits.
      const value = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : parseInteger(text);
      // Numbers without a sign have none, not even in front of a zero.
      if (value === undefined || (low >= 0 && text.startsWith("-"))) return wrongNumber(undefined);
      return value < low ? wrongNumber(low) : value > high ? wrongNumber(high) : Number(value);
    },
  };
}

/** The same for numbers of 64 bits. */
function longInteger(low: bigint, high: bigint, expects: string): StoredType<bigint, U64Field> {
  const store = (value: bigint): bigint => BigInt.asUintN(64, value);
  return {
    stored: { field: u64Field, kind: "gauge", signed: low < 0n, refusal: "expected integer", store },
    expects,
    parse(text) {
      const value = parseInteger(text);
      if (value === undefined || (low >= 0n && text.startsWith("-"))) return wrongNumber(undefined);
      return value < low ? wrongNumber(low) : value > high ? wrongNumber(high) : value;
    },
  };
}

export const u64: StoredType<bigint, U64Field> = longInteger(0n, (1n << 64n) - 1n, "an integer between 0 and 2^64 - 1");
export const i64: StoredType<bigint, U64Field> = longInteger(
  -(1n << 63n),
  (1n << 63n) - 1n,
  "an integer between -2^63 and 2^63 - 1",
);

/** A decimal number. */
export const real: ArgumentType<number> = {
  expects: "a number",
  parse: (text) => (/^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined),
};

/** A fraction between 0 and 1, or a percentage. */
export const fraction: ArgumentType<number> = {
  expects: "a number between 0 and 1",
  parse(text) {
    const match = /^(\d+(?:\.\d*)?|\.\d+)\s*(%?)$/.exec(text);
    const value = match ? Number(match[1]) / (match[2] ? 100 : 1) : Number.NaN;
    return value >= 0 && value <= 1 ? value : undefined;
  },
};

/** `true`, `yes`, `1`, `false` and so on. */
export const bool: StoredType<boolean, U32Field> = {
  stored: { field: u32, kind: "flag", refusal: "expected boolean", store: Number },
  expects: "true or false",
  parse: (text) => (/^(?:true|yes|t|y|1)$/.test(text) ? true : /^(?:false|no|f|n|0)$/.test(text) ? false : undefined),
};
