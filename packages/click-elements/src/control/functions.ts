/** The functions of the script language: read handlers of every script, used as `$(add 1 2)`. */
import { splitWords, unquote } from "@clickos/click-core";

type Number_ = bigint | number;

function number(text: string): Number_ {
  const word = unquote(text);
  if (/^[-+]?(?:0x[0-9a-f]+|\d+)$/i.test(word)) {
    const negative = word.startsWith("-");
    const value = BigInt(word.replace(/^[-+]/, ""));
    return negative ? -value : value;
  }
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(word)) return Number(word);
  throw `'${word}' is not a number`;
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
    return `${mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa}e${sign}${power.slice(1).padStart(2, "0")}`;
  }
  const fixed = value.toFixed(Math.max(0, digits - 1 - exponent));
  return fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed;
}

function boolean(text: string): boolean {
  const word = unquote(text);
  if (/^(?:true|yes|t|y|1)$/i.test(word)) return true;
  if (/^(?:false|no|f|n|0)$/i.test(word)) return false;
  throw `'${word}' is not true or false`;
}

const fold =
  (whole: (a: bigint, b: bigint) => bigint, real: (a: number, b: number) => number, start?: bigint) =>
  (words: string[]): string => {
    const list = words.map(number);
    const first = list.shift() ?? start;
    if (first === undefined) throw "numbers are missing";
    return formatNumber(
      list.reduce<Number_>(
        (a, b) => (typeof a === "bigint" && typeof b === "bigint" ? whole(a, b) : real(Number(a), Number(b))),
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
    const value = BigInt.asUintN(bits, BigInt(number(words[0] ?? "")));
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
    const [a, b] = words.map((w) => Number(number(w)));
    if (a === undefined) return String(Math.floor(Math.random() * 0x7fffffff));
    const [low, high] = b === undefined ? [0, a - 1] : [a, b];
    if (high < low) throw "the range is empty";
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

/** C's formats: `%d %i %u %x %X %o %c %s %f %e %g %%` with flags, width and precision. */
export function sprintf(format: string, values: readonly string[]): string {
  let next = 0;
  const take = (): string => {
    const value = values[next++];
    if (value === undefined) throw "sprintf: not enough values for the format";
    return value;
  };
  const out = format.replace(
    /%([-+ 0#]*)(\*|\d+)?(?:\.(\d+))?(?:ll?|hh?)?([a-zA-Z%])/g,
    (whole, flags: string, widthText: string | undefined, precisionText: string | undefined, kind: string) => {
      if (kind === "%") return "%";
      const width = widthText === "*" ? Number(take()) : Number(widthText ?? 0);
      const precision = precisionText === undefined ? undefined : Number(precisionText);
      let body: string;
      let numeric = true;
      if ("diuxXo".includes(kind)) {
        const value = BigInt(Math.trunc(Number(number(take()))) || 0);
        const unsigned = BigInt.asUintN(value < -0x80000000n ? 64 : 32, value);
        if (kind === "d" || kind === "i") body = value.toString();
        else if (kind === "u") body = (value < 0n ? unsigned : value).toString();
        else {
          body = (value < 0n ? unsigned : value).toString(kind === "o" ? 8 : 16);
          if (flags.includes("#") && value !== 0n) body = (kind === "o" ? "0" : "0x") + body;
          if (kind === "X") body = body.toUpperCase();
        }
        if (precision !== undefined) body = body.replace(/\d+/, (digits) => digits.padStart(precision, "0"));
      } else if ("feEgG".includes(kind)) {
        const value = Number(number(take()));
        if (kind === "f") body = value.toFixed(precision ?? 6);
        else if (kind === "g" || kind === "G") body = formatGeneral(value, precision ?? 6);
        else body = value.toExponential(precision ?? 6).replace(/e([-+])(\d)$/, "e$10$2");
        if (kind === "E" || kind === "G") body = body.toUpperCase();
      } else if (kind === "s" || kind === "c") {
        numeric = false;
        const value = take();
        body = kind === "c" && /^\d+$/.test(value) ? String.fromCharCode(Number(value) & 255) : value;
        if (kind === "s" && precision !== undefined) body = body.slice(0, precision);
      } else throw `sprintf: '${whole}' is not a format`;
      if (numeric && !body.startsWith("-")) body = (flags.includes("+") ? "+" : flags.includes(" ") ? " " : "") + body;
      if (flags.includes("-")) return body.padEnd(width);
      if (flags.includes("0") && numeric && precision === undefined) {
        const sign = /^[-+ ]/.exec(body)?.[0] ?? "";
        return sign + body.slice(sign.length).padStart(width - sign.length, "0");
      }
      return body.padStart(width);
    },
  );
  if (next < values.length) throw "sprintf: too many values for the format";
  return out;
}
