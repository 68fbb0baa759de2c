/**
 * Memories of domains that are gone, for those to come. The collector does not see how much memory a
 * `WebAssembly.Memory` is, so that ones that are dropped may stay for long; these are used again, empty.
 */
import { frameSize } from "@clickos/grant-table";

export class MemoryPool {
  private readonly free = new Map<number, WebAssembly.Memory[]>();

  /** A memory of zeros. @throws {RangeError} when there is none to be had. */
  take(pages: number): WebAssembly.Memory {
    return this.free.get(pages)?.pop() ?? new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  }

  /** Nobody has it any more: not its guest, not a thread, not a mapping. */
  give(memory: WebAssembly.Memory): void {
    const longs = new BigUint64Array(memory.buffer);
    const perFrame = frameSize / 8;
    for (let start = 0; start < longs.length; start += perFrame) {
      // Frames that were never written stay untouched: they cost nothing.
      for (let i = start; i < start + perFrame; i++) {
        if (longs[i] === 0n) continue;
        longs.fill(0n, start, start + perFrame);
        break;
      }
    }
    const pages = memory.buffer.byteLength / 65536;
    const list = this.free.get(pages);
    if (list) list.push(memory);
    else this.free.set(pages, [memory]);
  }
}
