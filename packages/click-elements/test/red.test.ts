import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { ConfigurationError } from "@clickos/click-language";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { glibc } from "./glibc.ts";

/** What chance is seeded with. */
const seed = 7;

/** RED as its description says, in plain numbers. */
function model(min: number, max: number, p: number, stability: number, gentle: boolean) {
  const numbers = glibc(seed);
  const random = (): number => numbers.next().value;
  const maxP = Math.floor(p * 65536 + 0.5);
  const kill = gentle && maxP !== 65536 ? max * 2 : max;
  let [average, since, value, drops] = [0, -1, 0, 0];
  let empty = false;
  return {
    get drops() {
      return drops;
    },
    get average() {
      return average;
    },
    arrives(length: number): boolean {
      // Time stands still: a queue that stays empty is taken into account once.
      if (stability > 0 && !(length === 0 && empty))
        average += Math.floor((length * 1024 + ((2 ** stability) >> 1) - average) / 2 ** stability);
      empty = length === 0;
      const size = stability === 0 ? length : Math.floor((average + 512) / 1024);
      let drop = false;
      if (size <= min) since = -1;
      else if (size > kill) {
        since = -1;
        drop = true;
      } else {
        const steep = size > max;
        const slope = steep ? Math.floor((65536 - maxP) / max) : max === min ? 0 : Math.floor(maxP / (max - min));
        const offset = steep ? 65536 - 2 * maxP : max === min ? 1 : Math.floor((maxP * min) / (max - min));
        const chance = Math.floor((slope * average) / 1024) - offset;
        since++;
        if (since > 0 && chance > 0 && since > Math.trunc(value / chance)) {
          since = 0;
          drop = true;
          value = (random() >>> 5) & 0xffff;
        } else if (since === 0) value = (random() >>> 5) & 0xffff;
      }
      if (drop) drops++;
      return drop;
    },
  };
}

const make = (text: string): Promise<Router> => Router.compile(text, { elements, clock: () => 1_000_000_000n });
const frames = (n: number): Uint8Array[] => Array.from({ length: n }, () => new Uint8Array(60));

describe("RED", () => {
  it("drops as a plain model of it does, while queues fill and empty", async () => {
    for (const [min, max, p, stability, gentle] of [
      [5, 50, 0.2, 2, true],
      [3, 30, 0.5, 4, false],
      [0, 20, 1, 1, true],
      [10, 10, 0.1, 0, true],
    ] as const) {
      using r = await make(`RandomSeed(${seed});
        FromDevice(0) -> red :: RED(${min}, ${max}, ${p}, STABILITY ${stability}, GENTLE ${gentle})
          -> q :: Queue(1000) -> u :: Unqueue(ACTIVE false) -> Discard`);
      const plain = model(min, max, p, stability, gentle);
      let length = 0;
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 40 }), (arrive, leave) => {
          r.device(0).send(frames(arrive));
          r.run();
          for (let i = 0; i < arrive; i++) if (!plain.arrives(length)) length++;
          r.write("u.limit", String(leave));
          const gone = Math.min(leave, length);
          if (gone > 0) {
            r.write("u.reset", "");
            r.write("u.active", "true");
            r.run();
            r.write("u.active", "false");
          }
          length -= gone;
          expect([r.read("red.drops"), r.read("q.length")]).toEqual([String(plain.drops), String(length)]);
        }),
        { numRuns: 40, endOnFailure: true },
      );
    }
  });

  it("marks to its second output, and drops where there is none", async () => {
    using r = await make(
      "FromDevice(0) -> red :: RED(0, 1, 1, STABILITY 0) -> q :: Queue -> Idle; red [1] -> ToDevice(1)",
    );
    r.device(0).send(frames(5));
    r.run();
    expect([r.read("q.length"), r.read("red.drops"), r.device(1).receive().length]).toEqual(["2", "3", 3]);
    using plain = await make("FromDevice(0) -> red :: RED(0, 1, 1, STABILITY 0) -> q :: Queue -> Idle");
    plain.device(0).send(frames(5));
    plain.run();
    expect(plain.drops()).toEqual([{ element: "red", reason: "random early detection", count: 3 }]);
  });

  it("pulls on when it drops, and asks the queues upstream", async () => {
    using r = await make(
      "FromDevice(0) -> q :: Queue -> red :: RED(1, 3, 1, STABILITY 0) -> u :: Unqueue -> c :: Counter -> Discard",
    );
    expect(r.read("red.queues")).toBe("q\n");
    r.device(0).send(frames(10));
    r.run();
    // After a pull 9, 8, … 0 are left: those that leave more than 3 behind are dropped.
    expect([r.read("red.drops"), r.read("c.count")]).toEqual(["6", "4"]);
  });

  it("finds its queues along the ways of packets, or by name", async () => {
    using r = await make(`
      FromDevice(0) -> red :: RED(5, 50, 0.02) -> c :: Classifier(12/0800, -);
      c [0] -> a :: Queue -> s :: RoundRobinSched -> Unqueue -> Discard; c [1] -> b :: SimpleQueue -> [1] s;
      Idle -> other :: Queue -> Idle; Idle -> named :: RED(5, 50, 0.02, QUEUES other a) -> other`);
    expect([r.read("red.queues"), r.read("named.queues")]).toEqual(["a\nb\n", "other\na\n"]);
    expect(r.read("red.stats")).toBe("0 current queue\n0 avg queue\n0 drops\n");
  });

  it("says what is wrong", async () => {
    const wrong = async (text: string): Promise<string> => {
      const problem = await make(text).then(
        () => undefined,
        (e) => e,
      );
      expect(problem).toBeInstanceOf(ConfigurationError);
      return problem.message;
    };
    expect(await wrong("Idle -> RED(5, 50, 0.02) -> Discard")).toMatch(/no nearby Queues/);
    expect(await wrong("Idle -> RED(5, 50, 0.02, QUEUES d) -> d :: Discard")).toMatch(/'d' is not a Storage element/);
    expect(await wrong("Idle -> RED(51, 50, 0.02) -> Queue -> Discard")).toMatch(/MIN_THRESH must be <= MAX_THRESH/);
    expect(await wrong("Idle -> RED(5, 50, 1.5) -> Queue -> Discard")).toMatch(/MAX_P must be between 0 and 1/);
  });

  it("takes other thresholds while it runs", async () => {
    using r = await make("FromDevice(0) -> red :: RED(100, 200, 0.5, STABILITY 0) -> q :: Queue -> Idle");
    r.device(0).send(frames(50));
    r.run();
    expect(() => r.write("red.max_thresh", "50")).toThrow(/MIN_THRESH must be <= MAX_THRESH/);
    r.write("red.min_thresh", "0");
    r.write("red.max_thresh", "10");
    r.write("red.max_p", "1");
    expect(["min_thresh", "max_thresh", "max_p", "drops"].map((h) => r.read(`red.${h}`))).toEqual([
      "0",
      "10",
      "1",
      "0",
    ]);
    r.device(0).send(frames(5));
    r.run();
    expect([r.read("red.drops"), r.read("q.length")]).toEqual(["5", "50"]);
  });
});
