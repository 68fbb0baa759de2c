import {
  createMemoryPort,
  createSwitch,
  FrameBatch,
  learningBridge,
  type MemoryPort,
  type MirrorOptions,
  type Port,
  type PortOptions,
  patch,
} from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apart } from "./apart.ts";

const station = (n: number): number[] => (n === 0 ? [255, 255, 255, 255, 255, 255] : [2, 0, 0, 0, 0, n]);
const frame = (to: number, from: number, tag = 0, length = 60): Uint8Array => {
  const f = new Uint8Array(length).fill(tag);
  f.set([...station(to), ...station(from)].slice(0, length));
  return f;
};
const counts = (...ports: MemoryPort[]): number[] => ports.map((p) => p.receive().length);

describe("a mirror port", () => {
  it("gets one copy of what enters at a port, dropped or not, and of what leaves there", () => {
    const sw = createSwitch();
    const [a, b] = [sw.attach("a"), sw.attach("b")];
    const mirror = sw.attach("mirror", { mirror: { entering: ["a"], leaving: ["a", "later"] } });
    const frames = [frame(2, 1, 1), frame(1, 1, 2), new Uint8Array(5), frame(0, 1, 3)];
    a.send(frames);
    sw.forward();
    expect(mirror.receive()).toEqual(frames);
    expect(counts(b)).toEqual([2]);
    b.send([frame(1, 2, 4), frame(9, 2, 5), frame(2, 2, 6)]);
    sw.forward();
    expect(mirror.receive()).toEqual([frame(1, 2, 4), frame(9, 2, 5)]);
    const later = sw.attach("later");
    b.send([frame(9, 2)]);
    sw.forward();
    expect(counts(mirror, later)).toEqual([1, 1]);
    sw.detach(mirror);
    b.send([frame(0, 2)]);
    sw.forward();
    expect(counts(mirror, later)).toEqual([0, 1]);
  });

  it("gets no frames of its own, and what it sends is dropped", () => {
    const sw = createSwitch();
    const mirror = sw.attach("mirror", { mirror: { entering: ["a"] } });
    const second = sw.attach("second", { mirror: { entering: "all", leaving: "all" } });
    const [a, b] = [sw.attach("a"), sw.attach("b")];
    b.send([frame(0, 2)]);
    mirror.send([frame(0, 9), frame(1, 9)]);
    sw.forward();
    expect(counts(mirror, second, a, b)).toEqual([0, 1, 1, 0]);
    expect(sw.stats.ports.mirror).toMatchObject({ inPackets: 2, fromMirror: 2, outPackets: 0 });
    a.send([frame(9, 1)]);
    sw.forward();
    expect(counts(mirror, second, a, b)).toEqual([1, 1, 0, 1]);
  });

  it("counts what it has no room for, and what is too long for it", () => {
    const sw = createSwitch();
    const [a, b] = [sw.attach("a"), sw.attach("b")];
    sw.attach("mirror", { mtu: 100, mirror: { leaving: ["b"] } });
    for (let i = 0; i < 2; i++) {
      a.send(Array.from({ length: 200 }, (_, k) => frame(0, 1, 0, k === 7 ? 119 : 60)));
      sw.forward();
      b.receive();
    }
    expect(sw.stats.ports.mirror).toMatchObject({ outPackets: 256, noRoom: 142, tooLong: 2 });
  });

  it("sees both ways of a patch", () => {
    const sw = createSwitch({ lookup: patch() });
    const [a, b] = [sw.attach("a"), sw.attach("b")];
    const mirror = sw.attach("mirror", { mirror: { entering: ["b"], leaving: ["b"] } });
    const lone = sw.attach("lone");
    a.send([frame(1, 1, 1)]);
    b.send([frame(1, 1, 2), Uint8Array.of(3)]);
    lone.send([frame(1, 1, 3)]);
    sw.forward();
    expect(counts(a, b)).toEqual([2, 1]);
    expect(mirror.receive()).toEqual([frame(1, 1, 1), frame(1, 1, 2), Uint8Array.of(3)]);
    expect(sw.stats.drops.hairpin).toBe(1);
  });

  it("gets what the others got, whatever a guest writes to its memory meanwhile", () => {
    const batch = new FrameBatch(new SharedArrayBuffer(4096));
    batch.memory.bytes.set(frame(0, 1, 7));
    batch.memory.bytes.set(Uint8Array.of(1, 2, 3), 1024);
    [batch.offsets[1], batch.lengths[0], batch.lengths[1], batch.count] = [1024, 60, 3, 2];
    let isWaiting = true;
    const guest: Port = {
      name: "guest",
      poll: () => (isWaiting ? batch : null),
      release: () => {
        isWaiting = false;
      },
      deliver: (_batch, _list, count) => count,
      flush() {},
    };
    const inner = createMemoryPort("b");
    const b: Port = {
      ...apart(inner),
      deliver(from, list, count) {
        const taken = inner.deliver(from, list, count);
        batch.memory.bytes.fill(0xee);
        return taken;
      },
    };
    const sw = createSwitch();
    sw.attach(guest);
    sw.attach(b);
    const mirror = sw.attach("mirror", { mirror: { entering: ["guest"] } });
    sw.forward();
    expect(inner.receive()).toEqual([frame(0, 1, 7)]);
    expect(mirror.receive()).toEqual([frame(0, 1, 7), Uint8Array.of(1, 2, 3)]);
  });

  it.each([
    { mirror: {} },
    { mirror: { entering: [], leaving: [] } },
    { mirror: { entering: ["m"] } },
    { mirror: { leaving: ["a", "m"] } },
    { mirror: { entering: "all" }, addresses: ["02:00:00:00:00:01"] },
    { mirror: { entering: "all" }, isolated: true },
    { mirror: { entering: "all" }, floodLimits: { broadcast: 1 } },
  ] as PortOptions[])("refuses %o", (options) => {
    const sw = createSwitch();
    expect(() => sw.attach("m", options)).toThrow(expect.objectContaining({ code: "BAD_MIRROR" }));
    sw.attach("m");
  });
});

const some = fc.oneof(fc.subarray(["p0", "p1", "p2", "p3"]), fc.constant("all" as const));
const steps = fc.array(
  fc.record({
    port: fc.nat(3),
    toggles: fc.boolean(),
    frames: fc.array(fc.record({ to: fc.nat(5), from: fc.integer({ min: 1, max: 5 }) }), { maxLength: 12 }),
  }),
  { maxLength: 25 },
);

describe("a switch with a mirror", () => {
  it("does as a model does, by code and without, whoever comes and goes", () => {
    fc.assert(
      fc.property(fc.record({ entering: some, leaving: some }), steps, (rules, given) => {
        const of = (what: keyof MirrorOptions, p: number): boolean =>
          rules[what] === "all" || rules[what].includes(`p${p}`);
        fc.pre(rules.entering.length + rules.leaving.length > 0);
        const make = () => createSwitch({ lookup: learningBridge({ now: () => 0 }) });
        const [fast, slow] = [make(), make()];
        const mirrors = [createMemoryPort("mirror"), createMemoryPort("mirror")] as const;
        fast.attach(mirrors[0], { mirror: rules });
        slow.attach(apart(mirrors[1]), { mirror: rules });
        const ports: ({ both: [MemoryPort, MemoryPort]; port: Port } | undefined)[] = [];
        const join = (p: number): void => {
          const both: [MemoryPort, MemoryPort] = [createMemoryPort(`p${p}`), createMemoryPort(`p${p}`)];
          const port = apart(both[1]);
          fast.attach(both[0]);
          slow.attach(port);
          ports[p] = { both, port };
        };
        for (let p = 0; p < 4; p++) join(p);
        const known = new Map<number, number>();
        for (const { port, frames, toggles } of given) {
          const pair = ports[port];
          if (toggles && pair) {
            fast.detach(pair.both[0]);
            slow.detach(pair.port);
            ports[port] = undefined;
            for (const [address, at] of known) if (at === port) known.delete(address);
          } else if (toggles) join(port);
          const sent = frames.map(({ to, from }, i) => frame(to, from, i + 1));
          for (const one of ports[port]?.both ?? []) one.send(sent);
          fast.forward();
          slow.forward();
          const wanted: Uint8Array[][] = [[], [], [], []];
          const mirrored: Uint8Array[] = [];
          if (ports[port])
            frames.forEach(({ to, from }, i) => {
              known.set(from, port);
              const at = to === 0 ? undefined : known.get(to);
              const targets = [0, 1, 2, 3].filter((p) => p !== port && ports[p] && (at === undefined || at === p));
              for (const p of targets) wanted[p]!.push(sent[i]!);
              if (of("entering", port) || targets.some((p) => of("leaving", p))) mirrored.push(sent[i]!);
            });
          for (const mirror of mirrors) expect(mirror.receive()).toEqual(mirrored);
          ports.forEach((one, p) => {
            for (const side of one?.both ?? []) expect(side.receive()).toEqual(wanted[p]);
          });
        }
        expect(fast.stats).toEqual(slow.stats);
      }),
    );
  });
});
