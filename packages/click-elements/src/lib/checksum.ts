/** The Internet checksum (RFC 1071) and its incremental update (RFC 1624). */
import type { Func, FunctionBuilder, I32, I32Like } from "@clickos/codegen";

/** Folds a 32-bit sum of 16-bit words to 16 bits. */
export function fold(sum: I32): I32 {
  const once = sum.and(0xffff).add(sum.shrU(16));
  return once.and(0xffff).add(once.shrU(16));
}

/**
 * The sum over an IP header of `length` bytes (a multiple of 4), folded; 0xffff when its checksum is right.
 * Words are added as they stand in memory: the sum does not depend on byte order.
 */
export function ipHeaderSum(c: FunctionBuilder, header: I32, length: I32): I32 {
  const word = (offset: number): ReturnType<I32["toI64"]> => c.load32(header, offset).toI64();
  const sum = c.var("i64", word(0).add(word(4)).add(word(8)).add(word(12)).add(word(16)), "sum");
  c.if(length.gtU(20), () => {
    c.for(20, length, 4, (i) => sum.inc(c.load32(header.add(i)).toI64()));
  });
  const s = sum.get();
  const folded = s.and(0xffffffffn).add(s.shrU(32));
  return fold(
    folded.add(folded.shrU(32)).toI32().and(0xffff).add(folded.toI32().shrU(16)).add(folded.shrU(32).toI32()),
  );
}

/**
 * Replaces a 16-bit checksum for a change of a 16-bit word from `before` to `after`: HC' = ~(~HC + ~m + m'),
 * RFC 1624 equation 3. All in one byte order.
 */
export function patch16(checksum: I32, before: I32, after: I32): I32 {
  return fold(checksum.xor(0xffff).add(before.xor(0xffff).and(0xffff)).add(after))
    .xor(0xffff)
    .and(0xffff);
}

/** The same for a delta computed beforehand with `delta`. */
export function patchDelta(checksum: I32, change: I32): I32 {
  return fold(checksum.xor(0xffff).add(change)).xor(0xffff).and(0xffff);
}

/** What turning `before` into `after` (32-bit words) adds to the complement of a checksum. */
export function delta32(before: I32, after: I32): I32 {
  return fold(before.xor(-1).and(0xffff).add(before.xor(-1).shrU(16)).add(after.and(0xffff)).add(after.shrU(16)));
}

/** A staged function `(address, length)` that gives the folded sum over any bytes, words in network order. */
export function sumFunction(outer: FunctionBuilder): Func<"i32"> {
  return outer.module.once("checksum sum", () =>
    outer.module.func("checksum sum", { address: "i32", length: "i32" }, "i32", (c, { address, length }) => {
      const sum = c.var("i64", 0n, "sum");
      const even: I32Like = length.and(-2);
      c.for(0, even, 2, (i) => sum.inc(c.load16(address.add(i), 0, "be").toI64()));
      c.if(length.and(1), () => sum.inc(c.load8(address.add(even)).shl(8).toI64()));
      const s = sum.get();
      return fold(s.and(0xffff).add(s.shrU(16)).toI32());
    }),
  );
}
