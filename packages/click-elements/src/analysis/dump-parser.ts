/** What the lines of a summary dump say: directives, and packets. */
import { type HostFrame, parseIpAddress, type Scope } from "@clickos/click-core/element";
import { splitWords, unquote } from "@clickos/click-language/arguments";
import { ipProtocols } from "@clickos/wire/names";
import type { DumpLine } from "../lib/dump-lines.ts";
import { PacketBuilder } from "./packet-builder.ts";
import { summaryField } from "./summary-columns.ts";
import { parseField, parseNumber, type SummaryField, type Value } from "./summary-field.ts";
import { parseProtocolLetter } from "./summary-ip.ts";

const majorVersion = 1;
const minorVersion = 3;

export interface DumpParserOptions {
  readonly protocol: number;
  readonly checksum: boolean;
  readonly scope: Scope;
}

const isSpace = (ch: string | undefined): boolean => ch !== undefined && /[ \t\n\v\f\r]/.test(ch);

export class DumpParser {
  private readonly options: DumpParserOptions;
  private columns: readonly (SummaryField | undefined)[] = [];
  /** The columns in the order in which they are put into packets. */
  private ordered: readonly number[] = [];
  private protocol: number;
  private hasFlow = false;
  private minor = minorVersion;
  private complained = false;
  isBinary = false;
  report: (message: string) => void = () => {};

  constructor(options: DumpParserOptions) {
    this.options = options;
    this.protocol = options.protocol;
  }

  setVersion(version: string, warn: (message: string) => void): void {
    if (version === "") return;
    const [major, minor] = version.split(".").map(Number) as [number, number];
    if (major === majorVersion && minor <= minorVersion) this.minor = minor;
    else warn(`warning: unexpected IPSummaryDump version ${major}.${minor}`);
  }

  /** A line that says something about the packets; `false` where it is a packet's. */
  directive(line: string): boolean {
    if (line.startsWith("#")) return true;
    if (!line.startsWith("!")) return line === "";
    const [, word, rest] = /^(!\w+)\s(.*)$/s.exec(line) ?? [];
    if (word === "!data" || word === "!contents") this.data(line);
    else if (word === "!flowid") this.flowid(line);
    else if (word === "!proto") this.proto(splitWords(line), "!proto");
    else if (word === "!aggregate") {
      const words = splitWords(line);
      if (words.length !== 2 || parseNumber(words[1] ?? "") === undefined) this.report("bad !aggregate specification");
    } else if (word === "!binary") {
      if (rest?.trim()) this.report("bad !binary specification");
      this.isBinary = true;
    }
    return true;
  }

  /** The columns. */
  data(line: string): void {
    const names = splitWords(line).map((word) => unquote(word));
    if (names[0] === "!data" || names[0] === "!contents") names.shift();
    this.columns = names.map((name) => {
      const field = summaryField(name);
      if (!field?.input) this.report(`warning: unknown content type '${name}'`);
      return field?.input ? field : undefined;
    });
    if (names.length === 0) this.report("no contents specified");
    const orderOf = (column: number): number => this.columns[column]?.input?.order ?? 0;
    this.ordered = [...names.keys()].sort((a, b) => orderOf(a) - orderOf(b) || a - b);
  }

  /** `!flowid SRC SPORT DST DPORT [PROTO]`: of a good one only the protocol is used, and that there is one. */
  flowid(line: string): void {
    const [, source = "", sport = "", destination = "", dport = "", protocol] = splitWords(line);
    const isAddress = (text: string): boolean => text === "-" || parseIpAddress(text) !== undefined;
    const isPort = (text: string): boolean => text === "-" || parseNumber(text, 0xffff) !== undefined;
    this.hasFlow = [source, destination].every(isAddress) && [sport, dport].every(isPort);
    if (!this.hasFlow) this.report("bad !flowid specification");
    else if (protocol !== undefined) this.proto(["!", protocol], "!flowid");
  }

  private proto(words: readonly string[], what: string): void {
    const [, text = ""] = words;
    const named = ipProtocols[text as keyof typeof ipProtocols];
    const protocol = named ?? parseProtocolLetter(text);
    if (words.length !== 2) this.report(`bad ${what}`);
    else if (protocol === undefined) this.report(`bad protocol in ${what}`);
    else this.protocol = protocol;
  }

  /** The packet that a line tells of; `undefined` where it tells of none. */
  packet(line: DumpLine): HostFrame | undefined {
    const { hasFlow, minor, protocol } = this;
    const packet = new PacketBuilder({ protocol, hasFlow, minorVersion: minor });
    const values = line.isText ? this.texts(line.bytes) : this.records(line.bytes);
    let read = 0;
    for (const column of this.ordered) {
      const field = this.columns[column];
      const value = field && values(column, field, packet);
      if (value === undefined) continue;
      field?.input?.inject(packet, value);
      read++;
    }
    if (read === 0) {
      this.complain(line);
      return undefined;
    }
    packet.finish(this.options.checksum);
    return packet.frame();
  }

  private complain({ bytes, isText }: DumpLine): void {
    if (this.complained || (isText && bytes.trim() === "")) return;
    this.complained = true;
    this.report(this.columns.length === 0 ? "no '!data' provided" : "packet parse error");
  }

  /** The words of a line, one a column. */
  private texts(line: string): (column: number, field: SummaryField, packet: PacketBuilder) => Value | undefined {
    const words: string[] = [];
    let at = 0;
    while (words.length < this.columns.length && at < line.length) {
      const start = at;
      while (at < line.length && !isSpace(line[at])) at = line[at] === '"' ? quotedEnd(line, at) : at + 1;
      words.push(line.slice(start, at));
      while (isSpace(line[at])) at++;
    }
    return (column, field, packet) => {
      const word = words[column];
      return word === undefined || word === "" || word === "-"
        ? undefined
        : parseField(field, word, packet, this.options.scope);
    };
  }

  /** The bytes of a record, one column after another. */
  private records(record: string): (column: number, field: SummaryField) => Value | undefined {
    const bytes = Uint8Array.from(record, (ch) => ch.charCodeAt(0));
    const data = new DataView(bytes.buffer);
    let at = 0;
    const places = this.columns.map((field) => {
      const from = at;
      const isOptions = field?.size === "options";
      const size = isOptions ? 1 + (bytes[at] ?? 0) : typeof field?.size === "number" ? field.size : 0;
      const there = field !== undefined && field.size !== "none" && from + size <= bytes.length;
      at = there || field === undefined ? from + size : bytes.length;
      return there ? { from, size } : undefined;
    });
    return (column, field) => {
      const place = places[column];
      if (!place) return undefined;
      const { from, size } = place;
      if (field.size === "options") return bytes.subarray(from + 1, from + size);
      const view = new DataView(data.buffer, from, size);
      if (field.input?.fromBinary) return field.input.fromBinary(view);
      let value = 0n;
      for (let i = 0; i < size; i++) value = (value << 8n) | BigInt(view.getUint8(i));
      return size === 8 ? value : Number(value);
    };
  }
}

/** Behind a text in quotes. */
function quotedEnd(line: string, start: number): number {
  for (let at = start + 1; at < line.length; at++) {
    if (line[at] === "\\") at++;
    else if (line[at] === '"') return at + 1;
  }
  return line.length;
}
