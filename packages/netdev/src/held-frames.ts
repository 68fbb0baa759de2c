/** Frames that wait for their time: a heap of slots in one memory, the first in time on top; those of one time in order. */
import { batchSize, copyFrame, type FrameBatch, FrameMemory } from "@clickos/vale";

const slots = 1024;
const line = 64;

export class HeldFrames {
  readonly memory: FrameMemory;
  private readonly stride: number;
  private readonly dues = new Float64Array(slots);
  private readonly orders = new Float64Array(slots);
  private readonly lengths = new Int32Array(slots);
  private readonly heap = new Int32Array(slots);
  private count = 0;
  private readonly unused = Int32Array.from({ length: slots }, (_, i) => slots - 1 - i);
  private unusedCount = slots;
  private order = 0;

  constructor(frameLimit: number) {
    this.stride = ((frameLimit + line - 1) & -line) + line;
    this.memory = new FrameMemory(new ArrayBuffer(slots * this.stride));
  }

  /** When the first is due; infinity where there is none. */
  get next(): number {
    return this.count === 0 ? Number.POSITIVE_INFINITY : (this.dues[this.heap[0] as number] as number);
  }

  /** Copies a frame; its bytes, or `undefined` where there is no room. */
  add(batch: FrameBatch, i: number, due: number): Uint8Array | undefined {
    if (this.unusedCount === 0) return undefined;
    const slot = this.unused[--this.unusedCount] as number;
    const at = slot * this.stride;
    const length = batch.lengths[i] as number;
    copyFrame(batch, i, this.memory, at);
    this.lengths[slot] = length;
    this.dues[slot] = due;
    this.orders[slot] = this.order++;
    this.up(this.count++, slot);
    return this.memory.bytes.subarray(at, at + length);
  }

  /** Fills a batch over this memory with the frames that are due; they keep their slots until `free`. */
  take(batch: FrameBatch, now: number): void {
    batch.count = 0;
    while (this.count > 0 && batch.count < batchSize && this.next <= now) {
      const slot = this.heap[0] as number;
      batch.offsets[batch.count] = slot * this.stride;
      batch.lengths[batch.count++] = this.lengths[slot] as number;
      const last = this.heap[--this.count] as number;
      if (this.count > 0) this.down(last);
    }
  }
  free(batch: FrameBatch): void {
    for (let i = 0; i < batch.count; i++) this.unused[this.unusedCount++] = (batch.offsets[i] as number) / this.stride;
    batch.count = 0;
  }

  private before(a: number, b: number): boolean {
    const x = this.dues[a] as number;
    const y = this.dues[b] as number;
    return x < y || (x === y && (this.orders[a] as number) < (this.orders[b] as number));
  }
  private up(from: number, slot: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.heap[parent] as number;
      if (!this.before(slot, above)) break;
      this.heap[at] = above;
      at = parent;
    }
    this.heap[at] = slot;
  }
  private down(slot: number): void {
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.count) break;
      if (child + 1 < this.count && this.before(this.heap[child + 1] as number, this.heap[child] as number)) child++;
      const below = this.heap[child] as number;
      if (!this.before(below, slot)) break;
      this.heap[at] = below;
      at = child;
    }
    this.heap[at] = slot;
  }
}
