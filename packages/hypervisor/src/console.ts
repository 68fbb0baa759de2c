/**
 * A domain's console as domain 0 sees it: the stream that the domain's thread writes, what is still in the guest's ring,
 * and what domain 0 prints itself. Domain 0 only reads what others write, and never waits: it looks again a few times
 * when the stream moves on meanwhile.
 */
import { frameSize } from "@clickos/grant-table";
import {
  type ConsoleStream,
  consoleBuffer,
  consoleLimit,
  consoleStream,
  placeAt,
  ringSize,
  streamWord,
} from "./console-writer.ts";
import { consoleRing } from "./layout.ts";

const inputSize = 1024;
/** Looks at a stream that moves on; what is in the ring is left out when all were in vain. */
const looks = 4;

const { inCons, inProd, outCons, outProd } = consoleRing.offsets;

/** What domain 0 has printed, and how much the guest had before it. */
interface Print {
  readonly after: number;
  readonly bytes: Uint8Array;
}

const nothing = new Uint8Array(0);

/** The stream of consoles whose domains are no more. */
let nowhere: ConsoleStream | undefined;

export class DomainConsole {
  private stream: ConsoleStream;
  private prints: Print[] = [];
  /** Bytes in `prints`, and all that there ever were. */
  private printsKept = 0;
  private printed = 0;
  /** What was there in the end. */
  private last: { readonly text: string; readonly written: number } | undefined;

  constructor(memory: ArrayBufferLike, words: Int32Array = consoleBuffer()) {
    this.stream = consoleStream(memory, words);
    // A restored guest's ring begins where its old console left it.
    const { state, ring } = this.stream;
    const cons = Atomics.load(ring, outCons >> 2);
    if (cons !== 0) Atomics.store(state, placeAt(0) + 1, cons);
  }

  /** The stream, for the thread that runs the domain. */
  get words(): Int32Array {
    return this.stream.state;
  }

  /** Bytes that were ever printed; for who follows a console. */
  get written(): number {
    return this.last ? this.last.written : (this.guestWritten() + this.printed) >>> 0;
  }

  /** The last of what was printed, a character a byte. */
  read(): string {
    if (this.last) return this.last.text;
    const { bytes, end } = this.look();
    const parts: Uint8Array[] = [];
    let from = 0;
    for (const { after, bytes: print } of this.prints) {
      const to = Math.max(from, Math.min(bytes.length, bytes.length - ((end - after) | 0)));
      parts.push(bytes.subarray(from, to), print);
      from = to;
    }
    parts.push(bytes.subarray(from));
    return textOf(parts).slice(-consoleLimit);
  }

  /** Prints in the guest's name, after what it has printed so far. */
  write(bytes: Uint8Array): void {
    if (this.last) return;
    const after = this.guestWritten();
    this.prints.push({ after, bytes: bytes.slice(-consoleLimit) });
    this.printed += bytes.length;
    this.printsKept += Math.min(bytes.length, consoleLimit);
    // What came before all that is kept of the guest's is not among the last bytes any more.
    const gone = (p: Print): boolean => ((after - p.after) | 0) >= consoleLimit;
    while (this.prints.length > 1 && (this.printsKept > consoleLimit || gone(this.prints[0] as Print)))
      this.printsKept -= (this.prints.shift() as Print).bytes.length;
  }

  /** Types into the console: bytes for the guest, as many as its ring has room for. How many. */
  type(bytes: Uint8Array): number {
    const { ring } = this.stream;
    const input = new Uint8Array(ring.buffer, ring.byteOffset + consoleRing.offsets.input, inputSize);
    const prod = Atomics.load(ring, inProd >> 2);
    const used = (prod - Atomics.load(ring, inCons >> 2)) >>> 0;
    const count = Math.min(used > inputSize ? 0 : inputSize - used, bytes.length);
    for (let i = 0; i < count; i++) input[(prod + i) & (inputSize - 1)] = bytes[i] as number;
    Atomics.store(ring, inProd >> 2, prod + count);
    return count;
  }

  /** Keeps what there is, and has nothing to do with the domain's memory any more. */
  detach(): void {
    this.last = { text: this.read(), written: this.written };
    this.prints = [];
    nowhere ??= consoleStream(new ArrayBuffer(4 * frameSize), consoleBuffer(0));
    this.stream = nowhere;
  }

  /** Bytes that the guest has printed: in the stream, and in its ring. */
  private guestWritten(): number {
    const { state, ring } = this.stream;
    for (let i = 1; ; i++) {
      const published = Atomics.load(state, streamWord.published);
      const written = Atomics.load(state, placeAt(published));
      const waiting = Math.min(
        (Atomics.load(ring, outProd >> 2) - Atomics.load(state, placeAt(published) + 1)) >>> 0,
        ringSize,
      );
      if (Atomics.load(state, streamWord.published) === published) return (written + waiting) >>> 0;
      if (i === looks) return written >>> 0;
    }
  }

  /** The guest's last bytes, and the count of all up to their end. */
  private look(): { readonly bytes: Uint8Array; readonly end: number } {
    const { state, text, ring, output } = this.stream;
    for (let i = 1; ; i++) {
      const published = Atomics.load(state, streamWord.published);
      const written = Atomics.load(state, placeAt(published)) >>> 0;
      const cons = Atomics.load(state, placeAt(published) + 1);
      const kept = Math.min(written, text.length);
      // Most consoles are silent: nothing is made, and no page of the stream is touched.
      if (published === 0 && kept === 0 && Atomics.load(ring, outProd >> 2) === cons) return { bytes: nothing, end: 0 };
      const bytes = new Uint8Array(kept + ringSize);
      copyRing(text, written - kept, kept, bytes, 0);
      const prod = Atomics.load(ring, outProd >> 2);
      const waiting = Math.min((prod - cons) >>> 0, ringSize);
      copyRing(output, prod - waiting, waiting, bytes, kept);
      // A change that changes nothing: all of the above comes before it, for other threads too.
      const reserved = Atomics.or(state, streamWord.reserved, 0);
      const overwritten = Math.min(kept, Math.max(0, ((reserved - written) >>> 0) - (text.length - kept)));
      if (Atomics.load(state, streamWord.published) === published)
        return { bytes: bytes.subarray(overwritten, kept + waiting), end: written + waiting };
      if (i === looks) return { bytes: bytes.subarray(overwritten, kept), end: written };
    }
  }
}

/** Copies `count` bytes from index `start` of a ring. */
function copyRing(ring: Uint8Array, start: number, count: number, to: Uint8Array, at: number): void {
  for (let i = 0; i < count; ) {
    const source = ((start + i) >>> 0) % ring.length;
    const length = Math.min(count - i, ring.length - source);
    to.set(ring.subarray(source, source + length), at + i);
    i += length;
  }
}

function textOf(parts: readonly Uint8Array[]): string {
  let text = "";
  const step = 4096;
  for (const part of parts)
    for (let i = 0; i < part.length; i += step) text += String.fromCharCode(...part.subarray(i, i + step));
  return text;
}
