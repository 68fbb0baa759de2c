/** IPRateMonitor beside a plain model of its table, and its bound of memory. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ip, make, pass } from "./packets.ts";

const start = 1_000_000_000_000_000_000n;
const epochNs = 8_000_000n;

/** A rate in 32 bits: what was counted in the present epoch, and the average with 10 bits of fraction. */
class Rate {
  epoch: number;
  current = 0;
  average = 0;
  constructor(epoch: number) {
    this.epoch = epoch;
  }
  close(now: number): void {
    if (now === this.epoch) return;
    this.average += ((this.current << 10) + 16 - this.average) >> 5;
    const empty = now - this.epoch - 1;
    if (empty >= 100) this.average = 0;
    else for (let i = 0; i < empty; i++) this.average += (16 - this.average) >> 5;
    this.current = 0;
    this.epoch = now;
  }
  copy(): Rate {
    return Object.assign(new Rate(this.epoch), this);
  }
}

interface Node {
  rate: Rate;
  below?: Map<number, Node>;
}

/** The table without the folding, which a large threshold of time keeps away. */
class Model {
  readonly root = new Map<number, Node>();
  readonly threshold: number;
  constructor(threshold: number) {
    this.threshold = threshold;
  }
  count(address: readonly number[], now: number): void {
    let level = this.root;
    for (const [i, byte] of address.entries()) {
      let node = level.get(byte);
      if (!node) level.set(byte, (node = { rate: new Rate(now) }));
      node.rate.close(now);
      node.rate.current++;
      if (node.below) {
        level = node.below;
        continue;
      }
      if (i < 3 && (node.rate.average * 125) >> 10 >= this.threshold)
        node.below = new Map([[address[i + 1] as number, { rate: node.rate.copy() }]]);
      return;
    }
  }
  /** The names and the averages that are listed. */
  lines(now: number, level: Map<number, Node> = this.root, before = ""): string[] {
    return [...level]
      .sort(([a], [b]) => a - b)
      .flatMap(([byte, { rate, below }]) => {
        if (rate.average <= 0) return [];
        rate.close(now);
        const name = before === "" ? `${byte}` : `${before}.${byte}`;
        const whole = Math.trunc((rate.average * 125) / 1024);
        return [`${name} ${whole}`, ...(below ? this.lines(now, below, `\t${name}`) : [])];
      });
  }
}

const listed = (look: string): string[] =>
  look
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => {
      const [, name, forward] = /^(\t*[\d.]+)\t([\d.]+)\t[\d.]+$/.exec(line) ?? [];
      return `${name} ${Math.trunc(Number(forward))}`;
    });

describe("IPRateMonitor", () => {
  it("has the rates and the levels that its model has", async () => {
    const byte = fc.constantFrom(1, 2, 200);
    const steps = fc.array(
      fc.record({
        address: fc.tuple(byte, byte, byte, byte),
        packets: fc.nat(30),
        epochs: fc.integer({ min: 0, max: 3 }),
      }),
      { minLength: 5, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom(1, 50, 400), async (all, threshold) => {
        let now = start;
        const epoch = (): number => Number((now - start) / epochNs);
        using router = await make(
          `FromDevice(0) -> MarkIPHeader -> m :: IPRateMonitor(PACKETS, 1, ${threshold}) -> Discard`,
          { clock: () => now },
        );
        router.run();
        const model = new Model(threshold);
        for (const { address, packets, epochs } of all) {
          // No second passes in which levels would be folded.
          if (epoch() + epochs >= 120) break;
          now += BigInt(epochs) * epochNs;
          const packet = ip({ src: address.join(".") });
          pass(router, new Array<Uint8Array>(packets).fill(packet));
          for (let i = 0; i < packets; i++) model.count(address, epoch());
        }
        expect(listed(router.read("m.look"))).toEqual(model.lines(epoch()));
      }),
      { numRuns: 40 },
    );
  });

  it("keeps its bound of memory, whatever comes, and gives back what it took", async () => {
    let now = start;
    using router = await make("FromDevice(0) -> MarkIPHeader -> m :: IPRateMonitor(PACKETS, 1, 0, 100) -> Discard", {
      clock: () => now,
    });
    const random = fc.sample(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)), { numRuns: 3000, seed: 5 });
    let most = 0;
    for (let i = 0; i < random.length; i += 100) {
      pass(
        router,
        random.slice(i, i + 100).map((address) => ip({ src: address.join(".") })),
      );
      now += 100n * epochNs;
      most = Math.max(most, Number(router.read("m.mem")));
    }
    expect(most).toBeGreaterThan(50_000);
    expect(most).toBeLessThanOrEqual(102_400);
    router.write("m.reset", "");
    expect(listed(router.read("m.look"))).toEqual([]);
    router.write("m.memmax", "200");
    expect(router.read("m.memmax")).toBe("204800");
  });

  it("folds to a lower bound that is written, and what has no marked header is dropped", async () => {
    let now = start;
    using router = await make("FromDevice(0) -> MarkIPHeader -> m :: IPRateMonitor(PACKETS, 1, 3, 0) -> ToDevice(1)", {
      clock: () => now,
    });
    for (let i = 0; i < 60; i++) {
      for (let n = 0; n < 4; n++)
        pass(
          router,
          Array.from({ length: 40 }, (_, j) => ip({ src: `${i + j}.${j}.${n}.${i}` })),
        );
      now += epochNs;
    }
    expect(Number(router.read("m.mem"))).toBeGreaterThan(102_400);
    router.write("m.memmax", "100");
    expect(Number(router.read("m.mem"))).toBeLessThanOrEqual(102_400);
    expect(pass(router, [new Uint8Array(10)])[1]).toEqual([]);
  });
});
