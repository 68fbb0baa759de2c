/**
 * A batch of frames that stand in one memory: where each starts and how long it is. Ports hand batches to the
 * switch and take frames out of them; nothing is allocated for a frame.
 */

import { FrameMemory } from "./frame-memory.ts";
import { frameMemory, memoryOf, packetWords } from "./packet-memory.ts";

/** Frames in a batch at most. */
export const batchSize = 256;

/**
 * Bytes of the longest frame in one buffer of 2,048: copies go by blocks of 16 bytes and may touch the rest of the last
 * one. Ports with an MTU for it carry longer ones.
 */
export const maximumFrame = 2032;

export class FrameBatch {
  readonly memory: FrameMemory;
  count = 0;
  /** Byte offset of each frame in the memory. */
  readonly offsets: Int32Array;
  /** Length of each frame in bytes. */
  readonly lengths: Int32Array;
  /** Frames, offsets and lengths are where WebAssembly reaches them. */
  readonly inPacketMemory: boolean;

  /**
   * For memory that is shared: each frame's first twelve bytes, its addresses, as they were looked up. Copies have
   * these, so that a guest that writes to a frame under way cannot send from an address that was not checked.
   */
  private readonly addresses: Int32Array | undefined;
  /** Whether they were kept, and are written to copies. */
  addressed = false;

  /**
   * Over a memory, or a new one of so many bytes, which is then where WebAssembly reaches it, if there is room. `listed`: offsets and
   * lengths are to be where it reaches them, as they are when the frames are.
   */
  constructor(memory: FrameMemory | ArrayBufferLike | number, listed = false) {
    this.memory =
      memory instanceof FrameMemory
        ? memory
        : typeof memory === "number"
          ? frameMemory(memory)
          : new FrameMemory(memory);
    const { region } = this.memory;
    this.offsets = region || listed ? packetWords(batchSize) : new Int32Array(batchSize);
    this.lengths = region || listed ? packetWords(batchSize) : new Int32Array(batchSize);
    this.inPacketMemory =
      region !== undefined && memoryOf(this.offsets) !== undefined && memoryOf(this.lengths) !== undefined;
    if (this.memory.shared) this.addresses = new Int32Array(batchSize * 3);
  }
  /** For lookups: what was read of a frame's first twelve bytes, as three words. */
  keep(i: number, a: number, b: number, c: number): void {
    const addresses = this.addresses as Int32Array;
    addresses[i * 3] = a;
    addresses[i * 3 + 1] = b;
    addresses[i * 3 + 2] = c;
    this.addressed = true;
  }
  /** Writes the addresses that were kept to a copy. */
  restore(i: number, to: FrameMemory, offset: number): void {
    const addresses = this.addresses as Int32Array;
    for (let k = 0; k < 3; k++) {
      const word = addresses[i * 3 + k] as number;
      const at = offset + k * 4;
      if ((at & 3) === 0) to.words[at >> 2] = word;
      else for (let b = 0; b < 4; b++) to.bytes[at + b] = word >>> (b * 8);
    }
  }
}

/** Bytes of the first `count` frames of a list. */
export function bytesOf({ lengths }: FrameBatch, list: Int32Array, count: number): number {
  let bytes = 0;
  for (let k = 0; k < count; k++) bytes += lengths[list[k] as number] as number;
  return bytes;
}

/** Copies frame `i` of a batch to an offset of another memory; any alignment. */
export function copyFrame(from: FrameBatch, i: number, to: FrameMemory, offset: number): void {
  copyBytes(from.memory, from.offsets[i] as number, from.lengths[i] as number, to, offset);
  if (from.addressed) from.restore(i, to, offset);
}

/**
 * Copies a part of frame `i`, from `skip` on, for ports whose buffers are shorter than their frames. The first part has
 * the addresses: at least 12 bytes.
 */
export function copyPart(
  from: FrameBatch,
  i: number,
  skip: number,
  length: number,
  to: FrameMemory,
  offset: number,
): void {
  copyBytes(from.memory, (from.offsets[i] as number) + skip, length, to, offset);
  if (skip === 0 && from.addressed) from.restore(i, to, offset);
}

/**
 * Copies exactly these bytes: what stands after a frame in its memory is somebody's.
 *
 * Budget: 10 ns for 64 bytes, which is what blocks of eight 64-bit words take in JavaScript (a loop of 32-bit words
 * takes 26, `set` of a subarray 51, and allocates); from 512 bytes on `set` is faster. Guarded by the benchmarks
 * `switch2` and `path`.
 */
export function copyBytes(from: FrameMemory, at: number, length: number, to: FrameMemory, offset: number): void {
  if (((at | offset) & 7) !== 0 || length > 512) {
    to.bytes.set(from.bytes.subarray(at, at + length), offset);
    return;
  }
  // 64-bit elements that only move from array to array stay machine words: no BigInt is made.
  const source = from.longs;
  const target = to.longs;
  let s = at >> 3;
  let d = offset >> 3;
  const end = s + (length >> 3);
  for (; s + 8 <= end; s += 8, d += 8) {
    target[d] = source[s] as bigint;
    target[d + 1] = source[s + 1] as bigint;
    target[d + 2] = source[s + 2] as bigint;
    target[d + 3] = source[s + 3] as bigint;
    target[d + 4] = source[s + 4] as bigint;
    target[d + 5] = source[s + 5] as bigint;
    target[d + 6] = source[s + 6] as bigint;
    target[d + 7] = source[s + 7] as bigint;
  }
  for (; s < end; s++, d++) target[d] = source[s] as bigint;
  for (let k = length & ~7; k < length; k++) to.bytes[offset + k] = from.bytes[at + k] as number;
}
