/**
 * A table from keys of words to places: open addressing with linear probing and backward-shift deletion (Knuth, The Art of Computer
 * Programming, 6.4, algorithm R), at most half full.
 *
 * The hash is multiply-shift of a vector (Thorup, High Speed Hashing for Integers and Strings, section 3): the sum of the halves of all
 * words, each times a number that was drawn, modulo 2^32. Its upper bits are the better ones: of two keys that are fixed beforehand, 17 of
 * them are equal once in 2^17 draws, whatever the keys are. So who sends frames cannot choose keys that fall together.
 */
import { keyWords } from "./frame-key.ts";

export class KeyIndex {
  /** By place: the words of its key. */
  private readonly keys: Int32Array;
  private readonly hashes: Int32Array;
  /** Places that are in the table, + 1; 0 is free. */
  private readonly table: Int32Array;
  private readonly mask: number;
  /** What makes a hash a place in the table: its upper bits. */
  private readonly shift: number;
  /** One for each half of a word of a key, and one that is added. */
  private readonly factors: Int32Array = crypto.getRandomValues(new Int32Array(keyWords * 2 + 1));
  private readonly free: Int32Array;
  private freeCount: number;
  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
    let size = 16;
    while (size < capacity * 2) size *= 2;
    this.table = new Int32Array(size);
    this.mask = size - 1;
    this.shift = Math.clz32(this.mask);
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
    const { table, mask, shift, hashes } = this;
    let hole = this.find(this.keyOf(place), hashes[place] as number);
    for (let next = (hole + 1) & mask; table[next] !== 0; next = (next + 1) & mask) {
      const home = (hashes[(table[next] as number) - 1] as number) >>> shift;
      // It stays where it is if its home is behind the hole.
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      table[hole] = table[next] as number;
      hole = next;
    }
    table[hole] = 0;
    this.free[this.freeCount++] = place;
  }

  private hash(key: Int32Array): number {
    const { factors } = this;
    let sum = factors[keyWords * 2] as number;
    for (let k = 0; k < keyWords; k++) {
      const word = key[k] as number;
      sum = (sum + Math.imul(factors[k * 2] as number, word & 0xffff)) | 0;
      sum = (sum + Math.imul(factors[k * 2 + 1] as number, word >>> 16)) | 0;
    }
    return sum;
  }
  /** Where a key is in the table, or would be. */
  private find(key: Int32Array, hash: number): number {
    const { table, mask } = this;
    let s = hash >>> this.shift;
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
