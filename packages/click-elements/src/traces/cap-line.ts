/** A line of a file of the `cap` tool: kind, direction, time, numbers, lengths, and remarks. */
import { tcpOptionKinds, tcpSackBlock } from "@clickos/wire/tcp";
import { isDigitAt, numberAt } from "../lib/number-prefix.ts";
import { type CapSequence, mostSegments } from "./cap-sequence.ts";

export interface CapLine {
  readonly kind: "DAT" | "ACK" | "SYN";
  readonly isForward: boolean;
  readonly timestampNs: bigint;
  /** The number of the packet, and of the segment. */
  readonly packet: number;
  readonly segment: number;
  readonly payload: number;
  readonly fin: boolean;
  readonly options: readonly number[];
}

/** Bytes of options that are read; a header has room for 40. */
const mostOptions = 400;
/** Blocks of a SACK option that a header has room for. */
const mostBlocks = 4;
const second = 1_000_000_000n;
const words = ["SACK_REXMT", "SACK_NEW", "FR", "RTO", "TIM"];

const isSpace = (text: string, at: number): boolean => /[ \t-\r]/.test(text[at] ?? "");
function skipSpace(text: string, at: number): number {
  let to = at;
  while (isSpace(text, to)) to++;
  return to;
}

/** A line that begins with DAT, ACK or SYN; nothing where it tells of no packet, or of one that cannot be. */
export function readCapLine(text: string, sequence: CapSequence): CapLine | undefined {
  const kind = text.slice(0, 3) as CapLine["kind"];
  let at = skipSpace(text, 4);
  const direction = text[at];
  if (direction !== "<" && direction !== ">") return undefined;
  at = skipSpace(text, at + 1);
  const seconds = numberAt(text, at, text.length, 10);
  if (seconds.end === at) return undefined;
  at = seconds.end;
  let digits = "";
  if (text[at] === "." && at + 1 < text.length) for (at++; isDigitAt(text, at); at++) digits += text[at];
  // Click takes the microseconds for nanoseconds.
  const fraction = BigInt(digits.slice(0, 6).padEnd(6, "0"));
  const number = (): number | undefined => {
    const from = skipSpace(text, at);
    const { value, end } = numberAt(text, from, text.length, 10);
    at = end;
    return end === from ? undefined : value;
  };
  const [packet = 0, segment = 0, _length, payload] = [number(), number(), number(), number()];
  if (payload === undefined || segment >= mostSegments) return undefined;
  const { fin, options } = readRemarks(text, at, sequence);
  return {
    kind,
    isForward: direction === ">",
    timestampNs: BigInt(seconds.value) * second + fraction,
    packet,
    segment,
    payload,
    fin,
    options,
  };
}

const bytesOf = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

type Blocks = readonly (readonly [first: number, last: number])[];

/** A SACK option of blocks of segments, each from the start of the first to the end of the last. */
function sackOption(blocks: Blocks, sequence: CapSequence): number[] {
  const { noOperation, sack } = tcpOptionKinds;
  const ends = blocks.flatMap(([first, last]) => [sequence.start(first), sequence.start(last + 1)]);
  return [noOperation, noOperation, sack, 2 + blocks.length * tcpSackBlock.size, ...ends.flatMap(bytesOf)];
}

/** What stands behind the numbers, up to what is not known. */
function readRemarks(text: string, start: number, sequence: CapSequence): { fin: boolean; options: number[] } {
  let options: number[] = [];
  let fin = false;
  let at = skipSpace(text, start);
  const has = (word: string, more = 0): boolean => text.startsWith(word, at) && at + word.length + more <= text.length;
  const known = (segment: number): boolean => segment + 1 < mostSegments && options.length < mostOptions;
  for (;;) {
    const word = words.find((w) => has(w));
    if (has("DSACK:", 1)) {
      const { value, end } = numberAt(text, at + 6, text.length, 10);
      // It is written over what there was, and makes the header longer by its own length.
      if (known(value)) {
        const option = sackOption([[value, value]], sequence);
        options.push(...option.map(() => 0));
        options.splice(0, option.length, ...option);
      }
      at = end;
    } else if (has("FIN")) {
      fin = true;
      at += 3;
    } else if (has("SACK:")) {
      const blocks: [number, number][] = [];
      at += 4;
      while (text[at] === ":" && blocks.length < mostBlocks) {
        const first = numberAt(text, at + 1, text.length, 10);
        if (first.end === at + 1 || text[first.end] !== "-" || !isDigitAt(text, first.end + 1)) break;
        const last = numberAt(text, first.end + 1, text.length, 10);
        at = last.end;
        if (known(first.value) && known(last.value)) blocks.push([first.value, last.value]);
      }
      options = sackOption(blocks, sequence);
    } else if (word !== undefined) at += word.length;
    else return { fin, options };
    at = skipSpace(text, at);
  }
}
