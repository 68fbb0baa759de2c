/**
 * A batch of whole frames that a port has put together, as its own frames come in several buffers each.
 *
 * A port that finds such a frame behind others ends its batch before it, and gives this one the next time, with what
 * follows as long as there is room. So all frames that a switch sees stand in one piece, and those that came in one
 * buffer are not copied for it.
 */
import { batchSize, copyBytes, FrameBatch } from "./frame-batch.ts";
import type { FrameMemory } from "./frame-memory.ts";

/** Frames of full length that fit. Few, so that they are still in the cache when the switch copies them on. */
const frames = 16;

export class GatheredFrames {
  readonly batch: FrameBatch;
  private readonly frameLimit: number;
  private readonly size: number;
  /** Where the next frame begins; it is on a word of 64 bits. */
  private start = 0;
  /** Bytes of the frame at hand. */
  private length = 0;

  /** `frameLimit` is the longest that a frame may be. */
  constructor(frameLimit: number) {
    this.frameLimit = frameLimit;
    this.size = frames * align(frameLimit);
    this.batch = new FrameBatch(new ArrayBuffer(this.size));
  }
  /** Begins the batch anew. */
  clear(): void {
    this.batch.count = 0;
    this.start = 0;
    this.length = 0;
  }
  /** Whether a frame of any length fits. */
  get hasRoom(): boolean {
    return this.batch.count < batchSize && this.start + this.frameLimit <= this.size;
  }
  /**
   * Adds a piece to the frame at hand. The caller has seen that there was room for the frame.
   *
   * @throws {RangeError} for a frame longer than the limit.
   */
  add(from: FrameMemory, offset: number, length: number): void {
    if (this.length + length > this.frameLimit)
      throw new RangeError(`${this.length} and ${length} bytes of a frame; ${this.frameLimit} are the most`);
    copyBytes(from, offset, length, this.batch.memory, this.start + this.length);
    this.length += length;
  }
  /** Ends the frame: it is in the batch. Returns its length. */
  end(): number {
    const { batch, start, length } = this;
    batch.offsets[batch.count] = start;
    batch.lengths[batch.count] = length;
    batch.count++;
    this.start = start + align(length);
    this.length = 0;
    return length;
  }
}

function align(length: number): number {
  return (length + 63) & ~63;
}
