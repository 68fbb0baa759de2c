import { describe, expect, it } from "vitest";
import { drawOnHost } from "../src/runtime/host-chance.ts";

/** The first numbers of glibc's random() after srandom(seed). */
const known: Readonly<Record<string, readonly number[]>> = {
  "1": [1804289383, 846930886, 1681692777, 1714636915, 1957747793, 424238335, 719885386, 1649760492],
  "0": [1804289383, 846930886, 1681692777],
  "5": [590011675, 99788765, 2131925610],
};

describe("chance on the host", () => {
  it.each(Object.entries(known))("draws what the C library draws, seed %s", (seed, numbers) => {
    const words = { chanceAt: 0, chance: new Uint32Array(31) };
    expect(numbers.map(() => drawOnHost(words, () => BigInt(seed)))).toEqual(numbers);
  });
});
