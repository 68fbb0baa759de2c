/**
 * A domain's console: what its ring in guest memory held, then kept by the host, the last 64 KiB. In shared memory, so
 * that the thread that runs the domain and the one that reads the console may be different ones.
 */
import { frameSize } from "@clickos/grant-table";
import { consoleRing, domainFrames } from "./layout.ts";

/** Bytes of text kept. */
export const consoleLimit = 65536;
const ringSize = 2048;
const LOCK = 0;
/** Bytes ever written. */
const WRITTEN = 1;
const textAt = 16;

export class DomainConsole {
  private readonly state: Int32Array;
  private readonly text: Uint8Array;
  private ring: Uint32Array;
  private output: Uint8Array;
  private input: Uint8Array;

  readonly buffer: SharedArrayBuffer;

  constructor(memory: ArrayBufferLike, buffer: SharedArrayBuffer = new SharedArrayBuffer(textAt + consoleLimit)) {
    this.buffer = buffer;

    this.state = new Int32Array(buffer, 0, 4);
    this.text = new Uint8Array(buffer, textAt);
    const ring = domainFrames.console * frameSize;
    this.ring = new Uint32Array(memory, ring, frameSize >> 2);
    this.output = new Uint8Array(memory, ring + consoleRing.offsets.output, ringSize);
    this.input = new Uint8Array(memory, ring + consoleRing.offsets.input, 1024);
  }

  /** Bytes that were ever printed; for who follows a console. */
  get written(): number {
    this.locked(() => this.drain());
    return Atomics.load(this.state, WRITTEN) >>> 0;
  }

  /** The last of what was printed, a character a byte. */
  read(): string {
    return this.locked(() => {
      this.drain();
      const written = Atomics.load(this.state, WRITTEN) >>> 0;
      const count = Math.min(written, consoleLimit);
      let text = "";
      for (let i = 0; i < count; i++)
        text += String.fromCharCode(this.text[((written - count + i) >>> 0) % consoleLimit] as number);
      return text;
    });
  }

  /** Text beside the ring, after what is in the ring. */
  write(bytes: Uint8Array): void {
    this.locked(() => {
      this.drain();
      this.append(bytes, 0, bytes.length, bytes.length);
    });
  }

  /** Types into the console: bytes for the guest, as many as its ring has room for. How many. */
  type(bytes: Uint8Array): number {
    const { inCons, inProd } = consoleRing.offsets;
    const prod = Atomics.load(this.ring, inProd >> 2);
    const used = (prod - Atomics.load(this.ring, inCons >> 2)) >>> 0;
    const count = Math.min(used > 1024 ? 0 : 1024 - used, bytes.length);
    for (let i = 0; i < count; i++) this.input[(prod + i) & 1023] = bytes[i] as number;
    Atomics.store(this.ring, inProd >> 2, prod + count);
    return count;
  }

  /** Moves what the ring holds to the text. The indices are the guest's word and bound nothing. */
  private drain(): void {
    const { outCons, outProd } = consoleRing.offsets;
    const prod = Atomics.load(this.ring, outProd >> 2);
    const count = Math.min((prod - Atomics.load(this.ring, outCons >> 2)) >>> 0, ringSize);
    this.append(this.output, prod - count, count, ringSize);
    Atomics.store(this.ring, outCons >> 2, prod);
  }

  private append(from: Uint8Array, start: number, count: number, size: number): void {
    const written = Atomics.load(this.state, WRITTEN) >>> 0;
    for (let i = 0; i < count; i++)
      this.text[((written + i) >>> 0) % consoleLimit] = from[((start + i) >>> 0) % size] as number;
    Atomics.store(this.state, WRITTEN, written + count);
  }

  private locked<T>(body: () => T): T {
    while (Atomics.compareExchange(this.state, LOCK, 0, 1) !== 0);
    try {
      return body();
    } finally {
      Atomics.store(this.state, LOCK, 0);
    }
  }
  /** Takes what is left in the ring, and has nothing to do with the domain's memory any more. */
  detach(): void {
    this.locked(() => this.drain());
    this.ring = new Uint32Array(frameSize >> 2);
    this.output = new Uint8Array(ringSize);
    this.input = new Uint8Array(1024);
  }
  /** The thread that held the lock is no more. */
  unlock(): void {
    Atomics.store(this.state, LOCK, 0);
  }
}
