/** Values of scripts: truths, and numbers as C reads and prints them, whole ones of 64 bits and others as doubles. */
import { parseInteger } from "@clickos/click-core/element";

/** Characters of a double: longer words are none. */
const maximumDouble = 1000;
const smallestNormal = 2 ** -1022;

/** A whole number of 64 bits with a sign, or of the bits that are given without one. */
export function readWhole(word: string, bits: 32 | 64 = 64, signed = true): bigint | undefined {
  if (!signed && word.startsWith("-")) return undefined;
  const value = parseInteger(word);
  if (value === undefined) return undefined;
  return (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) === value ? value : undefined;
}

const decimal = /^[-+]?(\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i;
const hexadecimal = /^([-+]?)0x([\da-f]*)(?:\.([\da-f]*))?(?:p([-+]?\d{1,6}))?$/i;
const special = /^([-+]?)(?:(inf(?:inity)?)|nan(?:\(\w*\))?)$/i;

/** A double as `strtod` reads it; one that is too large or too small is none. */
export function readDouble(word: string): number | undefined {
  if (word.length > maximumDouble) return undefined;
  const named = special.exec(word);
  if (named) return named[2] === undefined ? Number.NaN : named[1] === "-" ? -Infinity : Infinity;
  const digits = decimal.exec(word);
  const value = digits ? Number(word) : readHexadecimal(word);
  if (value === undefined || !Number.isFinite(value)) return undefined;
  const zero = !/[1-9a-f]/i.test(digits ? (digits[1] as string) : word.replace(/^[-+]?0x|p.*$/gi, ""));
  return zero || Math.abs(value) >= smallestNormal ? value : undefined;
}

function readHexadecimal(word: string): number | undefined {
  const match = hexadecimal.exec(word);
  if (!match) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  if (whole + fraction === "") return undefined;
  const value = Number(BigInt(`0x${whole}${fraction}`)) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === "-" ? -value : value;
}

/** A number as it is printed: a double with twelve digits, as `%.12g` does it. */
export function formatNumber(value: bigint | number): string {
  if (typeof value === "bigint") return value.toString();
  // What an operation makes that is no number has its sign set.
  if (Number.isNaN(value)) return "-nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa = "", power = ""] = twelveDigits(value).split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 12) return withoutZeros(Number(`${mantissa}e${power}`).toFixed(11 - exponent));
  return `${withoutZeros(mantissa)}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** With an exponent; of two that are as near, the even one, where JavaScript's is the larger one. */
function twelveDigits(value: number): string {
  const shown = value.toExponential(11);
  const exact = value.toExponential(60);
  const digits = /^-?(\d)\.(\d{11})5(0+)e/.exec(exact);
  if (!digits) return shown;
  const down = exact.replace(/(\.\d{11})\d*/, "$1");
  return /[02468]e/.test(down) ? down : shown;
}

/** Without the zeros after the point that say nothing, and without a point that nothing follows. */
function withoutZeros(text: string): string {
  if (!text.includes(".")) return text;
  let end = text.length;
  while (text[end - 1] === "0") end--;
  return text.slice(0, text[end - 1] === "." ? end - 1 : end);
}

/** The words for true and false, of which there are no others. */
export function readBoolean(word: string): boolean | undefined {
  if (/^(?:true|t|yes|y|1)$/.test(word)) return true;
  return /^(?:false|f|no|n|0)$/.test(word) ? false : undefined;
}
