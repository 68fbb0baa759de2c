/**
 * A table from addresses to numbers that is made once, in packet memory: open addressing with linear probing, at most half full, laid out
 * as the table of learned addresses is (`address-entry.ts`). The word that says who owns an entry has the number + 1.
 */
import { entry, mixers } from "../address-entry.ts";
import { memoryOf, packetWords } from "../packet-memory.ts";
import type { AddressKey } from "./address-key.ts";

const HIGH = entry.high >> 2;
const LOW = entry.low >> 2;
const OWNER = entry.owner >> 2;
const entryWords = entry.bytes >> 2;
const smallest = 16;

export class KeyTable {
  readonly words: Int32Array;
  /** Of a word index. */
  readonly mask: number;
  readonly seed: number = (Math.random() * 2 ** 32) | 0;

  constructor(entries: number) {
    let size = smallest;
    while (size < entries * 2) size *= 2;
    this.words = packetWords(size * entryWords);
    this.mask = size * entryWords - 1;
  }
  get memory(): WebAssembly.Memory | undefined {
    return memoryOf(this.words);
  }
  private find(high: number, low: number): number {
    const { words, mask } = this;
    let h = Math.imul(high ^ this.seed, mixers[0]);
    h = Math.imul(h ^ (h >>> 15) ^ low, mixers[1]);
    let s = ((h ^ (h >>> 16)) << 2) & mask;
    while (words[s + OWNER] !== 0 && (words[s + HIGH] !== high || words[s + LOW] !== low)) s = (s + entryWords) & mask;
    return s;
  }
  /** The number of an address, or -1. */
  get(high: number, low: number): number {
    return (this.words[this.find(high, low) + OWNER] as number) - 1;
  }
  /** Puts one in, where there is room for as many as were said; `false` when it is there already. */
  add({ high, low }: AddressKey, number: number): boolean {
    const s = this.find(high, low);
    if (this.words[s + OWNER] !== 0) return false;
    this.words[s + HIGH] = high;
    this.words[s + LOW] = low;
    this.words[s + OWNER] = number + 1;
    return true;
  }
}
