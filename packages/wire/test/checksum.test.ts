import { stored16, stored32 } from "@clickos/wire";
import {
  doubleWordChange,
  foldSum,
  headerSum,
  internetChecksum,
  onesSum,
  pseudoHeaderSum,
  stagedPseudoHeaderSum,
  sumFunction,
  updateChecksum,
  updatedChecksum,
  wordChange,
} from "@clickos/wire/checksum";
import { ipv4 } from "@clickos/wire/ipv4";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex } from "./golden.ts";
import { compile } from "./run.ts";

/** RFC 1071 section 4.1, word by word. */
function model(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += ((bytes[i] as number) << 8) | (bytes[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

/** RFC 1624 equation 3: ~(~HC + ~m + m'), in one's complement. */
function equation3(checksum: number, before: number, after: number): number {
  let sum = (~checksum & 0xffff) + (~before & 0xffff) + after;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const word = fc.nat(0xffff);
const edge = fc.constantFrom(0, 1, 0x00ff, 0x0100, 0xfeff, 0xff00, 0xfffe, 0xffff);

describe("sums", () => {
  it("of the example in RFC 1071 section 3", () => {
    expect(onesSum(hex("0001f203f4f5f6f7"))).toBe(0xddf2);
    expect(internetChecksum(hex("0001f203f4f5f6f7"))).toBe(0x220d);
  });

  it("of any bytes, on the host and in code", () => {
    const sum = compile((c, p, length) => c.call(sumFunction(c), p, length));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(onesSum(bytes)).toBe(model(bytes));
        expect(sum.run(bytes).result).toBe(stored16(model(bytes)));
      }),
    );
    const full = new Uint8Array(2048).fill(0xff);
    expect([onesSum(full), sum.run(full).result]).toEqual([0xffff, 0xffff]);
    expect(onesSum(new Uint8Array(1 << 20).fill(0xff))).toBe(0xffff);
  });

  it("of headers of every length", () => {
    const sum = compile((c, p, length) => headerSum(c, p, length));
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 15 }), fc.uint8Array({ minLength: 60, maxLength: 60 }), (words, noise) => {
        const bytes = noise.subarray(0, words * 4);
        expect(sum.run(bytes).result).toBe(stored16(model(bytes)));
        const ip = ipv4.view(bytes);
        ip.checksum = 0;
        ip.checksum = internetChecksum(bytes);
        expect(sum.run(bytes).result).toBe(0xffff);
      }),
    );
  });

  it("of pseudo-headers", () => {
    // RFC 768: addresses, zero, protocol, length.
    const bytes = hex("0a000001 0a000002 0011 0010");
    expect(pseudoHeaderSum({ source: 0x0a000001, destination: 0x0a000002 }, 17, 16)).toBe(model(bytes));
    const a = hex("20010db8000000000000000000000001");
    expect(pseudoHeaderSum({ source: a, destination: a }, 58, 0x12345)).toBe(
      model(Uint8Array.of(...a, ...a, ...hex("00012345 0000003a"))),
    );
    const code = compile((c, p) =>
      foldSum(stagedPseudoHeaderSum(c.load32(p), c.load32(p, 4), 17, c.load16(p, 10, "be"))),
    );
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), word, (source, destination, length) => {
        const bytes = new Uint8Array(12);
        const data = new DataView(bytes.buffer);
        data.setUint32(0, source);
        data.setUint32(4, destination);
        data.setUint16(8, 17);
        data.setUint16(10, length);
        expect(code.run(bytes).result).toBe(stored16(model(bytes)));
        expect(pseudoHeaderSum({ source, destination }, 17, length)).toBe(model(bytes));
      }),
    );
  });
});

describe("incremental updates are RFC 1624 equation 3, to the bit", () => {
  const one = compile((c, p) => updatedChecksum(c.load16(p), wordChange(c.load16(p, 2), c.load16(p, 4))).and(0xffff));
  const fixed = compile((c, p) => updatedChecksum(c.load16(p), 0xfeff).and(0xffff));
  const bytesOf = (...words: readonly number[]): Uint8Array => Uint8Array.from(words.flatMap((w) => [w & 255, w >> 8]));

  it("for all checksums: a TTL that is one less", () => {
    const wrong: number[] = [];
    for (let checksum = 0; checksum < 0x10000; checksum++) {
      // 0x4011 to 0x3f11: ~m + m' is 0xfeff whatever the TTL.
      const expected = equation3(checksum, 0x4011, 0x3f11);
      if (updateChecksum(checksum, 0x4011, 0x3f11) !== expected) wrong.push(checksum);
      if (fixed.run(bytesOf(checksum)).result !== expected) wrong.push(checksum);
    }
    expect(wrong).toEqual([]);
    expect(equation3(0xfeff, 0x4011, 0x3f11)).toBe(0);
  });

  it("for any words, on the host and in code", () => {
    fc.assert(
      fc.property(fc.oneof(word, edge), fc.oneof(word, edge), fc.oneof(word, edge), (checksum, before, after) => {
        const expected = equation3(checksum, before, after);
        expect(updateChecksum(checksum, before, after)).toBe(expected);
        expect(one.run(bytesOf(checksum, before, after)).result).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it("for two words at once, in either byte order", () => {
    const two = compile((c, p) =>
      updatedChecksum(c.load16(p), doubleWordChange(c.load32(p, 2), c.load32(p, 6))).and(0xffff),
    );
    const double = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 0xffff, 0xffff0000, 0xffffffff));
    fc.assert(
      fc.property(fc.oneof(word, edge), double, double, (checksum, before, after) => {
        const parts = (n: number): [number, number] => [n & 0xffff, n >>> 16];
        const [b, a] = [parts(before), parts(after)];
        const expected = equation3(equation3(checksum, b[0], a[0]), b[1], a[1]);
        // Both halves at once may end in the other zero; the checksum verifies all the same.
        const same = (x: number, y: number): boolean => x % 0xffff === y % 0xffff;
        expect(same(two.run(bytesOf(checksum, ...b, ...a)).result, expected)).toBe(true);
        const stored = two.run(
          bytesOf(stored16(checksum), ...parts(stored32(before)), ...parts(stored32(after))),
        ).result;
        expect(same(stored16(stored), expected)).toBe(true);
      }),
    );
  });

  it("what was right stays right", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), word, fc.nat(9), (header, after, at) => {
        fc.pre(at !== 5);
        const ip = ipv4.view(header);
        ip.checksum = 0;
        ip.checksum = internetChecksum(header);
        const data = new DataView(header.buffer);
        ip.checksum = updateChecksum(ip.checksum, data.getUint16(at * 2), after);
        data.setUint16(at * 2, after);
        expect(onesSum(header)).toBe(0xffff);
      }),
    );
  });
});
