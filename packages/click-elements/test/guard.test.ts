/** SourceRateLimiter and HeavyHitters, beside plain models of them. */
import { Router, SimulatedClock } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { ipv4 } from "@clickos/wire/ipv4";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const start = 10n ** 18n;
const packet = (source: number, size = 20, destination = 1): Uint8Array => {
  const bytes = new Uint8Array(size);
  bytes.set(ipv4.bytes({ source, destination, totalLength: size }));
  return bytes;
};
interface Box {
  readonly router: Router;
  /** How many left on each output. */
  send(...packets: Uint8Array[]): [number, number];
  wait(ns: number): void;
}
async function box(text: string): Promise<Box> {
  const clock = new SimulatedClock(start);
  const router = await Router.compile(
    `FromDevice(0) -> MarkIPHeader -> e :: ${text} -> ToDevice(0); e [1] -> ToDevice(1)`,
    {
      elements,
      clock: clock.now,
    },
  );
  return {
    router,
    send(...packets) {
      router.device(0).send(packets);
      router.run();
      return [router.device(0).receive().length, router.device(1).receive().length];
    },
    wait: (ns) => clock.jump(clock.now() + BigInt(ns)),
  };
}
const ms = 1_000_000;

describe("SourceRateLimiter", () => {
  it("lets each source send at its rate, and a burst at once", async () => {
    const { send, wait, router } = await box("SourceRateLimiter(100, 3)");
    const five = (source: number): Uint8Array[] => Array.from({ length: 5 }, () => packet(source));
    expect(send(...five(7), ...five(8))).toEqual([6, 4]);
    wait(10 * ms);
    expect(send(packet(7), packet(7))).toEqual([1, 1]);
    wait(40 * ms);
    expect(send(...five(7))).toEqual([3, 2]);
    router.write("e.rate", "1000");
    router.write("e.burst", "1");
    wait(100 * ms);
    expect(send(...five(9))).toEqual([1, 4]);
    expect([router.read("e.over"), router.read("e.full")]).toEqual(["11", "0"]);
  });

  it("forgets who could send a whole burst again, and refuses more sources than it has room for", async () => {
    const { send, wait, router } = await box("SourceRateLimiter(100, 2, CAPACITY 3, PREFIX 24)");
    expect(send(packet(0x0a000001), packet(0x0a0000ff), packet(0x0a000002))).toEqual([2, 1]);
    expect(send(packet(0x0a000101), packet(0x0a000201), packet(0x0a000301))).toEqual([2, 1]);
    expect([router.read("e.sources"), router.read("e.full")]).toEqual(["3", "1"]);
    wait(20 * ms);
    expect(send(packet(0x0a000301))).toEqual([1, 0]);
    expect(Number(router.read("e.sources"))).toBeLessThanOrEqual(2);
  });

  it("is a token bucket for each source", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.tuple(fc.nat(3), fc.nat(40)), { minLength: 1, maxLength: 80 }),
        async (rate, burst, packets) => {
          const { send, wait, router } = await box(`SourceRateLimiter(${rate}, ${burst})`);
          const interval = Math.floor(1e9 / rate);
          const until = new Map<number, number>();
          let now = 0;
          for (const [source, pause] of packets) {
            wait(pause * ms);
            now += pause * ms;
            const from = Math.max(until.get(source) ?? 0, now);
            const allowed = from - now <= interval * (burst - 1);
            if (allowed) until.set(source, from + interval);
            expect(send(packet(source))).toEqual(allowed ? [1, 0] : [0, 1]);
          }
          router.close();
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("HeavyHitters", () => {
  it("knows who sent the most, and sends what is over the threshold another way", async () => {
    const { send, wait, router } = await box("HeavyHitters(THRESHOLD 5, TOP 3)");
    const times = (n: number, source: number): Uint8Array[] => Array.from({ length: n }, () => packet(source));
    expect(
      send(...times(3, 0x01000001), ...times(8, 0x02000002), ...times(2, 3), ...times(1, 4), ...times(6, 5)),
    ).toEqual([16, 4]);
    expect([router.read("e.top"), router.read("e.now")]).toEqual(["", "2.0.0.2\t8\n0.0.0.5\t6\n1.0.0.1\t3\n"]);
    wait(1000 * ms);
    expect(send(packet(9))).toEqual([1, 0]);
    expect(router.read("e.top")).toBe("2.0.0.2\t8\n0.0.0.5\t6\n1.0.0.1\t3\n");
    expect(["now", "total", "heavy"].map((h) => router.read(`e.${h}`))).toEqual(["0.0.0.9\t1\n", "20", "4"]);
    wait(3000 * ms);
    send(packet(9));
    expect([router.read("e.top"), router.read("e.total")]).toEqual(["", "0"]);
  });

  it("counts bytes, by destination", async () => {
    const { send, router } = await box("HeavyHitters(BY DST, COUNT BYTES)");
    expect(send(packet(1, 100, 7), packet(2, 50, 7), packet(3, 60, 8))).toEqual([3, 0]);
    expect(router.read("e.now")).toBe("0.0.0.7\t150\n0.0.0.8\t60\n");
  });

  it("never counts too little, and seldom much too much", async () => {
    const { send, router } = await box("HeavyHitters(TOP 256, WIDTH 1024, THRESHOLD 1)");
    // Address n has 30,000 / n packets or so.
    const truth = new Map<number, number>();
    let packets: Uint8Array[] = [];
    let x = 1;
    for (let i = 0; i < 20_000; i++) {
      x = (Math.imul(x, 1103515245) + 12345) >>> 0;
      const source = Math.floor(5000 ** (x / 2 ** 32));
      truth.set(source, (truth.get(source) ?? 0) + 1);
      packets.push(packet(source));
      if (packets.length === 256) {
        send(...packets);
        packets = [];
      }
    }
    send(...packets);
    const seen = router
      .read("e.now")
      .trim()
      .split("\n")
      .map((line) => line.split("\t"));
    const largest = [...truth].sort((a, b) => b[1] - a[1]).slice(0, 20);
    for (const [source, count] of largest) {
      const found = seen.find(([address]) => address === `0.0.${source >> 8}.${source & 255}`);
      expect(Number(found?.[1])).toBeGreaterThanOrEqual(count);
      expect(Number(found?.[1])).toBeLessThanOrEqual(count + (2.8 / 1024) * 20_000);
    }
    router.close();
  });
});
