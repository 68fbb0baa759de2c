/** The types of configuration arguments, read as Click reads them. */
import { type Argument, unquote } from "@clickos/click-language/arguments";
import type { NameKind } from "./information.ts";

/** Looks up a name that information elements define. */
export type LookupName = (kind: NameKind, name: string) => string | undefined;

/** Reads one argument's text. `parse` returns the value, or `undefined` when the text is not what it expects. */
export interface ArgumentType<T> {
  /** What is expected, for messages: "an IP address". */
  readonly expects: string;
  parse(text: string, lookup?: LookupName): T | undefined;
}

/** An IPv4 address as an unsigned number, network order read big-endian: 10.0.0.1 is 0x0a000001. */
export type IpAddress = number;
/** An address and mask; `address` has no bits outside `mask`. */
export interface IpPrefix {
  readonly address: IpAddress;
  readonly mask: IpAddress;
  /** Number of leading one bits in the mask. */
  readonly length: number;
}

export function parseIpAddress(text: string): IpAddress | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  const bytes = match.slice(1).map(Number);
  if (bytes.some((b) => b > 255)) return undefined;
  return bytes.reduce((n, b) => n * 256 + b, 0);
}

export function formatIpAddress(address: IpAddress): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** `a.b.c.d/n`, `a.b.c.d/m.m.m.m`, or a bare address, which is a /32. */
export function parseIpPrefix(text: string): IpPrefix | undefined {
  const [addressText, maskText, extra] = text.split("/");
  if (extra !== undefined || addressText === undefined) return undefined;
  const dots = addressText.split(".").length;
  const padded =
    maskText !== undefined && dots < 4 && /^[\d.]+$/.test(addressText)
      ? addressText + ".0".repeat(4 - dots)
      : addressText;
  const address = parseIpAddress(padded);
  if (address === undefined) return undefined;
  let mask = 0xffffffff;
  if (maskText !== undefined) {
    if (/^\d{1,2}$/.test(maskText)) {
      const length = Number(maskText);
      if (length > 32) return undefined;
      mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
    } else {
      const parsed = parseIpAddress(maskText);
      if (parsed === undefined) return undefined;
      mask = parsed;
    }
  }
  return { address: (address & mask) >>> 0, mask, length: mask === 0 ? 0 : Math.clz32(~mask) };
}

/** Six bytes from `aa:bb:cc:dd:ee:ff` or with hyphens. */
export function parseEtherAddress(text: string): Uint8Array | undefined {
  const parts = text.split(/[:-]/);
  if (parts.length !== 6 || !parts.every((p) => /^[0-9A-Fa-f]{1,2}$/.test(p))) return undefined;
  return Uint8Array.from(parts, (p) => Number.parseInt(p, 16));
}

export function formatEtherAddress(bytes: Uint8Array): string {
  return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join(":");
}

function parseInteger(text: string): number | undefined {
  if (!/^[-+]?(?:0[xX][0-9A-Fa-f]+|\d+)$/.test(text)) return undefined;
  const negative = text.startsWith("-");
  const digits = text.replace(/^[-+]/, "");
  const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return negative ? -value : value;
}

function integer(low: number, high: number): ArgumentType<number> {
  return {
    expects: `an integer between ${low} and ${high}`,
    parse(text) {
      const n = parseInteger(text);
      return n !== undefined && Number.isSafeInteger(n) && n >= low && n <= high ? n : undefined;
    },
  };
}

/** A type whose values may also be given by a name. */
function named<T>(expects: string, kind: NameKind, parse: (text: string) => T | undefined): ArgumentType<T> {
  return {
    expects,
    parse(text, lookup) {
      const value = parse(text);
      if (value !== undefined || !lookup) return value;
      const found = lookup(kind, text.replace(/:(?:ip|eth|ipnet|net|ip4|prefix)$/, ""));
      return found === undefined ? undefined : parse(found);
    },
  };
}

const timeUnits: Record<string, number> = {
  "": 1,
  s: 1,
  sec: 1,
  m: 60,
  min: 60,
  h: 3600,
  hr: 3600,
  d: 86400,
  day: 86400,
  ms: 1e-3,
  msec: 1e-3,
  us: 1e-6,
  usec: 1e-6,
  ns: 1e-9,
  nsec: 1e-9,
};
const rateUnits: Record<string, number> = { "": 1, Bps: 1, "B/s": 1, bps: 1 / 8, baud: 1 / 8, "b/s": 1 / 8 };
const multipliers: Record<string, number> = { "": 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9 };

/** Characters of a number of 64 bits, zeros before it included. */
const maximumDigits = 64;

/** The argument types elements use. */
export const arg = {
  i32: integer(-0x80000000, 0x7fffffff) as ArgumentType<number>,
  u8: integer(0, 255) as ArgumentType<number>,
  u16: integer(0, 65535) as ArgumentType<number>,
  u32: integer(0, 0xffffffff) as ArgumentType<number>,
  /** Text with its quotes taken off, one character a byte. */
  string: { expects: "a string", parse: (text) => unquote(text) } as ArgumentType<string>,
  /** The same as bytes. */
  bytes: {
    expects: "a string",
    parse: (text) => Uint8Array.from(unquote(text), (ch) => ch.charCodeAt(0)),
  } as ArgumentType<Uint8Array>,
  /** The text as it stands; for elements with a language of their own. */
  raw: { expects: "text", parse: (text) => text } as ArgumentType<string>,
  bool: {
    expects: "true or false",
    parse: (text) =>
      /^(?:true|yes|t|y|1)$/i.test(text) ? true : /^(?:false|no|f|n|0)$/i.test(text) ? false : undefined,
  } as ArgumentType<boolean>,
  ipAddress: named("an IP address", "ip", parseIpAddress) as ArgumentType<IpAddress>,
  ipPrefix: named("an IP prefix", "prefix", parseIpPrefix) as ArgumentType<IpPrefix>,
  etherAddress: named("an Ethernet address", "ether", parseEtherAddress) as ArgumentType<Uint8Array>,
  /** A fraction between 0 and 1, or a percentage. */
  fraction: {
    expects: "a number between 0 and 1",
    parse(text) {
      const match = /^(\d+(?:\.\d*)?|\.\d+)\s*(%?)$/.exec(text);
      const value = match ? Number(match[1]) / (match[2] ? 100 : 1) : Number.NaN;
      return value >= 0 && value <= 1 ? value : undefined;
    },
  } as ArgumentType<number>,
  /** A decimal number. */
  real: {
    expects: "a number",
    parse: (text) => (/^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined),
  } as ArgumentType<number>,
  u64: {
    expects: "an integer between 0 and 2^64 - 1",
    parse: (text) =>
      text.length <= maximumDigits && /^(?:0x[0-9a-f]+|\d+)$/i.test(text) && BigInt(text) < 1n << 64n
        ? BigInt(text)
        : undefined,
  } as ArgumentType<bigint>,
  /** The name of a file, with its quotes taken off. */
  filename: { expects: "a file name", parse: (text) => unquote(text) || undefined } as ArgumentType<string>,
  /** One word of some. */
  choice: <const T extends string>(...words: readonly T[]): ArgumentType<T> => ({
    expects: `one of ${words.join(", ")}`,
    parse: (text) => words.find((w) => w === unquote(text).toUpperCase()),
  }),
  /** A time; the value is in nanoseconds. Plain numbers are seconds. */
  time: {
    expects: "a time such as 5s or 100ms",
    parse(text) {
      const match = /^(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)$/.exec(text);
      const unit = match ? timeUnits[match[2] ?? ""] : undefined;
      const value = match && unit !== undefined ? Math.round(Number(match[1]) * unit * 1e9) : Number.NaN;
      return value < 2 ** 63 ? BigInt(value) : undefined;
    },
  } as ArgumentType<bigint>,
  /** A bandwidth; the value is in bytes a second. */
  bandwidth: {
    expects: "a bandwidth such as 10Mbps",
    parse(text) {
      const match = /^(\d+(?:\.\d*)?|\.\d+)\s*([kKMG]?)(Bps|bps|B\/s|b\/s|baud|)$/.exec(text);
      if (!match) return undefined;
      const rate = Math.round(Number(match[1]) * (multipliers[match[2] ?? ""] ?? 1) * (rateUnits[match[3] ?? ""] ?? 1));
      return Number.isFinite(rate) ? rate : undefined;
    },
  } as ArgumentType<number>,
} as const;

/** How an argument is given. `T` is what the element gets. */
export interface ArgumentSpec<T> {
  readonly kind: "required" | "positional" | "keyword" | "rest";
  readonly type: ArgumentType<any>;
  readonly fallback: T | undefined;
}

/** A positional argument that must be given; its keyword may be used instead. */
export function required<T>(type: ArgumentType<T>): ArgumentSpec<T> {
  return { kind: "required", type, fallback: undefined };
}
/** A positional argument with a default. */
export function positional<T>(type: ArgumentType<T>, fallback: T): ArgumentSpec<T> {
  return { kind: "positional", type, fallback };
}
/** An argument given only by its keyword. */
export function keyword<T>(type: ArgumentType<T>, fallback: T): ArgumentSpec<T> {
  return { kind: "keyword", type, fallback };
}
/** All positional arguments that are left. */
export function rest<T>(type: ArgumentType<T>): ArgumentSpec<T[]> {
  return { kind: "rest", type, fallback: [] };
}

export type ConfigSpec = Readonly<Record<string, ArgumentSpec<any>>>;
export type ConfigOf<C extends ConfigSpec> = {
  readonly [K in keyof C]: C[K] extends ArgumentSpec<infer T> ? T : never;
};

export type ReportArgument = (argument: Argument | undefined, message: string, hint?: string) => void;

/** Reads an element's arguments against its specification; every mistake is reported. */
export function readArguments<C extends ConfigSpec>(
  spec: C,
  args: readonly Argument[],
  report: ReportArgument,
  lookup?: LookupName,
): ConfigOf<C> {
  const values: Record<string, unknown> = {};
  const names = Object.keys(spec);
  const open = names.filter((n) => spec[n]?.kind === "required" || spec[n]?.kind === "positional");
  const restName = names.find((n) => spec[n]?.kind === "rest");
  const given = new Set<string>();
  const read = (name: string, argument: Argument, text: string): unknown => {
    const type = (spec[name] as ArgumentSpec<unknown>).type;
    const value = type.parse(text, lookup);
    if (value === undefined) report(argument, `${name}: '${text}' is not ${type.expects}`);
    return value;
  };
  const rests: unknown[] = [];
  let position = 0;
  for (const argument of args) {
    const word = /^([A-Z][A-Z0-9_]*)(?:\s+([\s\S]*))?$/.exec(argument.text);
    const name = word?.[1];
    if (name !== undefined && spec[name] && spec[name].kind !== "rest") {
      if (given.has(name)) report(argument, `${name} is given twice`);
      given.add(name);
      values[name] = read(name, argument, (word?.[2] ?? "").trim());
      continue;
    }
    while (position < open.length && given.has(open[position] as string)) position++;
    const next = open[position];
    if (next !== undefined) {
      position++;
      given.add(next);
      values[next] =
        argument.text === "" && spec[next]?.kind === "positional"
          ? spec[next]?.fallback
          : read(next, argument, argument.text);
    } else if (restName !== undefined) rests.push(read(restName, argument, argument.text));
    else
      report(
        argument,
        open.length === 0 && names.every((n) => spec[n]?.kind === "keyword") && names.length > 0
          ? `'${argument.text}' is not a keyword of this element`
          : "too many arguments",
        signature(spec),
      );
  }
  for (const name of names) {
    if (spec[name]?.kind === "required" && !given.has(name))
      report(undefined, `argument ${name} is missing`, signature(spec));
    if (!given.has(name)) values[name] = name === restName ? rests : spec[name]?.fallback;
  }
  return values as ConfigOf<C>;
}

/** The arguments as a manual page writes them. */
export function signature(spec: ConfigSpec): string {
  const parts = Object.entries(spec).map(([name, s]) =>
    s.kind === "required"
      ? name
      : s.kind === "rest"
        ? `${name}...`
        : s.kind === "positional"
          ? `[${name}]`
          : `[${name} ...]`,
  );
  return parts.length === 0 ? "takes no arguments" : `takes ${parts.join(", ")}`;
}
