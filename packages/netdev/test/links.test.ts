/** Ports in memory, and faults around them. */
import { createLoopback, createPair, type FaultOptions, withFaults } from "@clickos/netdev";
import { portCompliance } from "@clickos/netdev/compliance";
import { createSwitch, type Port, patch } from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deliver, frame, joined, take } from "./ports.ts";

describe("a pair", () => {
  for (const check of portCompliance({ open: () => joined(...createPair("a", "b")) })) it(check.name, check.run);

  it("joins two switches", () => {
    const [a, b] = createPair("a", "b", { mtu: 9000 });
    const switches = [createSwitch({ lookup: patch() }), createSwitch({ lookup: patch() })] as const;
    const ends = [switches[0].attach("end", { mtu: 9000 }), switches[1].attach("end", { mtu: 9000 })] as const;
    switches[0].attach(a);
    switches[1].attach(b);
    ends[0].send([frame(1, 9018)]);
    for (let moved = 1; moved > 0; ) moved = switches[0].forward() + switches[1].forward();
    expect(ends[1].receive()).toEqual([frame(1, 9018)]);
  });

  it("takes 256 frames that nobody polls, and no more", () => {
    const [a] = createPair("a", "b");
    expect(deliver(a, ...Array.from({ length: 200 }, (_, i) => frame(i)))).toBe(200);
    expect(deliver(a, ...Array.from({ length: 200 }, (_, i) => frame(i)))).toBe(56);
  });
});

describe("a loopback", () => {
  it("gives back what was delivered to it, and wakes its switch", () => {
    const port = createLoopback("lo");
    let woken = 0;
    port.onReady?.(() => {
      woken++;
    });
    expect([deliver(port, frame(1), frame(2)), take(port), woken]).toEqual([2, [frame(1), frame(2)], 1]);
    expect(take(port)).toEqual([]);
    expect(() => createLoopback("lo", { mtu: 1 })).toThrow(RangeError);
  });
});

/** A port with faults on a clock that stands still, and its far end. */
function faulty(options: FaultOptions) {
  const [inner, far] = createPair("a", "b");
  const time = { now: 0n };
  const port = withFaults(inner, { ...options, clock: () => time.now });
  return { port, far, time };
}
/** What came through, when all that is held was given its time. */
function through({ port, far, time }: ReturnType<typeof faulty>, frames: readonly Uint8Array[]): Uint8Array[] {
  const got: Uint8Array[] = [];
  for (const each of frames) {
    deliver(port, each);
    got.push(...take(far));
  }
  while (port.readyIn !== undefined) {
    time.now += port.readyIn;
    port.poll();
    port.release();
    got.push(...take(far));
  }
  return got;
}
const numbers = (frames: readonly Uint8Array[]): number[] => frames.map((f) => f[0] as number);
const hundred = Array.from({ length: 100 }, (_, i) => new Uint8Array(60).fill(i));

describe("faults", () => {
  for (const check of portCompliance({
    open() {
      const [a, b] = createPair("a", "b");
      return joined(withFaults(a, { delayNs: 100_000, jitterNs: 0, rateBps: 1e9 }), b);
    },
  }))
    it(check.name, check.run);

  it("are none where none are asked for", () => {
    expect(through(faulty({}), hundred)).toEqual(hundred);
  });

  it("lose, double and corrupt the share that is asked for, and count what is lost", () => {
    const lossy = faulty({ loss: 0.3 });
    const kept = through(lossy, hundred);
    expect(kept.length).toBeGreaterThan(50);
    expect(kept.length + (lossy.port.drops?.["lost on purpose"] ?? 0)).toBe(100);
    expect(through(faulty({ duplicate: 1 }), hundred).length).toBe(200);
    const corrupted = through(faulty({ corrupt: 1 }), hundred);
    corrupted.forEach((bytes, i) => {
      let bits = 0;
      for (const b of bytes) bits += (b ^ i).toString(2).replaceAll("0", "").length;
      expect(bits).toBe(1);
    });
  });

  it("hold frames back: by a delay, by a rate, and so that others overtake", () => {
    const slow = faulty({ rateBps: 8_000_000 });
    deliver(slow.port, frame(1, 1000), frame(2, 1000));
    expect([take(slow.far).length, slow.port.readyIn]).toEqual([0, 1_000_000n]);
    slow.time.now = 1_000_000n;
    slow.port.poll();
    expect([take(slow.far).length, slow.port.readyIn]).toEqual([1, 1_000_000n]);
    const late = faulty({ delayNs: 5000 });
    deliver(late.far, frame(1));
    expect([take(late.port), late.port.readyIn]).toEqual([[], 5000n]);
    late.time.now = 5000n;
    expect(take(late.port)).toEqual([frame(1)]);
    const order = numbers(through(faulty({ reorder: 0.2, delayNs: 10 }), hundred));
    expect(order).not.toEqual(numbers(hundred));
    expect([...order].sort((a, b) => a - b)).toEqual(numbers(hundred));
  });

  it("keep 1,024 frames at most, and count the rest", () => {
    const { port } = faulty({ delayNs: 1000 });
    for (let i = 0; i < 12; i++) deliver(port, ...hundred);
    expect(port.drops).toEqual({ "too many frames under way": 176 });
  });

  it("are the same for the same seed, and lose nothing without a count", () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.nat(),
          loss: fc.constantFrom(0, 0.1, 1),
          duplicate: fc.constantFrom(0, 0.5),
          reorder: fc.constantFrom(0, 0.5),
          delayNs: fc.nat(2000),
          jitterNs: fc.nat(2000),
        }),
        (options) => {
          const [one, two] = [faulty(options), faulty(options)];
          const got = numbers(through(one, hundred));
          expect(numbers(through(two, hundred))).toEqual(got);
          expect(new Set(got).size + ((one.port.drops as Record<string, number>)["lost on purpose"] ?? 0)).toBe(100);
        },
      ),
    );
  });

  it("pass on what the port inside says", () => {
    let detached = 0;
    const inner: Port = {
      name: "x",
      poll: () => null,
      release() {},
      deliver: (_batch, _list, count) => count,
      flush() {},
      drops: { inside: 3 },
      detached() {
        detached++;
      },
    };
    const port = withFaults(inner);
    expect([port.name, port.drops, port.onReady, port.readyIn]).toEqual(["x", { inside: 3 }, undefined, undefined]);
    port.detached?.();
    expect(detached).toBe(1);
  });
});
