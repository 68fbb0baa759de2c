/** Buffers of a guest that a NIC uses itself: the same frames as with copies, and nothing beyond what the guest granted. */
import { createGrantMapper, createGrantTable } from "@clickos/grant-table";
import { createIxgbe, type DriveOptions, drive, driverMemory, type Ixgbe, registers as R } from "@clickos/ixgbe-model";
import { connectVif, type Vif, type VifOptions } from "@clickos/netback";
import { SimulatedClock } from "@clickos/run-loop";
import { createSwitch, FrameBatch, frameMemory, patch, type ValeSwitch } from "@clickos/vale";
import { netmapRing, netmapSlot, ringSlots } from "@clickos/xen-ring";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const pages = 11;
const frameBytes = 4096;
const [tableFrame, rxFrame, txFrame, firstBuffer] = [1, 2, 3, 8];
const bufferFrames = 144;
const bufferCount = 288;
/** What is received stands in buffers from here on, and what is sent in those before. */
const firstRx = 32;
const buffersAt = firstBuffer * frameBytes;
const mask = ringSlots - 1;

interface World {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly vif: Vif;
  readonly nic: Ixgbe;
  readonly sw: ValeSwitch;
  /** What left on the wire. */
  readonly left: Uint8Array[];
  /** The domain dies. */
  die(): void;
}

/** A guest's memory with rings and buffers granted, patched to a NIC. */
function world(drives: DriveOptions, { lineRate, clock, ...options }: Extra = {}): World {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const table = { buffer: memory.buffer, offset: tableFrame * frameBytes, frames: 1 };
  const grants = createGrantTable(table);
  const mapper = createGrantMapper(0, (id) => (id === 1 ? { id, table, memory } : undefined));
  const grant = (frame: number): number => grants.grant(frame, { to: 0 }) as number;
  const refs = Array.from({ length: bufferFrames }, (_, i) => grant(firstBuffer + i));
  const vif = connectVif({
    name: "vif1.0",
    domain: 1,
    mapper,
    grants: {
      rxRingRef: grant(rxFrame),
      txRingRef: grant(txFrame),
      bufferRef: refs[0] as number,
      bufferFrames,
      bufferCount,
    },
    notify() {},
    now: () => 0,
    ...options,
  });
  const nic = createIxgbe({
    mac: "02:00:00:00:00:01",
    dma: frameMemory(driverMemory),
    ...(clock ? { now: clock.now, lineRate } : {}),
  });
  const left: Uint8Array[] = [];
  nic.connect({
    receive(batch) {
      for (let i = 0; i < batch.count; i++) {
        const at = batch.offsets[i] as number;
        left.push(batch.memory.bytes.slice(at, at + (batch.lengths[i] as number)));
      }
    },
  });
  const sw = createSwitch({ lookup: patch() });
  sw.attach(vif);
  sw.attach(drive(nic, "nic", drives));
  const words = new Int32Array(memory.buffer);
  for (let i = 0; i < ringSlots; i++) words[slotWord(rxFrame, i, "bufIdx")] = firstRx + i;
  Atomics.store(words, (txFrame * frameBytes + netmapRing.offsets.tail) >> 2, mask);
  return { words, bytes: new Uint8Array(memory.buffer), vif, nic, sw, left, die: () => void mapper.revoke(1) };
}
type Extra = Partial<VifOptions> & { lineRate?: number; clock?: SimulatedClock };

const slotWord = (ring: number, slot: number, field: keyof typeof netmapSlot.offsets): number =>
  (ring * frameBytes + netmapRing.offsets.slots + (slot & mask) * netmapSlot.size + netmapSlot.offsets[field]) >> 2;
const indexWord = (ring: number, which: "head" | "tail"): number =>
  (ring * frameBytes + netmapRing.offsets[which]) >> 2;

/** Frames from the wire; how many the NIC took. */
function arrive({ nic }: World, lengths: readonly number[], first = 0): number {
  const batch = new FrameBatch(256 * 2112);
  lengths.forEach((length, i) => {
    batch.offsets[i] = i * 2112;
    batch.lengths[i] = length;
    for (let k = 0; k < length; k++) batch.memory.bytes[i * 2112 + k] = (first + i + k * 3) & 0xff;
  });
  batch.count = lengths.length;
  return nic.arrive(batch, 0);
}
function settle({ sw }: World): void {
  for (let n = 0; n < 600 && sw.forward() > 0; n++);
}
interface Slot {
  readonly index: number;
  readonly length: number;
  readonly flags?: number;
  readonly offset: number;
}
/** The guest sends what stands in these slots. */
function send({ words }: World, slots: readonly Slot[]): void {
  const head = words[indexWord(txFrame, "head")] as number;
  slots.forEach(({ index, length, flags = 0, offset }, i) => {
    words[slotWord(txFrame, head + i, "bufIdx")] = index;
    words[slotWord(txFrame, head + i, "len")] = length | (flags << 16);
    words[slotWord(txFrame, head + i, "ptr")] = offset;
  });
  Atomics.store(words, indexWord(txFrame, "head"), (head + slots.length) & mask);
}
/** The guest takes what it got, and posts the buffers again with frames to begin at these offsets. */
function receive({ words, bytes }: World, offsets: readonly number[] = [384]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let head = words[indexWord(rxFrame, "head")] as number;
  for (const tail = words[indexWord(rxFrame, "tail")] as number; head !== tail; head = (head + 1) & mask) {
    const index = words[slotWord(rxFrame, head, "bufIdx")] as number;
    const at = buffersAt + index * 2048 + (words[slotWord(rxFrame, head, "ptr")] as number);
    frames.push(bytes.slice(at, at + ((words[slotWord(rxFrame, head, "len")] as number) & 0xffff)));
    words[slotWord(rxFrame, head, "ptr")] = offsets[head % offsets.length] as number;
  }
  Atomics.store(words, indexWord(rxFrame, "head"), head);
  return frames;
}

const often = <T>(a: fc.Arbitrary<T>, b: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 12, arbitrary: a }, { weight: 1, arbitrary: b });
const txSlot = fc.record({
  index: often(fc.nat(firstRx - 1), fc.constantFrom(bufferCount, -1, 0x7fffffff)),
  length: often(fc.integer({ min: 14, max: 200 }), fc.constantFrom(0, 13, 1514, 1518, 1519, 2032, 2049, 65535)),
  flags: often(fc.constant(0), fc.constantFrom(0x20, 0x21, 0xff00)),
  offset: often(fc.constantFrom(0, 64, 384), fc.constantFrom(1024, 1025, 2048, 2049, -1)),
});
const step = fc.record({
  tx: fc.array(txSlot, { maxLength: 40 }),
  arrive: fc.array(often(fc.integer({ min: 14, max: 130 }), fc.constantFrom(1, 1514, 1518, 1519)), { maxLength: 60 }),
  offsets: fc.array(fc.constantFrom(0, 64, 200, 384, 512, 600, 1024), { minLength: 1, maxLength: 3 }),
});

const pattern = Uint8Array.from({ length: firstRx * 2048 }, (_, i) => (i * 13 + (i >> 9)) & 0x3e);

describe("a guest's buffers that a NIC uses", () => {
  it("get and give the same frames as with copies, and count the same", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), (steps) => {
        const worlds = [world({ zeroCopy: true }), world({ mtu: 1500 })] as const;
        for (const { bytes } of worlds) bytes.set(pattern, buffersAt);
        for (const s of steps) {
          const seen = worlds.map((w) => {
            send(w, s.tx);
            settle(w);
            const taken = arrive(w, s.arrive);
            settle(w);
            return {
              taken,
              left: w.left.splice(0),
              got: receive(w, s.offsets),
              tail: w.words[indexWord(txFrame, "tail")],
            };
          });
          expect(seen[0]).toEqual(seen[1]);
        }
        const [lent, copied] = worlds;
        expect(lent.vif.drops).toEqual(copied.vif.drops);
        expect(lent.vif.stats).toEqual(copied.vif.stats);
        expect(lent.sw.stats).toEqual(copied.sw.stats);
        for (const register of [R.GPRC, R.GPTC, R.GORCL, R.GOTCL, R.ROC])
          expect([register, lent.nic.read32(register)]).toEqual([register, copied.nic.read32(register)]);
      }),
      { numRuns: 25 },
    );
  });

  it("are not left by anything, whatever the guest writes to its rings", () => {
    const anything = fc.oneof(fc.nat(600), fc.constantFrom(-1, 0x7fffffff, -0x80000000, 511, 512, 2048));
    const field = fc.constantFrom("bufIdx", "len", "ptr", "head") as fc.Arbitrary<"bufIdx" | "len" | "ptr" | "head">;
    const write = fc.record({ ring: fc.constantFrom(rxFrame, txFrame), slot: fc.nat(mask), field, value: anything });
    const turn = fc.record({
      writes: fc.array(write, { maxLength: 40 }),
      arrive: fc.array(fc.integer({ min: 1, max: 1518 }), { maxLength: 30 }),
    });
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1, maxLength: 12 }), (turns) => {
        const w = world({ zeroCopy: true });
        settle(w);
        // Nothing that the guest granted has this byte: no frame may have it, and it stays wherever it is.
        w.bytes.fill(0xa5, 0, frameBytes);
        w.bytes.fill(0xa5, 4 * frameBytes, buffersAt);
        w.bytes.fill(0xa5, buffersAt + bufferFrames * frameBytes);
        const before = w.bytes.slice();
        for (const t of turns) {
          for (const { ring, slot, field: name, value } of t.writes)
            w.words[name === "head" ? indexWord(ring, "head") : slotWord(ring, slot, name)] = value;
          arrive(
            w,
            t.arrive.map((length) => Math.min(length, 0xa4)),
          );
          settle(w);
        }
        for (const frame of w.left) expect(frame.length).toBeLessThanOrEqual(1518);
        const isGranted = (frame: number): boolean =>
          frame === rxFrame || frame === txFrame || (frame >= firstBuffer && frame < firstBuffer + bufferFrames);
        for (let frame = 0; frame < w.bytes.length / frameBytes; frame++) {
          if (isGranted(frame) || frame === tableFrame) continue;
          const at = frame * frameBytes;
          expect(Buffer.compare(w.bytes.subarray(at, at + frameBytes), before.subarray(at, at + frameBytes))).toBe(0);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("are the NIC's no more when the interface leaves, and may be lent again", () => {
    const w = world({ zeroCopy: true });
    settle(w);
    expect([arrive(w, [60, 60]), w.bytes[buffersAt + firstRx * 2048 + 1]]).toEqual([2, 3]);
    w.sw.detach(w.vif);
    const before = w.bytes.slice();
    expect(arrive(w, [100, 100])).toBe(2);
    settle(w);
    expect(Buffer.compare(w.bytes, before)).toBe(0);
  });

  it("are out of its reach when the guest has died", () => {
    const w = world({ zeroCopy: true });
    settle(w);
    send(w, [{ index: 1, length: 60, offset: 0 }]);
    w.die();
    const before = w.bytes.slice();
    arrive(w, [100, 100]);
    settle(w);
    expect([Buffer.compare(w.bytes, before), w.left, w.nic.dmaErrors]).toEqual([0, [], 2]);
    w.sw.detach(w.vif);
    expect(arrive(w, [100])).toBe(1);
  });

  it("are given back once their frames have left, where the line has a rate", () => {
    const clock = new SimulatedClock();
    const w = world({ zeroCopy: true }, { clock, lineRate: 1e10 });
    settle(w);
    send(
      w,
      Array.from({ length: 3 }, (_, index) => ({ index, length: 60, offset: 0 })),
    );
    settle(w);
    const freed = (): number => ((w.words[indexWord(txFrame, "tail")] as number) + 1) & mask;
    expect([w.left.length, freed()]).toEqual([1, 1]);
    expect(w.sw.wakesIn).toBeGreaterThan(0n);
    clock.jump(clock.now() + 1000n);
    settle(w);
    expect([w.left.length, freed()]).toEqual([3, 3]);
  });

  it("are copied from where another port is to have its frames too", () => {
    const w = world({ zeroCopy: true });
    settle(w);
    const monitor = w.sw.attach("monitor", { mirror: { entering: "all" } });
    send(w, [{ index: 1, length: 60, offset: 0 }]);
    settle(w);
    expect(arrive(w, [60])).toBe(1);
    settle(w);
    expect([monitor.receive().length, w.left.length, receive(w).length]).toEqual([2, 1, 1]);
  });

  it("are copied where frames could be longer than there is room for", () => {
    const w = world({ zeroCopy: true, mtu: 2000 });
    settle(w);
    expect(arrive(w, [1900])).toBe(1);
    settle(w);
    expect(receive(w)[0]?.length).toBe(1900);
  });

  it("are asked for an event before the switch sleeps, whether they are lent or not", () => {
    for (const options of [{ zeroCopy: true }, { mtu: 1500 }]) {
      const w = world(options);
      const event = (txFrame * frameBytes + netmapRing.offsets.event) >> 2;
      const asked = (): number => Atomics.exchange(w.words, event, 0);
      settle(w);
      expect(asked()).toBe(1);
      send(w, [{ index: 1, length: 60, offset: 0 }]);
      expect([w.sw.forward(), asked()]).toEqual([1, 0]);
      expect([w.sw.forward(), asked()]).toEqual([0, 1]);
      // What makes no sense, and a frame whose end is not there yet, may be mended.
      send(w, [{ index: 1, length: 60, offset: 0, flags: 0x20 }]);
      settle(w);
      expect([w.left.length, asked()]).toEqual([1, 1]);
      Atomics.store(w.words, indexWord(txFrame, "head"), 999);
      settle(w);
      expect(asked()).toBe(1);
    }
  });
});
