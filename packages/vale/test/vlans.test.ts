import {
  createMemoryPort,
  createSwitch,
  learningBridge,
  type MemoryPort,
  type PortOptions,
  type PortVlans,
  patch,
} from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apart } from "./apart.ts";

const station = (n: number): number[] => (n === 0 ? [255, 255, 255, 255, 255, 255] : [2, 0, 0, 0, 0, n]);
interface Tag {
  readonly vid: number;
  readonly priority?: number;
  readonly dropEligible?: boolean;
}
const tagBytes = ({ vid, priority = 0, dropEligible = false }: Tag): number[] => [
  0x81,
  0,
  (priority << 5) | (dropEligible ? 16 : 0) | (vid >> 8),
  vid & 255,
];
const frame = (to: number, from: number, tag?: Tag, payload: readonly number[] = [1, 2, 3]): Uint8Array =>
  Uint8Array.of(...station(to), ...station(from), ...(tag ? tagBytes(tag) : []), 0x88, 0xb5, ...payload);
const makeSwitch = () => createSwitch({ vlans: true, lookup: learningBridge({ now: () => 0 }) });

describe("a switch with VLANs", () => {
  it("keeps access ports of different VLANs apart, and those that say nothing in VLAN 1", () => {
    const sw = makeSwitch();
    const a = sw.attach("a", { vlans: { access: 10 } });
    const b = sw.attach("b", { vlans: { access: 10 } });
    const c = sw.attach("c", { vlans: { access: 20 } });
    const [d, e] = [sw.attach("d"), sw.attach("e", { vlans: { access: 1 } })];
    a.send([frame(0, 1), frame(9, 1)]);
    c.send([frame(1, 3)]);
    d.send([frame(0, 4)]);
    sw.forward();
    expect([a, b, c, d, e].map((p) => p.receive())).toEqual([[], [frame(0, 1), frame(9, 1)], [], [], [frame(0, 4)]]);
    expect(sw.stats.drops.nobody).toBe(1);
  });

  it("puts tags in where frames leave at a trunk, takes them off at access ports, and keeps the priority", () => {
    const sw = makeSwitch();
    const a = sw.attach("a", { vlans: { access: 10, priority: 5 } });
    const b = sw.attach("b", { vlans: { access: 20 } });
    const trunk = sw.attach("trunk", { vlans: { trunk: [10, 20], native: 20 } });
    a.send([
      frame(0, 1),
      frame(0, 1, { vid: 0, priority: 3, dropEligible: true }),
      frame(0, 1, { vid: 10, priority: 1 }),
    ]);
    b.send([frame(0, 2, { vid: 0, priority: 7 })]);
    sw.forward();
    expect(trunk.receive()).toEqual([
      frame(0, 1, { vid: 10, priority: 5 }),
      frame(0, 1, { vid: 10, priority: 3, dropEligible: true }),
      frame(0, 1, { vid: 10, priority: 1 }),
      frame(0, 2),
    ]);
    trunk.send([frame(0, 9, { vid: 10, priority: 6 }), frame(0, 9), frame(0, 9, { vid: 0 }), frame(0, 9, { vid: 20 })]);
    sw.forward();
    expect(a.receive()).toEqual([frame(0, 9)]);
    expect(b.receive()).toEqual([frame(0, 9), frame(0, 9), frame(0, 9)]);
    expect(sw.stats.ports.trunk).toMatchObject({
      outPackets: 4,
      outBytes: 3 * 21 + 17,
      inPackets: 4,
      inBytes: 3 * 21 + 17,
    });
  });

  it("drops what is in no VLAN of the port where it enters, and counts it", () => {
    const sw = makeSwitch();
    const a = sw.attach("a", { vlans: { access: 10 } });
    const trunk = sw.attach("trunk", { vlans: { trunk: [10, 11] } });
    const all = sw.attach("all", { vlans: { trunk: "all" } });
    a.send([frame(0, 1, { vid: 11 }), frame(0, 1, { vid: 4095 })]);
    trunk.send([frame(0, 2), frame(0, 2, { vid: 0 }), frame(0, 2, { vid: 12 }), frame(0, 2, { vid: 11 })]);
    all.send([frame(0, 3, { vid: 4095 }), frame(0, 3), frame(0, 3, { vid: 10 }), frame(0, 3, { vid: 4094 })]);
    sw.forward();
    expect([a.receive(), trunk.receive(), all.receive()]).toEqual([
      [frame(0, 3)],
      [frame(0, 3, { vid: 10 })],
      [frame(0, 2, { vid: 11 })],
    ]);
    expect(["a", "trunk", "all"].map((p) => sw.stats.ports[p]?.otherVlan)).toEqual([2, 3, 2]);
    expect(sw.stats.drops.nobody).toBe(1);
  });

  it("drops frames whose tag is cut off, and those that are short without one", () => {
    const sw = makeSwitch();
    const trunk = sw.attach("trunk", { vlans: { trunk: [10], native: 10 } });
    const other = sw.attach("other", { vlans: { access: 10 } });
    const whole = frame(0, 1, { vid: 10 }, []);
    trunk.send([13, 14, 15, 16, 17, 18].map((length) => whole.subarray(0, length)));
    trunk.send([frame(0, 1, undefined, [])]);
    sw.forward();
    expect(other.receive()).toEqual([frame(0, 1, undefined, []), frame(0, 1, undefined, [])]);
    expect(sw.stats.drops.runt).toBe(5);
  });

  it("learns in each VLAN by itself", () => {
    const sw = makeSwitch();
    const t1 = sw.attach("t1", { vlans: { trunk: [10, 20] } });
    const t2 = sw.attach("t2", { vlans: { trunk: [10, 20] } });
    const t3 = sw.attach("t3", { vlans: { trunk: [10, 20] } });
    t1.send([frame(9, 1, { vid: 10 })]);
    t2.send([frame(9, 1, { vid: 20 })]);
    sw.forward();
    for (const p of [t1, t2, t3]) p.receive();
    t3.send([frame(1, 3, { vid: 10 }, [10]), frame(1, 3, { vid: 20 }, [20])]);
    sw.forward();
    expect([t1.receive(), t2.receive()]).toEqual([[frame(1, 3, { vid: 10 }, [10])], [frame(1, 3, { vid: 20 }, [20])]]);
  });

  it("fixes addresses in the VLANs of their port only", () => {
    const sw = makeSwitch();
    const addresses = ["02:00:00:00:00:01"];
    const a = sw.attach("a", { addresses, vlans: { access: 10 } });
    const t = sw.attach("t", { addresses, vlans: { trunk: [20, 30] } });
    expect(() => sw.attach("x", { addresses, vlans: { trunk: [10, 40] } })).toThrow(
      expect.objectContaining({ code: "ADDRESS_TAKEN" }),
    );
    const up = sw.attach("up", { vlans: { trunk: "all" } });
    a.send([frame(9, 1), frame(9, 2)]);
    t.send([frame(9, 1, { vid: 30 }), frame(9, 7, { vid: 30 })]);
    up.send([10, 20, 30, 40].map((vid) => frame(1, 5, { vid })));
    up.send([frame(8, 1, { vid: 20 }), frame(8, 1, { vid: 40 })]);
    sw.forward();
    expect([a.receive(), t.receive(), up.receive()]).toEqual([
      [frame(1, 5)],
      [frame(1, 5, { vid: 20 }), frame(1, 5, { vid: 30 })],
      [frame(9, 1, { vid: 10 }), frame(9, 1, { vid: 30 })],
    ]);
    expect(["a", "t", "up"].map((p) => sw.stats.ports[p]?.foreignSource)).toEqual([1, 1, 1]);
  });

  it("carries long frames, and counts those that a tag makes too long", () => {
    const sw = makeSwitch();
    const payload = new Array<number>(9000).fill(7);
    const a = sw.attach("a", { mtu: 9000, vlans: { access: 2 } });
    const b = sw.attach("b", { mtu: 9000, vlans: { trunk: [2] } });
    const c = sw.attach("c", { vlans: { trunk: [2] } });
    const sent = Array.from({ length: 200 }, () => frame(0, 1, undefined, payload));
    a.send([...sent, frame(0, 1, undefined, payload.slice(0, 2015)), frame(0, 1, undefined, payload.slice(0, 2014))]);
    sw.forward();
    const wide = b.receive();
    expect(wide).toHaveLength(202);
    expect(wide[199]).toEqual(frame(0, 1, { vid: 2 }, payload));
    expect(c.receive()).toEqual([frame(0, 1, { vid: 2 }, payload.slice(0, 2014))]);
    expect(sw.stats.ports.c).toMatchObject({ tooLong: 201 });
  });

  it("gives mirrors tags that say the VLAN, and what was dropped as it came", () => {
    const sw = makeSwitch();
    const a = sw.attach("a", { vlans: { access: 10 } });
    const b = sw.attach("b", { vlans: { access: 10 } });
    const mirror = sw.attach("mirror", { mirror: { entering: ["a"], leaving: ["a"] } });
    a.send([frame(0, 1), frame(0, 1, { vid: 11 })]);
    b.send([frame(1, 2)]);
    sw.forward();
    expect([a.receive(), b.receive()]).toEqual([[frame(1, 2)], [frame(0, 1)]]);
    expect(mirror.receive()).toEqual([frame(0, 1, { vid: 10 }), frame(0, 1, { vid: 11 }), frame(1, 2, { vid: 10 })]);
  });

  it.each([
    { access: 0 },
    { access: 4095 },
    { access: 1.5 },
    { access: Number.NaN },
    { trunk: [] },
    { trunk: [1, 0] },
    { trunk: [4095] },
    { trunk: [2], native: 0 },
    { access: 2, native: 2 },
    { access: 2, trunk: [2] },
    { access: 2, priority: 8 },
    { native: 2 },
    {},
  ] as unknown as PortVlans[])("refuses %o", (vlans) => {
    const sw = makeSwitch();
    expect(() => sw.attach("a", { vlans })).toThrow(expect.objectContaining({ code: "BAD_VLAN" }));
    sw.attach("a");
  });

  it("refuses VLANs where there are none", () => {
    const refused = expect.objectContaining({ code: "NO_VLANS" });
    expect(() => createSwitch({ vlans: true, lookup: patch() })).toThrow(refused);
    expect(() => createSwitch().attach("a", { vlans: { access: 1 } })).toThrow(refused);
    expect(() => makeSwitch().attach("m", { mirror: { entering: "all" }, vlans: { access: 1 } })).toThrow(
      expect.objectContaining({ code: "BAD_MIRROR" }),
    );
  });

  it("leaves tags alone without", () => {
    const sw = createSwitch();
    const [a, b] = [sw.attach("a"), sw.attach("b")];
    a.send([frame(0, 1, { vid: 4095 })]);
    sw.forward();
    expect(b.receive()).toEqual([frame(0, 1, { vid: 4095 })]);
  });
});

// ---- a model

const vid = fc.constantFrom(1, 2, 3, 4094);
const priority = fc.integer({ min: 0, max: 7 });
const somePort: fc.Arbitrary<PortOptions> = fc.record(
  {
    vlans: fc.oneof(
      fc.record({ access: vid, priority }),
      fc.record(
        {
          trunk: fc.oneof(fc.constant("all" as const), fc.array(vid, { minLength: 1, maxLength: 3 })),
          native: vid,
          priority,
        },
        { requiredKeys: ["trunk"] },
      ),
    ),
    isolated: fc.boolean(),
  },
  { requiredKeys: [] },
);
const someTag = fc.record({ vid: fc.oneof(vid, fc.constantFrom(0, 4095)), priority, dropEligible: fc.boolean() });
const steps = fc.array(
  fc.record({
    port: fc.nat(3),
    frames: fc.array(
      fc.record({
        to: fc.nat(4),
        from: fc.integer({ min: 1, max: 4 }),
        tag: fc.option(someTag, { nil: undefined }),
        payload: fc.array(fc.nat(255), { maxLength: 70 }),
      }),
      { maxLength: 12 },
    ),
  }),
  { maxLength: 20 },
);

describe("a switch with VLANs, isolated ports and a mirror", () => {
  it("does as a model does, by code and without", () => {
    fc.assert(
      fc.property(fc.array(somePort, { minLength: 4, maxLength: 4 }), steps, (options, given) => {
        const [fast, slow] = [makeSwitch(), makeSwitch()];
        const attach = (name: string, o: PortOptions): [MemoryPort, MemoryPort] => {
          const both: [MemoryPort, MemoryPort] = [createMemoryPort(name), createMemoryPort(name)];
          fast.attach(both[0], o);
          slow.attach(apart(both[1]), o);
          return both;
        };
        const ports = options.map((o, p) => attach(`p${p}`, o));
        const mirrors = attach("mirror", { mirror: { leaving: ["p1"], entering: ["p0"] } });
        const rules = options.map(({ vlans = { access: 1 } }) =>
          "access" in vlans
            ? { untagged: vlans.access, has: (v: number) => v === vlans.access, priority: vlans.priority ?? 0 }
            : {
                untagged: vlans.native,
                has: (v: number) =>
                  v === vlans.native || (v < 4095 && (vlans.trunk === "all" || vlans.trunk.includes(v))),
                priority: vlans.priority ?? 0,
              },
        );
        const known = new Map<string, number>();
        for (const { port, frames } of given) {
          for (const one of ports[port]!) one.send(frames.map((f) => frame(f.to, f.from, f.tag, f.payload)));
          fast.forward();
          slow.forward();
          const wanted: Uint8Array[][] = [[], [], [], []];
          const mirrored: Uint8Array[] = [];
          for (const { to, from, tag, payload } of frames) {
            const { untagged, has, priority } = rules[port]!;
            const inVlan = tag?.vid || untagged;
            if (inVlan === undefined || !has(inVlan)) {
              if (port === 0) mirrored.push(frame(to, from, tag, payload));
              continue;
            }
            const full = { priority, ...tag, vid: inVlan };
            known.set(`${from} ${inVlan}`, port);
            const at = to === 0 ? undefined : known.get(`${to} ${inVlan}`);
            const targets = [0, 1, 2, 3].filter(
              (p) =>
                p !== port &&
                (at === undefined ? rules[p]!.has(inVlan) : at === p) &&
                !(options[p]!.isolated && options[port]!.isolated),
            );
            for (const p of targets)
              wanted[p]!.push(frame(to, from, rules[p]!.untagged === inVlan ? undefined : full, payload));
            if (port === 0 || targets.includes(1)) mirrored.push(frame(to, from, full, payload));
          }
          for (const mirror of mirrors) expect(mirror.receive()).toEqual(mirrored);
          ports.forEach((both, p) => {
            for (const side of both) expect(side.receive()).toEqual(wanted[p]);
          });
        }
        expect(fast.stats).toEqual(slow.stats);
      }),
    );
  });
});
