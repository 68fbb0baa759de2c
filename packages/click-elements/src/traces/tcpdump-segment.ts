/** What tcpdump prints of a TCP segment: flags, sequence numbers, window, urgent pointer, options. */

import { tcpFlagLetters } from "@clickos/wire/names";
import {
  tcpMaximumSegmentSize,
  tcpOptionKinds,
  tcpSackBlock,
  tcpSackPermitted,
  tcpTimestamps,
  tcpWindowScale,
} from "@clickos/wire/tcp";
import { isDigitAt, numberAt } from "../lib/number-prefix.ts";
import type { TcpdumpPacket } from "./tcpdump-packet.ts";

/** The first and the last sequence numbers of a flow's two directions. */
export interface TcpdumpFlow {
  readonly first: [number, number];
  readonly last: [number, number];
}

/** Flows that are known at a time; of more, the one that began first is forgotten. */
const mostFlows = 1 << 18;
/** Bytes of options that are read; a header has room for 40. */
const mostOptions = 1 << 12;
/** Acknowledgments above it are taken for absolute ones. */
const leastAbsolute = 8000;

/** Flows by their ends: tcpdump prints sequence numbers from the first that it saw of a flow. */
export class TcpdumpFlows {
  private readonly flows = new Map<string, TcpdumpFlow>();
  /** Whether the numbers of the file are absolute; not known at first. */
  absolute: boolean | undefined;

  /** The flow of a packet, and the packet's direction in it. */
  of({ ip, udp }: TcpdumpPacket): { readonly flow: TcpdumpFlow; readonly direction: 0 | 1 } {
    const [source, destination] = [`${ip.source} ${udp.sourcePort}`, `${ip.destination} ${udp.destinationPort}`];
    const direction =
      udp.sourcePort < udp.destinationPort || (udp.sourcePort === udp.destinationPort && ip.source < ip.destination);
    const key = direction ? `${source} ${destination}` : `${destination} ${source}`;
    let flow = this.flows.get(key);
    if (!flow) {
      if (this.flows.size >= mostFlows)
        for (const oldest of this.flows.keys()) {
          this.flows.delete(oldest);
          break;
        }
      flow = { first: [0, 0], last: [0, 0] };
      this.flows.set(key, flow);
    }
    return { flow, direction: direction ? 1 : 0 };
  }
}

/** Letters of flags; two have another letter, and one is beyond the eight that a header has. */
const flagBits: ReadonlyMap<string, number> = new Map([
  ...[...tcpFlagLetters].map((letter, bit) => [letter, (1 << bit) & 0xff] as const),
  ["W", 1 << tcpFlagLetters.indexOf("C")],
  ["X", 1 << tcpFlagLetters.indexOf("E")],
  ["Y", 1 << tcpFlagLetters.indexOf("C")],
]);

/** Passes over what tcpdump remarks about a header's length and checksum, where it is. */
export function afterChecks(text: string, at: number, protocol: "tcp" | "udp"): number {
  let from = at;
  const closed = (): number => {
    const close = text.indexOf("]", from + 9);
    return close >= 0 && text[close + 1] === " " ? close : -1;
  };
  if (text.startsWith("[bad hdr", from + 1) && closed() >= 0) from = closed() + 1;
  if (text.startsWith(`[${protocol} sum ok] `, from + 1)) return from + 14;
  if (text.startsWith(`[bad ${protocol}`, from + 1) && closed() >= 0) return closed() + 2;
  return protocol === "tcp" ? from + 1 : from;
}

/** A number behind a word and a space, and a space behind it. */
function numbered(
  text: string,
  at: number,
  name: string,
): { readonly value: number; readonly end: number } | undefined {
  if (!text.startsWith(`${name} `, at) || !isDigitAt(text, at + name.length + 1)) return undefined;
  return numberAt(text, at + name.length + 1, text.length);
}

interface SequenceNumbers {
  from: number;
  to: number;
}

/** `FROM:TO(LENGTH) `; where it ends, or, below 0, where it is wrong. */
function readSequence(text: string, at: number, numbers: SequenceNumbers): number | undefined {
  const from = numberAt(text, at, text.length);
  if (from.end === at || text[from.end] !== ":") return undefined;
  const to = numberAt(text, from.end + 1, text.length);
  if (to.end === from.end + 1 || text[to.end] !== "(") return undefined;
  numbers.from = from.value;
  numbers.to = to.value;
  let end = to.end + 1;
  while (isDigitAt(text, end)) end++;
  return end;
}

/** Reads what is said of a segment from a place on; the result is where that ends. */
export function readSegment(packet: TcpdumpPacket, text: string, at: number, flows: TcpdumpFlows): number {
  const header = packet.tcp;
  let rest = at;
  if (text[rest] === ".") {
    header.ack = 1;
    rest++;
  } else
    for (let bit = flagBits.get(text[rest] ?? ""); bit !== undefined; bit = flagBits.get(text[rest] ?? "")) {
      header.flags |= bit;
      rest++;
    }
  if (text[rest] !== " ") return rest;
  rest = afterChecks(text, rest, "tcp");

  const numbers: SequenceNumbers = { from: 0, to: 0 };
  if (rest < text.length && text[rest] !== "a") {
    const end = readSequence(text, rest, numbers);
    if (end === undefined) return rest;
    if (text[end] !== ")") return end;
    if (text[end + 1] !== " ") return end + 1;
    rest = end + 2;
  }
  packet.dataLength = (numbers.to - numbers.from) | 0;

  let acknowledgment = 0;
  const ack = numbered(text, rest, "ack");
  if (ack) {
    header.ack = 1;
    acknowledgment = ack.value;
    rest = ack.end + (text[ack.end] === " " ? 1 : 0);
  }
  /** What numbers of the other direction count from. */
  let base = 0;
  if (header.ack) {
    const { flow, direction } = flows.of(packet);
    acknowledgment = place(flow, direction, numbers, acknowledgment, { syn: header.syn, fin: header.fin }, flows);
    if (flows.absolute === false) base = flow.first[direction === 0 ? 1 : 0];
  }
  header.sequenceNumber = numbers.from;
  header.acknowledgmentNumber = acknowledgment;

  const window = numbered(text, rest, "win");
  if (window) {
    header.window = window.value & 0xffff;
    rest = window.end + (text[window.end] === " " ? 1 : 0);
  }
  const urgent = numbered(text, rest, "urg");
  if (urgent) {
    header.urgentPointer = urgent.value & 0xffff;
    rest = urgent.end + (urgent.end < text.length && text[urgent.end] !== " " ? 1 : 0);
  }
  if (text[rest] !== "<") {
    packet.addOptions([]);
    return rest;
  }
  const options = readOptions(text, rest + 1, base);
  packet.addOptions(options.bytes);
  return options.end;
}

/** Makes a segment's numbers absolute, from what is known of its flow, and notes them; the result is the acknowledgment. */
function place(
  { first, last }: TcpdumpFlow,
  direction: 0 | 1,
  numbers: SequenceNumbers,
  acknowledgment: number,
  { syn, fin }: { readonly syn: number; readonly fin: number },
  flows: TcpdumpFlows,
): number {
  const other = direction === 0 ? 1 : 0;
  let ack = acknowledgment;
  if ((first[0] === 0 && first[1] === 0) || syn) {
    first[direction] = numbers.from;
    first[other] = (ack - 1) >>> 0;
  } else {
    flows.absolute ??= ((ack - first[other]) | 0) >= 0 && ack > leastAbsolute;
    if (numbers.from === 0 && numbers.to === 0) {
      numbers.from = last[direction];
      numbers.to = last[direction];
    } else if (!flows.absolute) {
      numbers.from = (numbers.from + first[direction]) >>> 0;
      numbers.to = (numbers.to + first[direction]) >>> 0;
    }
    if (!flows.absolute) ack = (ack + first[other]) >>> 0;
  }
  last[direction] = (numbers.to + syn + fin) >>> 0;
  if (last[other] === 0) last[other] = ack;
  return ack;
}

const bytesOf = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

/** An option: its bytes, and where its text ends. */
interface ReadOption {
  readonly bytes: readonly number[];
  readonly end: number;
}

/** The option whose text is at a place; `undefined` where none is. */
function readOption(text: string, at: number, base: number): ReadOption | undefined {
  const kinds = tcpOptionKinds;
  if (text.startsWith("nop", at)) return { bytes: [kinds.noOperation], end: at + 3 };
  if (text.startsWith("eol", at)) return { bytes: [kinds.end], end: at + 3 };
  if (text.startsWith("sackOK", at)) return { bytes: [kinds.sackPermitted, tcpSackPermitted.size], end: at + 6 };
  const mss = numbered(text, at, "mss");
  if (mss)
    return {
      bytes: [kinds.maximumSegmentSize, tcpMaximumSegmentSize.size, (mss.value >>> 8) & 255, mss.value & 255],
      end: mss.end,
    };
  const scale = numbered(text, at, "wscale");
  if (scale) return { bytes: [kinds.windowScale, tcpWindowScale.size, scale.value & 255], end: scale.end };
  const time = numbered(text, at, "timestamp");
  if (time) {
    if (text[time.end] !== " " || !isDigitAt(text, time.end + 1)) return { bytes: [], end: time.end };
    const echo = numberAt(text, time.end + 1, text.length);
    return {
      bytes: [kinds.timestamps, tcpTimestamps.size, ...bytesOf(time.value), ...bytesOf(echo.value)],
      end: echo.end,
    };
  }
  const sack = numbered(text, at, "sack sack");
  return sack && readBlocks(text, sack.end, sack.value, base);
}

/** `{LEFT:RIGHT}…`, after their number. */
function readBlocks(text: string, at: number, count: number, base: number): ReadOption {
  const bytes: number[] = [tcpOptionKinds.sack, (count * tcpSackBlock.size + 2) & 255];
  let rest = at;
  const spaces = (): void => {
    while (text[rest] === " ") rest++;
  };
  spaces();
  while (text[rest] === "{" && isDigitAt(text, rest + 1) && bytes.length < mostOptions) {
    const left = numberAt(text, rest + 1, text.length);
    rest = left.end;
    if (text[rest] !== ":" || !isDigitAt(text, rest + 1)) continue;
    const right = numberAt(text, rest + 1, text.length);
    rest = right.end;
    if (text[rest] !== "}") continue;
    rest++;
    bytes.push(...bytesOf((left.value + base) >>> 0), ...bytesOf((right.value + base) >>> 0));
  }
  spaces();
  return { bytes, end: rest };
}

/** Options between `<` and `>`. */
function readOptions(
  text: string,
  at: number,
  base: number,
): { readonly bytes: readonly number[]; readonly end: number } {
  const bytes: number[] = [];
  let rest = at;
  while (rest < text.length && text[rest] !== ">") {
    const option = readOption(text, rest, base);
    rest = option?.end ?? rest;
    const last = text[rest];
    // What does not end there is another option than it seemed.
    if (last !== "," && last !== undefined && last !== ">") {
      while (rest < text.length && text[rest] !== "," && text[rest] !== ">") rest++;
      continue;
    }
    if (last === ",") rest++;
    if (option && bytes.length < mostOptions) bytes.push(...option.bytes);
  }
  if (text[rest] === ">") rest++;
  while (bytes.length % 4 !== 0) bytes.push(tcpOptionKinds.end);
  return { bytes, end: rest };
}
