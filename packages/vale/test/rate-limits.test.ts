import {
  createMemoryPort,
  createSwitch,
  learningBridge,
  type PortOptions,
  patch,
  type RateLimits,
} from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apart } from "./apart.ts";

const station = (n: number): number[] => (n === 0 ? [255, 255, 255, 255, 255, 255] : [2, 0, 0, 0, 0, n]);
const frame = (to: number, from: number, length = 100, tag = 0): Uint8Array => {
  const f = new Uint8Array(length).fill(tag);
  f.set([...station(to), ...station(from)]);
  return f;
};

describe("rate limits of ports", () => {
  it.each([
    ["entering", learningBridge()],
    ["leaving", learningBridge()],
    ["entering", patch()],
    ["leaving", patch()],
  ] as const)("let a burst pass, and then so many bits a second: %s", (which, lookup) => {
    let now = 0;
    const sw = createSwitch({ lookup, now: () => now });
    const limits: PortOptions = { rateLimits: { [which]: 80_000, burst: 3000 } };
    const a = sw.attach("a", which === "entering" ? limits : {});
    const b = sw.attach("b", which === "leaving" ? limits : {});
    const pass = (): number => {
      a.send(Array.from({ length: 50 }, () => frame(0, 1)));
      sw.forward();
      return b.receive().length;
    };
    expect([pass(), pass()]).toEqual([30, 0]);
    // Ten bytes a millisecond.
    now += 55;
    expect(pass()).toBe(5);
    now += 5;
    expect(pass()).toBe(1);
    now += 10_000;
    expect(pass()).toBe(30);
    const { a: ofA, b: ofB } = sw.stats.ports;
    expect(ofA).toMatchObject({ inPackets: 250, overRate: which === "entering" ? 184 : 0 });
    expect(ofB).toMatchObject({ outPackets: 66, overRateOut: which === "leaving" ? 184 : 0, noRoom: 0 });
  });

  it("let small frames pass where a large one does not, and learn nothing of those that do not", () => {
    const sw = createSwitch({ now: () => 0 });
    const a = sw.attach("a", { rateLimits: { entering: 1, burst: 2032 } });
    const [b, c] = [sw.attach("b"), sw.attach("c")];
    a.send([frame(0, 1, 2000), frame(0, 2, 33), frame(0, 3, 32), frame(0, 4, 14)]);
    sw.forward();
    expect(b.receive().map((f) => f.length)).toEqual([2000, 32]);
    c.receive();
    c.send([frame(1, 9), frame(2, 9)]);
    sw.forward();
    expect(b.receive()).toEqual([frame(2, 9)]);
  });

  it("have a burst of a tenth of a second, and of ten long frames at least", () => {
    for (const [leaving, mtu, frames] of [
      [1000, undefined, 10],
      [1000, 1500, 10],
      [2032 * 8 * 1000, undefined, 100],
    ] as const) {
      const sw = createSwitch({ now: () => 0 });
      const options = mtu === undefined ? {} : { mtu };
      const a = sw.attach("a", options);
      const b = sw.attach("b", { ...options, rateLimits: { leaving } });
      a.send(Array.from({ length: 256 }, () => frame(0, 1, mtu === undefined ? 2032 : mtu + 18)));
      sw.forward();
      expect(b.pending).toBe(frames);
    }
  });

  it.each([
    {},
    { burst: 9000 },
    { entering: 0 },
    { entering: 0.5 },
    { leaving: Number.NaN },
    { leaving: 2e12 },
    { leaving: 1000, burst: 1517 },
    { leaving: 1000, burst: 2 ** 32 },
    { leaving: 1000, burst: 2000.5 },
  ] as RateLimits[])("refuse %o", (rateLimits) => {
    const sw = createSwitch();
    expect(() => sw.attach("a", { mtu: 1500, rateLimits })).toThrow(expect.objectContaining({ code: "BAD_RATE" }));
    sw.attach("a");
  });

  it("hold for what a mirror gets, which sends nothing", () => {
    const sw = createSwitch({ now: () => 0 });
    const mirror = { entering: ["a"] };
    expect(() => sw.attach("m", { mirror, rateLimits: { entering: 1000 } })).toThrow(
      expect.objectContaining({ code: "BAD_MIRROR" }),
    );
    const m = sw.attach("m", { mirror, rateLimits: { leaving: 1000, burst: 2032 } });
    const a = sw.attach("a", { rateLimits: { entering: 1000, burst: 2032 } });
    a.send([frame(0, 1, 1000), frame(0, 1, 1000), frame(0, 1, 1000), frame(0, 1, 32)]);
    sw.forward();
    expect(m.receive().map((f) => f.length)).toEqual([1000, 1000, 32]);
    expect(sw.stats.ports.m).toMatchObject({ overRateOut: 1 });
  });
});

const someLimits = fc.option(
  fc.oneof(
    fc.record({ entering: fc.integer({ min: 1, max: 100_000 }), burst: fc.integer({ min: 2032, max: 5000 }) }),
    fc.record({ leaving: fc.integer({ min: 1, max: 100_000 }), burst: fc.integer({ min: 2032, max: 5000 }) }),
    fc.record({
      entering: fc.integer({ min: 1, max: 100_000 }),
      leaving: fc.integer({ min: 1, max: 100_000 }),
      burst: fc.integer({ min: 2032, max: 5000 }),
    }),
  ),
  { nil: undefined },
);
const steps = fc.array(
  fc.record({
    wait: fc.constantFrom(0, 1, 10, 100, 333),
    port: fc.nat(2),
    frames: fc.array(
      fc.record({ to: fc.nat(4), from: fc.integer({ min: 1, max: 4 }), length: fc.integer({ min: 14, max: 2032 }) }),
      { maxLength: 8 },
    ),
  }),
  { maxLength: 25 },
);

/** A bucket of thousandths of bits. */
function bucket(rate: number | undefined, burst: number, at = 0) {
  const most = burst * 8000;
  let credit = most;
  let last = at;
  return (now: number, length: number): boolean => {
    if (rate === undefined) return true;
    credit = Math.min(most, credit + (now - last) * rate);
    last = now;
    if (credit < length * 8000) return false;
    credit -= length * 8000;
    return true;
  };
}

describe("a switch with limits of rates", () => {
  it("does as a model does, by code and without", () => {
    fc.assert(
      fc.property(fc.array(someLimits, { minLength: 3, maxLength: 3 }), fc.boolean(), steps, (limits, vlans, given) => {
        let now = 0;
        const make = () => createSwitch({ vlans, lookup: learningBridge({ now: () => 0 }), now: () => now });
        const [fast, slow] = [make(), make()];
        const ports = limits.map((rateLimits, p) => {
          const both = [createMemoryPort(`p${p}`), createMemoryPort(`p${p}`)] as const;
          const options = rateLimits ? { rateLimits } : {};
          fast.attach(both[0], options);
          slow.attach(apart(both[1]), options);
          return both;
        });
        const rates = (limits as (RateLimits | undefined)[]).map((l) => ({
          enters: bucket(l?.entering, l?.burst ?? 0),
          leaves: bucket(l?.leaving, l?.burst ?? 0),
        }));
        const known = new Map<number, number>();
        for (const { wait, port, frames } of given) {
          now += wait;
          const sent = frames.map(({ to, from, length }, i) => frame(to, from, length, i));
          for (const one of ports[port]!) one.send(sent);
          fast.forward();
          slow.forward();
          const wanted: Uint8Array[][] = [[], [], []];
          frames.forEach(({ to, from, length }, i) => {
            if (!rates[port]!.enters(now, length)) return;
            known.set(from, port);
            const at = to === 0 ? undefined : known.get(to);
            for (let p = 0; p < 3; p++)
              if (p !== port && (at === undefined || at === p) && rates[p]!.leaves(now, length))
                wanted[p]!.push(sent[i]!);
          });
          ports.forEach((both, p) => {
            for (const side of both) expect(side.receive()).toEqual(wanted[p]);
          });
        }
        expect(fast.stats).toEqual(slow.stats);
      }),
    );
  });
});
