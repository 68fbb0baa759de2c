/**
 * Memories of domains that are gone, for those to come: one that is there is ready sooner than one that has to be made. What is kept
 * is limited in bytes, as it stays resident: there is no way to give single pages of a shared memory back. What is not
 * kept is left to the collector.
 */
import { frameSize } from "@clickos/grant-table";
import { HypervisorError } from "./error.ts";
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

/** KiB kept unless told otherwise. */
const defaultPooledKiB = 65536;

export class MemoryPool {
  /** The oldest first. */
  private readonly free: WebAssembly.Memory[] = [];
  /** Bytes of all memory at most, and of that which is kept. */
  private readonly limit: number;
  private readonly keep: number;
  /** Bytes that domains have, and that are kept. */
  private used = 0;
  private kept = 0;
  private none: WebAssembly.Memory | undefined;

  constructor(limitKiB: number = Number.POSITIVE_INFINITY, keepKiB: number = defaultPooledKiB) {
    this.limit = limitKiB * 1024;
    this.keep = keepKiB * 1024;
  }

  /** The memory of a domain that is no more. */
  get nothing(): WebAssembly.Memory {
    // Not made before there is a domain: shared memories take address space, even empty ones.
    this.none ??= new WebAssembly.Memory({ initial: 0, maximum: 0, shared: true });
    return this.none;
  }

  /** A memory of zeros, for the domain `name`. @throws {HypervisorError} NO_MEMORY, and nothing has changed. */
  take(pages: number, name: string): WebAssembly.Memory {
    const size = pages * pageSize;
    if (!(Number.isInteger(pages) && pages > 0 && pages <= maximumPages))
      throw new HypervisorError(
        "NO_MEMORY",
        `'${name}' asks for ${pages} pages of memory: a domain has 1 to ${maximumPages}`,
      );
    if (this.used + size > this.limit)
      throw new HypervisorError(
        "NO_MEMORY",
        `'${name}' asks for ${size / 1024} KiB where ${(this.limit - this.used) / 1024} of ${this.limit / 1024} are free`,
      );
    const at = this.free.findLastIndex((memory) => memory.buffer.byteLength === size);
    let memory: WebAssembly.Memory;
    if (at < 0) {
      this.shrink(this.limit - this.used - size);
      try {
        void this.nothing;
        memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
      } catch (e) {
        throw new HypervisorError("NO_MEMORY", `no memory for '${name}': ${(e as Error).message}`);
      }
    } else {
      memory = this.free.splice(at, 1)[0] as WebAssembly.Memory;
      this.kept -= size;
    }
    this.used += size;
    return memory;
  }

  /** A domain ends: its memory counts no more. It is given or dropped when nobody runs it any more. */
  release(memory: WebAssembly.Memory): void {
    this.used -= memory.buffer.byteLength;
  }

  /** Nobody has a memory any more: not its guest, not a thread, not a mapping. */
  give(memory: WebAssembly.Memory): void {
    const size = memory.buffer.byteLength;
    // To clear one takes longer than to make one: what is kept already stays.
    if (size > Math.min(largestKept, this.keep, this.limit - this.used - this.kept) || size > this.keep - this.kept) {
      this.drop(memory);
      return;
    }
    clear(memory.buffer);
    this.free.push(memory);
    this.kept += size;
  }

  /** Somebody may have it still, who will not come back for it. */
  drop(memory: WebAssembly.Memory): void {
    weigh(memory, memory.buffer.byteLength, this.used);
  }

  /** Keeps no more than so many bytes, the newest ones. */
  private shrink(bytes: number): void {
    let count = 0;
    for (; this.kept > bytes && count < this.free.length; count++) {
      const memory = this.free[count] as WebAssembly.Memory;
      this.kept -= memory.buffer.byteLength;
      this.drop(memory);
    }
    if (count > 0) this.free.splice(0, count);
  }
}

function clear(buffer: ArrayBufferLike): void {
  const words = new Int32Array(buffer);
  for (let start = 0; start < words.length; start += frameSize / 4) {
    // Frames that were never written stay untouched: they cost nothing.
    if (!isZero(words, start)) words.fill(0, start, start + frameSize / 4);
  }
}

function isZero(words: Int32Array, start: number): boolean {
  for (let i = start; i < start + frameSize / 4; i += 4)
    if (((words[i] as number) | (words[i + 1] as number) | (words[i + 2] as number) | (words[i + 3] as number)) !== 0)
      return false;
  return true;
}
