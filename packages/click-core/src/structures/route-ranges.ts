/**
 * The part of a route table that is searched, as the host reads and changes it: see route-format.ts. A change either happens or,
 * when there is no memory for it, does not.
 */
import type { HostHeap } from "../element/handler.ts";
import type { Steps } from "./chunks.ts";
import { indexBits, indexBytes, indexTag, lengthField, maximumRangesTag, table, tagMask } from "./route-format.ts";

const { offsets } = table;
const maximumRanges = 1 << maximumRangesTag;
/** An index with no more ranges below it becomes a block of ranges. */
const fewRanges = maximumRanges / 2;
const entriesOfIndex = 1 << indexBits;
/** Bits that choose an entry of the root, when it has 2, and when there are that many routes. */
const smallRootBits = 1;
const largerRoots = [
  { bits: 18, routes: 1 << 15 },
  { bits: 12, routes: 1 << 8 },
  { bits: 6, routes: 1 },
] as const;

/** Ranges on their way from a block to another: last address and entry of each. */
class RangeList {
  readonly ends: Uint32Array = new Uint32Array(maximumRanges + 3);
  readonly entries: Uint32Array = new Uint32Array(maximumRanges + 3);
  length = 0;

  /** Adds a range behind the last one, or to it, where it is of the same route. */
  push(end: number, entry: number): void {
    const last = this.length - 1;
    if (last >= 0 && this.entries[last] === entry && sameRoute(entry, this.ends[last] as number, end))
      this.ends[last] = end;
    else {
      this.ends[this.length] = end;
      this.entries[this.length++] = entry;
    }
  }
}
/** No change to a table begins before another has ended: one pair of lists is enough for all. */
let ranges = new RangeList();
let painted = new RangeList();

/** Whether two addresses that have the same entry go by the same route. */
function sameRoute(entry: number, a: number, b: number): boolean {
  const field = lengthField(entry);
  return field <= 1 || (a ^ b) >>> (33 - field) === 0;
}

export class RouteRanges {
  private readonly data: DataView;
  private readonly base: number;
  private readonly steps: Steps;

  constructor(data: DataView, base: number, steps: Steps) {
    this.data = data;
    this.base = base;
    this.steps = steps;
  }

  private word(address: number): number {
    return this.data.getUint32(address, true);
  }
  private set(address: number, value: number): void {
    this.data.setUint32(address, value, true);
  }
  private get rootBits(): number {
    return Math.min(this.word(this.base + offsets.rootBits), 30) + 1;
  }
  private get root(): number {
    return this.base + offsets.smallRoot + this.word(this.base + offsets.root);
  }

  /** The entry that decides an address. */
  lookup(address: number): number {
    let bits = 32 - this.rootBits;
    let entry = this.word(this.root + (address >>> bits) * 4);
    while ((entry & tagMask) === indexTag) {
      bits -= indexBits;
      if (bits < 0) this.steps.damaged();
      entry = this.word(entry - indexTag + ((address >>> bits) & (entriesOfIndex - 1)) * 4);
    }
    const tag = entry & tagMask;
    if (tag === 0) return entry;
    let at = entry - tag;
    for (let step = 2 << tag; step >= 4; step >>= 1) if (this.word(at + step) < address) at += step;
    return this.word(at + (4 << tag));
  }

  /**
   * Gives the addresses of a prefix to `entry`, those apart that longer routes than of `threshold`, a length field, decide.
   * @returns `false` when there is no memory; nothing has changed then, and it does not happen when a route makes way.
   */
  paint(heap: HostHeap, prefix: number, length: number, entry: number, threshold: number): boolean {
    const { root, rootBits } = this;
    return this.inside(heap, root, rootBits, prefix, length, { entry, threshold });
  }

  /** Adapts the root to a number of routes, if there is memory. */
  resize(heap: HostHeap, routes: number): void {
    const { rootBits } = this;
    // Tried again only when there are twice as many.
    if ((routes & (routes - 1)) !== 0) return;
    const better = largerRoots.find((r) => r.routes <= routes);
    if (!better || better.bits <= rootBits) return;
    const next = largerRoots.findLast((r) => r.bits > rootBits) ?? better;
    this.enlarge(heap, next.bits);
    if (next !== better && this.rootBits === next.bits) this.resize(heap, routes);
  }

  /** Gives everything back. */
  clear(heap: HostHeap): void {
    const { root, rootBits } = this;
    for (let i = 0; i < 1 << rootBits; i++) this.free(heap, this.word(root + i * 4));
    this.replaceRoot(heap, 0, smallRootBits);
    for (let i = 0; i < 1 << smallRootBits; i++) this.set(this.root + i * 4, 0);
  }

  // ---- painting

  /** Paints a prefix among the entries at `block`, which the address's bits up to number `depth` choose. */
  private inside(heap: HostHeap, block: number, depth: number, prefix: number, length: number, paint: Paint): boolean {
    const bits = 32 - depth;
    const mask = block === this.root ? 0xffffffff : entriesOfIndex - 1;
    const at = block + ((prefix >>> bits) & mask) * 4;
    if (length <= depth) {
      for (let i = 0; i < 1 << (depth - length); i++)
        this.whole(heap, at + i * 4, bits, prefix + (i + 1) * 2 ** bits - 1, paint);
      return true;
    }
    const last = (prefix | (2 ** bits - 1)) >>> 0;
    const entry = this.word(at);
    if ((entry & tagMask) === indexTag) {
      if (bits < indexBits) this.steps.damaged();
      if (!this.inside(heap, entry - indexTag, depth + indexBits, prefix, length, paint)) return false;
      if (lengthField(paint.entry) < paint.threshold) this.join(heap, at, bits, last);
      return true;
    }
    this.read(entry, last);
    const [start, end] = [prefix, prefix + 2 ** (32 - length) - 1];
    painted.length = 0;
    let from = (last - (2 ** bits - 1)) >>> 0;
    for (let i = 0; i < ranges.length; i++) {
      const [to, was] = [ranges.ends[i] as number, ranges.entries[i] as number];
      if (to < start || from > end || lengthField(was) > paint.threshold) painted.push(to, was);
      else {
        if (from < start) painted.push(start - 1, was);
        painted.push(Math.min(to, end), paint.entry);
        if (to > end) painted.push(to, was);
      }
      from = to + 1;
    }
    [ranges, painted] = [painted, ranges];
    return this.store(heap, at, bits, entry);
  }

  /** Paints all addresses of the entry at `at`; `last` is their last. It takes no memory. */
  private whole(heap: HostHeap, at: number, bits: number, last: number, paint: Paint): void {
    const entry = this.word(at);
    const tag = entry & tagMask;
    if (tag === 0) {
      if (lengthField(entry) <= paint.threshold) this.set(at, paint.entry);
      return;
    }
    if (tag === indexTag) {
      this.index(bits);
      const below = bits - indexBits;
      for (let i = 0; i < entriesOfIndex; i++)
        this.whole(heap, entry - tag + i * 4, below, last - (entriesOfIndex - 1 - i) * 2 ** below, paint);
      if (lengthField(paint.entry) < paint.threshold) this.join(heap, at, bits, last);
      return;
    }
    this.read(entry, last);
    painted.length = 0;
    for (let i = 0; i < ranges.length; i++) {
      const was = ranges.entries[i] as number;
      painted.push(ranges.ends[i] as number, lengthField(was) <= paint.threshold ? paint.entry : was);
    }
    [ranges, painted] = [painted, ranges];
    this.store(heap, at, bits, entry);
  }

  /** Makes an index a block of ranges, or a single entry, when there are few below it. */
  private join(heap: HostHeap, at: number, bits: number, last: number): void {
    const entry = this.word(at);
    this.index(bits);
    const block = entry - indexTag;
    const below = 2 ** (bits - indexBits);
    painted.length = 0;
    for (let i = 0; i < entriesOfIndex; i++) {
      const inner = this.word(block + i * 4);
      if ((inner & tagMask) === indexTag) return;
      this.read(inner, last - (entriesOfIndex - 1 - i) * below);
      if (painted.length + ranges.length > fewRanges + 1) return;
      for (let k = 0; k < ranges.length; k++) painted.push(ranges.ends[k] as number, ranges.entries[k] as number);
      if (painted.length > fewRanges) return;
    }
    [ranges, painted] = [painted, ranges];
    const made = this.make(heap, 0, ranges.length, bits);
    if (made === undefined) return;
    this.set(at, made);
    this.free(heap, entry);
  }

  // ---- blocks

  /** Reads the ranges of an entry that is no index; `last` is the last of its addresses. */
  private read(entry: number, last: number): void {
    const tag = entry & tagMask;
    ranges.length = 0;
    if (tag === 0) {
      ranges.push(last, entry);
      return;
    }
    const block = entry - tag;
    const count = this.word(block);
    if (tag > maximumRangesTag || count < 1 || count > 1 << tag) this.steps.damaged();
    this.steps.spend(2 << tag);
    for (let i = 0; i < count; i++) {
      ranges.ends[i] = i === count - 1 ? last : this.word(block + 4 + i * 4);
      ranges.entries[i] = this.word(block + (4 << tag) + i * 4);
    }
    ranges.length = count;
  }

  /** Puts the ranges in the place of the entry at `at`. */
  private store(heap: HostHeap, at: number, bits: number, entry: number): boolean {
    const tag = entry & tagMask;
    const count = ranges.length;
    const needed = tagFor(count);
    if (needed === tag && tag !== 0) {
      this.write(entry - tag, tag, 0, count);
      return true;
    }
    const made = this.make(heap, 0, count, bits);
    if (made === undefined) {
      // Fewer than there were: they have room where they are.
      if (needed > tag) return false;
      this.write(entry - tag, tag, 0, count);
      return true;
    }
    this.set(at, made);
    this.free(heap, entry);
    return true;
  }

  /** An entry for ranges, of 2^bits addresses in all; `undefined` when there is no memory. */
  private make(heap: HostHeap, from: number, to: number, bits: number): number | undefined {
    if (to - from === 1) return ranges.entries[from] as number;
    const tag = tagFor(to - from);
    if (tag <= maximumRangesTag) {
      const block = heap.allocate(8 << tag);
      if (block === 0) return undefined;
      this.write(block, tag, from, to);
      return block + tag;
    }
    // The root has more entries before there are so many ranges behind one, unless there is no memory for it.
    if (bits < indexBits || bits === 32 - smallRootBits) return undefined;
    const block = heap.allocate(indexBytes);
    if (block === 0) return undefined;
    if (this.spread(heap, from, block, entriesOfIndex, bits - indexBits)) return block + indexTag;
    heap.free(block, indexBytes);
    return undefined;
  }

  /** Spreads ranges from number `from` on over entries of 2^bits addresses each. */
  private spread(heap: HostHeap, from: number, block: number, count: number, bits: number): boolean {
    const { ends } = ranges;
    let next = from;
    let end = 0;
    for (let i = 0; i < count; i++) {
      // All of them end where a block does: the end of the first entry follows from the first range's.
      end = i === 0 ? ((ends[from] as number) & ~(count * 2 ** bits - 1)) + 2 ** bits - 1 : end + 2 ** bits;
      const last = end >>> 0;
      let to = next;
      while ((ends[to] as number) < last) to++;
      const kept = ends[to] as number;
      ends[to] = last;
      const made = this.make(heap, next, to + 1, bits);
      ends[to] = kept;
      if (made === undefined) {
        for (let k = 0; k < i; k++) this.free(heap, this.word(block + k * 4));
        return false;
      }
      this.set(block + i * 4, made);
      next = kept === last ? to + 1 : to;
    }
    return true;
  }

  private write(block: number, tag: number, from: number, to: number): void {
    this.set(block, to - from);
    for (let i = 0; i < 1 << tag; i++) {
      const k = from + i;
      if (i < (1 << tag) - 1) this.set(block + 4 + i * 4, k < to - 1 ? (ranges.ends[k] as number) : 0xffffffff);
      this.set(block + (4 << tag) + i * 4, k < to ? (ranges.entries[k] as number) : 0);
    }
  }

  private free(heap: HostHeap, entry: number, bits = 32): void {
    const tag = entry & tagMask;
    if (tag === 0) return;
    this.steps.spend(1);
    if (tag === indexTag) {
      this.index(bits);
      for (let i = 0; i < entriesOfIndex; i++) this.free(heap, this.word(entry - tag + i * 4), bits - indexBits);
    }
    heap.free(entry - tag, tag === indexTag ? indexBytes : 8 << tag);
  }

  /** Counts the entries of an index, which cannot be where few bits are left. */
  private index(bits: number): void {
    if (bits < indexBits) this.steps.damaged();
    this.steps.spend(entriesOfIndex);
  }

  // ---- the root

  /** Gives the root more entries: a power of two for each that there is. */
  private enlarge(heap: HostHeap, bits: number): void {
    const { root, rootBits } = this;
    const bytes = 4 << bits;
    const larger = heap.allocate(bytes);
    if (larger === 0) return;
    const each = 1 << (bits - rootBits);
    const span = 2 ** (32 - rootBits);
    const isIndex = (entry: number): boolean => (entry & tagMask) === indexTag;
    for (let i = 0; i < 1 << rootBits; i++) {
      const entry = this.word(root + i * 4);
      const to = larger + i * each * 4;
      if (isIndex(entry)) {
        for (let k = 0; k < each; k++) this.set(to + k * 4, this.word(entry - indexTag + k * 4));
        continue;
      }
      this.read(entry, (i + 1) * span - 1);
      if (this.spread(heap, 0, to, each, 32 - bits)) continue;
      // What was made so far is given back.
      for (let before = 0; before < i; before++) {
        if (isIndex(this.word(root + before * 4))) continue;
        for (let k = 0; k < each; k++) this.free(heap, this.word(larger + (before * each + k) * 4));
      }
      heap.free(larger, bytes);
      return;
    }
    for (let i = 0; i < 1 << rootBits; i++) {
      const entry = this.word(root + i * 4);
      if (isIndex(entry)) heap.free(entry - indexTag, indexBytes);
      else this.free(heap, entry);
    }
    this.replaceRoot(heap, larger - this.base - offsets.smallRoot, bits);
  }

  private replaceRoot(heap: HostHeap, root: number, bits: number): void {
    const { rootBits } = this;
    if (this.word(this.base + offsets.root) !== 0) heap.free(this.root, 4 << rootBits);
    this.set(this.base + offsets.root, root);
    this.set(this.base + offsets.rootBits, bits - 1);
  }
}

/** What is painted over which entries. */
interface Paint {
  readonly entry: number;
  readonly threshold: number;
}

/** The tag of a block for so many ranges; 0 of a single one. */
function tagFor(count: number): number {
  return count === 1 ? 0 : 32 - Math.clz32(count - 1);
}
