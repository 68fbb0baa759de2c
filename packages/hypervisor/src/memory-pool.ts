/**
 * Memories of domains that are gone, for those to come: making a memory costs more than using one again. What is kept
 * is limited in bytes, as it stays resident: there is no way to give single pages of a shared memory back. What is not
 * kept is left to the collector.
 */
import { frameSize } from "@clickos/grant-table";
import { weigh } from "./weigh.ts";

/** Bytes of a page, the unit of WebAssembly. */
export const pageSize = 65536;

/**
 * Pages of a domain at most: 1 GiB, what compiled guests can address without care for signs. Beyond it, engines can
 * make memories that they cannot give to a thread: at 65,536 pages the message is lost and the thread with it.
 */
export const maximumPages = 16384;

/** Memories above this many bytes are not kept: clearing one would hold domain 0 for more than some milliseconds. */
const largestKept = 4 << 20;

/** Bytes kept unless told otherwise. */
export const defaultPoolBytes: number = 64 << 20;

export class MemoryPool {
  /** The oldest first. */
  private readonly free: WebAssembly.Memory[] = [];
  private readonly limit: number;
  /** Bytes that are kept. */
  bytes = 0;
  private none: WebAssembly.Memory | undefined;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** The memory of a domain that is no more. */
  get nothing(): WebAssembly.Memory {
    // Not made before there is a domain: shared memories take address space, even empty ones.
    this.none ??= new WebAssembly.Memory({ initial: 0, maximum: 0, shared: true });
    return this.none;
  }

  /** A memory of zeros. @throws {RangeError} when there is none to be had. */
  take(pages: number): WebAssembly.Memory {
    void this.nothing;
    const size = pages * pageSize;
    const at = this.free.findLastIndex((memory) => memory.buffer.byteLength === size);
    if (at < 0) return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.bytes -= size;
    return this.free.splice(at, 1)[0] as WebAssembly.Memory;
  }

  /** Nobody has it any more: not its guest, not a thread, not a mapping. */
  give(memory: WebAssembly.Memory): void {
    const size = memory.buffer.byteLength;
    if (size > Math.min(largestKept, this.limit)) {
      this.drop(memory);
      return;
    }
    this.shrink(this.limit - size);
    clear(memory.buffer);
    this.free.push(memory);
    this.bytes += size;
  }

  /** Somebody may have it still, who will not come back for it. */
  drop(memory: WebAssembly.Memory): void {
    weigh(memory, memory.buffer.byteLength);
  }

  /** Keeps no more than so many bytes, the newest ones. */
  shrink(bytes: number): void {
    let count = 0;
    for (; this.bytes > bytes && count < this.free.length; count++) {
      const memory = this.free[count] as WebAssembly.Memory;
      this.bytes -= memory.buffer.byteLength;
      this.drop(memory);
    }
    if (count > 0) this.free.splice(0, count);
  }
}

function clear(buffer: ArrayBufferLike): void {
  const longs = new BigUint64Array(buffer);
  const perFrame = frameSize / 8;
  for (let start = 0; start < longs.length; start += perFrame) {
    // Frames that were never written stay untouched: they cost nothing.
    for (let i = start; i < start + perFrame; i++) {
      if (longs[i] === 0n) continue;
      longs.fill(0n, start, start + perFrame);
      break;
    }
  }
}
