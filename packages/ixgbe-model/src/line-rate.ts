/**
 * How fast an Ethernet line carries frames: each takes the time of its bytes, of its check sequence, of the preamble before it and
 * of the gap behind it. 10 Gb/s are 14.88 million frames of 64 bytes a second.
 *
 * The line is told the time, real or simulated, and says whether it is free. Time that it was idle is lost; while frames wait, none
 * is: they follow each other without a pause however seldom it is asked.
 *
 * Spec: IEEE 802.3 clauses 3.1.1 (preamble, check sequence), 4A.4.2 (gap).
 */

import { fcsBytes, shortestFrame } from "./frame-counts.ts";

/** Bytes that a frame takes on the line beside its own: preamble and start of frame, check sequence, gap. */
export const lineOverhead: number = 8 + fcsBytes + 12;

export class LineRate {
  private readonly now: () => bigint;
  /** Picoseconds a byte: 800 at 10 Gb/s. */
  private readonly psPerByte: number;
  private time: bigint;
  /** Picoseconds after `time` that the line is taken; below 0 when it has been free. */
  private taken = 0;

  /** `now` is in nanoseconds. */
  constructor(now: () => bigint, bitsPerSecond = 1e10) {
    if (!(bitsPerSecond > 0)) throw new RangeError(`a line of ${bitsPerSecond} bits a second`);
    this.now = now;
    this.psPerByte = 8e12 / bitsPerSecond;
    this.time = now();
  }

  /**
   * Reads the clock. `waiting`: frames have been waiting since the last time, so that the line has not been idle.
   */
  update(waiting: boolean): void {
    const now = this.now();
    if (now > this.time) {
      this.taken -= Number(now - this.time) * 1000;
      this.time = now;
    }
    if (!waiting && this.taken < 0) this.taken = 0;
  }
  /** Whether a frame could begin, by the time last read. */
  get free(): boolean {
    return this.taken <= 0;
  }
  /** Puts a frame of so many bytes on the line, without its check sequence. */
  take(length: number): void {
    this.taken += (Math.max(length, shortestFrame) + lineOverhead) * this.psPerByte;
  }
  /** Nanoseconds until it is free, by the time last read; at least 1 where it is not. */
  get freeIn(): bigint {
    return this.taken <= 0 ? 0n : BigInt(Math.ceil(this.taken / 1000));
  }
}
