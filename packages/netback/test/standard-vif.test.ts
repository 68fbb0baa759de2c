import { createGrantMapper, createGrantTable, type GrantMapper } from "@clickos/grant-table";
import { connectStandardVif, connectVif, type Vif } from "@clickos/netback";
import { FrameBatch } from "@clickos/vale";
import { netmapRing, ringSlots } from "@clickos/xen-ring";
import { describe, expect, it } from "vitest";

const txFrame = 8;
const rxFrame = 9;
const packetFrame = 10;

interface Request {
  readonly gref: number;
  readonly flags?: number;
  readonly size?: number;
}

/**
 * A guest whose other thread refills its ring after every grant that domain 0 looks at: `refill` is called then. What a
 * call does is counted in grants, good and bad.
 */
function racer(options: { persistent?: boolean; burst?: number; rate?: { bytes: number; microseconds: number } } = {}) {
  const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
  const table = { buffer: memory.buffer, offset: 4096, frames: 1 };
  const grants = createGrantTable(table);
  const real = createGrantMapper(0, (id) => (id === 1 ? { id, table, memory } : undefined));
  const guest = { pins: 0, refill: () => {} };
  const mapper: GrantMapper = {
    ...real,
    window(id) {
      const w = real.window(id)!;
      return {
        buffer: w.buffer,
        memory: w.memory,
        get closed() {
          return w.closed;
        },
        pin(ref, readOnly) {
          guest.pins++;
          if (guest.pins > 1_000_000) throw new Error("domain 0 is held");
          guest.refill();
          return w.pin(ref, readOnly);
        },
        unpin: (ref, readOnly) => w.unpin(ref, readOnly),
      };
    },
  };
  const refs = [txFrame, rxFrame, packetFrame].map((frame) => grants.grant(frame, { to: 0 })) as [
    number,
    number,
    number,
  ];
  const words = new Int32Array(memory.buffer);
  const data = new DataView(memory.buffer);
  for (const frame of [txFrame, rxFrame]) words.set([0, 1, 0, 1], frame * 1024);
  const vif: Vif = connectStandardVif({
    name: "vif1.0",
    domain: 1,
    mapper,
    txRingRef: refs[0],
    rxRingRef: refs[1],
    ...options,
    now: () => 0,
    notifyTx() {},
    notifyRx() {},
  });
  guest.pins = 0;
  const fill = (ring: "tx" | "rx", { gref, flags = 0, size = 60 }: Request): void => {
    for (let i = 0; i < 256; i++) {
      if (ring === "rx") {
        data.setUint16(rxFrame * 4096 + 64 + i * 8, i, true);
        data.setUint32(rxFrame * 4096 + 64 + i * 8 + 4, gref, true);
        continue;
      }
      const slot = txFrame * 4096 + 64 + i * 12;
      data.setUint32(slot, gref, true);
      [0, flags, i, size].forEach((value, k) => {
        data.setUint16(slot + 4 + k * 2, value, true);
      });
    }
  };
  return Object.assign(guest, {
    vif,
    good: refs[2],
    /** Writes the same request to every slot. */
    fill,
    /** Claims so many more requests. */
    produce(ring: "tx" | "rx", count: number) {
      Atomics.add(words, (ring === "tx" ? txFrame : rxFrame) * 1024, count);
    },
    /** Asks for a whole ring of the same, beyond what was answered. */
    ringful(ring: "tx" | "rx", request: Request) {
      fill(ring, request);
      const at = (ring === "tx" ? txFrame : rxFrame) * 1024;
      Atomics.store(words, at, (words[at + 2] as number) + 256);
    },
  });
}

const oneFrame = (length = 60): FrameBatch => {
  const batch = new FrameBatch(new ArrayBuffer(65536));
  batch.count = 1;
  batch.lengths[0] = length;
  return batch;
};

describe("a guest that refills its netif rings while domain 0 reads them", () => {
  for (const persistent of [false, true])
    it(`does not hold domain 0 with bad receive grants (${persistent ? "persistent" : "per packet"})`, () => {
      const guest = racer({ persistent });
      guest.fill("rx", { gref: 999 });
      guest.produce("rx", 256);
      guest.refill = () => guest.produce("rx", 1);
      const batch = oneFrame();
      const list = new Int32Array(256);
      // Many ports deliver in one round: their calls share one limit.
      let taken = 0;
      for (let port = 0; port < 254; port++) taken += guest.vif.deliver(batch, list, 1);
      expect([taken, guest.pins, guest.vif.drops!["bad receive grant"]]).toEqual([0, 256, 256]);
      guest.vif.flush();
      expect(guest.vif.deliver(batch, list, 1)).toBe(0);
      expect(guest.pins).toBe(512);
      // The next round serves it again, as soon as its grants are good.
      guest.refill = () => {};
      guest.vif.flush();
      guest.fill("rx", { gref: guest.good });
      expect(guest.vif.deliver(batch, list, 1)).toBe(1);
    });

  it("does not hold domain 0 with packets that are refused", () => {
    for (const wrong of [{ gref: 999 }, { gref: 0, size: 5 }, { gref: 0, size: 3000 }, { gref: 0, flags: 8 }]) {
      const guest = racer();
      const { vif } = guest;
      guest.refill = () => {
        guest.fill("tx", wrong);
        guest.produce("tx", 1);
      };
      for (let turn = 1; turn <= 20; turn++) {
        guest.ringful("tx", wrong);
        const before = vif.stats.txBadSlot;
        const batch = vif.poll();
        // Not one good packet, and perhaps more of them: the switch comes again.
        expect(batch?.count).toBe(0);
        vif.release();
        expect(vif.stats.txBadSlot - before).toBeLessThanOrEqual(256);
        expect(vif.stats.txBadSlot - before).toBeGreaterThan(0);
      }
    }
  });

  it("does not hold domain 0 with packets in many pieces", () => {
    const guest = racer();
    const { vif } = guest;
    // Every slot says that another follows: a packet is refused at its eighteenth, and what comes after is its rest.
    const piece = { gref: guest.good, flags: 4, size: 10 };
    guest.refill = () => guest.produce("tx", 1);
    for (let turn = 0; turn < 10; turn++) {
      guest.ringful("tx", piece);
      expect(vif.poll()?.count).toBe(0);
      vif.release();
      expect([vif.drops!["too many transmit slots"], guest.pins]).toEqual([1, 0]);
    }
    // With its end the guest is served again.
    guest.refill = () => {};
    guest.ringful("tx", { gref: guest.good });
    expect(vif.poll()?.count).toBe(64);
    vif.release();
    expect([vif.drops!["too many transmit slots"], vif.stats.txPackets, vif.stats.txBadSlot]).toEqual([1, 64, 1]);
  });

  it("does not hold domain 0 with good packets, at any burst and under any rate", () => {
    for (const burst of [1, 64])
      for (const rate of [undefined, { bytes: 1e9, microseconds: 1000 }]) {
        const guest = racer({ burst, ...(rate ? { rate } : {}) });
        guest.refill = () => {
          guest.fill("tx", { gref: guest.good });
          guest.produce("tx", 1);
        };
        for (let turn = 0; turn < 10; turn++) {
          guest.ringful("tx", { gref: guest.good });
          const { pins } = guest;
          expect(guest.vif.poll()?.count).toBe(burst);
          guest.vif.release();
          expect(guest.pins - pins).toBe(burst);
        }
      }
  });

  it("stalls itself only, when its index makes no sense", () => {
    const guest = racer();
    guest.produce("tx", 10_000);
    guest.produce("rx", 10_000);
    expect(guest.vif.poll()).toBe(null);
    expect(guest.vif.deliver(oneFrame(), new Int32Array(256), 1)).toBe(0);
    expect([guest.pins, guest.vif.stats.badIndex]).toEqual([0, 2]);
  });
});

describe("a guest with netmap rings full of slots that make no sense", () => {
  it("costs a ring of slots a call, at any burst", () => {
    for (const burst of [1, 256]) {
      const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
      const table = { buffer: memory.buffer, offset: 4096, frames: 1 };
      const grants = createGrantTable(table);
      const mapper = createGrantMapper(0, (id) => (id === 1 ? { id, table, memory } : undefined));
      const ref = (frame: number): number => grants.grant(frame, { to: 0 });
      const grantsOf = { rxRingRef: ref(8), txRingRef: ref(9), bufferRef: ref(10), bufferFrames: 1, bufferCount: 2 };
      const vif = connectVif({ name: "v", domain: 1, mapper, grants: grantsOf, burst, notify() {} });
      const words = new Int32Array(memory.buffer);
      for (const ring of [8, 9])
        for (let i = 0; i < ringSlots; i++)
          words.set([7777, 60, 0], ring * 1024 + (netmapRing.offsets.slots >> 2) + i * 3);
      const head = (ring: number, value: number): void =>
        void Atomics.store(words, ring * 1024 + (netmapRing.offsets.head >> 2), value);
      for (let turn = 1, at = 0; turn <= 20; turn++) {
        at = (at + 255) & 255;
        head(9, at);
        expect(vif.poll()).toBe(null);
        expect(vif.stats.txBadSlot).toBe(turn * 255);
      }
      head(8, 200);
      for (let turn = 1; turn <= 20; turn++) {
        expect(vif.deliver(oneFrame(), new Int32Array(256), 1)).toBe(0);
        expect(vif.stats.rxBadSlot).toBe(turn);
      }
      head(8, 70_000);
      expect([vif.deliver(oneFrame(), new Int32Array(256), 1), vif.stats.badIndex]).toEqual([0, 1]);
    }
  });
});
