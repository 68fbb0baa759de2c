/** The functions of the script language: read handlers of every script, used as `$(add 1 2)`. */
import { splitWords, unquote } from "@clickos/click-language/arguments";

type Number_ = bigint | number;

/** Characters of a number: longer words are none. */
const maximumNumber = 1000;
/** Characters that one conversion of `sprintf` may be padded to, its digits after the point, and all it makes. */
const maximumWidth = 4096;
const maximumPrecision = 100;
const maximumResult = 1 << 20;

const shown = (word: string): string => (word.length <= 60 ? word : `${word.slice(0, 60)}...`);

/** A whole number exactly, another as a C double; `undefined` where it is none. */
function readNumber(word: string): Number_ | undefined {
  if (word.length > maximumNumber) return undefined;
  if (/^[-+]?(?:0x[0-9a-f]+|\d+)$/i.test(word)) {
    const size = BigInt(word.replace(/^[-+]/, ""));
    return word.startsWith("-") ? -size : size;
  }
  return /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i.test(word) ? Number(word) : undefined;
}

/** A number; whole ones that do not fit into 64 bits are doubles, as in Click. */
function number(text: string): Number_ {
  const word = unquote(text);
  const value = readNumber(word);
  if (value === undefined) throw `'${shown(word)}' is not a number`;
  return typeof value === "bigint" && BigInt.asIntN(64, value) !== value ? Number(value) : value;
}

/** A whole number of 64 bits, with a sign or without; with `truncate`, of another number what stands before the point. */
function wholeNumber(text: string, truncate = false): bigint {
  const word = unquote(text);
  const value = readNumber(word);
  const whole =
    typeof value !== "number"
      ? value
      : Number.isFinite(value) && (truncate || Number.isInteger(value))
        ? BigInt(Math.trunc(value))
        : undefined;
  if (whole === undefined || (BigInt.asIntN(64, whole) !== whole && BigInt.asUintN(64, whole) !== whole))
    throw `'${shown(word)}' is not a whole number`;
  return whole;
}

/** As C prints a double with `%.15g`; whole numbers without a point. */
export function formatNumber(value: Number_): string {
  if (typeof value === "bigint") return BigInt.asIntN(64, value).toString();
  return formatGeneral(value, 15);
}

function formatGeneral(value: number, precision: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  if (value === 0) return "0";
  const digits = Math.max(1, precision);
  const exponent = Number(value.toExponential(digits - 1).split("e")[1]);
  if (exponent < -4 || exponent >= digits) {
    const [mantissa = "", power = ""] = value.toExponential(digits - 1).split("e");
    const sign = power[0] === "-" ? "-" : "+";
    return `${withoutZeros(mantissa)}e${sign}${power.slice(1).padStart(2, "0")}`;
  }
  return withoutZeros(value.toFixed(Math.min(maximumPrecision, Math.max(0, digits - 1 - exponent))));
}

/** Without the zeros after the point that say nothing, and without a point that nothing follows. */
function withoutZeros(text: string): string {
  if (!text.includes(".")) return text;
  let end = text.length;
  while (text[end - 1] === "0") end--;
  return text.slice(0, text[end - 1] === "." ? end - 1 : end);
}

function boolean(text: string): boolean {
  const word = unquote(text);
  if (/^(?:true|yes|t|y|1)$/i.test(word)) return true;
  if (/^(?:false|no|f|n|0)$/i.test(word)) return false;
  throw `'${shown(word)}' is not true or false`;
}

const fold =
  (whole: (a: bigint, b: bigint) => bigint, real: (a: number, b: number) => number, start?: bigint) =>
  (words: string[]): string => {
    const list = words.map(number);
    const first = list.shift() ?? start;
    if (first === undefined) throw "numbers are missing";
    return formatNumber(
      list.reduce<Number_>(
        (a, b) =>
          typeof a === "bigint" && typeof b === "bigint" ? BigInt.asIntN(64, whole(a, b)) : real(Number(a), Number(b)),
        first,
      ),
    );
  };

const two = (words: string[]): [Number_, Number_] => {
  if (words.length !== 2) throw `takes two numbers, ${words.length} given`;
  return [number(words[0] as string), number(words[1] as string)];
};

const nonzero = (b: Number_): void => {
  if (Number(b) === 0) throw "division by zero";
};

/** Words are compared as numbers where both are, else as text. */
const compare =
  (test: (order: number) => boolean) =>
  (words: string[]): string => {
    if (words.length !== 2) throw `takes two values, ${words.length} given`;
    const [a, b] = words.map(unquote) as [string, string];
    let order: number;
    try {
      const [x, y] = [number(a), number(b)];
      order = x < y ? -1 : x > y ? 1 : 0;
    } catch {
      order = a < b ? -1 : a > b ? 1 : 0;
    }
    return String(test(order));
  };

const swap =
  (bits: number) =>
  (words: string[]): string => {
    const value = BigInt.asUintN(bits, wholeNumber(words[0] ?? ""));
    let out = 0n;
    for (let i = 0; i < bits; i += 8) out = (out << 8n) | ((value >> BigInt(i)) & 0xffn);
    return out.toString();
  };

/** Functions of words. */
const ofWords: Record<string, (words: string[]) => string> = {
  add: fold(
    (a, b) => a + b,
    (a, b) => a + b,
    0n,
  ),
  mul: fold(
    (a, b) => a * b,
    (a, b) => a * b,
    1n,
  ),
  sub: fold(
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  div(words) {
    const [a, b] = two(words);
    nonzero(b);
    return typeof a === "bigint" && typeof b === "bigint" && a % b === 0n
      ? formatNumber(a / b)
      : formatNumber(Number(a) / Number(b));
  },
  idiv(words) {
    const [a, b] = two(words);
    nonzero(b);
    return formatNumber(typeof a === "bigint" && typeof b === "bigint" ? a / b : Math.trunc(Number(a) / Number(b)));
  },
  mod(words) {
    const [a, b] = two(words);
    nonzero(b);
    if (typeof a !== "bigint" || typeof b !== "bigint") throw "takes whole numbers";
    return formatNumber(a % b);
  },
  rem(words) {
    const [a, b] = two(words);
    nonzero(b);
    return formatNumber(typeof a === "bigint" && typeof b === "bigint" ? a % b : Number(a) % Number(b));
  },
  neg: (words) => {
    const a = number(words[0] ?? "");
    return formatNumber(typeof a === "bigint" ? -a : -a);
  },
  abs: (words) => {
    const a = number(words[0] ?? "");
    return formatNumber(a < 0 ? (typeof a === "bigint" ? -a : -a) : a);
  },
  eq: compare((order) => order === 0),
  ne: compare((order) => order !== 0),
  lt: compare((order) => order < 0),
  gt: compare((order) => order > 0),
  le: compare((order) => order <= 0),
  ge: compare((order) => order >= 0),
  not: (words) => String(!boolean(words[0] ?? "")),
  and: (words) => String(words.every(boolean)),
  or: (words) => String(words.some(boolean)),
  nand: (words) => String(!words.every(boolean)),
  nor: (words) => String(!words.some(boolean)),
  if: ([condition, yes = "", no = ""]) => unquote(boolean(condition ?? "") ? yes : no),
  in: ([value, ...list]) => String(list.map(unquote).includes(unquote(value ?? ""))),
  first: ([word]) => unquote(word ?? ""),
  last: (words) => unquote(words.at(-1) ?? ""),
  random(words) {
    if (words.length > 2) throw `takes two numbers, ${words.length} given`;
    const [a, b] = words.map((w) => Number(wholeNumber(w)));
    if (a === undefined) return String(Math.floor(Math.random() * 0x7fffffff));
    const [low, high] = b === undefined ? [0, a - 1] : [a, b];
    if (high < low) throw "the range is empty";
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high - low + 1)) throw "the range is too large";
    return String(low + Math.floor(Math.random() * (high - low + 1)));
  },
  sprintf: ([format, ...values]) => sprintf(unquote(format ?? ""), values.map(unquote)),
  cat: (words) => words.join(""),
  catq: (words) => words.map(unquote).join(""),
  htons: swap(16),
  ntohs: swap(16),
  htonl: swap(32),
  ntohl: swap(32),
};

/** Functions of the whole text. */
const ofText: Record<string, (text: string) => string> = {
  length: (text) => String(unquote(text).length),
  unquote,
};

export const scriptFunctions: Readonly<Record<string, (text: string) => string>> = {
  ...ofText,
  ...Object.fromEntries(Object.entries(ofWords).map(([name, f]) => [name, (text: string) => f(splitWords(text))])),
};

/** One conversion of a format: `%-08.3f`. */
interface Conversion {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly kind: string;
}

/** C's formats: `%d %i %u %x %X %o %c %s %f %e %g %%` with flags, width and precision. */
export function sprintf(format: string, values: readonly string[]): string {
  let next = 0;
  const take = (): string => {
    const value = values[next++];
    if (value === undefined) throw "sprintf: not enough values for the format";
    return value;
  };
  let at = 0;
  const skip = (among: string): string => {
    const from = at;
    while (at < format.length && among.includes(format[at] as string)) at++;
    return format.slice(from, at);
  };
  const count = (limit: number): number => {
    const value = format[at] === "*" ? (at++, Number(wholeNumber(take()))) : Number(skip("0123456789"));
    if (Math.abs(value) > limit) throw `sprintf: ${value} is more than ${limit} characters`;
    return value;
  };
  let out = "";
  for (;;) {
    const percent = format.indexOf("%", at);
    out += format.slice(at, percent < 0 ? format.length : percent);
    if (percent < 0) break;
    at = percent + 1;
    const flags = skip("-+ 0#");
    const width = count(maximumWidth);
    const precision = format[at] === "." ? (at++, count(maximumPrecision)) : undefined;
    skip("hlLq");
    const kind = format[at++] ?? "";
    if (kind === "%") out += "%";
    else
      out += convert(
        {
          // A width below zero is one on the left, and a precision below zero is none.
          flags: width < 0 ? `${flags}-` : flags,
          width: Math.abs(width),
          precision: precision !== undefined && precision >= 0 ? precision : undefined,
          kind,
        },
        take,
      );
    if (out.length > maximumResult) throw `sprintf: more than ${maximumResult} characters`;
  }
  if (next < values.length) throw "sprintf: too many values for the format";
  return out;
}

function convert({ flags, width, precision, kind }: Conversion, take: () => string): string {
  let body: string;
  let numeric = true;
  switch (kind) {
    case "d":
    case "i":
    case "u":
    case "x":
    case "X":
    case "o":
      body = wholeText(wholeNumber(take(), true), kind, flags);
      if (precision !== undefined) {
        const prefix = /^(?:-|0x)?/i.exec(body)?.[0] ?? "";
        body = prefix + body.slice(prefix.length).padStart(precision, "0");
      }
      break;
    case "f":
    case "e":
    case "E":
    case "g":
    case "G":
      body = realText(Number(number(take())), kind.toLowerCase(), precision ?? 6);
      if (kind === "E" || kind === "G") body = body.toUpperCase();
      break;
    case "c":
    case "s": {
      numeric = false;
      const value = take();
      body = kind === "c" && /^\d{1,9}$/.test(value) ? String.fromCharCode(Number(value) & 255) : value;
      if (kind === "s" && precision !== undefined) body = body.slice(0, precision);
      break;
    }
    default:
      throw `sprintf: '%${kind}' is not a format`;
  }
  if (numeric && !body.startsWith("-")) body = (flags.includes("+") ? "+" : flags.includes(" ") ? " " : "") + body;
  if (flags.includes("-")) return body.padEnd(width);
  if (flags.includes("0") && numeric && precision === undefined) {
    const sign = /^[-+ ]?/.exec(body)?.[0] ?? "";
    return sign + body.slice(sign.length).padStart(width - sign.length, "0");
  }
  return body.padStart(width);
}

/** A whole number; one below zero is shown without a sign as the bits of a C long, or of an int where it is one. */
function wholeText(value: bigint, kind: string, flags: string): string {
  if (kind === "d" || kind === "i") return value.toString();
  const bits = value < 0n ? BigInt.asUintN(value < -0x80000000n ? 64 : 32, value) : value;
  if (kind === "u") return bits.toString();
  const digits = bits.toString(kind === "o" ? 8 : 16);
  const text = flags.includes("#") && value !== 0n ? (kind === "o" ? "0" : "0x") + digits : digits;
  return kind === "X" ? text.toUpperCase() : text;
}

function realText(value: number, kind: string, precision: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  if (kind === "g") return formatGeneral(value, precision);
  if (kind === "e") return value.toExponential(precision).replace(/e([-+])(\d)$/, "e$10$2");
  // From 1e21 on, toFixed gives an exponent; such a double is whole.
  if (Math.abs(value) < 1e21) return value.toFixed(precision);
  return `${BigInt(value)}${precision > 0 ? `.${"0".repeat(precision)}` : ""}`;
}
