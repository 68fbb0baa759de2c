/**
 * Arrays and hash tables in a router's heap that grow and shrink on the host without moving anything: in chunks, each twice
 * as large as the one before. What they read may have been written by a guest: nothing is followed for ever.
 */
import type { HostHeap } from "../element/handler.ts";

/** Of one array. */
export const maximumChunks = 19;
const smallest = 16;
/** Items of an array at most. */
export const maximumItems: number = smallest << (maximumChunks - 1);

/**
 * The words that one operation looks at, at most: more than there are in the memory, so that it ends wherever the memory leads it.
 */
export class Steps {
  private readonly what: string;
  private readonly most: number;
  private left: number;

  constructor(what: string, data: DataView) {
    this.what = what;
    this.most = data.byteLength;
    this.left = this.most;
  }
  /** Begins another operation. */
  begin(): void {
    this.left = this.most;
  }
  /** Counts words. @throws {RangeError} */
  spend(words: number): void {
    this.left -= words;
    if (this.left < 0) this.damaged();
  }
  /** What the memory says cannot be. @throws {RangeError} */
  damaged(): never {
    throw new RangeError(`the ${this.what} in the router's memory is damaged`);
  }
}

/** An array whose chunks' addresses are words at `at`: 16 items, as many again, and then twice as many each. */
export class Chunks {
  private readonly data: DataView;
  private readonly at: number;
  private readonly itemBytes: number;

  constructor(data: DataView, at: number, itemBytes: number) {
    this.data = data;
    this.at = at;
    this.itemBytes = itemBytes;
  }

  /** The address of an item that there is room for. */
  address(i: number): number {
    const chunk = chunkOf(i);
    return this.data.getUint32(this.at + chunk * 4, true) + (i - firstOf(chunk)) * this.itemBytes;
  }

  /** Makes room for an item, where those before have theirs: cleared, if it is new. `false` when there is no memory. */
  ensure(heap: HostHeap, i: number): boolean {
    const chunk = chunkOf(i);
    const at = this.at + chunk * 4;
    if (this.data.getUint32(at, true) !== 0) return true;
    const bytes = sizeOf(chunk) * this.itemBytes;
    const address = heap.allocate(bytes);
    if (address === 0) return false;
    new Uint8Array(this.data.buffer, address, bytes).fill(0);
    this.data.setUint32(at, address, true);
    return true;
  }

  /** Gives back the chunks of which no item is one of the first `length`. */
  release(heap: HostHeap, length: number): void {
    for (let chunk = maximumChunks - 1; chunk >= 0 && firstOf(chunk) >= length; chunk--) {
      const at = this.at + chunk * 4;
      const address = this.data.getUint32(at, true);
      if (address !== 0) heap.free(address, sizeOf(chunk) * this.itemBytes);
      this.data.setUint32(at, 0, true);
    }
  }
}

const chunkOf = (i: number): number => (i < smallest ? 0 : 28 - Math.clz32(i));
const firstOf = (chunk: number): number => (chunk === 0 ? 0 : smallest << (chunk - 1));
const sizeOf = (chunk: number): number => (chunk === 0 ? smallest : smallest << (chunk - 1));

/** The records that hash chains link. */
export interface Records {
  /** The address of the word with the number + 1 of the record that follows in its chain. */
  link(record: number): number;
  hash(record: number): number;
}

/**
 * A hash table of numbered records, by linear hashing (Litwin, VLDB 1980): chains are split and joined one at a time, so that
 * there are as many as records, about, after every change.
 */
export class HashChains {
  private readonly data: DataView;
  /** Of the word that counts the chains. */
  private readonly countAt: number;
  private readonly heads: Chunks;
  private readonly records: Records;
  private readonly steps: Steps;

  constructor(data: DataView, countAt: number, chunksAt: number, records: Records, steps: Steps) {
    this.data = data;
    this.steps = steps;
    this.countAt = countAt;
    this.heads = new Chunks(data, chunksAt, 4);
    this.records = records;
  }

  private get count(): number {
    return this.data.getUint32(this.countAt, true);
  }
  private set count(count: number) {
    this.data.setUint32(this.countAt, count, true);
  }

  /** The first record of a hash that is the `same`, or -1. */
  find(hash: number, same: (record: number) => boolean): number {
    const { count } = this;
    if (count === 0) return -1;
    const { data, records } = this;
    let next = data.getUint32(this.heads.address(bucketOf(hash, count)), true);
    while (next !== 0) {
      this.steps.spend(1);
      if (same(next - 1)) return next - 1;
      next = data.getUint32(records.link(next - 1), true);
    }
    return -1;
  }

  /** Makes room for the first record; later ones find some. `false` when there is no memory. */
  prepare(heap: HostHeap): boolean {
    if (this.count !== 0) return true;
    if (!this.heads.ensure(heap, 0)) return false;
    this.count = smallest;
    return true;
  }

  /** Adds a record, the `length`th. Where there is no memory for another chain, chains are longer. */
  insert(heap: HostHeap, record: number, length: number): void {
    this.push(bucketOf(this.records.hash(record), this.count), record);
    const { count } = this;
    if (length <= count || !this.heads.ensure(heap, count)) return;
    this.count = count + 1;
    this.rehash(count - (1 << (31 - Math.clz32(count))), count);
  }

  /** Removes a record, after which there are `length`. */
  remove(heap: HostHeap, record: number, length: number): void {
    const { data, records } = this;
    let at = this.heads.address(bucketOf(records.hash(record), this.count));
    for (;;) {
      const next = data.getUint32(at, true);
      this.steps.spend(1);
      if (next === 0) this.steps.damaged();
      if (next === record + 1) break;
      at = records.link(next - 1);
    }
    data.setUint32(at, data.getUint32(records.link(record), true), true);
    const last = this.count - 1;
    if (last < smallest || length >= last / 2) return;
    this.count = last;
    this.rehash(last, last);
    this.heads.release(heap, last);
  }

  /** Gives back everything. */
  clear(heap: HostHeap): void {
    this.heads.release(heap, 0);
    this.count = 0;
  }

  /** Puts the records of a chain where they belong. The chain `cleared` has none yet. */
  private rehash(chain: number, cleared: number): void {
    const { data, records } = this;
    const head = this.heads.address(chain);
    let next = data.getUint32(head, true);
    data.setUint32(head, 0, true);
    data.setUint32(this.heads.address(cleared), 0, true);
    while (next !== 0) {
      this.steps.spend(1);
      const record = next - 1;
      next = data.getUint32(records.link(record), true);
      this.push(bucketOf(records.hash(record), this.count), record);
    }
  }
  private push(bucket: number, record: number): void {
    const head = this.heads.address(bucket);
    this.data.setUint32(this.records.link(record), this.data.getUint32(head, true), true);
    this.data.setUint32(head, record + 1, true);
  }
}

function bucketOf(hash: number, count: number): number {
  const half = 1 << (31 - Math.clz32(count));
  const bucket = hash & (2 * half - 1);
  return bucket < count ? bucket : bucket & (half - 1);
}

/** A hash of two words. */
export function hashOf(a: number, b: number): number {
  let h = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
