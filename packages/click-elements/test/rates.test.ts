/** How many packets rated elements let through, as Click counts them in simulated time. */

import type { Router } from "@clickos/click-core";
import { describe, expect, it } from "vitest";
import { make } from "./packets.ts";

const second = 1_000_000_000n;
/** Click's simulated time begins in 2001. */
const start = 1_000_000_000n * second;

/** What `c.count` is after each of some seconds, and at which millisecond each packet came. */
async function counts(text: string, seconds: number, write: (router: Router, second: number) => void = () => {}) {
  let now = start;
  using router = await make(text, { clock: () => now });
  const times: number[] = [];
  const list: number[] = [];
  for (let ms = 0; ms <= seconds * 1000; ms++) {
    // What comes in the first millisecond of a second is that second's.
    if (ms > 0 && ms % 1000 === 0) list.push(times.length);
    router.run();
    while (times.length < Number(router.read("c.count"))) times.push(ms);
    if (ms > 0 && ms % 1000 === 0) write(router, ms / 1000);
    now += 1_000_000n;
  }
  return { list, times };
}

const from = (length: number): string => `InfiniteSource(LENGTH ${length}) -> Queue(100) -> `;

describe("rated elements in simulated time", () => {
  it.each([
    [`${from(60)} u :: RatedUnqueue(1000) -> c :: Counter -> Discard`, [1019, 2019, 3019]],
    [`${from(60)} u :: RatedUnqueue(10, BURST_SIZE 5) -> c :: Counter -> Discard`, [14, 24, 34]],
    [`${from(60)} u :: RatedUnqueue(3) -> c :: Counter -> Discard`, [3, 6, 9]],
    [`${from(100)} u :: BandwidthRatedUnqueue(1000Bps) -> c :: Counter -> Discard`, [11, 21, 31]],
    [`${from(100)} u :: BandwidthRatedUnqueue(80kbps) -> c :: Counter -> Discard`, [102, 202, 302]],
    ["RatedSource(RATE 1000) -> c :: Counter -> Discard", [1009, 2009, 3009]],
    ["RatedSource(RATE 0) -> c :: Counter -> Discard", [1, 1, 1]],
    ["RatedSource(BANDWIDTH 1000Bps, LENGTH 100) -> c :: Counter -> Discard", [209, 219, 229]],
  ])("%s: %j", async (text, expected) => {
    expect((await counts(text, 3)).list).toEqual(expected);
  });

  it("a slow source has two packets at first, and then one at a time, a millisecond late", async () => {
    expect((await counts("RatedSource(RATE 4) -> c :: Counter -> Discard", 1)).times).toEqual([0, 0, 251, 501, 751]);
    expect((await counts("RatedSource(RATE 10) -> c :: Counter -> Discard", 1)).times.slice(0, 4)).toEqual([
      0, 0, 101, 201,
    ]);
  });

  it("a source keeps its tokens where its rate changes", async () => {
    const { list } = await counts("s :: RatedSource(RATE 10) -> c :: Counter -> Discard", 2, (router, second) => {
      if (second === 1) router.write("s.rate", "20");
    });
    expect(list).toEqual([11, 32]);
  });

  it("RatedUnqueue tells its turns: one for each packet, and one for each wait", async () => {
    const calls: string[] = [];
    await counts(
      `s :: RatedSource(RATE 10) -> Queue -> u :: RatedUnqueue(5) -> c :: Counter -> Discard`,
      1,
      (router) => {
        calls.push(router.read("u.rate"), router.read("u.calls"));
      },
    );
    expect(calls).toEqual(["5", "10 calls to run_task()\n5 empty runs\n5 pushes\n0 failed pulls\n"]);
  });

  it.each([
    ["Shaper(1000)", 60, [1000, 2000, 3000]],
    ["BandwidthShaper(6000Bps)", 60, [100, 200, 300]],
    ["Shaper(3)", 60, [3, 6, 9]],
  ] as const)("%s answers pulls evenly", async (shaper, length, expected) => {
    const { list, times } = await counts(`${from(length)} u :: ${shaper} -> Unqueue -> c :: Counter -> Discard`, 3);
    list.forEach((n, i) => {
      expect(Math.abs(n - expected[i]!)).toBeLessThanOrEqual(1);
    });
    const gap = 3000 / expected[2];
    for (let i = 1; i < times.length; i++) expect(times[i]! - times[i - 1]!).toBeLessThanOrEqual(gap + 1);
  });

  it("shows and changes the rate of a shaper, which begins anew when it is reset", async () => {
    const text = (shaper: string): string => `${from(60)} u :: ${shaper} -> Unqueue -> c :: Counter -> Discard`;
    const rates: string[] = [];
    const { list } = await counts(text("BandwidthShaper(8kbps)"), 2, (router) => {
      rates.push(router.read("u.rate"));
      router.write("u.rate", "80kbps");
    });
    expect([list[0]! <= 18, list[1]! - list[0]! > 150, rates]).toEqual([true, true, ["8kbps", "80kbps"]]);
    let now = start;
    using router = await make(text("Shaper(1)"), { clock: () => now });
    router.run();
    const before = Number(router.read("c.count"));
    now += 1_000_000n;
    router.run();
    expect(Number(router.read("c.count"))).toBe(before);
    router.write("u.reset", "");
    router.run();
    expect(Number(router.read("c.count"))).toBe(before + 1);
    expect(() => router.write("u.rate", "fast")).toThrow("invalid number");
  });

  it("the second output of a Shaper has what is over the rate", async () => {
    let now = start;
    using router = await make(
      `${from(60)} u :: Shaper(100); u[0] -> Unqueue -> c :: Counter -> Discard; u[1] -> o :: Unqueue(LIMIT 500) -> d :: Counter -> Discard`,
      { clock: () => now },
    );
    for (let ms = 0; ms < 2000; ms++) {
      router.run(1000);
      now += 1_000_000n;
    }
    expect(Math.abs(Number(router.read("c.count")) - 200)).toBeLessThanOrEqual(1);
    expect(router.read("d.count")).toBe("500");
  });
});
