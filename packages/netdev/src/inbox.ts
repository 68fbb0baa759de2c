/**
 * Frames that came from outside and wait to enter the switch, for ports whose frames come by events. One memory, allocated
 * once: frames are copied there as they come, and the switch takes all of them at once.
 */
import { Wakers } from "@clickos/run-loop";
import { batchSize, copyFrame, FrameBatch } from "@clickos/vale";

const line = 64;
const align = (length: number): number => (length + line - 1) & -line;
/** Room for a whole batch of frames of up to 2,048 bytes, or for so many of the longest. */
const longestFrames = 64;

export class Inbox {
  readonly batch: FrameBatch;
  private readonly size: number;
  private end = 0;
  private readonly wakers = new Wakers();
  /** Whether the switch has the batch: nothing is added until it gives it back. */
  private lent = false;

  constructor(frameLimit: number) {
    this.size = Math.max(batchSize * align(2048), longestFrames * align(frameLimit));
    this.batch = new FrameBatch(new ArrayBuffer(this.size));
  }

  /** Whether a frame of this length has a place. */
  fits(length: number): boolean {
    return !this.lent && this.batch.count < batchSize && this.end + length <= this.size;
  }
  /** Copies a frame; the caller has seen that it fits. Call `wake` after the last. */
  put(bytes: Uint8Array): void {
    const { batch } = this;
    batch.memory.bytes.set(bytes, this.end);
    batch.offsets[batch.count] = this.end;
    batch.lengths[batch.count++] = bytes.length;
    this.end += align(bytes.length);
  }
  /** The same for a frame of a batch. */
  copy(from: FrameBatch, i: number): void {
    const { batch } = this;
    const length = from.lengths[i] as number;
    copyFrame(from, i, batch.memory, this.end);
    batch.offsets[batch.count] = this.end;
    batch.lengths[batch.count++] = length;
    this.end += align(length);
  }
  wake(): void {
    if (this.batch.count > 0) this.wakers.wake();
  }
  onReady(listener: () => void): () => void {
    return this.wakers.add(listener);
  }
  poll(): FrameBatch | null {
    if (this.batch.count === 0) return null;
    this.lent = true;
    return this.batch;
  }
  release(): void {
    this.lent = false;
    this.batch.count = 0;
    this.end = 0;
  }
}
