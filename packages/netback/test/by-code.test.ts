/** A guest's rings, whatever is in them: what WebAssembly moves and what TypeScript moves is the same. */
import { createGrantMapper, createGrantTable } from "@clickos/grant-table";
import { connectVif, type Vif, type VifOptions } from "@clickos/netback";
import { createMemoryPort, createSwitch, learningBridge, type MemoryPort, patch, type ValeSwitch } from "@clickos/vale";
import { netmapRing, netmapSlot, ringSlots } from "@clickos/xen-ring";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const pages = 2;
const frameBytes = 4096;
const [tableFrame, rxFrame, txFrame, firstBuffer] = [1, 2, 3, 8];
const bufferFrames = 8;
const bufferCount = 16;

interface World {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly vif: Vif;
  readonly peer: MemoryPort;
  readonly sw: ValeSwitch;
  /** Whether buffers are granted so that code reaches them. */
  readonly byCode: boolean;
}

/** A guest's memory with rings and buffers granted, connected to a switch with one other port. */
function world(byCode: boolean, learning: boolean, options: Partial<VifOptions>, inRow = true): World {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const table = { buffer: memory.buffer, offset: tableFrame * frameBytes, frames: 1 };
  const grants = createGrantTable(table);
  const mapper = createGrantMapper(0, (id) => (id === 1 ? { id, table, memory } : undefined));
  const grant = (frame: number): number => grants.grant(frame, { to: 0 }) as number;
  const refs = Array.from({ length: bufferFrames }, (_, i) => grant(firstBuffer + (inRow ? i : bufferFrames - 1 - i)));
  const bufferRef = refs[0] as number;
  const vif = connectVif({
    name: "vif1.0",
    domain: 1,
    mapper,
    grants: { rxRingRef: grant(rxFrame), txRingRef: grant(txFrame), bufferRef, bufferFrames, bufferCount },
    notify() {},
    now: () => 0,
    ...options,
  });
  const sw = createSwitch({ lookup: learning ? learningBridge({ now: () => 0 }) : patch() });
  const peer = createMemoryPort("peer", { mtu: 9000 });
  sw.attach(byCode ? vif : { ...vif, source: undefined, sink: undefined });
  sw.attach(byCode ? peer : { ...peer, sink: undefined });
  const words = new Int32Array(memory.buffer);
  for (let i = 0; i < ringSlots; i++)
    words[slotWord(rxFrame, i, netmapSlot.offsets.bufIdx)] = bufferCount / 2 + (i % (bufferCount / 2));
  return {
    words,
    bytes: new Uint8Array(memory.buffer),
    vif,
    peer,
    sw,
    byCode: vif.source !== undefined,
  };
}

const slotWord = (ring: number, slot: number, field: number): number =>
  (ring * frameBytes + netmapRing.offsets.slots + slot * netmapSlot.size + field) >> 2;
const headWord = (ring: number): number => (ring * frameBytes + netmapRing.offsets.head) >> 2;

const often = <T>(a: fc.Arbitrary<T>, b: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 12, arbitrary: a }, { weight: 1, arbitrary: b });
/** What is sent stands in other buffers than what is received, or it would matter which comes first. */
const slotOf = (first: number) =>
  fc.record({
    index: often(
      fc.integer({ min: first, max: first + bufferCount / 2 - 1 }),
      fc.constantFrom(bufferCount, -1, 0x7fffffff),
    ),
    length: often(fc.integer({ min: 14, max: 200 }), fc.constantFrom(0, 13, 1514, 2032, 2048, 2049, 65535)),
    flags: often(fc.constant(0), fc.constantFrom(0x20, 0x21, 0xff00)),
    offset: often(fc.constantFrom(0, 64, 128), fc.constantFrom(1000, 1024, 1025, 2000, 2048, 2049, -1)),
  });
const step = fc.record({
  tx: fc.array(slotOf(0), { maxLength: 30 }),
  txHead: often(fc.constant("after" as const), fc.constantFrom("far" as const, "bad" as const)),
  rx: fc.array(slotOf(bufferCount / 2), { maxLength: 30 }),
  frames: fc.array(fc.oneof(fc.integer({ min: 14, max: 120 }), fc.integer({ min: 14, max: 3000 })), { maxLength: 20 }),
});

/** What the guest and the peer do in a step; the same in both worlds. */
function act(
  w: World,
  s: { tx: readonly SlotWords[]; txHead: string; rx: readonly SlotWords[]; frames: readonly number[] },
): void {
  const put = (ring: number, from: number, slots: readonly SlotWords[]): void =>
    slots.forEach(({ index, length, flags, offset }, i) => {
      const at = (from + i) & (ringSlots - 1);
      w.words[slotWord(ring, at, netmapSlot.offsets.bufIdx)] = index;
      w.words[slotWord(ring, at, netmapSlot.offsets.len)] = length | (flags << 16);
      w.words[slotWord(ring, at, netmapSlot.offsets.ptr)] = offset;
    });
  const head = (w.words[headWord(txFrame)] as number) & (ringSlots - 1);
  put(txFrame, head, s.tx);
  w.words[headWord(txFrame)] =
    s.txHead === "bad" ? 256 : (head + s.tx.length + (s.txHead === "far" ? 77 : 0)) & (ringSlots - 1);
  const rxHead = (w.words[headWord(rxFrame)] as number) & (ringSlots - 1);
  put(rxFrame, rxHead, s.rx);
  w.words[headWord(rxFrame)] = (rxHead + s.rx.length) & (ringSlots - 1);
  w.peer.send(
    s.frames.map((length, i) => {
      const f = new Uint8Array(length).fill(i + 1);
      f.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
      return f;
    }),
  );
}
type SlotWords = { index: number; length: number; flags: number; offset: number };

describe("a guest's netmap rings", () => {
  for (const learning of [false, true])
    it(`are read and filled by code as by TypeScript, ${learning ? "looked up by address" : "patched to another port"}`, () => {
      fc.assert(
        fc.property(
          fc.array(step, { minLength: 1, maxLength: 12 }),
          fc.record({
            burst: fc.constantFrom(256, 4, 1),
            mtu: fc.constantFrom(undefined, 1500, 9000),
            frameLimit: fc.constantFrom(undefined, 9018),
          }),
          (steps, options) => {
            const worlds = [true, false].map((byCode) => world(byCode, learning, options)) as [World, World];
            const [fast, slow] = worlds;
            for (const w of worlds)
              for (let i = firstBuffer * frameBytes; i < w.bytes.length; i++) w.bytes[i] = (i * 13 + (i >> 9)) & 0x3e;
            for (const w of worlds) w.bytes.fill(0xa5, 4 * frameBytes, firstBuffer * frameBytes);
            // Canaries: all of the guest's memory that it did not grant.
            const canaries = fast.bytes.slice();
            for (const s of steps) {
              for (const w of worlds) {
                act(w, s);
                // As often as it takes: what code moves and what TypeScript does come in batches of their own.
                for (let n = 0; n < 600 && w.sw.forward() > 0; n++);
              }
              expect(fast.peer.receive()).toEqual(slow.peer.receive());
              expect(Buffer.compare(fast.bytes, slow.bytes)).toBe(0);
              for (let frame = 0; frame < fast.bytes.length / frameBytes; frame++) {
                const granted =
                  frame === rxFrame ||
                  frame === txFrame ||
                  (frame >= firstBuffer && frame < firstBuffer + bufferFrames);
                // Its grant table says which of its frames are in use.
                if (granted || frame === tableFrame) continue;
                const at = frame * frameBytes;
                expect(
                  Buffer.compare(fast.bytes.subarray(at, at + frameBytes), canaries.subarray(at, at + frameBytes)),
                ).toBe(0);
              }
            }
            expect(fast.vif.drops).toEqual(slow.vif.drops);
            const { badIndex: _a, ...fastStats } = fast.vif.stats;
            const { badIndex: _b, ...slowStats } = slow.vif.stats;
            expect(fastStats).toEqual(slowStats);
            expect(fast.sw.stats).toEqual(slow.sw.stats);
          },
        ),
        { numRuns: 60 },
      );
    });

  it("give no more than their rate allows", () => {
    const w = world(true, false, { rate: { bytes: 500, microseconds: 1000 } });
    const hundred = Array.from({ length: 10 }, (_, index) => ({ index: index % 8, length: 100, flags: 0, offset: 0 }));
    act(w, { tx: hundred, txHead: "after", rx: [], frames: [] });
    expect([w.sw.forward(), w.sw.forward(), w.peer.receive().length]).toEqual([10, 0, 10]);
    act(w, { tx: hundred, txHead: "after", rx: [], frames: [] });
    expect([w.sw.forward(), w.vif.readyIn]).toEqual([0, 1_000_000n]);
  });

  it("are left to TypeScript when buffers are not in a row", () => {
    expect([world(true, false, {}).byCode, world(true, false, {}, false).byCode]).toEqual([true, false]);
  });
});
