/** The table of keys: what is in it, and that nobody chooses what falls together. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { keyWords } from "../src/lookups/frame-key.ts";
import { KeyIndex } from "../src/lookups/key-index.ts";

it("has what was added and not deleted, each at a place of its own", () => {
  const step = fc.record({ add: fc.boolean(), key: fc.nat(24) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const index = new KeyIndex(16);
      const places = new Map<number, number>();
      const keyOf = (n: number): Int32Array => new Int32Array(keyWords).fill(n, n % keyWords);
      for (const { add, key } of steps) {
        const place = places.get(key);
        if (add && place === undefined) {
          const given = index.add(keyOf(key));
          expect(given < 0).toBe(places.size === 16);
          if (given >= 0) places.set(key, given);
        } else if (!add && place !== undefined) {
          index.delete(place);
          places.delete(key);
        }
        expect(index.count).toBe(places.size);
        for (let n = 0; n <= 24; n++) expect(index.get(keyOf(n))).toBe(places.get(n) ?? -1);
      }
      expect(new Set(places.values()).size).toBe(places.size);
    }),
    { numRuns: 50 },
  );
});

it("finds keys apart that a hash of words one after the other brings together, whatever its seed is", () => {
  // The highest bit of a word is what a multiplication leaves where it is: the next word can take it back.
  const index = new KeyIndex(1024);
  const hashes = Array.from({ length: 128 }, (_, chosen) => {
    const key = new Int32Array(keyWords);
    for (let k = 0; k < 7; k++)
      if ((chosen >> k) & 1) {
        key[3 + k] = (key[3 + k] as number) ^ 0x80000000;
        key[4 + k] = (key[4 + k] as number) ^ 0x80010000;
      }
    return index["hash"](key) >>> 15;
  });
  // 128 drawn from 2^17 are all different fifteen times out of sixteen, and never so few.
  expect(new Set(hashes).size).toBeGreaterThan(100);
});
