/**
 * Frames of a batch that the switch has copied to memory of its own, so that nobody changes them meanwhile and it may change
 * them itself: there is room for a tag before each.
 */
import { batchSize, copyFrame, FrameBatch } from "./frame-batch.ts";

/** Bytes before each frame: a tag's, and as many as keep frames on a word of 64 bits. */
const headroom = 8;
/** Frames begin on a line of the cache, but for that. */
const line = 64;
/** Bytes that there is room for at first; more when longer frames come. */
const firstBytes = batchSize * 2048;

export class OwnFrames {
  batch: FrameBatch = new FrameBatch(firstBytes);

  /** Begins anew, for copies of a batch. */
  begin(from: FrameBatch): void {
    let bytes = 0;
    for (let i = 0; i < from.count; i++) bytes += roomOf(from.lengths[i] as number);
    if (bytes > this.batch.memory.bytes.length) this.batch = new FrameBatch(bytes);
    this.batch.count = 0;
    this.batch.addressed = false;
    this.next = 0;
  }
  /** Where the next copy goes. */
  private next = 0;

  /** Copies frame `i`, behind those that were copied; its index. */
  add(from: FrameBatch, i: number): number {
    const { batch, next } = this;
    const length = from.lengths[i] as number;
    const index = batch.count++;
    batch.offsets[index] = next + headroom;
    batch.lengths[index] = length;
    copyFrame(from, i, batch.memory, next + headroom);
    this.next = next + roomOf(length);
    return index;
  }
  /** All frames of a batch. */
  copy(from: FrameBatch): FrameBatch {
    this.begin(from);
    for (let i = 0; i < from.count; i++) this.add(from, i);
    return this.batch;
  }
}

function roomOf(length: number): number {
  return (headroom + length + line - 1) & -line;
}
