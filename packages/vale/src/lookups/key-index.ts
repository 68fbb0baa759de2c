/**
 * A table from keys of words to places: open addressing with linear probing and backward-shift deletion (Knuth, The Art of Computer
 * Programming, 6.4, algorithm R), at most half full. The hash depends on a seed that is drawn, so that who sends frames cannot choose
 * keys that fall together without seeing where they go.
 */
import { keyWords } from "./frame-key.ts";

const multipliers = [0x85ebca6b, 0xc2b2ae35] as const;

export class KeyIndex {
  /** By place: the words of its key. */
  private readonly keys: Int32Array;
  private readonly hashes: Int32Array;
  /** Places that are in the table, + 1; 0 is free. */
  private readonly table: Int32Array;
  private readonly mask: number;
  private readonly seed = (Math.random() * 2 ** 32) | 0;
  private readonly free: Int32Array;
  private freeCount: number;
  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
    let size = 16;
    while (size < capacity * 2) size *= 2;
    this.table = new Int32Array(size);
    this.mask = size - 1;
    this.keys = new Int32Array(capacity * keyWords);
    this.hashes = new Int32Array(capacity);
    this.free = Int32Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
    this.freeCount = capacity;
  }

  /** Keys in the table. */
  get count(): number {
    return this.capacity - this.freeCount;
  }
  /** The place of a key, or -1. */
  get(key: Int32Array): number {
    return (this.table[this.find(key, this.hash(key))] as number) - 1;
  }
  /** Gives a key that is not there a place; -1 when there is none. */
  add(key: Int32Array): number {
    if (this.freeCount === 0) return -1;
    const hash = this.hash(key);
    const place = this.free[--this.freeCount] as number;
    this.table[this.find(key, hash)] = place + 1;
    this.hashes[place] = hash;
    this.keys.set(key, place * keyWords);
    return place;
  }
  /** The key of a place that is in use. */
  keyOf(place: number): Int32Array {
    return this.keys.subarray(place * keyWords, (place + 1) * keyWords);
  }
  /** Takes out the key of a place that is in use. */
  delete(place: number): void {
    const { table, mask, hashes } = this;
    let hole = this.find(this.keyOf(place), hashes[place] as number);
    for (let next = (hole + 1) & mask; table[next] !== 0; next = (next + 1) & mask) {
      const home = (hashes[(table[next] as number) - 1] as number) & mask;
      // It stays where it is if its home is behind the hole.
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      table[hole] = table[next] as number;
      hole = next;
    }
    table[hole] = 0;
    this.free[this.freeCount++] = place;
  }

  private hash(key: Int32Array): number {
    let h = this.seed;
    for (let k = 0; k < keyWords; k++) {
      h = Math.imul(h ^ (key[k] as number), multipliers[0]);
      h ^= h >>> 15;
    }
    h = Math.imul(h, multipliers[1]);
    return h ^ (h >>> 16);
  }
  /** Where a key is in the table, or would be. */
  private find(key: Int32Array, hash: number): number {
    const { table, mask } = this;
    let s = hash & mask;
    for (; table[s] !== 0; s = (s + 1) & mask) {
      const place = (table[s] as number) - 1;
      if (this.hashes[place] === hash && this.same(key, place)) break;
    }
    return s;
  }
  private same(key: Int32Array, place: number): boolean {
    const base = place * keyWords;
    for (let k = 0; k < keyWords; k++) if (this.keys[base + k] !== key[k]) return false;
    return true;
  }
}
