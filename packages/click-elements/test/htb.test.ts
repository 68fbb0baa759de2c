/** HTBSched: rates, ceilings, priorities and borrowing; beside a plain model. */
import { Router, SimulatedClock } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const second = 1e9;
const start = 10n ** 18n;
/** Classes with queues, and what leaves until a time. */
async function box(classes: string, count: number) {
  const clock = new SimulatedClock(start);
  const inputs = Array.from({ length: count }, (_, i) => `FromDevice(${i}) -> Queue(100000) -> [${i}] s`).join("; ");
  const text = `s :: HTBSched(${classes}) -> Unqueue -> ToDevice(0); ${inputs}`;
  const router = await Router.compile(text, { elements, clock: clock.now });
  return {
    router,
    send(port: number, size: number, packets = 1): void {
      for (let i = 0; i < packets; i++) {
        router.device(port).send([new Uint8Array(size).fill(port)]);
        if (i % 32 === 31) router.run();
      }
    },
    /** Packets that leave until then, as class and length, with the time of each in nanoseconds. */
    until(ns: number): [time: number, port: number, length: number][] {
      const left: [number, number, number][] = [];
      const end = start + BigInt(Math.round(ns));
      for (;;) {
        router.run();
        for (const each of router.device(0).receive())
          left.push([Number(clock.now() - start), each[0] as number, each.length]);
        const next = router.nextTimer;
        if (next === undefined || next >= end) break;
        clock.jump(next);
      }
      clock.jump(end);
      return left;
    },
  };
}
const bitsOf = (left: readonly (readonly [number, number, number])[], port: number): number =>
  left.reduce((sum, [, each, length]) => sum + (each === port ? length * 8 : 0), 0);

interface Class {
  readonly rate: number;
  readonly ceil: number;
  readonly prio: number;
}
/** The choices of Linux's HTB with one class above the leaves, in numbers of nanoseconds. */
class Model {
  readonly classes: readonly Class[];
  readonly link: number;
  readonly burst: number;
  private readonly own: number[];
  private readonly top: number[];
  private readonly deficits: number[][];
  private readonly turns = new Map<string, number>();
  private free = 0;
  readonly queues: number[][];
  readonly quanta: number[];
  constructor(classes: readonly Class[], link: number, burst: number) {
    this.classes = classes;
    this.link = link;
    this.burst = burst;
    // Long ago: there is no debt.
    this.own = classes.map(() => -1e15);
    this.top = classes.map(() => -1e15);
    this.free = -1e15;
    this.deficits = classes.map(() => [0, 0]);
    this.queues = classes.map(() => []);
    const least = Math.min(...classes.map(({ rate }) => rate));
    this.quanta = classes.map(({ rate }) => Math.min(Math.floor((1514 * rate) / least), 200_000));
  }
  pull(now: number): [port: number, length: number] | undefined {
    if (now < this.free) return undefined;
    const { classes, queues, own, top } = this;
    const n = classes.length;
    const ranked = [...classes.keys()]
      .filter((i) => (queues[i] as number[]).length > 0 && now >= (top[i] as number))
      .map((i) => {
        const level = now < (own[i] as number) ? 1 : 0;
        const { prio } = classes[i] as Class;
        const turn = this.turns.get(`${level}/${prio}`) ?? 0;
        return { i, level, prio, distance: (i - turn + n) % n };
      })
      .sort((a, b) => a.level - b.level || a.prio - b.prio || a.distance - b.distance);
    const [best] = ranked;
    if (!best) return undefined;
    const { i, level, prio } = best;
    const { rate, ceil } = classes[i] as Class;
    const length = (queues[i] as number[]).shift() as number;
    const owe = (paid: number, speed: number): number =>
      Math.max(paid, now - Math.floor((this.burst * second) / speed)) + Math.floor((length * second) / speed);
    this.free = owe(this.free, this.link);
    top[i] = owe(top[i] as number, ceil);
    if (level === 0) own[i] = owe(own[i] as number, rate);
    const deficits = this.deficits[i] as number[];
    deficits[level] = (deficits[level] as number) - length;
    if ((deficits[level] as number) < 0) {
      deficits[level] = Math.max((deficits[level] as number) + (this.quanta[i] as number), 0);
      this.turns.set(`${level}/${prio}`, (i + 1) % n);
    }
    return [i, length];
  }
}

describe("HTBSched", () => {
  it("keeps LINK, gives each class its rate, and shares what is left in proportion to the rates", async () => {
    const { send, until, router } = await box("1Mbps, 3Mbps, LINK 8Mbps", 2);
    for (const port of [0, 1]) send(port, 1000, 1500);
    const left = until(second);
    const bits = [0, 1].map((port) => bitsOf(left, port) / 1e6) as [number, number];
    expect(bits[0] + bits[1]).toBeGreaterThan(7.9);
    expect(bits[0] + bits[1]).toBeLessThan(8.1);
    expect(bits[1] / bits[0]).toBeGreaterThan(2.8);
    expect(bits[1] / bits[0]).toBeLessThan(3.2);
    const [first, other] = router
      .read("s.classes")
      .trim()
      .split("\n")
      .map((line) => line.split(" "));
    expect([first?.slice(0, 3), other?.slice(0, 3)]).toEqual([
      ["1Mbps", "8Mbps", "0"],
      ["3Mbps", "8Mbps", "0"],
    ]);
    expect(Number(first?.[4]) * 8).toBe(bitsOf(left, 0));
    expect(Number(first?.[5])).toBeGreaterThan(0);
  });

  it("lends to the smaller PRIO first, up to its ceiling", async () => {
    const { send, until, router } = await box("1Mbps 4Mbps 1, 1Mbps 5Mbps 0, LINK 8Mbps", 2);
    for (const port of [0, 1]) send(port, 500, 3000);
    const left = until(second);
    expect(bitsOf(left, 1) / 1e6).toBeCloseTo(5, 0);
    expect(bitsOf(left, 0) / 1e6).toBeCloseTo(3, 0);
    router.write("s.class", "1 1Mbps 1Mbps");
    const later = until(2 * second);
    expect(bitsOf(later, 1) / 1e6).toBeCloseTo(1, 0);
    expect(bitsOf(later, 0) / 1e6).toBeCloseTo(4, 0);
    expect(() => router.write("s.class", "2 1Mbps")).toThrow("there is no class 2");
    expect(() => router.write("s.class", "1 8Mbps")).toThrow("more than LINK");
    expect(() => router.write("s.class", "1 8Mbps 1Mbps")).toThrow("class 1: CEIL is less than RATE");
  });

  it("shares what a class of another gets", async () => {
    const clock = new SimulatedClock(start);
    const router = await Router.compile(
      `inner :: HTBSched(1Mbps, 1Mbps, LINK 4Mbps); outer :: HTBSched(2Mbps 4Mbps, 6Mbps 8Mbps, LINK 8Mbps) -> Unqueue -> ToDevice(0);
       FromDevice(0) -> Queue(9999) -> [0] inner; FromDevice(1) -> Queue(9999) -> [1] inner; inner -> [0] outer;
       FromDevice(2) -> Queue(9999) -> [1] outer`,
      { elements, clock: clock.now },
    );
    for (const port of [0, 1, 2])
      for (let i = 0; i < 2000; i++) {
        router.device(port).send([new Uint8Array(1000).fill(port)]);
        if (i % 32 === 31) router.run();
      }
    const count = [0, 0, 0];
    while (clock.now() < start + BigInt(second)) {
      router.run();
      for (const each of router.device(0).receive()) (count[each[0] as number] as number)++;
      clock.jump(router.nextTimer ?? start + BigInt(second));
    }
    const bits = count.map((packets) => (packets * 8000) / 1e6) as [number, number, number];
    expect([bits[0], bits[1]].map((each) => Math.round(each))).toEqual([1, 1]);
    expect(Math.round(bits[2])).toBe(6);
  });

  it("says what is wrong with its arguments", async () => {
    await expect(box("1Mbps", 1)).rejects.toThrow("LINK must be given");
    await expect(box("1Mbps, LINK 2Mbps", 2)).rejects.toThrow("there are 2 inputs, and 1 classes");
    await expect(box("1Mbps, 2Mbps, LINK 2Mbps", 2)).rejects.toThrow(
      "the rates of all classes are 3Mbps, more than LINK",
    );
    await expect(box("1Mbps 1Mbps 8, LINK 2Mbps", 1)).rejects.toThrow("class 0: PRIO must be below 8");
  });

  it("does as a plain model does", async () => {
    const rate = fc.integer({ min: 10_000, max: 200_000 });
    const shape = fc.array(fc.record({ rate, more: fc.nat(300_000), prio: fc.nat(2) }), { minLength: 3, maxLength: 3 });
    const step = fc.record({
      packets: fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 60, max: 1514 })), { maxLength: 6 }),
      pause: fc.nat(60),
    });
    await fc.assert(
      fc.asyncProperty(shape, fc.array(step, { minLength: 20, maxLength: 60 }), async (shapes, steps) => {
        const classes = shapes.map(({ rate, more, prio }) => ({ rate, ceil: rate + more, prio }));
        const link = classes.reduce((sum, { rate }) => sum + rate, 50_000);
        const words = classes.map(({ rate, ceil, prio }) => `${rate}Bps ${ceil}Bps ${prio}`);
        const { send, until } = await box(`${words.join(", ")}, LINK ${link}Bps, BURST 3000`, 3);
        const model = new Model(classes, link, 3000);
        let now = 0;
        for (const { packets, pause } of steps) {
          for (const [port, size] of packets) {
            send(port, size);
            (model.queues[port] as number[]).push(size);
          }
          const end = now + pause * 1e6 + 1;
          // What leaves at each of the times at which something has left.
          const left = until(end);
          const times = [...new Set([now, ...left.map(([time]) => time)])];
          const expected: [number, number, number][] = [];
          for (const time of times)
            for (let next = model.pull(time); next; next = model.pull(time)) expected.push([time, ...next]);
          expect(left).toEqual(expected);
          now = end;
        }
      }),
      { numRuns: 10 },
    );
  });
});
