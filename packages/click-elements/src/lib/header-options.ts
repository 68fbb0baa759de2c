/**
 * Options of IP and TCP headers as text, `rr{1.0.0.1,1.0.0.2^}`, `mss1460;sackok;wscale7`, and back; the forms are Click's
 * summaries'. RFC 791 section 3.1, RFC 9293 section 3.1, RFC 7323, RFC 2018.
 */
import { formatIpAddress } from "@clickos/click-core/element";
import { ipv4OptionKinds } from "@clickos/wire/ipv4";
import { tcpOptionKinds } from "@clickos/wire/tcp";

/** The most that either header has room for. */
const maximumBytes = 40;

/** Kinds of options, by what may be asked for. */
export type OptionGroup = "padding" | "mss" | "wscale" | "sack" | "timestamp" | "route" | "unknown";
export type Wanted = (group: OptionGroup) => boolean;

/** Text of an option; `undefined` where it is malformed. */
type Describe = (option: Uint8Array) => string | undefined;
interface Known {
  readonly group: OptionGroup;
  readonly text: Describe;
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** The options of a header that are wanted; `.` for none, `?` where they cannot be read. */
function describeOptions(bytes: Uint8Array, kinds: Readonly<Record<number, Known>>, wanted: Wanted): string {
  const out: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at] as number;
    if (kind <= 1) {
      if (wanted("padding")) out.push(kind === 0 ? "eol" : "nop");
      if (kind === 0) break;
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    const known = kinds[kind];
    if (length < 2 || at + length > bytes.length) return "?";
    const option = bytes.subarray(at, at + length);
    const text = known
      ? known.text(option)
      : `${[kind]
          .concat([...option.subarray(2)])
          .join(":")
          .replace(":", "=")}`;
    if (text === undefined) return "?";
    // A SACK option without blocks has no text.
    if (text !== "" && wanted(known?.group ?? "unknown")) out.push(text);
    at += length;
  }
  return out.join(";") || ".";
}

/** The bytes of the options that are wanted, a length before them. */
export function optionRecord(
  bytes: Uint8Array,
  groupOf: (kind: number) => OptionGroup,
  wanted: Wanted,
  all: boolean,
): number[] {
  const out: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at] as number;
    if (kind <= 1) {
      if (wanted("padding")) out.push(kind);
      if (kind === 0) break;
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    if (length < 2 || at + length > bytes.length) break;
    if (wanted(groupOf(kind))) out.push(...bytes.subarray(at, at + length));
    at += length;
  }
  // Where all are wanted, Click has them twice.
  return [...(all ? [bytes.length, ...bytes] : []), out.length, ...out];
}

// ---- TCP

const tcpKnown: Readonly<Record<number, Known>> = {
  [tcpOptionKinds.maximumSegmentSize]: {
    group: "mss",
    text: (o) => (o.length === 4 ? `mss${view(o).getUint16(2)}` : undefined),
  },
  [tcpOptionKinds.windowScale]: { group: "wscale", text: (o) => (o.length === 3 ? `wscale${o[2]}` : undefined) },
  [tcpOptionKinds.sackPermitted]: { group: "sack", text: (o) => (o.length === 2 ? "sackok" : undefined) },
  [tcpOptionKinds.sack]: {
    group: "sack",
    text(o) {
      if (o.length % 8 !== 2) return undefined;
      const blocks: string[] = [];
      for (let at = 2; at < o.length; at += 8) blocks.push(`sack${view(o).getUint32(at)}-${view(o).getUint32(at + 4)}`);
      return blocks.join(";");
    },
  },
  [tcpOptionKinds.timestamps]: {
    group: "timestamp",
    text: (o) => (o.length === 10 ? `ts${view(o).getUint32(2)}:${view(o).getUint32(6)}` : undefined),
  },
};

export function tcpOptionText(bytes: Uint8Array, wanted: Wanted): string {
  return describeOptions(bytes, tcpKnown, wanted);
}

export const tcpGroup = (kind: number): OptionGroup => tcpKnown[kind]?.group ?? "unknown";

// ---- IP

const address = (option: Uint8Array, at: number): string => formatIpAddress(view(option).getUint32(at));

/** A route: the addresses, `^` before the next to be used; of a record route, how many more there is room for. */
const route =
  (name: string, records: boolean): Describe =>
  (option) => {
    const pointer = (option[2] ?? 0) - 1;
    if (option.length < 3 || pointer < 3) return undefined;
    let text = `${name}{`;
    let separator = "";
    let at = 3;
    for (; at + 4 <= option.length; at += 4) {
      if (at === pointer) {
        if (records) break;
        separator = "^";
      }
      text += separator + address(option, at);
      separator = ",";
    }
    if (at === option.length && at === pointer && !records) text += "^";
    text += "}";
    return at + 4 <= option.length && at === pointer && records ? `${text}+${(option.length - at) >> 2}` : text;
  };

const timestampNames: Readonly<Record<number, string>> = { 0: "ts", 1: "ts.ip", 3: "ts.preip" };

const timestamps: Describe = (option) => {
  const pointer = (option[2] ?? 0) - 1;
  if (option.length < 4 || pointer < 4) return undefined;
  const flag = (option[3] as number) & 15;
  const size = flag >= 1 && flag <= 3 ? 8 : 4;
  let text = `${timestampNames[flag] ?? `ts.${flag}`}{`;
  let separator = "";
  let at = 4;
  for (; at + size <= option.length; at += 4) {
    if (at === pointer) {
      if (flag !== 3) break;
      separator = "^";
    }
    text += separator;
    if (flag !== 0) {
      text += address(option, at);
      at += 4;
    }
    if (at + 4 > option.length) break;
    if (flag !== 3 || at <= pointer) {
      const value = view(option).getUint32(at);
      text += `${flag === 0 ? "" : "="}${value >>> 31 ? "!" : ""}${value & 0x7fffffff}`;
    }
    separator = ",";
  }
  if (at === option.length && at === pointer) text += "^";
  text += "}";
  if (at + size <= option.length && at === pointer) text += `+${Math.floor((option.length - at) / size)}`;
  const overflow = (option[3] as number) >> 4;
  return overflow ? `${text}++${overflow}` : text;
};

const ipKnown: Readonly<Record<number, Known>> = {
  [ipv4OptionKinds.recordRoute]: { group: "route", text: route("rr", true) },
  [ipv4OptionKinds.looseSourceRoute]: { group: "route", text: route("lsrr", false) },
  [ipv4OptionKinds.strictSourceRoute]: { group: "route", text: route("ssrr", false) },
  [ipv4OptionKinds.timestamp]: { group: "timestamp", text: timestamps },
};

export function ipOptionText(bytes: Uint8Array, wanted: Wanted): string {
  return describeOptions(bytes, ipKnown, wanted);
}

export const ipGroup = (kind: number): OptionGroup => ipKnown[kind]?.group ?? "unknown";

// ---- back to bytes

/** Thrown within: the text is none of an option. */
const noOption: unique symbol = Symbol("no option");

/** Reads a text of options from its start to its end. */
class OptionReader {
  readonly out: number[] = [];
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }
  takes(word: string): boolean {
    const there = this.text.startsWith(word, this.at);
    if (there) this.at += word.length;
    return there;
  }
  /** Whether a character of these is next. */
  sees(characters: string, ahead = 0): boolean {
    const next = this.text[this.at + ahead];
    return next !== undefined && characters.includes(next);
  }
  number(most: number): number {
    const digits = /^(?:0x[0-9a-f]+|\d+)/i.exec(this.text.slice(this.at, this.at + 24))?.[0];
    const value = digits === undefined ? Number.NaN : Number(digits);
    if (!(value <= most)) throw noOption;
    this.at += (digits as string).length;
    return value;
  }
  expect(word: string): void {
    if (!this.takes(word)) throw noOption;
  }
  put32(value: number): void {
    this.out.push(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  }
  address(): void {
    for (let i = 0; i < 4; i++) {
      if (i > 0) this.expect(".");
      this.out.push(this.number(255));
    }
  }
  /** Puts an option's length behind its kind, which is at `start`. */
  close(start: number): void {
    if (this.out.length - start > 255) throw noOption;
    this.out[start + 1] = this.out.length - start;
  }
}

const decimals = "0123456789";

type ReadOption = (r: OptionReader, wanted: Wanted) => boolean;

/** An option of any kind by its number, `5=1:2`; and padding. */
const readOther: ReadOption = (r, wanted) => {
  if (wanted("unknown") && r.sees(decimals)) {
    const start = r.out.length;
    r.out.push(r.number(255));
    if (!r.sees("=") || !r.sees(decimals, 1)) return true;
    r.takes("=");
    r.out.push(0, r.number(255));
    while (r.sees(":") && r.sees(decimals, 1)) {
      r.takes(":");
      r.out.push(r.number(255));
    }
    r.close(start);
    return true;
  }
  if (wanted("padding") && r.takes("nop")) r.out.push(1);
  else if (wanted("padding") && r.takes("eol")) r.out.push(0);
  else return false;
  return true;
};

const readTcpOption: ReadOption = (r, wanted) => {
  const start = r.out.length;
  if (wanted("mss") && r.takes("mss")) {
    const mss = r.number(0xffff);
    r.out.push(tcpOptionKinds.maximumSegmentSize, 4, mss >> 8, mss & 255);
  } else if (wanted("wscale") && r.takes("wscale")) r.out.push(tcpOptionKinds.windowScale, 3, r.number(255));
  else if (wanted("sack") && r.takes("sackok")) r.out.push(tcpOptionKinds.sackPermitted, 2);
  else if (wanted("sack") && r.takes("sack")) {
    r.out.push(tcpOptionKinds.sack, 0);
    // Blocks between commas are of one option.
    do {
      const left = r.number(0xffffffff);
      if (!r.takes(":")) r.expect("-");
      const right = r.number(0xffffffff);
      r.put32(left);
      r.put32(right);
    } while (r.takes(",sack"));
    r.close(start);
  } else if (wanted("timestamp") && r.takes("ts")) {
    const value = r.number(0xffffffff);
    r.expect(":");
    const echo = r.number(0xffffffff);
    if (start === 0) r.out.push(1, 1);
    r.out.push(tcpOptionKinds.timestamps, 10);
    r.put32(value);
    r.put32(echo);
  } else return readOther(r, wanted);
  return true;
};

function readRoute(r: OptionReader, kind: number): void {
  const start = r.out.length;
  let pointer: number | undefined;
  const mark = (): void => {
    if (pointer === undefined && r.takes("^")) pointer = r.out.length - start + 1;
  };
  r.out.push(kind, 0, 0);
  for (mark(); r.sees(decimals); mark()) {
    r.address();
    r.takes(",");
  }
  r.expect("}");
  r.out[start + 2] = pointer ?? r.out.length - start + 1;
  if (r.sees("+") && r.sees(decimals, 1)) {
    r.takes("+");
    const more = r.number(0xffffffff);
    if (more < 64) r.out.push(...new Array<number>(more * 4).fill(0));
  }
  r.close(start);
}

function readTimestamps(r: OptionReader): void {
  const start = r.out.length;
  /** Which kind of option it is, once that is known: addresses may show it. */
  let flag: number | undefined;
  if (r.takes("ts.ip{")) flag = 1;
  else if (r.takes("ts.preip{")) flag = 3;
  else if (r.takes("ts.")) {
    flag = r.number(15);
    r.expect("{");
  } else r.expect("ts{");
  r.out.push(ipv4OptionKinds.timestamp, 0, 0, 0);
  let pointer: number | undefined;
  const mark = (): void => {
    if (pointer === undefined && r.takes("^")) pointer = r.out.length - start + 1;
  };
  for (mark(); r.sees(`${decimals}!`); mark()) {
    const before = r.out.length;
    const [first] = [r.sees("!") ? undefined : r.number(0xffffffff)];
    if (first !== undefined && r.sees(".")) {
      if (first > 255) throw noOption;
      r.out.push(first);
      for (let i = 0; i < 3; i++) {
        r.expect(".");
        r.out.push(r.number(255));
      }
      flag ??= pointer === undefined ? 1 : 3;
      if (r.takes("=?")) r.put32(0);
      else if (r.takes("=")) {
        const high = r.takes("!") ? 0x80000000 : 0;
        r.put32((r.number(0xffffffff) | high) >>> 0);
      } else if (pointer === undefined) throw noOption;
      else r.put32(0);
    } else {
      flag ??= 0;
      const high = first === undefined && r.takes("!") ? 0x80000000 : 0;
      r.put32(((first ?? r.number(0xffffffff)) | high) >>> 0);
    }
    if (r.out.length === before) throw noOption;
    r.takes(",");
  }
  r.expect("}");
  r.out[start + 2] = pointer ?? r.out.length - start + 1;
  if (r.sees("+") && r.sees(decimals, 1)) {
    r.takes("+");
    const more = r.number(63);
    r.out.push(...new Array<number>(more * (flag === 1 || flag === 3 ? 8 : 4)).fill(0));
  }
  const overflow = r.takes("++") ? r.number(15) : 0;
  r.out[start + 3] = (overflow << 4) | (flag ?? 15);
  r.close(start);
}

const readIpOption: ReadOption = (r, wanted) => {
  if (r.takes("rr{")) readRoute(r, ipv4OptionKinds.recordRoute);
  else if (r.takes("ssrr{")) readRoute(r, ipv4OptionKinds.strictSourceRoute);
  else if (r.takes("lsrr{")) readRoute(r, ipv4OptionKinds.looseSourceRoute);
  else if (r.sees("t")) readTimestamps(r);
  else return readOther(r, wanted);
  return true;
};

/** The options that a text writes; `undefined` for a text of none, or of more than a header has room for. */
function readOptions(text: string, wanted: Wanted, read: ReadOption): Uint8Array | undefined {
  if (text === ".") return new Uint8Array();
  const r = new OptionReader(text);
  try {
    for (;;) {
      if (!read(r, wanted)) return undefined;
      if (r.done) break;
      if (!r.takes(",") && !r.takes(";")) return undefined;
      if (r.out.length > 1024) return undefined;
    }
  } catch (e) {
    if (e === noOption) return undefined;
    throw e;
  }
  // Padding in front goes where all is too long.
  while (r.out.length > maximumBytes && r.out[0] === 1) r.out.shift();
  return r.out.length > maximumBytes ? undefined : Uint8Array.from(r.out);
}

export function parseTcpOptions(text: string, wanted: Wanted): Uint8Array | undefined {
  return readOptions(text, wanted, readTcpOption);
}

export function parseIpOptions(text: string): Uint8Array | undefined {
  return readOptions(text, () => true, readIpOption);
}
