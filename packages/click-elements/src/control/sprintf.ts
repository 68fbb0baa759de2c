/**
 * The function `sprintf`: C's formats for whole numbers and strings, `%d %i %o %x %X %u %s %%`, with flags, width, precision
 * and size, where they differ as Click's formatter has them.
 */
import { shiftWord, unquote } from "@clickos/click-language/arguments";
import { readWhole } from "./values.ts";

/** Characters that a number is padded to; a string, and all that is made. */
const maximumNumber = 128;
const maximumWidth = 4096;
const maximumResult = 1 << 20;

const conversion = /%([-+ 0#]*)(\d*)(?:\.(\d*))?([hlLq]*)([dioxXus%])/y;

export function sprintf(text: string): string {
  let [format, rest] = shiftWord(text);
  format = unquote(format);
  const take = (): string => {
    const [word, more] = shiftWord(rest);
    rest = more;
    return word;
  };
  let out = "";
  let at = 0;
  for (;;) {
    const percent = format.indexOf("%", at);
    out += format.slice(at, percent < 0 ? format.length : percent);
    if (percent < 0) break;
    conversion.lastIndex = percent;
    const match = conversion.exec(format);
    if (!match) throw "syntax error";
    const [whole, flags = "", width = "", precision, size = "", kind = ""] = match;
    at = percent + whole.length;
    const text = kind === "s" || kind === "%";
    const shown: Shown = {
      flags: new Set(flags),
      width: Math.min(Number(width), text ? maximumWidth : maximumNumber),
      // A point alone is nothing.
      precision: precision ? Number(precision) : undefined,
    };
    if (kind === "%") out += pad("%", shown);
    else if (kind === "s") out += pad(stringOf(take()).slice(0, shown.precision), shown);
    else out += pad(wholeText(wholeOf(take(), kind, size), kind, shown), shown);
    if (out.length > maximumResult) throw `more than ${maximumResult} characters`;
  }
  if (rest !== "") throw "syntax error";
  return out;
}

interface Shown {
  readonly flags: ReadonlySet<string>;
  readonly width: number;
  readonly precision: number | undefined;
}

function stringOf(word: string): string {
  if (word === "") throw "syntax error";
  // A string of C ends at its first zero.
  return unquote(word).replace(/\0.*$/s, "");
}

/** The sizes `l`, `ll`, `q` and `L` are all of 64 bits; `h` is of 16. */
function wholeOf(word: string, kind: string, size: string): bigint {
  const signed = kind === "d" || kind === "i";
  const value = readWhole(word, 64, signed);
  if (value === undefined) throw "syntax error";
  if (!size.endsWith("h")) return value;
  return signed ? BigInt.asIntN(16, value) : BigInt.asUintN(16, value);
}

function wholeText(value: bigint, kind: string, { flags, width, precision }: Shown): string {
  const base = kind === "o" ? 8 : kind.toLowerCase() === "x" ? 16 : 10;
  const negative = value < 0n;
  let digits = (negative ? -value : value).toString(base);
  const alternate = flags.has("#") && !(base === 16 && value === 0n);
  const sign = negative ? "-" : flags.has("+") ? "+" : flags.has(" ") ? " " : "";
  if (precision !== undefined) digits = digits.padStart(Math.min(precision, maximumNumber - 4), "0");
  else if (flags.has("0")) digits = digits.padStart(width - (alternate && base === 16 ? 2 : 0) - sign.length, "0");
  // A zero is put in front of an octal number unless its second digit is one.
  if (alternate && base === 8 && digits[1] !== "0") digits = `0${digits}`;
  if (alternate && base === 16) digits = `0x${digits}`;
  return sign + (kind === "X" ? digits.toUpperCase() : digits);
}

function pad(text: string, { flags, width }: Shown): string {
  return flags.has("-") ? text.padEnd(width) : text.padStart(width, flags.has("0") ? "0" : " ");
}
