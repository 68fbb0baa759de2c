/**
 * The hash of a key of 32-bit words, which depends on multipliers that are drawn anew for every table: pair-multiply-shift
 * (Thorup, High Speed Hashing for Integers and Strings, section 3.5; the NH of UMAC, RFC 4418 section 5.2.1). Two keys that
 * are fixed beforehand have equal hashes once in 2^32 draws, and likewise any bits of them, whatever the keys are. So who
 * does not know the multipliers cannot find keys that meet but by watching how long the table takes: no defence against that.
 *
 * A hash costs a multiplication for each two words, and one to part keys that follow one another. Its upper bits are the better ones.
 */
import type { Func, FunctionBuilder, I32, I64 } from "@clickos/codegen";
import { seedOf } from "../../compile/seed.ts";

/** How many 64-bit multipliers keys of that many words need. */
export function multiplierCount(keyWords: number): number {
  return keyWords;
}

const golden = 0x9e3779b97f4a7c15n;
const spread = 0x9e3779b1;

/** The hash of a key whose multipliers are at an address. */
export function keyHash(c: FunctionBuilder, multipliers: I32, key: readonly I32[]): I32 {
  const multiplier = (i: number): I64 => c.load64(multipliers, i * 8);
  const products = [];
  for (let i = 0; i < key.length; i += 2) {
    const first = (key[i] as I32).toI64();
    const second = key[i + 1];
    products.push(
      second === undefined
        ? first.mul(multiplier(i))
        : first.add(multiplier(i)).mul(second.toI64().add(multiplier(i + 1))),
    );
  }
  const high = products
    .reduce((a, b) => a.add(b))
    .shrU(32n)
    .toI32();
  return high.xor(high.shrU(15)).mul(spread);
}

/** A function `(multipliers, count)` that draws a table's multipliers from the router's seed: SplitMix64 (Steele et al., 2014). */
export function drawMultipliers({ module }: FunctionBuilder): Func<undefined> {
  return module.once("hash table draw", () =>
    module.func("hash table draw", { multipliers: "i32", count: "i32" }, undefined, (c, { multipliers, count }) => {
      const state = c.var("i64", seedOf(c).add(multipliers.toI64().mul(0xff51afd7ed558ccdn)), "state");
      c.for(0, count, 1, (i) => {
        state.inc(golden);
        let z = state.get();
        z = z.xor(z.shrU(30n)).mul(0xbf58476d1ce4e5b9n);
        z = z.xor(z.shrU(27n)).mul(0x94d049bb133111ebn);
        c.store64(i.shl(3).add(multipliers), z.xor(z.shrU(31n)));
      });
    }),
  );
}

// ---- the same on the host

const mask = (value: bigint): bigint => BigInt.asUintN(64, value);

export function hostKeyHash(multipliers: (i: number) => bigint, key: readonly number[]): number {
  let sum = 0n;
  for (let i = 0; i < key.length; i += 2) {
    const first = BigInt((key[i] as number) >>> 0);
    const second = key[i + 1];
    sum +=
      second === undefined
        ? first * multipliers(i)
        : mask(first + multipliers(i)) * mask(BigInt(second >>> 0) + multipliers(i + 1));
  }
  const high = Number(mask(sum) >> 32n);
  return Math.imul(high ^ (high >>> 15), spread) >>> 0;
}

/** The same of many keys that stand in memory, a word at an index of `words`: in halves of 64 bits, as no number is larger than 53. */
export class KeyHasher {
  private readonly words: Uint32Array;
  /** The halves of the multipliers, low ones first. */
  private readonly multipliers: Uint32Array;

  constructor(words: Uint32Array, multipliers: Uint32Array) {
    this.words = words;
    this.multipliers = multipliers;
  }
  hash(at: number, count: number): number {
    const { words, multipliers } = this;
    let sumLow = 0;
    let sumHigh = 0;
    for (let i = 0; i < count; i += 2) {
      let aLow = words[at + i] as number;
      let aHigh = 0;
      let bLow = multipliers[i * 2] as number;
      let bHigh = multipliers[i * 2 + 1] as number;
      if (i + 1 < count) {
        aLow += bLow;
        aHigh = bHigh + (aLow > 0xffffffff ? 1 : 0);
        bLow = (words[at + i + 1] as number) + (multipliers[i * 2 + 2] as number);
        bHigh = (multipliers[i * 2 + 3] as number) + (bLow > 0xffffffff ? 1 : 0);
      }
      const a0 = aLow & 0xffff;
      const a1 = aLow >>> 16;
      const b0 = bLow & 0xffff;
      const b1 = bLow >>> 16;
      const lowest = a0 * b0;
      const middle = a0 * b1 + a1 * b0 + Math.floor(lowest / 65536);
      const low = (((middle & 0xffff) << 16) | (lowest & 0xffff)) >>> 0;
      const high = a1 * b1 + Math.floor(middle / 65536) + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh);
      sumLow += low;
      sumHigh = (sumHigh + high + (sumLow > 0xffffffff ? 1 : 0)) % 2 ** 32;
      sumLow >>>= 0;
    }
    return Math.imul(sumHigh ^ (sumHigh >>> 15), spread) >>> 0;
  }
}

export function hostMultipliers(seed: bigint, address: number, count: number): bigint[] {
  let state = mask(seed + BigInt(address) * 0xff51afd7ed558ccdn);
  return Array.from({ length: count }, () => {
    state = mask(state + golden);
    let z = state;
    z = mask((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = mask((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  });
}
