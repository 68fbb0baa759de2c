/** What is written about one flow: the lines, or records, of an IP summary dump. */
import { formatIpAddress } from "@clickos/click-core/element";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcpFlagLetters } from "@clickos/wire/names";
import {
  tcp,
  tcpMaximumSegmentSize,
  tcpOptionKinds,
  tcpSackBlock,
  tcpSackPermitted,
  tcpTimestamps,
  tcpWindowScale,
} from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { optionRecord, tcpGroup, tcpOptionText, type Wanted } from "../lib/header-options.ts";
import { formatTimestamp } from "../lib/time.ts";
import type { FlowHeaders } from "./flow-headers.ts";
import { numberBytes } from "./summary-field.ts";

export interface FlowDumpOptions {
  readonly absoluteTime: boolean;
  readonly absoluteSequence: boolean;
  readonly binary: boolean;
  readonly ipId: boolean;
  readonly window: boolean;
  /** TCP options that are written, if any are. */
  readonly options: Wanted | undefined;
}

/** Packets, and notes, that are kept before they are written. */
const keptPackets = 128;
const keptNotes = 32;
const second = 1_000_000_000n;
const least = 1n;
const isText = 0x80000000;

/** Text has a character for each byte. */
const textOf = (bytes: readonly number[]): string => String.fromCharCode(...bytes);
/** A field of 16 bits with its bytes exchanged: the number that its bytes in memory are to a little-endian machine. */
const exchanged = (value: number): number => ((value & 0xff) << 8) | (value >>> 8);

export class FlowDump {
  readonly aggregate: number;
  readonly file: string;
  /** Packets that came, those about errors among them. */
  packets = 0;
  /** Whether the file is begun. */
  begun = false;
  private readonly options: FlowDumpOptions;
  private readonly isTcp: boolean;
  private readonly ends: string;
  private readonly start: bigint;
  private readonly firstSequence: [number | undefined, number | undefined];
  private waiting: string[] = [];
  private waitingPackets = 0;
  private waitingNotes = 0;
  /** Characters that are kept. */
  size = 0;

  constructor(aggregate: number, file: string, options: FlowDumpOptions, headers: FlowHeaders, timestampNs: bigint) {
    const { ip, ports } = headers.flow;
    const from = `${formatIpAddress(ip.source)} ${ports.sourcePort}`;
    const to = `${formatIpAddress(ip.destination)} ${ports.destinationPort}`;
    this.aggregate = aggregate;
    this.file = file;
    this.options = options;
    this.isTcp = ip.protocol === ipProtocols.tcp;
    this.ends = headers.paint & 1 ? `${to} ${from}` : `${from} ${to}`;
    // The first packet is not written as one at the time 0.
    this.start = options.absoluteTime ? 0n : timestampNs - least;
    this.firstSequence = options.absoluteSequence ? [0, 0] : [undefined, undefined];
  }

  /** Whether a packet is of the flow's protocol. */
  takes({ flow }: FlowHeaders): boolean {
    return this.isTcp === (flow.ip.protocol === ipProtocols.tcp);
  }

  /** Whether what is kept must be written before another packet, or note, is added. */
  isFull({ isError }: FlowHeaders): boolean {
    return isError ? this.waitingNotes >= keptNotes : this.waitingPackets >= keptPackets;
  }

  add(headers: FlowHeaders, timestampNs: bigint): void {
    this.packets++;
    if (headers.isError) {
      this.waitingNotes++;
      this.note(`${formatTimestamp(timestampNs)} ${headers.paint & 1 ? ">" : "<"} ICMP_error`);
      return;
    }
    this.waitingPackets++;
    const time = timestampNs - this.start;
    this.keep(this.options.binary ? this.record(headers, time) : this.line(headers, time));
  }

  private keep(text: string): void {
    this.waiting.push(text);
    this.size += text.length;
  }

  private note(text: string): void {
    const line = `#${text}\n`;
    this.keep(this.options.binary ? textOf(numberBytes((line.length + 4) | isText, 4)) + line : line);
  }

  private line(headers: FlowHeaders, time: bigint): string {
    const { ip } = headers;
    const words = [formatTimestamp(time), headers.paint & 1 ? "<" : ">"];
    if (this.options.ipId) words.push(String(exchanged(ip.identification)));
    if (this.isTcp) {
      const { sequence, acknowledgment, length, options } = this.segment(headers);
      words.push(flagsText(headers.tcp.flags), String(sequence), String(length), String(acknowledgment));
      if (this.options.window) words.push(String(headers.tcp.window));
      if (options) words.push(tcpOptionText(options, this.options.options as Wanted));
    } else words.push(String(datagramLength(headers)));
    return `${words.join(" ")}\n`;
  }

  private record(headers: FlowHeaders, time: bigint): string {
    const { ip } = headers;
    const fraction = ((time % second) + second) % second;
    const body = [...numberBytes(BigInt.asUintN(32, (time - fraction) / second), 4), ...numberBytes(fraction, 4)];
    const segment = this.isTcp ? this.segment(headers) : undefined;
    if (segment)
      for (const word of [segment.sequence, segment.length, segment.acknowledgment]) body.push(...numberBytes(word, 4));
    else body.push(...numberBytes(datagramLength(headers), 4));
    if (this.options.ipId) body.push(...numberBytes(ip.identification, 2));
    if (segment && this.options.window) body.push(...numberBytes(headers.tcp.window, 2));
    if (segment) body.push(headers.tcp.flags);
    body.push(headers.paint & 1);
    if (segment?.options) body.push(...optionRecord(segment.options, tcpGroup, this.options.options as Wanted, false));
    return textOf([...numberBytes(body.length + 4, 4), ...body]);
  }

  /** A segment's numbers from the first that was seen of its direction on. */
  private segment(headers: FlowHeaders) {
    const { ip, tcp: header } = headers;
    const direction = headers.paint & 1;
    const sequence = (header.sequenceNumber - this.base(direction, header.sequenceNumber)) >>> 0;
    const acknowledgment = header.ack
      ? (header.acknowledgmentNumber - this.base(1 - direction, header.acknowledgmentNumber)) >>> 0
      : 0;
    const headerBytes = ip.ihl * ipv4.table.headerLength.unit + header.dataOffset * tcp.table.headerLength.unit;
    const length = (ip.totalLength - headerBytes) & ipv4.fields.totalLength.mask;
    return { sequence, acknowledgment, length, options: this.storedOptions(headers, 1 - direction) };
  }

  /** The number that those of a direction are counted from: the first. */
  private base(direction: number, number: number): number {
    const first = this.firstSequence[direction];
    if (first !== undefined) return first;
    this.firstSequence[direction] = number;
    return number;
  }

  /** The options of a segment that are written, with what it acknowledges counted from the first number. */
  private storedOptions({ options }: FlowHeaders, other: number): Uint8Array | undefined {
    const wanted = this.options.options;
    if (!wanted || options.length === 0) return undefined;
    if (!wanted("timestamp") && isUsual(options)) return undefined;
    const out: number[] = [];
    for (let at = 0; at < options.length; ) {
      const kind = options[at] as number;
      if (kind === tcpOptionKinds.end) break;
      if (kind === tcpOptionKinds.noOperation) {
        at++;
        continue;
      }
      const length = options[at + 1] ?? 0;
      if (length === 0 || at + length > options.length || !fits(kind, length)) return undefined;
      const option = options.slice(at, at + length);
      if (kind === tcpOptionKinds.sack) this.renumber(option, other);
      const group = tcpGroup(kind);
      if (group !== "unknown" && (group !== "timestamp" || wanted(group))) out.push(...option);
      at += length;
    }
    if (out.length % 2 === 1) out.push(tcpOptionKinds.end);
    return out.length > 0 ? Uint8Array.from(out) : undefined;
  }

  private renumber(option: Uint8Array, direction: number): void {
    for (let at = optionHead; at < option.length; at += tcpSackBlock.size) {
      const block = tcpSackBlock.view(option, at);
      const first = this.base(direction, block.leftEdge);
      block.leftEdge = (block.leftEdge - first) >>> 0;
      block.rightEdge = (block.rightEdge - first) >>> 0;
    }
  }

  /** What is kept, to be written; the head of the file is before it when nothing was written. */
  take(): string {
    const text = (this.begun ? "" : this.head()) + this.waiting.join("");
    this.waiting = [];
    this.waitingPackets = 0;
    this.waitingNotes = 0;
    this.size = 0;
    return text;
  }

  private head(): string {
    const { binary, ipId, window, options } = this.options;
    const ofOptions = options?.("timestamp") ? "tcp_opt" : "tcp_ntopt";
    const columns = binary
      ? [
          ...(this.isTcp ? ["tcp_seq", "payload_len", "tcp_ack"] : ["payload_len"]),
          ...(ipId ? ["ip_id"] : []),
          ...(this.isTcp && window ? ["tcp_window"] : []),
          ...(this.isTcp ? ["tcp_flags", "direction", ofOptions] : ["direction"]),
        ]
      : [
          "direction",
          ...(ipId ? ["ip_id"] : []),
          ...(this.isTcp ? ["tcp_flags", "tcp_seq", "payload_len", "tcp_ack", ofOptions] : ["payload_len"]),
        ];
    const [there, back] = this.isTcp ? this.firstSequence : [];
    const lines = [
      "!IPSummaryDump 1.3",
      `!flowid ${this.ends} ${this.isTcp ? "T" : "U"}`,
      `!aggregate ${this.aggregate}`,
      `!data ntimestamp ${columns.join(" ")}`,
      ...(there ? [`!firstseq > ${there}`] : []),
      ...(back ? [`!firstseq < ${back}`] : []),
      ...(this.start === 0n ? [] : [`!firsttime ${formatTimestamp(this.start)}`]),
      ...(binary ? ["!binary"] : []),
    ];
    return `${lines.join("\n")}\n`;
  }
}

/** Kind and length. */
const optionHead = 2;
const lengths: Readonly<Record<number, number>> = {
  [tcpOptionKinds.maximumSegmentSize]: tcpMaximumSegmentSize.size,
  [tcpOptionKinds.windowScale]: tcpWindowScale.size,
  [tcpOptionKinds.sackPermitted]: tcpSackPermitted.size,
  [tcpOptionKinds.timestamps]: tcpTimestamps.size,
};

/** Whether an option of that kind may be so long. */
function fits(kind: number, length: number): boolean {
  if (kind === tcpOptionKinds.sack) return length % tcpSackBlock.size === optionHead;
  return lengths[kind] === undefined || lengths[kind] === length;
}

/** What most segments have: timestamps alone, after two bytes of padding. */
const usual = [tcpOptionKinds.noOperation, tcpOptionKinds.noOperation, tcpOptionKinds.timestamps, tcpTimestamps.size];
const isUsual = (options: Uint8Array): boolean =>
  options.length === 2 + tcpTimestamps.size && usual.every((byte, i) => options[i] === byte);

/** A datagram's length, as Click has it: without the UDP header, with that of IP. */
const datagramLength = ({ ip }: FlowHeaders): number => (ip.totalLength - udp.size) & ipv4.fields.totalLength.mask;

/** The last flag, congestion window reduced, has no letter there. */
const letters = tcpFlagLetters.slice(0, tcpFlagLetters.indexOf("C"));

/** The usual ones are written the usual way round. */
function flagsText(flags: number): string {
  const text = [...letters].filter((_, bit) => (flags >> bit) & 1).join("");
  return flags === 0 ? "." : text;
}
