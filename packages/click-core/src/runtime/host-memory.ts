/** The buffers and the heap of a router as the host takes and gives them back, while the router stands still: see compile/heap.ts. */
import { largestClass, lineClass, smallestClass } from "../compile/heap.ts";
import type { MemoryPlan } from "../compile/memory-plan.ts";
import { routerControl } from "../compile/platform.ts";
import {
  bufferSize,
  dataLimit,
  dataOffset,
  maximumFrame,
  maximumLargeFrame,
  packetDescriptor,
} from "../element/packet.ts";
import type { MoverHeap } from "./transfer.ts";

const { freeCount, freeStack, poolFresh, poolEmpty, heapNext, heapEnd, heapEmpty, heapFree, seed, largeBuffers } =
  routerControl.offsets;
const { limit } = packetDescriptor.offsets;
const guard = bufferSize - dataLimit;

export class HostMemory implements MoverHeap {
  readonly data: DataView;
  private readonly control: number;
  private readonly pool: MemoryPlan["pool"];

  constructor(memory: { readonly buffer: ArrayBufferLike }, plan: Pick<MemoryPlan, "control" | "pool">) {
    this.data = new DataView(memory.buffer);
    this.control = plan.control;
    this.pool = plan.pool;
  }

  /** Buffers of the pool that are free. */
  get freeBuffers(): number {
    return this.word(freeCount) + this.pool.count - this.word(poolFresh);
  }
  /** Buffers that are in use, of the pool and large ones. */
  get usedBuffers(): number {
    return this.pool.count - this.freeBuffers + this.word(largeBuffers);
  }

  /** A buffer with room for a frame of that length behind the headroom; 0 when there is none, which is counted. */
  takeBuffer(frameLength: number): number {
    const address = frameLength <= maximumFrame ? this.takeSmall() : this.takeLarge(frameLength);
    if (address === 0) this.setWord(poolEmpty, this.word(poolEmpty) + 1);
    return address;
  }
  private takeSmall(): number {
    const { data, pool } = this;
    const left = this.word(freeCount);
    if (left > 0) {
      this.setWord(freeCount, left - 1);
      return data.getUint32(this.word(freeStack) + (left - 1) * 4, true);
    }
    const fresh = this.word(poolFresh);
    if (fresh >= pool.count) return 0;
    this.setWord(poolFresh, fresh + 1);
    return pool.base + fresh * bufferSize;
  }
  private takeLarge(frameLength: number): number {
    if (frameLength > maximumLargeFrame) return 0;
    const size = 2 ** Math.ceil(Math.log2(frameLength + dataOffset + guard));
    const address = this.allocate(size);
    if (address !== 0) {
      this.data.setUint32(address + limit, size - guard, true);
      this.setWord(largeBuffers, this.word(largeBuffers) + 1);
    }
    return address;
  }
  freeBuffer(address: number): void {
    const { data, pool } = this;
    if (address >= pool.base + pool.count * bufferSize) {
      this.free(address, data.getUint32(address + limit, true) + guard);
      this.setWord(largeBuffers, this.word(largeBuffers) - 1);
      return;
    }
    const count = this.word(freeCount);
    data.setUint32(this.word(freeStack) + count * 4, address, true);
    this.setWord(freeCount, count + 1);
  }

  get seed(): bigint {
    return this.data.getBigUint64(this.control + seed, true);
  }
  /** At least that many bytes of the heap, not cleared; 0 when there are no more, which is counted. */
  allocate(bytes: number): number {
    const size = classOf(bytes);
    if (size <= largestClass) {
      const list = heapFree + size * 4;
      const first = this.word(list);
      if (first !== 0) {
        this.setWord(list, this.data.getUint32(first, true));
        return first;
      }
      this.alignNext(size);
      const next = this.word(heapNext);
      if (this.word(heapEnd) - next >= 2 ** size) {
        this.setWord(heapNext, next + 2 ** size);
        return next;
      }
    }
    this.setWord(heapEmpty, this.word(heapEmpty) + 1);
    return 0;
  }
  allocateMany(bytes: number, count: number): number {
    if (count === 1) return this.allocate(bytes);
    const size = classOf(bytes);
    if (size > largestClass || count === 0) return 0;
    this.alignNext(size);
    const next = this.word(heapNext);
    const all = count * 2 ** size;
    if (this.word(heapEnd) - next < all) {
      this.setWord(heapEmpty, this.word(heapEmpty) + 1);
      return 0;
    }
    this.setWord(heapNext, next + all);
    return next;
  }
  /** Makes what was never used begin with a block of a size; what is before is for smaller ones. */
  private alignNext(size: number): void {
    for (let gap = smallestClass; gap < Math.min(size, lineClass); gap++) {
      const address = this.word(heapNext);
      if (((address >>> gap) & 1) === 0) continue;
      this.setWord(heapNext, address + 2 ** gap);
      this.free(address, 2 ** gap);
    }
  }
  /** Gives back what `allocate` gave for as many bytes. */
  free(address: number, bytes: number): void {
    const list = heapFree + classOf(bytes) * 4;
    this.data.setUint32(address, this.word(list), true);
    this.setWord(list, address);
  }

  private word(offset: number): number {
    return this.data.getUint32(this.control + offset, true);
  }
  private setWord(offset: number, value: number): void {
    this.data.setUint32(this.control + offset, value, true);
  }
}

/** Bytes of a block for so many. */
export function blockBytes(bytes: number): number {
  return 2 ** classOf(bytes);
}

/** The logarithm of the size of a block. */
function classOf(bytes: number): number {
  return bytes <= 1 << smallestClass ? smallestClass : 32 - Math.clz32(bytes - 1);
}
