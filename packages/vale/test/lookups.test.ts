/** Lookups by tables: what code finds is what TypeScript finds, and both are what the tables say. */
import {
  createMemoryPort,
  createSwitch,
  FrameBatch,
  fiveTupleLookup,
  frameMemory,
  type Lookup,
  type MemoryPort,
  nobody,
  prefixLookup,
  type StaticEntry,
  type SwitchError,
  staticLookup,
} from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apart } from "./apart.ts";
import { someFrame } from "./random-frames.ts";

const shortest = 14;
const names = ["a", "b", "c", "d"];
const entering = (lookup: Lookup): Lookup => {
  for (const [port, name] of names.entries()) lookup.enter?.(port, name);
  return lookup;
};
/** Frames in packet memory, at places that are not aligned. */
function batchOf(frames: readonly Uint8Array[]): FrameBatch {
  const batch = new FrameBatch(frameMemory(256 * 256));
  frames.forEach((frame, i) => {
    const at = i * 256 + (i % 5);
    batch.memory.bytes.set(frame, at);
    // What is behind a frame is not looked at.
    batch.memory.bytes.fill(0x45, at + frame.length, (i + 1) * 256);
    batch.offsets[i] = at;
    batch.lengths[i] = frame.length;
  });
  batch.count = frames.length;
  return batch;
}
/** Results of code, and of TypeScript for what code leaves to it; frames that are too short have none. */
function byCode(lookup: Lookup, batch: FrameBatch, ingress: number): (number | undefined)[] {
  const out = new FrameBatch(frameMemory(64)).lengths;
  const results: (number | undefined)[] = [];
  for (let i = 0; i < batch.count; i++) {
    const end = lookup.lookupBatch?.(batch, i, batch.count, ingress, out) as number;
    for (; i < end; i++) results.push(out[i]);
    if (i < batch.count) {
      // Code stops at nothing else.
      expect(batch.lengths[i]).toBeLessThan(shortest);
      results.push(undefined);
    }
  }
  return results;
}
function byTypeScript(lookup: Lookup, batch: FrameBatch, ingress: number): (number | undefined)[] {
  return Array.from({ length: batch.count }, (_, i) =>
    (batch.lengths[i] as number) < shortest ? undefined : lookup.lookup(batch, i, ingress),
  );
}

const destination = fc.constantFrom("flood" as const, "drop" as const, { port: "b" }, { port: "away" });
const address = fc
  .tuple(fc.constantFrom("02", "03", "ff"), fc.nat(3))
  .map(([first, last]) => `${first}:00:00:00:00:0${last}`);
const staticTable = fc.uniqueArray(
  fc.record(
    { address, vlan: fc.constantFrom(1, 10, 20), port: fc.constantFrom(...names, "away") },
    { requiredKeys: ["address", "port"] },
  ),
  { selector: ({ address: a, vlan }) => `${a} ${vlan}`, maxLength: 12 },
);
const prefixTable = fc.uniqueArray(
  fc.record({
    prefix: fc.oneof(
      fc
        .tuple(
          fc.constantFrom(10, 192),
          fc.nat(3),
          fc.nat(3),
          fc.nat(3),
          fc.constantFrom(0, 1, 7, 8, 15, 16, 24, 31, 32),
        )
        .map(([a, b, c, d, length]) => {
          const bits = ((a << 24) | (b << 16) | (c << 8) | d) & (length === 0 ? 0 : -1 << (32 - length));
          return `${[24, 16, 8, 0].map((k) => (bits >>> k) & 255).join(".")}/${length}`;
        }),
      fc.nat(3).map((a) => `2001:${(a << 8).toString(16)}::/24`),
      fc.nat(3).map((a) => `2001:0:0:${a}::/64`),
      fc.tuple(fc.nat(3), fc.nat(3)).map(([a, b]) => `2001:0:0:${a}::${b}`),
      fc.constantFrom("::/0", "2000::/3"),
    ),
    port: fc.constantFrom(...names, "away"),
  }),
  { selector: ({ prefix }) => prefix, maxLength: 12 },
);
const lookups: Record<string, fc.Arbitrary<Lookup>> = {
  static: fc
    .record({ table: staticTable, otherwise: destination, groups: destination })
    .map((options) => staticLookup(options)),
  "five-tuple": fc
    .record({
      group: fc.subarray([...names, "away"], { minLength: 1 }),
      fromGroup: destination,
      others: fc.oneof(destination, fc.constant("hash" as const)),
      symmetric: fc.boolean(),
      seed: fc.nat(),
    })
    .map((options) => fiveTupleLookup(options)),
  prefix: fc
    .record({ table: prefixTable, otherwise: destination, others: destination })
    .map((options) => prefixLookup(options)),
};

describe.each(Object.entries(lookups))("%s lookup", (_, arbitrary) => {
  it("finds the same by code as by TypeScript, in any frame", () => {
    fc.assert(
      fc.property(arbitrary, fc.array(someFrame, { maxLength: 20 }), fc.nat(4), (lookup, frames, ingress) => {
        const batch = batchOf(frames);
        entering(lookup);
        expect(byCode(lookup, batch, ingress)).toEqual(byTypeScript(lookup, batch, ingress));
        lookup.forget?.(1);
        expect(byCode(lookup, batch, ingress)).toEqual(byTypeScript(lookup, batch, ingress));
      }),
      { numRuns: 150 },
    );
  });

  it("moves frames in a switch by code as without", () => {
    fc.assert(
      fc.property(
        fc.noShrink(
          fc.tuple(arbitrary, fc.array(fc.tuple(fc.nat(3), fc.array(someFrame, { maxLength: 24 })), { maxLength: 6 })),
        ),
        ([lookup, steps]) => {
          // Both switches have the same ports in the same places, so they can share the lookup.
          const [fast, slow] = [createSwitch({ lookup }), createSwitch({ lookup })];
          const ports = names.map((name): [MemoryPort, MemoryPort] => [createMemoryPort(name), createMemoryPort(name)]);
          for (const [a, b] of ports) {
            fast.attach(a);
            slow.attach(apart(b));
          }
          for (const [port, frames] of steps) {
            for (const one of ports[port] as [MemoryPort, MemoryPort]) one.send(frames);
            expect(fast.forward()).toBe(slow.forward());
            for (const [a, b] of ports) expect(a.receive()).toEqual(b.receive());
          }
          expect(fast.stats).toEqual(slow.stats);
        },
      ),
      { numRuns: 25 },
    );
  });
});

const mac = (last: number, first = 2): number[] => [first, 0, 0, 0, 0, last];
const frame = (to: number[], type: number[] = [0x88, 0xb5]): Uint8Array =>
  Uint8Array.of(...to, ...mac(9), ...type, 0, 0);

describe("a static lookup", () => {
  const table: StaticEntry[] = [
    { address: "02:00:00:00:00:01", port: "a" },
    { address: "02:00:00:00:00:01", vlan: 10, port: "b" },
    { address: "33:00:00:00:00:01", port: "c" },
  ];
  it("goes by address, and by VLAN before that", () => {
    const lookup = staticLookup({ table, otherwise: { port: "d" } });
    const sw = createSwitch({ lookup });
    const [, b, c, d, x] = ["a", "b", "c", "d", "x"].map((name) => sw.attach(name));
    const ten = [0x81, 0, 0x60, 10];
    x?.send([frame(mac(1)), frame(mac(1), ten), frame(mac(1), [0x81, 0, 0, 11]), frame(mac(2)), frame(mac(1, 0x33))]);
    sw.forward();
    const out = (name: string): number | undefined => sw.stats.ports[name]?.outPackets;
    expect(["a", "b", "c", "d"].map(out)).toEqual([2, 1, 1, 1]);
    // From the port where it would leave: nowhere.
    d?.send([frame(mac(2))]);
    sw.forward();
    expect(sw.stats.drops.hairpin).toBe(1);
    sw.detach(b as MemoryPort);
    x?.send([frame(mac(1), ten)]);
    sw.forward();
    expect(sw.stats.drops.nobody).toBe(1);
    lookup.replace([{ address: "02:00:00:00:00:02", port: "c" }]);
    c?.receive();
    x?.send([frame(mac(1)), frame(mac(2))]);
    sw.forward();
    expect([c?.pending, out("d")]).toEqual([1, 2]);
  });
  it("counts what it drops, and has groups flooded", () => {
    const sw = createSwitch({ lookup: staticLookup({ table: [] }) });
    const [a, b, c] = ["a", "b", "c"].map((name) => sw.attach(name));
    a?.send([frame(mac(1)), frame(mac(255, 255))]);
    sw.forward();
    expect([b?.pending, c?.pending, sw.stats.ports.a?.refused]).toEqual([1, 1, 1]);
  });
  it("has the VLAN of the frame in a switch with VLANs, and gives none to a port outside it", () => {
    const sw = createSwitch({ vlans: true, lookup: staticLookup({ table }) });
    const a = sw.attach("a", { vlans: { access: 20 } });
    const b = sw.attach("b", { vlans: { access: 10 } });
    const x = sw.attach("x", { vlans: { access: 10 } });
    const y = sw.attach("y", { vlans: { access: 30 } });
    x.send([frame(mac(1))]);
    y.send([frame(mac(1))]);
    sw.forward();
    expect([a.pending, b.pending, sw.stats.drops.nobody]).toEqual([0, 1, 1]);
  });
  it.each([
    [{ address: "2:0:0:0:0:1", port: "a" }],
    [{ address: "02:00:00:00:00:07", vlan: 0, port: "a" }],
    [{ address: "02:00:00:00:00:01", port: "d" }],
  ])("refuses %o and stays as it is", (entry) => {
    const lookup = staticLookup({ table });
    expect(() => lookup.replace([...table, entry])).toThrow(
      expect.objectContaining<Partial<SwitchError>>({ code: "BAD_TABLE" }),
    );
    entering(lookup);
    expect(lookup.lookup(batchOf([frame(mac(1))]), 0, 3)).toBe(0);
  });
});

const ip4 = (from: number[], to: number[], more: number[], protocol = 17, fragment = 0): Uint8Array =>
  Uint8Array.of(
    ...[...mac(1), ...mac(2), 8, 0, 0x45, 0, 0, 40, 0, 0, fragment >> 8, fragment & 255, 64, protocol, 0, 0],
    ...[...from, ...to, ...more, 0, 0, 0, 0],
  );
const portsOf = (source: number, destination: number): number[] => [
  ...[source >> 8, source & 255],
  ...[destination >> 8, destination & 255],
];

describe("a five-tuple lookup", () => {
  const group = ["a", "b", "c", "d"];
  const flows = Array.from({ length: 2000 }, (_, i) => ({ from: [10, 0, i >> 8, i & 255], port: 1024 + i * 7 }));
  const there = flows.map(({ from, port }) => ip4(from, [192, 0, 2, 1], portsOf(port, 80), 6));
  const back = flows.map(({ from, port }) => ip4([192, 0, 2, 1], from, portsOf(80, port), 6));
  const uplink = 7;
  const where = (lookup: Lookup, frames: readonly Uint8Array[]): number[] =>
    Array.from({ length: Math.ceil(frames.length / 256) }, (_, k) => frames.slice(k * 256, (k + 1) * 256)).flatMap(
      (some) => {
        const batch = batchOf(some);
        return some.map((_, i) => lookup.lookup(batch, i, uplink));
      },
    );

  it("spreads flows evenly, and moves only those of a port that leaves", () => {
    const lookup = entering(fiveTupleLookup({ group, seed: 42 }));
    const before = where(lookup, there);
    for (const port of [0, 1, 2, 3]) {
      const share = before.filter((p) => p === port).length;
      expect([port, share > 400 && share < 600]).toEqual([port, true]);
    }
    lookup.forget?.(2);
    const meanwhile = where(lookup, there);
    expect(meanwhile.filter((p, i) => before[i] !== 2 && p !== before[i])).toEqual([]);
    const moved = meanwhile.filter((_, i) => before[i] === 2);
    expect([...new Set(moved)].sort()).toEqual([0, 1, 3]);
    // It comes back as another port of the switch.
    lookup.enter?.(5, "c");
    expect(where(lookup, there)).toEqual(before.map((p) => (p === 2 ? 5 : p)));
    for (const port of [0, 1, 3, 5]) lookup.forget?.(port);
    expect(new Set(where(lookup, there.slice(0, 9)))).toEqual(new Set([nobody]));
  });
  it("has both directions meet if that is wanted, in another switch too", () => {
    const seed = 7;
    const inside = entering(fiveTupleLookup({ group, seed, symmetric: true }));
    const outside = fiveTupleLookup({ group: ["e", "f", "g", "h"], seed, symmetric: true });
    for (const [port, name] of ["e", "f", "g", "h"].entries()) outside.enter?.(port, name);
    expect(where(outside, back)).toEqual(where(inside, there));
    const directed = entering(fiveTupleLookup({ group, seed }));
    expect(where(directed, back)).not.toEqual(where(directed, there));
  });
  it("keeps the fragments of a datagram together, and tells protocols and ports apart", () => {
    const lookup = entering(fiveTupleLookup({ group, seed: 1 }));
    const [from, to] = [
      [10, 0, 0, 1],
      [10, 0, 0, 2],
    ] as [number[], number[]];
    const fragments = [0x2000, 0x2001, 0x0002].map((f, i) => ip4(from, to, portsOf(i * 999, i * 77), 17, f));
    expect(new Set(where(lookup, fragments)).size).toBe(1);
    const byPort = Array.from({ length: 64 }, (_, i) => ip4(from, to, portsOf(i, 53)));
    expect(new Set(where(lookup, byPort)).size).toBe(4);
    const withoutPorts = Array.from({ length: 64 }, (_, i) => ip4(from, to, portsOf(i, 53), 47));
    expect(new Set(where(lookup, withoutPorts)).size).toBe(1);
  });
  it("sends what enters at the group to one place, and frames without IP where it is told", () => {
    const lookup = fiveTupleLookup({ group: ["a", "b"], fromGroup: { port: "up" }, others: "flood" });
    const sw = createSwitch({ lookup });
    const [a, b, up] = ["a", "b", "up"].map((name) => sw.attach(name)) as [MemoryPort, MemoryPort, MemoryPort];
    a.send(there.slice(0, 10));
    up.send([frame(mac(255, 255))]);
    sw.forward();
    expect([a, b, up].map((p) => p.receive().length)).toEqual([1, 1, 10]);
    up.send(there.slice(0, 100));
    sw.forward();
    expect(a.pending + b.pending).toBe(100);
    expect(Math.min(a.pending, b.pending)).toBeGreaterThan(20);
  });
  it.each([{ group: [] }, { group: ["a", "a"] }, { group: ["a"], seed: -1 }, { group: ["a"], seed: 0.5 }])(
    "refuses %o",
    (options) => {
      expect(() => fiveTupleLookup(options)).toThrow(expect.objectContaining({ code: "BAD_TABLE" }));
    },
  );
});

describe("a prefix lookup", () => {
  it("takes the longest prefix, as looking through all of them does", () => {
    const bits = (bytes: readonly number[]): string => bytes.map((b) => b.toString(2).padStart(8, "0")).join("");
    const of = (prefix: string): string => {
      const [at = "", length] = prefix.split("/");
      const full = bits(at.split(".").map(Number));
      return full.slice(0, length === undefined ? 32 : Number(length));
    };
    fc.assert(
      fc.property(
        prefixTable,
        fc.array(fc.tuple(fc.constantFrom(10, 11, 192), fc.nat(3), fc.nat(3), fc.nat(3))),
        (all, to) => {
          const table = all.filter(({ prefix }) => !prefix.includes(":"));
          const lookup = entering(prefixLookup({ table, otherwise: { port: "d" } }));
          for (const address of to) {
            const given = bits(address);
            const [best] = table
              .filter(({ prefix }) => given.startsWith(of(prefix)))
              .sort((a, b) => of(b.prefix).length - of(a.prefix).length);
            const wanted = best === undefined ? 3 : names.indexOf(best.port);
            const found = lookup.lookup(batchOf([ip4([1, 2, 3, 4], address, [])]), 0, 9);
            expect(found).toBe(wanted < 0 ? nobody : wanted);
          }
        },
      ),
    );
  });
  it("reads addresses of IPv6 in their forms", () => {
    const ip6 = (to: number[]): Uint8Array =>
      Uint8Array.of(...mac(1), ...mac(2), 0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 59, 64, ...Array<number>(16).fill(1), ...to);
    const to = (...groups: number[]): Uint8Array => ip6(groups.flatMap((g) => [g >> 8, g & 255]));
    const table = [
      { prefix: "2001:db8::/32", port: "a" },
      { prefix: "2001:db8:0:7::/64", port: "b" },
      { prefix: "2001:db8::7:0:0:1", port: "c" },
      { prefix: "::ffff:192.0.2.0/120", port: "d" },
    ];
    const lookup = entering(prefixLookup({ table }));
    const frames = [
      to(0x2001, 0xdb8, 9, 0, 0, 0, 0, 1),
      to(0x2001, 0xdb8, 0, 7, 1, 2, 3, 4),
      to(0x2001, 0xdb8, 0, 0, 7, 0, 0, 1),
      to(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x02ff),
    ];
    expect(frames.map((_, i) => lookup.lookup(batchOf(frames), i, 9))).toEqual([0, 1, 2, 3]);
  });
  it.each([
    "10.0.0.1/8",
    "10.0.0.0/33",
    "10.0.0/8",
    "10.0.0.0/",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "::1/129",
    "12345::",
    "",
    "1.2.3.4/8/8",
  ])("refuses '%s'", (prefix) => {
    expect(() => prefixLookup({ table: [{ prefix, port: "a" }] })).toThrow(
      expect.objectContaining({ code: "BAD_TABLE" }),
    );
  });
});
