/**
 * Fields of IP packets as Click's configurations write them: `HEADER [NAME] [RANGE] [/PREFIX] [& MASK]`.
 *
 * HEADER is `ip`, the name of a protocol, or `ip proto NUMBER`; `transp` stands for any transport protocol, `tcpudp` for TCP and
 * UDP, `payload` for what they carry. NAME is a field of that header. RANGE is bytes, `[FIRST]` or `[FIRST:COUNT]`, or bits, in
 * braces, and counts from the field where one is named. PREFIX keeps so many bits at the start; MASK, whose set bits are
 * neighbours, says which bits to keep, counted from the end.
 *
 *   ip src/8        ip[8:2]        tcp sport        ip {96-103}        ip off & 0x1fff
 */
import { parseInteger, protocolNamed, type Scope } from "@clickos/click-core/element";
import { ipProtocols, protocolGroups } from "@clickos/wire/names";
import { fieldCalled, fieldNameOf } from "./ip-field-names.ts";

/** Where a field is: the header, as a protocol, 0 for IP's own; its first bit in that, and how many it has. */
export interface IpField {
  readonly protocol: number;
  readonly bit: number;
  readonly bits: number;
}

/** Click keeps a field in a word, whose parts are these; positions and lengths are of bytes where they do not fit otherwise. */
const word = { protocol: 20, inBytes: 1 << 19, position: 6 } as const;
const most = { protocol: 0x1ff, position: 0x1fff, length: 0x3f } as const;
/** What has no room in the word: it reads as if all of its bits were set. */
const none: IpField = decode(-1);

function decode(field: number): IpField {
  const unit = (field & word.inBytes) === 0 ? 1 : 8;
  return {
    protocol: (field >> word.protocol) & most.protocol,
    bit: ((field >> word.position) & most.position) * unit,
    bits: ((field & most.length) + 1) * unit,
  };
}

function fieldAt(protocol: number, bit: number, bits: number): IpField {
  if (protocol < 0 || protocol > most.protocol || bit < 0 || bits <= 0) return none;
  if (bit <= most.position && bits <= most.length + 1) return { protocol, bit, bits };
  if (bit % 8 !== 0 || bits % 8 !== 0 || bits > (most.length + 1) * 8) return none;
  // A position that has no room runs into the other parts, in Click, and makes another field of it.
  return decode((protocol << word.protocol) | word.inBytes | ((bit / 8) << word.position) | (bits / 8 - 1));
}

/** What is wrong with a text that should be a field. */
export const ipFieldProblems = {
  syntax: "expected 'HEADER [NAME] [{OFFSET:LENGTH}] [/PREFIX] [& MASK]'",
  range: "bad offset or length in TCP/IP field",
  mask: "bad prefix or mask in TCP/IP field",
} as const;

/** A text that is read from its start. */
class Reader {
  rest: string;
  constructor(text: string) {
    this.rest = text;
  }
  /** Takes what an expression matches at the start. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    const found = pattern.exec(this.rest);
    if (found === null) return undefined;
    this.rest = this.rest.slice(found[0].length);
    return found;
  }
}

const number = String.raw`(\+?(?:0[xX][\da-fA-F]+(?:_[\da-fA-F]+)*|0[bB][01]+(?:_[01]+)*|0(?:_?[0-7])*|[1-9](?:_?\d)*))`;
const protocolNumber = new RegExp(String.raw`^ip\s+proto\s*${number}`);
/** Ranges, in the order in which they are tried: what one of them has read stays, though another is the one that fits. */
const ranges = (open: string, close: string): readonly RegExp[] => [
  new RegExp(String.raw`^\s*${open}\s*${number}\s*${close}`),
  new RegExp(String.raw`^\s*${open}\s*${number}\s*:\s*${number}\s*${close}`),
  new RegExp(String.raw`^\s*${open}\s*${number}\s*-\s*${number}\s*${close}`),
];
const [oneByte, bytesCounted, bytesToLast] = ranges(String.raw`\[`, String.raw`\]`) as [RegExp, RegExp, RegExp];
const [oneBit, bitsCounted, bitsToLast] = ranges(String.raw`\{`, String.raw`\}`) as [RegExp, RegExp, RegExp];
/** A range that does not go on as one does. */
const rangeStart = new RegExp(String.raw`^\s*[\[{]\s*${number}`);
const prefix = new RegExp(String.raw`^\s*/\s*${number}`);
const mask = new RegExp(String.raw`^\s*&\s*${number}`);

/** A number of 32 bits with a sign, the largest where it is larger. */
function int32(text: string | undefined): number {
  const value = parseInteger((text ?? "").replace(/^\+/, "")) ?? 0n;
  return Number(value > 0xffffffffn ? 0xffffffffn : value) | 0;
}

/** Reads the header that a field is in. */
function readHeader(reader: Reader, scope: Scope): number | undefined {
  const numbered = reader.take(protocolNumber);
  if (numbered) return int32(numbered[1]);
  if (reader.take(/^ip(?![A-Za-z0-9_])/)) return 0;
  const word = /^\S+/.exec(reader.rest)?.[0] ?? "";
  const named = word === "" ? undefined : protocolNamed(word, scope);
  if (named !== undefined) reader.take(/^\S+/);
  return named;
}

/** A range that was read: its first bit and how many; -1 and -1 where there is none. */
function readRange(reader: Reader, given: boolean): { first: number; count: number } | undefined {
  let found = reader.take(oneByte);
  if (found) return { first: Math.imul(int32(found[1]), 8), count: 8 };
  found = reader.take(bytesCounted);
  if (found) return { first: Math.imul(int32(found[1]), 8), count: Math.imul(int32(found[2]), 8) };
  found = reader.take(bytesToLast);
  if (found) {
    const first = Math.imul(int32(found[1]), 8);
    // Click takes the first byte's bits from the last byte's number.
    return { first, count: Math.imul(int32(found[2]) - first + 1, 8) };
  }
  found = reader.take(oneBit);
  if (found) return { first: int32(found[1]), count: 1 };
  found = reader.take(bitsCounted);
  if (found) return { first: int32(found[1]), count: int32(found[2]) };
  found = reader.take(bitsToLast);
  if (found) return { first: int32(found[1]), count: (int32(found[2]) - int32(found[1]) + 1) | 0 };
  if (!given) return undefined;
  const started = rangeStart.exec(reader.rest);
  return { first: started ? int32(started[1]) : -1, count: -1 };
}

/** Reads a field; the result is that and what follows it, or what is wrong. */
export function readIpField(
  text: string,
  scope: Scope,
): { readonly field: IpField; readonly rest: string } | { readonly problem: string; readonly about?: string } {
  const reader = new Reader(text);
  const header = readHeader(reader, scope);
  if (header === undefined) return { problem: ipFieldProblems.syntax };

  const word = /^\s*([^\s/[{&]+)/.exec(reader.rest);
  const named = word && fieldCalled(header, word[1] as string);
  if (word && named) reader.rest = reader.rest.slice(word[0].length);
  const range = readRange(reader, named !== undefined && named !== null);
  if (!range) return { problem: ipFieldProblems.syntax, about: reader.rest };
  const { first, count } = range;
  if (first >= 0 && count <= 0) return { problem: ipFieldProblems.range };
  if (named && (first >= named.bits || first + count > named.bits)) return { problem: ipFieldProblems.range };
  let field: IpField;
  if (first >= 0) field = fieldAt(named?.protocol ?? header, (named?.bit ?? 0) + first, count);
  else if (named) field = named;
  else return { problem: ipFieldProblems.range };

  const leading = reader.take(prefix);
  if (leading) {
    const bits = int32(leading[1]);
    if (bits > field.bits) return { problem: ipFieldProblems.mask };
    field = fieldAt(field.protocol, field.bit, bits);
  }
  const masked = reader.take(mask);
  if (masked) {
    const bits = int32(masked[1]);
    const lowest = trailingZeros(bits);
    const above = (bits + (1 << lowest)) | 0;
    if (bits === 0 || (above & (above - 1)) !== 0) return { problem: ipFieldProblems.mask };
    // A mask up to the highest bit is none, in Click: there is no bit above it.
    const highest = above === 0 ? -1 : trailingZeros(above);
    if (highest > field.bits) return { problem: ipFieldProblems.mask };
    field = fieldAt(field.protocol, field.bit + field.bits - highest, highest - lowest);
  }
  return { field, rest: reader.rest };
}

/** The number of zero bits below the lowest one; -1 where there is none. */
function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

const groupNames = new Map<number, string>(Object.entries(protocolGroups).map(([name, number]) => [number, name]));
const protocolNames = new Map<number, string>(Object.entries(ipProtocols).map(([name, number]) => [number, name]));
/** Protocols whose names do not come from the machine's list. */
const named = new Set<number>([
  ipProtocols.dccp,
  ipProtocols.gre,
  ipProtocols.icmp,
  ipProtocols.igmp,
  ipProtocols.ipip,
  ipProtocols.sctp,
  ipProtocols.tcp,
  ipProtocols.udp,
]);

/** The name of a header, but of IP's own; empty where it has none. */
export function headerName(protocol: number): string {
  return groupNames.get(protocol) ?? (named.has(protocol) ? (protocolNames.get(protocol) ?? "") : "");
}

/** A field as Click writes it. */
export function ipFieldText({ protocol, bit, bits }: IpField): string {
  const header = protocol === 0 ? "ip" : headerName(protocol) || `ip proto ${protocol}`;
  const whole = fieldNameOf({ protocol, bit, bits });
  if (whole !== undefined) return `${header} ${whole}`;
  let text = header;
  let first = bit;
  for (const container of [8, 16, 32]) {
    if (Math.floor(bit / container) !== Math.floor((bit + bits - 1) / container)) continue;
    const name = fieldNameOf({ protocol, bit: bit - (bit % container), bits: container });
    if (name === undefined) continue;
    text += ` ${name}`;
    first = bit % container;
    if (first === 0) return `${text}/${bits}`;
    break;
  }
  if (first % 8 === 0 && bits === 8) return `${text}[${first / 8}]`;
  if (first % 8 === 0 && bits % 8 === 0) return `${text}[${first / 8}:${bits / 8}]`;
  return bits === 1 ? `${text}{${first}}` : `${text}{${first}:${bits}}`;
}
