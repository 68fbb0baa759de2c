/**
 * SipHash-2-4, a keyed hash that nobody can foresee who does not know the key, over whole 64-bit words, in staged code.
 *
 * Aumasson and Bernstein, SipHash: a fast short-input PRF, INDOCRYPT 2012.
 */
import type { Func, FunctionBuilder, I32, I64 } from "@clickos/codegen";

/** "somepseudorandomlygeneratedbytes". */
const initial = [0x736f6d6570736575n, 0x646f72616e646f6dn, 0x6c7967656e657261n, 0x7465646279746573n] as const;
const lastWord = 0xffn;
export const keyBytes = 16;

/** The hash of words, by the key of 16 bytes at an address. */
export function sipHash(c: FunctionBuilder, key: I32, words: readonly I64[]): I64 {
  return c.call(sipFunction(c, words.length), key, ...words);
}

function sipFunction({ module }: FunctionBuilder, count: number): Func<"i64"> {
  const name = `siphash ${count}`;
  const params: Record<string, "i64"> = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`w${i}`, "i64" as const]),
  );
  return module.once(name, () =>
    module.func(name, { key: "i32", ...params }, "i64", (c, values) => {
      const { key } = values;
      const words = values as unknown as Readonly<Record<string, I64>>;
      const [k0, k1] = [c.load64(key), c.load64(key, keyBytes / 2)];
      let [v0, v1, v2, v3] = [k0.xor(initial[0]), k1.xor(initial[1]), k0.xor(initial[2]), k1.xor(initial[3])];
      const rounds = (n: number): void => {
        for (let i = 0; i < n; i++) {
          v0 = v0.add(v1);
          v2 = v2.add(v3);
          v1 = v1.rotl(13n).xor(v0);
          v3 = v3.rotl(16n).xor(v2);
          v0 = v0.rotl(32n);
          v2 = v2.add(v1);
          v0 = v0.add(v3);
          v1 = v1.rotl(17n).xor(v2);
          v3 = v3.rotl(21n).xor(v0);
          v2 = v2.rotl(32n);
        }
      };
      const take = (word: I64): void => {
        v3 = v3.xor(word);
        rounds(2);
        v0 = v0.xor(word);
      };
      for (let i = 0; i < count; i++) take(words[`w${i}`] as I64);
      // The length in bytes, and no bytes that are left.
      take(c.i64(BigInt.asIntN(64, BigInt((count * 8) & 0xff) << 56n)));
      v2 = v2.xor(lastWord);
      rounds(4);
      return v0.xor(v1).xor(v2.xor(v3));
    }),
  );
}
