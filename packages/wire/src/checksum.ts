/**
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624), on the host and in staged code.
 *
 * Sums are one's complement sums of 16-bit words. They come out the same in either byte order, stored as they were
 * loaded: staged code sums words as they stand in memory.
 *
 * @packageDocumentation
 */
import type { Func, FunctionBuilder, I32 } from "@clickos/codegen";

// ---- host

/** The one's complement sum of bytes in network order, added to another; an odd last byte is the high half of a word. */
export function onesSum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  const even = bytes.length & ~1;
  for (let i = 0; i < even; i += 2) sum += ((bytes[i] as number) << 8) | (bytes[i + 1] as number);
  if (even < bytes.length) sum += (bytes[even] as number) << 8;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return sum;
}

/** The checksum of bytes in which the checksum's own field is 0. */
export function internetChecksum(bytes: Uint8Array, start = 0): number {
  return ~onesSum(bytes, start) & 0xffff;
}

/** The sum of the pseudo-header of TCP and UDP (RFC 9293 section 3.1), or of any protocol over IPv6 (RFC 8200 section 8.1). */
export function pseudoHeaderSum(
  addresses: { readonly source: Uint8Array | number; readonly destination: Uint8Array | number },
  protocol: number,
  length: number,
): number {
  const words = (address: Uint8Array | number): number =>
    typeof address === "number" ? (address >>> 16) + (address & 0xffff) : onesSum(address);
  return onesSum(
    new Uint8Array(),
    words(addresses.source) + words(addresses.destination) + protocol + (length >>> 16) + (length & 0xffff),
  );
}

/** The checksum after a 16-bit word changed from `before` to `after`: ~(~HC + ~m + m'), RFC 1624 equation 3. */
export function updateChecksum(checksum: number, before: number, after: number): number {
  const sum = (~checksum & 0xffff) + (~before & 0xffff) + after;
  const once = (sum & 0xffff) + (sum >>> 16);
  return ~(once + (once >>> 16)) & 0xffff;
}

// ---- staged code

/** Folds a 32-bit sum of 16-bit words to 16 bits. */
export function foldSum(sum: I32): I32 {
  const once = sum.and(0xffff).add(sum.shrU(16));
  return once.and(0xffff).add(once.shrU(16));
}

/**
 * The sum over a header of `length` bytes (a multiple of 4, at least `least`), folded; 0xffff when its checksum is right.
 * The bytes must be there.
 */
export function headerSum(c: FunctionBuilder, header: I32, length: I32, least = 20): I32 {
  const word = (offset: number): ReturnType<I32["toI64"]> => c.load32(header, offset).toI64();
  let first = word(0);
  for (let at = 4; at < least; at += 4) first = first.add(word(at));
  const sum = c.var("i64", first, "sum");
  c.if(length.gtU(least), () => {
    c.for(least, length, 4, (i) => sum.inc(c.load32(header.add(i)).toI64()));
  });
  const s = sum.get();
  const folded = s.and(0xffffffffn).add(s.shrU(32));
  return foldSum(
    folded.add(folded.shrU(32)).toI32().and(0xffff).add(folded.toI32().shrU(16)).add(folded.shrU(32).toI32()),
  );
}

/** What a word's change from `before` to `after` adds to the complement of a checksum; both are below 2^16. */
export function wordChange(before: I32, after: I32): I32 {
  return foldSum(before.xor(0xffff).add(after));
}

/** The same for two words at once, in 32 bits. */
export function doubleWordChange(before: I32, after: I32): I32 {
  return foldSum(before.xor(-1).and(0xffff).add(before.xor(-1).shrU(16)).add(after.and(0xffff)).add(after.shrU(16)));
}

/**
 * The checksum after a change: RFC 1624 equation 3, computed as its equation 4, HC - change with the borrow subtracted. The
 * low 16 bits count, for a store of 16 bits; `and(0xffff)` for a value.
 */
export function updatedChecksum(checksum: I32, change: I32 | number): I32 {
  const difference = checksum.sub(change);
  return difference.add(difference.shrS(31));
}

/** A staged function `(address, length)` that gives the folded sum over any bytes that are there. */
export function sumFunction(outer: FunctionBuilder): Func<"i32"> {
  return outer.module.once("checksum sum", () =>
    outer.module.func("checksum sum", { address: "i32", length: "i32" }, "i32", (c, { address, length }) => {
      const sum = c.var("i64", 0n, "sum");
      const whole = length.and(-8);
      c.for(0, whole, 8, (i) => {
        const at = address.add(i);
        sum.inc(c.load32(at).toI64().add(c.load32(at, 4).toI64()));
      });
      const at = c.var("i32", address.add(whole), "at");
      const tail = (bytes: 4 | 2 | 1, load: (address: I32) => I32): void =>
        c.if(length.and(bytes), () => {
          sum.inc(load(at.get()).toI64());
          at.inc(bytes);
        });
      tail(4, (a) => c.load32(a));
      tail(2, (a) => c.load16(a));
      // The high half of a word in network order is its first byte: the low half as it stands in memory.
      tail(1, (a) => c.load8(a));
      const s = sum.get();
      const folded = s.and(0xffffffffn).add(s.shrU(32));
      return foldSum(folded.and(0xffff).add(folded.shrU(16)).toI32());
    }),
  );
}

/** The sum of TCP's and UDP's pseudo-header over IPv4, not folded: addresses as they stand in memory, the length a number. */
export function stagedPseudoHeaderSum(source: I32, destination: I32, protocol: number | I32, length: I32): I32 {
  const half = (word: I32): I32 => word.and(0xffff).add(word.shrU(16));
  return half(source)
    .add(half(destination))
    .add(length.swap16())
    .add(typeof protocol === "number" ? protocol << 8 : protocol.shl(8));
}
