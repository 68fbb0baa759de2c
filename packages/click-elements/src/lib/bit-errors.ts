/** How bits of a byte are changed by chance: how many, and then which. */
import { certainty, probabilityBits } from "./probability.ts";

/** Bytes with some bits set, of which the others of as many bits are rotations. */
const shapes: readonly (readonly number[])[] = [
  [0x00],
  [0x01],
  [0x03, 0x05, 0x09, 0x11],
  [0x07, 0x0b, 0x13, 0x0d, 0x19, 0x15, 0x25],
  [0x0f, 0x17, 0x27, 0x1b, 0x2b, 0x33, 0x1d, 0x2d, 0x35, 0x55],
  [0xf8, 0xf4, 0xec, 0xf2, 0xe6, 0xea, 0xda],
  [0xfc, 0xfa, 0xf6, 0xee],
  [0xfe],
  [0xff],
];

function rotations(shape: number): number[] {
  const all = Array.from({ length: 8 }, (_, by) => ((shape << by) | (shape >> (8 - by))) & 0xff);
  return all.filter((byte, i) => all.indexOf(byte) === i);
}

const byCount = shapes.map((its) => its.flatMap(rotations));
/** All bytes, by how many bits they have. */
export const bitErrors: Uint8Array = Uint8Array.from(byCount.flat());
/** Where those of so many bits start. */
export const patternStarts: readonly number[] = [0, ...byCount.map((_, i) => byCount.slice(0, i + 1).flat().length)];

/** What a number of 28 bits is at most where so many bits are changed, or fewer; in fixed-point steps of 35 bits, rounded. */
export function errorThresholds(probability: number): number[] {
  const [one, bits] = [BigInt(certainty), BigInt(probabilityBits)];
  const error = BigInt(probability);
  let sum = 0n;
  const thresholds = byCount.slice(0, 8).map((patterns, count) => {
    let part = one << 7n;
    for (let i = 0; i < count; i++) part = (part * error) >> bits;
    for (let i = count; i < 8; i++) part = (part * (one - error)) >> bits;
    sum += part * BigInt(patterns.length);
    return Number(((sum >> 7n) & 0x1fffffffn) + ((sum & 0x7fn) >= 0x40n ? 1n : 0n));
  });
  return [...thresholds, certainty];
}
