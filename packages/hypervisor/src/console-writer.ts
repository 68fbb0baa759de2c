/**
 * The side of a domain's console that runs with the domain: it takes what the guest puts in its ring, and what comes
 * by hypercall, to the console's stream in shared memory. Only the thread that runs the domain writes, one thread at a
 * time, and it waits for nobody: wherever it is ended, what it had published stands, and another goes on from there.
 *
 *   publications │ bytes reserved │ 2 × (bytes written, place in the ring) │ text: the last bytes of the stream
 *
 * The two places are written in turn and the count of publications says which counts, so that a text and the place in
 * the ring that it was taken up to change at once. `reserved` runs ahead of the text that is being written: a reader
 * knows which of the oldest bytes may be overwritten. Indices are u32 and run freely.
 */
import { frameSize } from "@clickos/grant-table";
import { consoleRing, domainFrames } from "./layout.ts";

/** Bytes of text kept; a power of two. */
export const consoleLimit = 65536;
/** Bytes of the guest's output ring. */
export const ringSize = 2048;

/** Words of the shared state. */
export const streamWord = { published: 0, reserved: 1, place: 2, words: 8 } as const;
const bytesOfState = streamWord.words * 4;

/** Index of the place that counts after so many publications: bytes written, then how far the ring was read. */
export function placeAt(published: number): number {
  return streamWord.place + (published & 1) * 2;
}

/** A console's stream, as each thread sees it. */
export interface ConsoleStream {
  /** The whole memory of the stream, its state first. */
  readonly state: Int32Array;
  readonly text: Uint8Array;
  /** The guest's ring, as words, and its output part. */
  readonly ring: Int32Array;
  readonly output: Uint8Array;
}

/** Bytes of a console's stream with its state. */
export const consoleBytes: number = bytesOfState + consoleLimit;

/** Shared memory for a stream that keeps so many bytes of text. */
export function consoleBuffer(limit: number = consoleLimit): Int32Array {
  return new Int32Array(new SharedArrayBuffer(bytesOfState + limit));
}

/** Bytes of a stream's memory that were ever written to, at most. */
export function consoleUsed(words: Int32Array): number {
  const reserved = Atomics.load(words, streamWord.reserved) >>> 0;
  return bytesOfState + Math.min(reserved, consoleLimit);
}

export function consoleStream(memory: ArrayBufferLike, words: Int32Array): ConsoleStream {
  const ring = domainFrames.console * frameSize;
  return {
    state: words,
    text: new Uint8Array(words.buffer, words.byteOffset + bytesOfState, words.byteLength - bytesOfState),
    ring: new Int32Array(memory, ring, frameSize >> 2),
    output: new Uint8Array(memory, ring + consoleRing.offsets.output, ringSize),
  };
}

const outCons = consoleRing.offsets.outCons >> 2;
const outProd = consoleRing.offsets.outProd >> 2;

export class ConsoleWriter {
  private readonly stream: ConsoleStream;
  private published: number;
  private written: number;
  private reserved: number;
  /** How far the ring was read: our word, not what the guest's memory says. */
  private cons: number;

  constructor(memory: ArrayBufferLike, words: Int32Array) {
    const stream = consoleStream(memory, words);
    this.stream = stream;
    this.published = Atomics.load(stream.state, streamWord.published);
    const place = placeAt(this.published);
    this.written = Atomics.load(stream.state, place);
    this.cons = Atomics.load(stream.state, place + 1);
    this.reserved = Atomics.load(stream.state, streamWord.reserved);
    // Who wrote before may have been ended before the guest was told. A page that nobody has written to is left alone.
    if (Atomics.load(stream.ring, outCons) !== this.cons) Atomics.store(stream.ring, outCons, this.cons);
  }

  /** Text beside the ring, after what is in the ring. */
  write(bytes: Uint8Array): void {
    this.drain();
    this.append(bytes, 0, bytes.length, bytes.length);
    this.publish(bytes.length, this.cons);
  }

  /** Takes what the ring holds. Called after each slice: one load when there is nothing. */
  drain(): void {
    const { ring, output } = this.stream;
    const prod = Atomics.load(ring, outProd);
    if (prod === this.cons) return;
    // The index is the guest's word and bounds nothing.
    const count = Math.min((prod - this.cons) >>> 0, ringSize);
    this.append(output, prod - count, count, ringSize);
    this.publish(count, prod);
    Atomics.store(ring, outCons, prod);
  }

  /** Writes `count` bytes of a ring of `size` after the text, without saying so. */
  private append(from: Uint8Array, start: number, count: number, size: number): void {
    const { state, text } = this.stream;
    // It never goes back: one that was ended may have overwritten more than this one is about to.
    const end = (this.written + count) | 0;
    if (((end - this.reserved) | 0) > 0) {
      this.reserved = end;
      Atomics.exchange(state, streamWord.reserved, end);
    }
    // Only the last bytes will be seen.
    for (let i = Math.max(0, count - text.length); i < count; ) {
      const source = ((start + i) >>> 0) % size;
      const target = ((this.written + i) >>> 0) % text.length;
      const length = Math.min(count - i, size - source, text.length - target);
      text.set(from.subarray(source, source + length), target);
      i += length;
    }
  }

  private publish(count: number, cons: number): void {
    const { state } = this.stream;
    const published = (this.published + 1) | 0;
    const place = placeAt(published);
    const written = (this.written + count) | 0;
    Atomics.store(state, place, written);
    Atomics.store(state, place + 1, cons);
    Atomics.store(state, streamWord.published, published);
    this.published = published;
    this.written = written;
    this.cons = cons;
  }
}
