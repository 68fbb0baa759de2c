/** Frames in several slots: chains of netmap rings and of netif rings, well made and hostile. */
import { createGrantMapper, createGrantTable } from "@clickos/grant-table";
import { createIxgbe, drive, driverMemory } from "@clickos/ixgbe-model";
import { announceVif, connectStandardVif, connectVif, type Vif, type VifMode, vifModes } from "@clickos/netback";
import type { NetFront } from "@clickos/netfront";
import { createSwitch, FrameBatch, longestFrame, type MemoryPort, patch } from "@clickos/vale";
import { NETRXF, NS, netmapRing, ringSlots } from "@clickos/xen-ring";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { driver, frame, guestWith, type Host, host } from "./guest.ts";

const same = (got: readonly Uint8Array[], expected: readonly Uint8Array[]): void => {
  expect(got.map((f) => f.length)).toEqual(expected.map((f) => f.length));
  got.forEach((f, i) => expect(Buffer.compare(f, expected[i]!), `frame ${i}`).toBe(0));
};
const batchOf = (frames: readonly Uint8Array[]): FrameBatch => {
  const batch = new FrameBatch(new ArrayBuffer(Math.max(1, frames.length) * 10_240));
  frames.forEach((f, i) => {
    batch.memory.bytes.set(f, i * 10_240);
    batch.offsets[i] = i * 10_240;
    batch.lengths[i] = f.length;
  });
  batch.count = frames.length;
  return batch;
};
const length = fc.oneof(
  fc.integer({ min: 60, max: 9018 }),
  fc.constantFrom(60, 1518, 1519, 2032, 2033, 2048, 2049, 4096, 4097, 8192, 9017, 9018),
);
const rounds = fc.array(fc.array(length, { minLength: 1, maxLength: 24 }), { minLength: 1, maxLength: 6 });

/** A guest's interface as its front end has it. */
async function interfaceOf(h: Host, mode: VifMode, mtu?: number, noScatterGather = false) {
  let front: NetFront | undefined;
  const options = { mode: vifModes[mode].netmap ? "netmap" : "standard", noScatterGather } as const;
  const { id } = await guestWith(
    h,
    "guest",
    (os) =>
      driver(os, options, (f) => {
        front = f;
      }),
    { mode, mtu },
  );
  h.settle();
  return { front: front as unknown as NetFront, vif: h.backend.vifs.get(`${id}/0`) as Vif, id };
}

describe("frames of 60 to 9,018 bytes", () => {
  for (const mode of Object.keys(vifModes) as VifMode[])
    for (const mtu of [1500, 9000])
      it(`cross NIC, switch, guest, switch and NIC in order, in mode ${mode}; an MTU of ${mtu} counts the others`, async () => {
        const h = host();
        const { front, vif, id } = await interfaceOf(h, mode, mtu);
        const nic = createIxgbe({ mac: "02:00:00:00:ff:01", dma: new ArrayBuffer(driverMemory) });
        h.bridge.attach(drive(nic, "nic", { mtu: 9000 }));
        const left: Uint8Array[] = [];
        nic.connect({
          receive(batch) {
            for (let i = 0; i < batch.count; i++)
              left.push(batch.memory.bytes.slice(batch.offsets[i]!, batch.offsets[i]! + batch.lengths[i]!));
          },
        });
        let n = 0;
        const before = { tooLong: 0, refused: 0 };
        fc.assert(
          fc.property(rounds, (lengths) => {
            for (const round of lengths) {
              const frames = round.map((l) => frame(id, 9, n++, l));
              expect(nic.arrive(batchOf(frames), 0)).toBe(frames.length);
              h.settle();
              const fitting = frames.filter((f) => f.length <= longestFrame(mtu));
              same(front.receive(), fitting);
              before.tooLong += frames.length - fitting.length;
              expect(h.bridge.stats.ports[vif.name]).toMatchObject({ tooLong: before.tooLong, noRoom: 0 });
              // What the guest sends is of any length too.
              const back = round.map((l) => frame(9, id, n++, l));
              for (const f of back) {
                while (!front.send(f)) {
                  front.flush();
                  h.settle();
                  front.receive();
                }
              }
              front.flush();
              h.settle();
              const carried = back.filter((f) => f.length <= longestFrame(mtu));
              same(left.splice(0), carried);
              before.refused += back.length - carried.length;
              expect(vif.drops!["transmit frame too long"]).toBe(before.refused);
              front.receive();
              h.settle();
            }
          }),
          { numRuns: 12 },
        );
        expect(
          Object.entries(vif.drops!).filter(([reason, n]) => n > 0 && reason !== "transmit frame too long"),
        ).toEqual([]);
      });

  it("are of one slot for a guest that does not take several, whatever its interface's MTU", async () => {
    for (const mode of ["baseline", "+batch"] as const) {
      const h = host();
      const outside = h.bridge.attach("outside", { mtu: 9000 });
      const { front, vif, id } = await interfaceOf(h, mode, 9000, true);
      outside.send([frame(id, 9, 1, 2032), frame(id, 9, 1, 2033)]);
      h.settle();
      same(front.receive(), [frame(id, 9, 1, 2032)]);
      expect(h.bridge.stats.ports[vif.name]).toMatchObject({ tooLong: 1 });
    }
  });

  it("are what the toolstack says in the store, and refused where it is no MTU", async () => {
    const h = host();
    const { vif, id } = await interfaceOf(h, "+batch", 9000);
    expect(vif.frameLimit).toBe(9018);
    expect(h.store.read(`/local/domain/0/backend/vif/${id}/0/mtu`)).toBe("9000");
    expect(h.store.read(`/local/domain/${id}/device/vif/0/mtu`)).toBe("9000");
    for (const mtu of [67, 9001, 1.5])
      expect(() =>
        announceVif(h.store, { domain: 9, device: 0, bridge: "br0", mac: "02:00:00:00:00:09", mtu }),
      ).toThrow("whole number from 68 to 9000");
  });
});

const rx = 8;
const tx = 9;
const firstBuffers = 10;
const bufferCount = 512;

/** A guest with netmap rings, written by hand: no front end between. */
function netmapGuest(options: { mtu?: number | undefined; frameLimit?: number; burst?: number } = {}) {
  const memory = { buffer: new SharedArrayBuffer(512 * 4096) };
  const table = { buffer: memory.buffer, offset: 4096, frames: 2 };
  const grants = createGrantTable(table);
  const mapper = createGrantMapper(0, (id) => (id === 1 ? { id, table, memory } : undefined));
  const ref = (frame: number): number => grants.grant(frame, { to: 0 });
  const refs = { rxRingRef: ref(rx), txRingRef: ref(tx) };
  const frames = Array.from({ length: bufferCount / 2 }, (_, i) => firstBuffers + i);
  const bufferRef = grants.grantRange(frames, { to: 0 });
  const vif = connectVif({
    name: "vif1.0",
    domain: 1,
    mapper,
    grants: { ...refs, bufferRef, bufferFrames: frames.length, bufferCount },
    mtu: 9000,
    frameLimit: 9018,
    notify() {},
    ...options,
  });
  const sw = createSwitch({ lookup: patch() });
  sw.attach(vif);
  const outside: MemoryPort = sw.attach("outside", { mtu: 9000 });
  const words = new Int32Array(memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  const slot = (ring: number, i: number): number => ring * 1024 + (netmapRing.offsets.slots >> 2) + (i % ringSlots) * 3;
  let head = 0;
  words[tx * 1024 + (netmapRing.offsets.tail >> 2)] = ringSlots - 1;
  return {
    vif,
    sw,
    outside,
    words,
    bytes,
    slot,
    at: (index: number, offset = 0): number => firstBuffers * 4096 + index * 2048 + offset,
    /** Writes slots of the transmit ring from its head on, and shows them. */
    send(slots: readonly (readonly [length: number, more: boolean, index?: number, offset?: number])[]) {
      for (const [length, more, index = head, offset = 0] of slots) {
        words.set([index, length | (more ? NS.moreFrag << 16 : 0), offset], slot(tx, head));
        head = (head + 1) % ringSlots;
      }
      Atomics.store(words, tx * 1024 + (netmapRing.offsets.head >> 2), head);
    },
    /** Free transmit slots. */
    get free() {
      return (Atomics.load(words, tx * 1024 + (netmapRing.offsets.tail >> 2)) - head + ringSlots) % ringSlots;
    },
    /** Posts receive slots, from the first on, with buffers of their number and an offset. */
    post(count: number, offset = 0) {
      for (let i = 0; i < count; i++) words.set([i, 0, offset], slot(rx, i));
      Atomics.store(words, rx * 1024 + (netmapRing.offsets.head >> 2), (count + 1) % ringSlots);
    },
    get rxTail() {
      return Atomics.load(words, rx * 1024 + (netmapRing.offsets.tail >> 2));
    },
    forward() {
      while (sw.forward() > 0);
      return outside.receive();
    },
  };
}

describe("frames in several slots of a netmap ring, from the guest", () => {
  const fill = (g: ReturnType<typeof netmapGuest>): void => {
    for (let i = 0; i < bufferCount * 2048; i++) g.bytes[g.at(0) + i] = (i * 31 + (i >> 8)) & 255;
  };

  it("are one frame, in any slots, and are taken whole only when the last is there", () => {
    const g = netmapGuest();
    fill(g);
    fc.assert(
      fc.property(
        fc.array(
          fc.array(fc.tuple(fc.integer({ min: 1, max: 2048 }), fc.integer({ min: 0, max: 511 }), fc.nat(2047)), {
            minLength: 1,
            maxLength: 6,
          }),
          { minLength: 1, maxLength: 20 },
        ),
        fc.nat(5),
        (frames, cut) => {
          const whole = frames.map((parts) =>
            parts.map(([length, index, offset]) => [Math.min(length, 2048 - offset), index, offset] as const),
          );
          const slots = whole.flatMap((parts) =>
            parts.map(([length, index, offset], i) => [length, i < parts.length - 1, index, offset] as const),
          );
          const expected = whole
            .map((parts) =>
              Uint8Array.from(
                parts.flatMap(([length, index, offset]) => [
                  ...g.bytes.subarray(g.at(index, offset), g.at(index, offset) + length),
                ]),
              ),
            )
            .filter((f) => f.length >= 14 && f.length <= 9018);
          // The guest shows them in two steps, perhaps in the middle of a frame.
          g.send(slots.slice(0, cut));
          const first = g.forward();
          g.send(slots.slice(cut));
          same([...first, ...g.forward()], expected);
          expect(g.free).toBe(255);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("are gathered with what stands between them, `burst` at most at a time", () => {
    for (const burst of [1, 256]) {
      const g = netmapGuest({ burst });
      fill(g);
      const many = Array.from({ length: 30 }, () => [
        [60, false],
        [2048, true],
        [2048, true],
        [61, false],
      ]).flat() as [number, boolean][];
      g.send(many);
      const batches: number[] = [];
      for (let batch = g.vif.poll(); batch; batch = g.vif.poll()) {
        batches.push(batch.count);
        g.vif.release();
      }
      expect(batches).toEqual(burst === 1 ? Array(60).fill(1) : [1, ...batches.slice(1)]);
      expect(batches.reduce((a, b) => a + b)).toBe(60);
      if (burst > 1) expect(batches.length).toBeLessThan(6);
      expect(g.vif.stats).toMatchObject({ txPackets: 60, txBytes: 30 * (60 + 4157), txBadSlot: 0 });
    }
  });

  it("are refused whole, by reason, when one slot is wrong or all are too long; what follows is carried", () => {
    const g = netmapGuest();
    fill(g);
    const wrong: readonly (readonly [string, [number, boolean, number?, number?][]])[] = [
      [
        "bad transmit slot",
        [
          [100, true],
          [100, true, bufferCount],
          [100, false],
        ],
      ],
      [
        "bad transmit slot",
        [
          [100, true],
          [100, false, 0xffffffff],
        ],
      ],
      [
        "bad transmit slot",
        [
          [100, true],
          [2048, false, 3, 1],
        ],
      ],
      [
        "bad transmit slot",
        [
          [100, true],
          [1, false, 3, 0x7fffffff],
        ],
      ],
      [
        "bad transmit slot",
        [
          [100, true],
          [65535, false],
        ],
      ],
      [
        "bad transmit slot",
        [
          [100, true],
          [0, true],
          [100, false],
        ],
      ],
      [
        "bad transmit slot",
        [
          [6, true],
          [7, false],
        ],
      ],
      [
        "transmit frame too long",
        [
          [2048, true],
          [2048, true],
          [2048, true],
          [2048, true],
          [827, false],
        ],
      ],
      ["too many transmit slots", [...Array(64).fill([1, true]), [1, false]]],
      ["too many transmit slots", [...Array(150).fill([1, true]), [1, false]]],
    ];
    const counts: Record<string, number> = {};
    for (const [reason, slots] of wrong) {
      g.send([[60, false], ...slots, [61, false]]);
      expect(g.forward().map((f) => f.length)).toEqual([60, 61]);
      counts[reason] = (counts[reason] ?? 0) + 1;
      expect(Object.fromEntries(Object.entries(g.vif.drops!).filter(([, n]) => n > 0))).toEqual(counts);
      expect(g.free).toBe(255);
    }
    // As many slots and bytes as there may be.
    g.send([...Array(63).fill([143, true]), [9, false]]);
    g.send([
      [2048, true],
      [2048, true],
      [2048, true],
      [2048, true],
      [826, false],
    ]);
    expect(g.forward().map((f) => f.length)).toEqual([63 * 143 + 9, 9018]);
  });

  it("without end cost a ring of slots a call, and hold nobody but their guest", () => {
    const g = netmapGuest();
    fill(g);
    for (let turn = 0; turn < 20; turn++) {
      g.send(Array(200).fill([2048, true]));
      expect(g.vif.poll()).toBe(null);
      expect(g.free).toBe(255);
    }
    expect(g.vif.drops).toMatchObject({ "too many transmit slots": 1, "transmit frame too long": 0 });
    g.outside.send([new Uint8Array(60)]);
    g.post(10);
    g.send([
      [100, false],
      [62, false],
    ]);
    expect(g.forward().map((f) => f.length)).toEqual([62]);
    expect(g.vif.stats.rxPackets).toBe(1);
    // One that stops before the bound waits, and nothing of it is seen.
    g.send(Array(63).fill([10, true]));
    for (let i = 0; i < 10; i++) expect(g.vif.poll()).toBe(null);
    expect(g.vif.drops).toMatchObject({ "too many transmit slots": 1 });
    g.send([[10, false]]);
    expect(g.forward().map((f) => f.length)).toEqual([640]);
  });

  it("are carried in several slots on an interface without an MTU too, up to what one buffer holds", () => {
    const g = netmapGuest({ mtu: undefined, frameLimit: 0 });
    fill(g);
    g.send([
      [1000, true],
      [1032, false],
      [1000, true],
      [1033, false],
    ]);
    expect(g.forward().map((f) => f.length)).toEqual([2032]);
    expect(g.vif.drops).toMatchObject({ "transmit frame too long": 1 });
  });
});

describe("frames in several slots of a netmap ring, to the guest", () => {
  /** Reads the frames that were received, by the flags of their slots. */
  const received = (g: ReturnType<typeof netmapGuest>): Uint8Array[] => {
    const frames: Uint8Array[] = [];
    for (let i = 0; i < g.rxTail; ) {
      const parts: number[] = [];
      const first = i;
      const all = (g.words[g.slot(rx, i) + 1]! >>> 24) & 255;
      for (let more = true; more; i++) {
        const [index, word, offset] = [0, 1, 2].map((k) => g.words[g.slot(rx, i) + k]!) as [number, number, number];
        more = (word & (NS.moreFrag << 16)) !== 0;
        // How many are left, with this one.
        expect((word >>> 24) & 255).toBe(all - (i - first));
        parts.push(...g.bytes.subarray(g.at(index, offset), g.at(index, offset) + (word & 0xffff)));
      }
      expect(i - first).toBe(all);
      frames.push(Uint8Array.from(parts));
    }
    return frames;
  };

  it("fill buffers from where the guest proposes, and touch nothing else", () => {
    for (const offset of [0, 192, 384, 1024]) {
      const g = netmapGuest();
      g.bytes.fill(0xa5, g.at(0), g.at(bufferCount));
      g.post(100, offset);
      const frames = [60, 9018, 2032 - offset, 2033 - offset, 61].map((l, i) => frame(1, 2, i, l));
      g.outside.send(frames);
      g.forward();
      same(received(g), frames);
      const used = frames.reduce((sum, f) => sum + f.length, 0);
      expect(g.bytes.subarray(g.at(0), g.at(bufferCount)).filter((b) => b !== 0xa5).length).toBeLessThanOrEqual(used);
      for (let i = 0; i < 100; i++) {
        const buffer = g.bytes.subarray(g.at(i), g.at(i + 1));
        expect(buffer.subarray(0, offset).every((b) => b === 0xa5)).toBe(true);
        expect(buffer.subarray(2032).every((b) => b === 0xa5)).toBe(true);
      }
    }
  });

  it("are given whole or not at all, when slots run out or make no sense", () => {
    const g = netmapGuest();
    g.post(6);
    const frames = [9018, 9018, 60].map((l) => frame(1, 2, l, l));
    g.outside.send(frames);
    g.forward();
    same(received(g), frames.slice(0, 1));
    expect(g.sw.stats.ports["vif1.0"]).toMatchObject({ outPackets: 1, noRoom: 2 });
    const other = netmapGuest();
    other.post(20);
    // The third slot of the second frame.
    other.words[other.slot(rx, 7)] = bufferCount;
    other.outside.send(frames);
    other.forward();
    same(received(other), frames.slice(0, 1));
    expect(other.vif.drops).toMatchObject({ "bad receive slot": 1 });
    other.words[other.slot(rx, 7)] = 7;
    other.words[other.slot(rx, 8) + 2] = 1025;
    other.outside.send(frames.slice(1));
    other.forward();
    expect(other.vif.drops).toMatchObject({ "bad receive slot": 2 });
    other.words[other.slot(rx, 8) + 2] = 1024;
    other.outside.send(frames);
    other.forward();
    same(received(other), [...frames.slice(0, 1), ...frames]);
  });
});

describe("frames in several slots of netif rings, to a guest whose grants are wrong", () => {
  it("are answered with an error in all their slots, and given in the next ones", () => {
    for (const persistent of [false, true]) {
      const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
      const table = { buffer: memory.buffer, offset: 4096, frames: 1 };
      const grants = createGrantTable(table);
      const mapper = createGrantMapper(0, (id) => (id === 1 ? { id, table, memory } : undefined));
      const ref = (frame: number): number => grants.grant(frame, { to: 0 });
      const words = new Int32Array(memory.buffer);
      const data = new DataView(memory.buffer);
      for (const ring of [8, 9]) words.set([0, 1, 0, 1], ring * 1024);
      const vif = connectStandardVif({
        name: "vif1.0",
        domain: 1,
        mapper,
        txRingRef: ref(8),
        rxRingRef: ref(9),
        persistent,
        mtu: 9000,
        frameLimit: 9018,
        notifyTx() {},
        notifyRx() {},
      });
      const sw = createSwitch({ lookup: patch() });
      sw.attach(vif);
      const outside = sw.attach("outside", { mtu: 9000 });
      const refs = Array.from({ length: 10 }, (_, i) => (i === 1 ? 999 : ref(16 + i)));
      const request = (n: number): void => {
        for (let i = 0; i < n; i++) {
          data.setUint16(9 * 4096 + 64 + i * 8, i, true);
          data.setUint32(9 * 4096 + 64 + i * 8 + 4, refs[i]!, true);
        }
        Atomics.store(words, 9 * 1024, n);
      };
      const answers = (): number[][] =>
        Array.from({ length: Atomics.load(words, 9 * 1024 + 2) }, (_, i) =>
          [0, 4, 6].map((k) => data.getInt16(9 * 4096 + 64 + i * 8 + k, true)),
        );
      const more = NETRXF.moreData;
      const frames = [frame(1, 2, 1, 9018), frame(1, 2, 2, 60)];
      request(5);
      outside.send(frames.slice(0, 1));
      sw.forward();
      // One of three is wrong, and two are too few.
      expect(answers()).toEqual([
        [0, more, -1],
        [1, more, -1],
        [2, 0, -1],
      ]);
      expect(sw.stats.ports["vif1.0"]).toMatchObject({ noRoom: 1 });
      request(7);
      outside.send(frames);
      sw.forward();
      expect(answers().slice(3)).toEqual([
        [3, more, 4096],
        [4, more, 4096],
        [5, 0, 826],
        [6, 0, 60],
      ]);
      const bytes = new Uint8Array(memory.buffer);
      same([bytes.slice(19 * 4096, 19 * 4096 + 9018), bytes.slice(22 * 4096, 22 * 4096 + 60)], frames);
      expect(vif.drops).toMatchObject({ "bad receive grant": 1, "bad ring index": 0 });
      vif.disconnect();
      expect(grants.grant(30, { to: 0 })).toBeGreaterThan(0);
    }
  });
});
