/** Frames that are steered by key: each goes where the key's port is, in order, and is counted once. */
import {
  createSwitch,
  type FrameKey,
  type FrameKeyKind,
  KeyedSteering,
  learningBridge,
  type MemoryPort,
  patch,
  steeredLookup,
  undecided,
} from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const mac = (last: number): number[] => [2, 0, 0, 0, 0, last];
function udp(source: number[], destination: number[], tags: number[] = [], ports = [4, 0, 0, 53]): Uint8Array {
  const is6 = source.length === 16;
  const header = is6
    ? [0x60, 0, 0, 0, 0, 12, 17, 64, ...source, ...destination]
    : [0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, ...source, ...destination];
  const outer = tags.flatMap((vid, i) => [
    i === 0 && tags.length > 1 ? 0x88 : 0x81,
    i === 0 && tags.length > 1 ? 0xa8 : 0,
    vid >> 8,
    vid & 255,
  ]);
  return Uint8Array.of(
    ...mac(1),
    ...mac(2),
    ...outer,
    ...(is6 ? [0x86, 0xdd] : [8, 0]),
    ...header,
    ...ports,
    0,
    12,
    0,
    0,
    0,
    0,
    0,
    0,
  );
}
const v6 = (last: number): number[] => [0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), last];

/** The keys that frames have. */
function keysOf(per: FrameKeyKind, frames: readonly Uint8Array[]): (FrameKey | undefined)[] {
  const lookup = steeredLookup(learningBridge());
  const bridge = createSwitch({ lookup });
  const port = bridge.attach("in");
  const found: FrameKey[] = [];
  const steering: KeyedSteering = new KeyedSteering({
    name: "x",
    per,
    keys: 64,
    held: 64,
    heldOfKey: 64,
    onMiss: (place) => found.push(steering.keyOf(place)),
    onLost() {},
  });
  lookup.add(steering.first);
  return frames.map((frame) => {
    found.length = 0;
    port.send([frame]);
    bridge.forward();
    return found[0];
  });
}

describe("keys", () => {
  it("are what each kind says, and nothing where a frame has none", () => {
    const plain = udp([10, 0, 0, 1], [192, 0, 2, 1]);
    const tagged = udp([10, 0, 0, 1], [192, 0, 2, 1], [100, 7]);
    const six = udp(v6(1), v6(2));
    const arp = Uint8Array.of(...mac(255), ...mac(3), 8, 6, ...new Array<number>(28).fill(0));
    const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list);
    expect(keysOf("flow", [plain, tagged, six, arp])).toEqual([
      {
        kind: "flow",
        vlan: 0,
        innerVlan: 0,
        source: bytes(10, 0, 0, 1),
        destination: bytes(192, 0, 2, 1),
        protocol: 17,
        sourcePort: 1024,
        destinationPort: 53,
      },
      expect.objectContaining({ vlan: 100, innerVlan: 7, sourcePort: 1024 }),
      expect.objectContaining({ source: bytes(...v6(1)), destination: bytes(...v6(2)), destinationPort: 53 }),
      undefined,
    ]);
    expect(
      keysOf("source", [plain, plain, six, udp([0, 0, 0, 0], [1, 1, 1, 1]), udp([224, 0, 0, 1], [1, 1, 1, 1]), arp]),
    ).toEqual([
      { kind: "source", vlan: 0, innerVlan: 0, source: bytes(10, 0, 0, 1) },
      undefined,
      { kind: "source", vlan: 0, innerVlan: 0, source: bytes(...v6(1)) },
      undefined,
      undefined,
      undefined,
    ]);
    expect(keysOf("subscriber", [tagged, plain, arp])).toEqual([
      { kind: "subscriber", vlan: 100, innerVlan: 7, mac: bytes(...mac(2)) },
      { kind: "subscriber", vlan: 0, innerVlan: 0, mac: bytes(...mac(2)) },
      { kind: "subscriber", vlan: 0, innerVlan: 0, mac: bytes(...mac(3)) },
    ]);
    expect(
      keysOf("vlan", [
        tagged,
        plain,
        udp([10, 0, 0, 2], [1, 1, 1, 1], [100, 8]),
        udp([10, 0, 0, 2], [1, 1, 1, 1], [0]),
      ]),
    ).toEqual([{ kind: "vlan", vlan: 100, innerVlan: 0 }, undefined, undefined, undefined]);
  });

  it("are those of no frame that is cut, whatever is behind it", () => {
    const whole = udp([10, 0, 0, 1], [192, 0, 2, 1], [5, 6]);
    for (const per of ["flow", "source", "subscriber", "vlan"] as const)
      expect(() =>
        keysOf(
          per,
          Array.from({ length: whole.length - 14 }, (_, i) => whole.slice(0, 14 + i)),
        ),
      ).not.toThrow();
  });
});

describe("a steering", () => {
  type Step =
    | { do: "send"; source: number }
    | { do: "point" | "refuse" | "forget" | "forward" | "leave"; source: number };
  const step: fc.Arbitrary<Step> = fc.record({
    do: fc.constantFrom("send", "send", "send", "send", "point", "refuse", "forget", "forward", "forward", "leave"),
    source: fc.nat(7),
  });

  it("sends each frame to its key's port, in order, and counts it once", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const lookup = steeredLookup(learningBridge());
        const bridge = createSwitch({ lookup });
        const input = bridge.attach("in");
        const places = new Map<number, number>();
        const ports = new Map<number, MemoryPort>();
        const steering: KeyedSteering = new KeyedSteering({
          name: "x",
          per: "source",
          ports: ["in"],
          keys: 6,
          held: 10,
          heldOfKey: 4,
          onMiss: (place) => places.set((steering.keyOf(place).source as Uint8Array)[3] as number, place),
          onLost: (place) => {
            for (const [source, p] of places) if (p === place) places.delete(source);
          },
        });
        lookup.add(steering.first);
        bridge.attach(steering.holder, { flood: false });
        const got = new Map<number, number[]>();
        let sent = 0;
        const drain = (): void => {
          for (const port of ports.values())
            for (const frame of port.receive()) {
              const source = frame[29] as number;
              got.set(source, [...(got.get(source) ?? []), frame[45] as number]);
              expect(port.name).toBe(`p${source}`);
            }
        };
        for (const { do: what, source } of steps) {
          const place = places.get(source);
          if (what === "send") {
            const frame = udp([10, 0, 0, source], [192, 0, 2, 1]);
            frame[45] = sent & 255;
            if (input.send([frame]) === 1) sent++;
          } else if (what === "forward") bridge.forward();
          else if (what === "leave") {
            const port = ports.get(source);
            drain();
            if (port) bridge.detach(port);
            ports.delete(source);
          } else if (place === undefined) continue;
          else if (what === "point") {
            if (!ports.has(source)) ports.set(source, bridge.attach(`p${source}`));
            steering.point(place, [[`p${source}`]]);
          } else if (what === "refuse") steering.refuse(place);
          else {
            steering.forget(place);
            places.delete(source);
          }
        }
        while (bridge.forward() > 0);
        drain();
        const s = steering.stats;
        expect(s.steered + s.queueFull + s.tooManyKeys + s.refused + s.lost + s.released + s.waiting).toBe(sent);
        expect(s.waiting).toBeLessThanOrEqual(10);
        expect(steering.keys).toBeLessThanOrEqual(6);
        expect(steering.keys).toBe(places.size);
        expect([...got.values()].flat()).toHaveLength(s.steered + s.released);
        // Numbers of frames are below 256 here, so that what came in order is.
        for (const list of got.values()) expect(list).toEqual([...list].sort((a, b) => a - b));
      }),
      { numRuns: 150 },
    );
  });

  it("leaves a lookup as it was when it goes, and what a lookup refuses is refused", () => {
    const lookup = steeredLookup(learningBridge());
    const bridge = createSwitch({ lookup });
    const vm = bridge.attach("vm", { addresses: ["02:00:00:00:00:09"] });
    const other = bridge.attach("other");
    const all = { steer: () => 1, owns: () => false, fromOwn: () => undecided, enter() {}, forget() {} };
    lookup.add(all);
    vm.send([udp([1, 1, 1, 1], [2, 2, 2, 2])]);
    bridge.forward();
    expect([bridge.stats.ports.vm?.foreignSource, other.pending, lookup.lookupBatch]).toEqual([1, 0, undefined]);
    lookup.delete(all);
    expect(lookup.lookupBatch).toBeTypeOf("function");
    expect(() => steeredLookup(patch())).toThrow("a patch lookup cannot be steered");
    expect(() => createSwitch({ vlans: true, lookup })).toThrow("cannot have VLANs");
  });

  it("keeps what goes to many from ports that want none of it", () => {
    const bridge = createSwitch();
    const [a, b, c] = [bridge.attach("a"), bridge.attach("b", { flood: false }), bridge.attach("c")];
    a.send([new Uint8Array(60).fill(255, 0, 6).fill(2, 6, 12), Uint8Array.of(...mac(77), ...mac(5), 8, 0)]);
    bridge.forward();
    expect([b.pending, c.pending]).toEqual([0, 2]);
    b.send([Uint8Array.of(...mac(5), ...mac(6), 8, 0)]);
    bridge.forward();
    a.send([Uint8Array.of(...mac(6), ...mac(5), 8, 0)]);
    bridge.forward();
    expect([a.pending, b.pending]).toEqual([1, 1]);
  });
});
