/** What is counted of good frames in one direction: how many, how long, to whom. Check sequences are counted in. */

import type { FrameBatch } from "@clickos/vale";

/** Bytes of a frame check sequence, which lengths of frames here are without. */
export const fcsBytes = 4;

/** Bytes of the shortest frame, without its check sequence. */
export const shortestFrame = 60;

/** Where a frame of so many bytes is counted in `sizes`. */
function sizeClass(length: number): number {
  return length > shortestFrame ? 31 - Math.clz32(length + fcsBytes) : 5;
}

export class FrameCounts {
  packets = 0;
  octets = 0;
  multicast = 0;
  broadcast = 0;
  /** Frames by length: entry 5 is of 64 bytes and less, 6 of 65 to 127, `n` of up to 2^(n+1) - 1. */
  readonly sizes: Float64Array = new Float64Array(16);

  /** Counts a frame of so many bytes, that stands there. Loops over batches do it in pieces, with what they need for the last. */
  add(bytes: Uint8Array, at: number, length: number): void {
    if (((bytes[at] as number) & 1) !== 0) this.addGroup(bytes, at);
    this.addSizes(length, 1);
    this.addAll(1, length);
  }
  /** Counts so many frames of a length. */
  addSizes(length: number, packets: number): void {
    const size = sizeClass(length);
    this.sizes[size] = (this.sizes[size] as number) + packets;
  }
  /** Counts so many frames with so many bytes. */
  addAll(packets: number, bytes: number): void {
    this.packets += packets;
    this.octets += bytes + packets * fcsBytes;
  }
  /** Counts a frame to a group address, the first bit of which is 1. */
  addGroup(bytes: Uint8Array, at: number): void {
    for (let k = 0; k < 6; k++)
      if (bytes[at + k] !== 0xff) {
        this.multicast++;
        return;
      }
    this.broadcast++;
  }
  clear(): void {
    this.packets = this.octets = this.multicast = this.broadcast = 0;
    this.sizes.fill(0);
  }
}

/** Counts so many frames of a batch from `first` on, and their bytes. */
export function countBatch(counts: FrameCounts, batch: FrameBatch, first: number, frames: number, bytes: number): void {
  const { lengths, offsets } = batch;
  const all = batch.memory.bytes;
  // Frames of the same length that follow each other are counted together.
  let lastLength = lengths[first] as number;
  let since = first;
  const end = first + frames;
  for (let i = first; i < end; i++) {
    const length = lengths[i] as number;
    if (length !== lastLength) {
      counts.addSizes(lastLength, i - since);
      lastLength = length;
      since = i;
    }
    const at = offsets[i] as number;
    if (((all[at] as number) & 1) !== 0) counts.addGroup(all, at);
  }
  counts.addSizes(lastLength, end - since);
  counts.addAll(frames, bytes);
}
