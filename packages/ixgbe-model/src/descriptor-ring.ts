/**
 * A ring of descriptors in either direction: where it is, and which descriptors are the hardware's. It is checked to be in memory when
 * its queue is enabled, and each buffer before it is used.
 *
 * Spec: Intel 82599 datasheet 3.4, sections 7.1.9 (receive) and 7.2.3.3 (transmit).
 */
import type { FrameMemory } from "@clickos/vale";
import { type DmaWindow, windowUpper } from "./dma-window.ts";
import * as R from "./registers.ts";

/** Rings begin at a multiple of this, and are as long as one: section 8.2.3.8. */
const ringAlignment = 128;

/** @throws {RangeError} */
function checkRing(what: string, base: number, bytes: number, size: number): void {
  if (bytes % ringAlignment !== 0 || base % ringAlignment !== 0 || base + bytes > size)
    throw new RangeError(`${what} ring at ${base}, ${bytes} bytes: it must be 128-byte aligned and in memory`);
}

export class DescriptorRing {
  readonly memory: FrameMemory;
  /** Where the descriptors are, in bytes, and how many. */
  base = 0;
  count = 0;
  /** The next descriptor that hardware uses, and the first that it must not. Within the ring while it is enabled. */
  head = 0;
  tail = 0;
  enabled = false;
  /** Other memory that buffers may be in. */
  window: DmaWindow | undefined;
  /** Frames that were lost because their buffer was not in memory. */
  dmaErrors = 0;
  protected readonly size: number;
  private readonly direction: string;

  constructor(memory: FrameMemory, direction: string) {
    this.memory = memory;
    this.size = memory.bytes.length;
    this.direction = direction;
  }

  /**
   * Hardware begins to use the ring that stands there.
   *
   * @throws {RangeError} where it is not in memory, or not as the datasheet wants it: that is the driver's mistake.
   */
  enable(base: number, bytes: number): void {
    checkRing(this.direction, base, bytes, this.size);
    this.base = base;
    this.count = bytes / R.descriptorSize;
    this.head = this.head < this.count ? this.head : 0;
    this.tail = this.tail < this.count ? this.tail : 0;
    this.enabled = true;
  }
  /** After a reset of the NIC. */
  reset(): void {
    this.base = this.count = this.head = this.tail = this.dmaErrors = 0;
    this.enabled = false;
  }
  /** A head or tail that software wrote, within the ring once it is enabled. */
  within(value: number): number {
    if (!this.enabled) return value & 0xffff;
    return this.count > 0 ? value % this.count : 0;
  }
  /** The memory that the buffer of the descriptor at a word is in, by the high half of its address. */
  memoryOf(descriptor: number): FrameMemory | undefined {
    const upper = this.memory.words[descriptor + 1];
    if (upper === 0) return this.memory;
    const { window } = this;
    return window && upper === windowUpper && !window.closed ? window.memory : undefined;
  }
  /** The buffer of the descriptor at a word, if that many bytes of it are in memory; -1 otherwise. */
  buffer(descriptor: number, length: number): number {
    const address = this.memory.words[descriptor] as number;
    const memory = this.memoryOf(descriptor);
    return memory && address >= 0 && address + length <= memory.bytes.length ? address : -1;
  }
}
