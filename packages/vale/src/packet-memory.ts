/**
 * The memory of domain 0 in which frames stand that WebAssembly moves: one for the process, so that every port that has
 * its frames in it can give them to every other without a copy by TypeScript.
 *
 * It grows; what is no longer used is given out again. Where there can be none (no shared memory in a page that is not
 * cross-origin isolated, an address space that is limited), frames stand in memories of their own, and TypeScript moves them.
 */
import { FrameMemory } from "./frame-memory.ts";

/** 64 KiB each. */
const initialPages = 64;
/** Just below 4 GiB, so that an address and a length never come to 2^32. */
const maximumPages = 65_535;
const pageBytes = 65_536;
/** Regions begin on a line of the cache. */
const line = 64;

/** A region that is in use, until none of its views is left. */
interface Use {
  readonly at: number;
  readonly size: number;
  views: number;
}

class PacketMemory {
  readonly memory: WebAssembly.Memory;
  /** The first line is nobody's: no region is at 0. */
  private top = line;
  /** Regions that nobody uses any longer, by size. */
  private readonly unused = new Map<number, number[]>();
  private readonly registry = new FinalizationRegistry((use: Use) => {
    if (--use.views > 0) return;
    const list = this.unused.get(use.size);
    if (list) list.push(use.at);
    else this.unused.set(use.size, [use.at]);
  });

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: initialPages, maximum: maximumPages, shared: true });
  }

  /** Where a region of so many bytes begins, of zeros; `undefined` when there is no more. */
  private reserve(bytes: number): number | undefined {
    const size = sizeOf(bytes);
    const again = this.unused.get(size)?.pop();
    if (again !== undefined) {
      new Uint8Array(this.memory.buffer, again, size).fill(0);
      return again;
    }
    const end = this.top + size;
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / pageBytes);
    try {
      // In large steps: each makes a new view of the memory for whoever asks for one.
      if (missing > 0) this.memory.grow(Math.max(missing, Math.min(initialPages, this.pagesLeft)));
    } catch {
      return undefined;
    }
    const at = this.top;
    this.top = end;
    return at;
  }
  private get pagesLeft(): number {
    return maximumPages - this.memory.buffer.byteLength / pageBytes;
  }

  frames(bytes: number): FrameMemory | undefined {
    const at = this.reserve(bytes);
    if (at === undefined) return undefined;
    const region = new FrameMemory(this.memory.buffer, { at, bytes, memory: this.memory });
    this.freeAfter(at, bytes, [region.bytes, region.words, region.longs]);
    return region;
  }
  words(count: number): Int32Array | undefined {
    const at = this.reserve(count * 4);
    if (at === undefined) return undefined;
    const words = new Int32Array(this.memory.buffer, at, count);
    this.freeAfter(at, count * 4, [words]);
    return words;
  }
  /** Whoever has a view may use the region, so it is free when the last one is gone. */
  private freeAfter(at: number, bytes: number, views: readonly object[]): void {
    const use: Use = { at, size: sizeOf(bytes), views: views.length };
    for (const view of views) this.registry.register(view, use);
  }
}

function sizeOf(bytes: number): number {
  return (bytes + line - 1) & -line;
}

let ofProcess: PacketMemory | null | undefined;

function packetMemory(): PacketMemory | null {
  if (ofProcess === undefined) {
    try {
      ofProcess = new PacketMemory();
    } catch {
      ofProcess = null;
    }
  }
  return ofProcess;
}

/** A memory for frames, of zeros: where WebAssembly reaches it, if there is room. */
export function frameMemory(bytes: number): FrameMemory {
  return packetMemory()?.frames(bytes) ?? new FrameMemory(new ArrayBuffer(bytes));
}

/** The same for numbers: lengths, lists, tables. They begin with some that there are already. */
export function packetWords(count: number, first?: Int32Array): Int32Array {
  const words = packetMemory()?.words(count) ?? new Int32Array(count);
  if (first) words.set(first);
  return words;
}

/** The memory that these numbers are in, where it is the one that WebAssembly reaches. */
export function memoryOf(words: Int32Array): WebAssembly.Memory | undefined {
  return ofProcess && !(words.buffer instanceof ArrayBuffer) ? ofProcess.memory : undefined;
}
