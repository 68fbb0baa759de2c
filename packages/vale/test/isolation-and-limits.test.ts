import {
  createMemoryPort,
  createSwitch,
  learningBridge,
  type MemoryPort,
  type PortOptions,
  patch,
} from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apart } from "./apart.ts";

/** Station 0 is all stations. */
const station = (n: number): number[] => (n === 0 ? [255, 255, 255, 255, 255, 255] : [2, 0, 0, 0, 0, n]);
const frame = (to: number, from: number, tag = 0): Uint8Array =>
  Uint8Array.of(...station(to), ...station(from), 0x88, 0xb5, tag);
const counts = (...ports: MemoryPort[]): number[] => ports.map((p) => p.receive().length);

describe("isolated ports", () => {
  it("reach the others and not each other, whatever their frames are for", () => {
    const sw = createSwitch();
    const [a, b] = [sw.attach("a", { isolated: true }), sw.attach("b", { isolated: true })];
    const [up, other] = [sw.attach("up"), sw.attach("other", { isolated: "guests" })];
    const all = [a, b, up, other] as const;
    all.forEach((p, i) => p.send([frame(0, i + 1)]));
    sw.forward();
    expect(counts(...all)).toEqual([2, 2, 3, 3]);
    a.send([frame(2, 1), frame(3, 1), frame(4, 1), frame(9, 1)]);
    sw.forward();
    expect(counts(...all)).toEqual([0, 0, 2, 2]);
    up.send([frame(1, 3), frame(2, 3)]);
    sw.forward();
    expect(counts(...all)).toEqual([1, 1, 0, 0]);
    expect([sw.stats.ports.a?.isolated, sw.stats.ports.up?.isolated]).toEqual([1, 0]);
  });

  it("are alone when all are of one group", () => {
    const sw = createSwitch();
    const [a, b] = [sw.attach("a", { isolated: "g" }), sw.attach("b", { isolated: "g" })];
    a.send([frame(0, 1)]);
    sw.forward();
    expect([counts(a, b), sw.stats.drops.nobody]).toEqual([[0, 0], 1]);
  });
});

describe("limits of what goes to many", () => {
  it("let a second's frames pass at once, and then so many a second", () => {
    let now = 5000;
    const sw = createSwitch({ now: () => now });
    const a = sw.attach("a", { floodLimits: { broadcast: 10, unknownUnicast: 4 } });
    const b = sw.attach("b");
    const burst = (to: number): number => {
      a.send(Array.from({ length: 30 }, () => frame(to, 1)));
      sw.forward();
      return b.receive().length;
    };
    expect([burst(0), burst(9), burst(0)]).toEqual([10, 4, 0]);
    now += 500;
    expect([burst(0), burst(9)]).toEqual([5, 2]);
    now += 99;
    expect(burst(0)).toBe(0);
    now += 1;
    expect(burst(0)).toBe(1);
    now += 60_000;
    expect(burst(0)).toBe(10);
    // Frames to a station that is known are not limited.
    b.send([frame(1, 9)]);
    sw.forward();
    expect(burst(9)).toBe(30);
    expect(sw.stats.ports.a).toMatchObject({ inPackets: 270, overBroadcast: 154, overUnknown: 54 });
  });

  it("can be none at all, and give nothing when the clock goes back", () => {
    let now = 1000;
    const sw = createSwitch({ now: () => now });
    const a = sw.attach("a", { floodLimits: { broadcast: 1, unknownUnicast: 0 } });
    const b = sw.attach("b");
    const send = (to: number): number => {
      a.send([frame(to, 1)]);
      sw.forward();
      return b.receive().length;
    };
    expect([send(9), send(0), send(0)]).toEqual([0, 1, 0]);
    now = 0;
    expect(send(0)).toBe(0);
    now = 1000;
    expect(send(0)).toBe(1);
  });

  it.each([
    [{ isolated: "" }, "BAD_GROUP"],
    [{ floodLimits: { broadcast: -1 } }, "BAD_RATE"],
    [{ floodLimits: { unknownUnicast: 0.5 } }, "BAD_RATE"],
    [{ floodLimits: { broadcast: 2 ** 32 } }, "BAD_RATE"],
    [{ floodLimits: { broadcast: Number.NaN } }, "BAD_RATE"],
  ] as [PortOptions, string][])("refuses %o", (options, code) => {
    const sw = createSwitch();
    expect(() => sw.attach("a", options)).toThrow(expect.objectContaining({ code }));
    sw.attach("a");
  });

  it.each([{ isolated: true }, { floodLimits: { broadcast: 1 } }])(
    "refuses %o where nothing is looked up",
    (options) => {
      const sw = createSwitch({ lookup: patch() });
      expect(() => sw.attach("a", options)).toThrow(expect.objectContaining({ code: "NO_LOOKUP" }));
    },
  );
});

const optionsOfPort = fc.record({
  isolated: fc.constantFrom(false, true, "x", "y"),
  floodLimits: fc.record(
    { broadcast: fc.integer({ min: 0, max: 6 }), unknownUnicast: fc.integer({ min: 0, max: 6 }) },
    { requiredKeys: [] },
  ),
});
const steps = fc.array(
  fc.record({
    wait: fc.constantFrom(0, 0, 1, 100, 333, 1000),
    port: fc.nat(3),
    frames: fc.array(fc.record({ to: fc.nat(5), from: fc.integer({ min: 1, max: 5 }) }), { maxLength: 12 }),
  }),
  { maxLength: 25 },
);

describe("a switch with isolated ports and limits", () => {
  it("does as a model does, by code and without", () => {
    fc.assert(
      fc.property(fc.array(optionsOfPort, { minLength: 4, maxLength: 4 }), steps, (options, given) => {
        let now = 0;
        const make = () => createSwitch({ lookup: learningBridge({ now: () => 0 }), now: () => now });
        const [fast, slow] = [make(), make()];
        const ports = options.map((o, p) => {
          const pair = [createMemoryPort(`p${p}`), createMemoryPort(`p${p}`)] as const;
          fast.attach(pair[0], o);
          slow.attach(apart(pair[1]), o);
          return pair;
        });
        // The model: thousandths of frames that each port may still send.
        const buckets = options.map(({ floodLimits: f }) => ({
          broadcast: { rate: f.broadcast, credit: (f.broadcast ?? 0) * 1000, at: 0 },
          unknown: { rate: f.unknownUnicast, credit: (f.unknownUnicast ?? 0) * 1000, at: 0 },
        }));
        const known = new Map<number, number>();
        const reach = (a: number, b: number): boolean =>
          a !== b && !(options[a]!.isolated && options[a]!.isolated === options[b]!.isolated);
        for (const { wait, port, frames } of given) {
          now += wait;
          const sent = frames.map(({ to, from }, i) => frame(to, from, i));
          for (const one of ports[port]!) one.send(sent);
          fast.forward();
          slow.forward();
          const wanted: Uint8Array[][] = ports.map(() => []);
          for (const b of Object.values(buckets[port]!)) {
            b.credit = Math.min((b.rate ?? 0) * 1000, b.credit + (now - b.at) * (b.rate ?? 0));
            b.at = now;
          }
          frames.forEach(({ to, from }, i) => {
            known.set(from, port);
            const at = to === 0 ? undefined : known.get(to);
            if (at === undefined) {
              const bucket = buckets[port]![to === 0 ? "broadcast" : "unknown"];
              if (bucket.rate !== undefined && bucket.credit < 1000) return;
              bucket.credit -= 1000;
            }
            ports.forEach((_, p) => {
              if ((at === undefined || at === p) && reach(port, p)) wanted[p]!.push(sent[i]!);
            });
          });
          ports.forEach(([a, b], p) => {
            expect(a.receive()).toEqual(wanted[p]);
            expect(b.receive()).toEqual(wanted[p]);
          });
        }
        expect(fast.stats).toEqual(slow.stats);
      }),
    );
  });
});
