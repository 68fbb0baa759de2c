/**
 * The addresses that a learning bridge knows: which port each is behind, and when it was last seen there.
 *
 * Open addressing with linear probing, at most half full, so that no address ever takes another's place; each port has
 * room for a limited number, so that no port can take the others' room. Places are computed with a random seed, so that
 * addresses that fall together cannot be prepared. Addresses that were not seen for the ageing time are free for all; a
 * sweep takes them out, some places each second.
 *
 * Budget: 10 ns a question, guarded by the benchmark `switch2`.
 */

import { entry, fixedOwner as fixed, mixers } from "./address-entry.ts";
import type { FrameBatch } from "./frame-batch.ts";
import type { FrameRegion } from "./frame-memory.ts";
import { memoryOf, packetWords } from "./packet-memory.ts";
import { lookupCode } from "./staged/lookup.ts";

/** Words of an entry. */
const HIGH = entry.high >> 2;
const LOW = entry.low >> 2;
const OWNER = entry.owner >> 2;
const SEEN = entry.seen >> 2;
const entryWords = entry.bytes >> 2;
const smallest = 1024;
/** Places that a sweep looks at, once a second at most. */
const sweepPlaces = 4096;

/** What became of a source address. */
export const learned = 0;
/** It is another port's for good, or for now when addresses are sticky. */
export const belongsToOther = 1;
export const staysWithOther = 2;
/** The port has as many as it may. */
export const tooMany = 3;

/** The same numbers, with room for so many. */
export function withRoom(numbers: Int32Array, count: number): Int32Array {
  if (count <= numbers.length) return numbers;
  const more = new Int32Array(Math.max(count, numbers.length * 2));
  more.set(numbers);
  return more;
}

export class AddressTable {
  private words = packetWords(smallest * entryWords);
  /** Of a word index. */
  private mask = smallest * entryWords - 1;
  private used = 0;
  private cursor = 0;
  private readonly seed = (Math.random() * 2 ** 32) | 0;
  private readonly sticky: boolean;
  /** Seconds. */
  private readonly ageing: number;
  private second = 0;
  /** By port: addresses learned, and how many may be. */
  private counts: Int32Array = new Int32Array(0);
  private limits: Int32Array = new Int32Array(0);
  /** Counts changes, of the time too: while it stays, what was learned and asked for before is as it was. */
  generation = 1;

  constructor(options: { readonly sticky: boolean; readonly ageing: number }) {
    this.sticky = options.sticky;
    this.ageing = options.ageing;
  }
  /** Says how many addresses may be behind a port; the first that is said of it. */
  setLimit(port: number, limit: number): void {
    this.counts = withRoom(this.counts, port + 1);
    this.limits = withRoom(this.limits, port + 1);
    this.limits[port] = limit;
    this.changed();
  }
  /** Sets the time; some of what has aged goes. */
  tick(second: number): void {
    if (second === this.second) return;
    this.second = second;
    this.changed();
    for (let left = Math.min(sweepPlaces, this.words.length / entryWords); left > 0; left--) {
      const owner = this.words[this.cursor + OWNER] as number;
      if (owner !== 0 && !(owner & fixed) && this.aged(this.cursor)) this.remove(this.cursor);
      else this.cursor = (this.cursor + entryWords) & this.mask;
    }
  }
  private aged(s: number): boolean {
    return this.second - (this.words[s + SEEN] as number) >= this.ageing;
  }

  private home(high: number, low: number): number {
    let h = Math.imul(high ^ this.seed, mixers[0]);
    h = Math.imul(h ^ (h >>> 15) ^ low, mixers[1]);
    return ((h ^ (h >>> 16)) << 2) & this.mask;
  }
  /** Where an address is, or where it would be: then the owner's word is 0. */
  private find(high: number, low: number): number {
    const { words, mask } = this;
    let s = this.home(high, low);
    while (words[s + OWNER] !== 0 && (words[s + HIGH] !== high || words[s + LOW] !== low)) s = (s + entryWords) & mask;
    return s;
  }
  /** The port behind which an address is, or -1. */
  portOf(high: number, low: number): number {
    const s = this.find(high, low);
    const owner = this.words[s + OWNER] as number;
    return owner === 0 || (!(owner & fixed) && this.aged(s)) ? -1 : (owner & (fixed - 1)) - 1;
  }
  /**
   * Looks the frames of a batch up as `learn` and `portOf` do, as far as nothing is new: see `Lookup.lookupBatch`. A port
   * whose addresses are fixed sends from those only.
   */
  lookupBatch(
    batch: FrameBatch,
    first: number,
    count: number,
    port: number,
    isFixed: boolean,
    out: Int32Array,
  ): number {
    const { words } = this;
    const memory = memoryOf(words);
    if (!memory) return first;
    return lookupCode(memory).learn(
      words.byteOffset,
      this.mask,
      this.seed,
      this.second,
      this.ageing,
      isFixed ? (port + 1) | fixed : port + 1,
      batch.offsets.byteOffset,
      batch.lengths.byteOffset,
      (batch.memory.region as FrameRegion).at,
      first,
      count,
      out.byteOffset,
    );
  }
  /** Whether an address belongs to a port for good. */
  owns(port: number, high: number, low: number): boolean {
    return this.words[this.find(high, low) + OWNER] === ((port + 1) | fixed);
  }

  /** An address was seen behind a port. */
  learn(port: number, high: number, low: number): number {
    const s = this.find(high, low);
    const owner = this.words[s + OWNER] as number;
    if (owner !== port + 1) {
      if (owner & fixed) return belongsToOther;
      if (owner !== 0 && this.sticky && !this.aged(s)) return staysWithOther;
      if ((this.counts[port] as number) >= (this.limits[port] as number)) return tooMany;
      if (owner !== 0) this.leave(owner - 1);
      this.put(s, high, low, port + 1);
      this.counts[port] = (this.counts[port] as number) + 1;
    } else {
      if (this.aged(s)) this.changed();
      this.words[s + SEEN] = this.second;
    }
    return learned;
  }
  /** Gives a port an address for good; one that is not another's so. */
  fix(port: number, high: number, low: number): void {
    const s = this.find(high, low);
    const owner = this.words[s + OWNER] as number;
    if (owner & fixed) return;
    if (owner !== 0) this.leave(owner - 1);
    this.put(s, high, low, (port + 1) | fixed);
  }
  isFixed(high: number, low: number): boolean {
    return ((this.words[this.find(high, low) + OWNER] as number) & fixed) !== 0;
  }
  /** One of a port's addresses is not its own any longer. */
  private leave(port: number): void {
    this.counts[port] = (this.counts[port] as number) - 1;
  }
  private changed(): void {
    this.generation = (this.generation + 1) | 0;
  }
  private put(s: number, high: number, low: number, owner: number): void {
    this.changed();
    let at = s;
    if (this.words[s + OWNER] === 0 && (this.used + 1) * 2 * entryWords > this.words.length) {
      this.grow();
      at = this.find(high, low);
    }
    const { words } = this;
    if (words[at + OWNER] === 0) this.used++;
    words[at + HIGH] = high;
    words[at + LOW] = low;
    words[at + OWNER] = owner;
    words[at + SEEN] = this.second;
  }
  private grow(): void {
    const { words } = this;
    this.words = packetWords(words.length * 2);
    this.mask = this.words.length - 1;
    this.cursor = 0;
    for (let e = 0; e < words.length; e += entryWords)
      if (words[e + OWNER] !== 0)
        this.words.set(
          words.subarray(e, e + entryWords),
          this.find(words[e + HIGH] as number, words[e + LOW] as number),
        );
  }

  /** Takes an entry out, and moves those that stand behind it because of it. */
  private remove(s: number): void {
    const { words, mask } = this;
    this.changed();
    const owner = words[s + OWNER] as number;
    if (!(owner & fixed)) this.leave(owner - 1);
    this.used--;
    let hole = s;
    for (let j = (s + entryWords) & mask; words[j + OWNER] !== 0; j = (j + entryWords) & mask) {
      const home = this.home(words[j + HIGH] as number, words[j + LOW] as number);
      // It may stand in the hole when that is not before its home.
      if (((j - home) & mask) < ((j - hole) & mask)) continue;
      words.copyWithin(hole, j, j + entryWords);
      hole = j;
    }
    words[hole + OWNER] = 0;
  }
  /** Forgets everything behind a port. */
  forget(port: number): void {
    for (let s = 0; s < this.words.length; ) {
      const owner = this.words[s + OWNER] as number;
      if ((owner & (fixed - 1)) === port + 1) this.remove(s);
      else s += entryWords;
    }
  }
}
