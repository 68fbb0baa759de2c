/**
 * A back end that writes anything to the rings: a front end counts what makes no sense, reads and writes nothing but its
 * own pages, returns from every call, and goes on with what is right.
 */
import {
  createRing,
  maximumFrameSlots,
  maximumPacketSlots,
  NETRXF,
  NS,
  netifRx,
  netifTx,
  netmapRing,
  ringSlots,
  sring,
} from "@clickos/xen-ring";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frameSize, frontOf, guest, mapKey, modes } from "./rig.ts";

/** Bytes of a frame of the guest that is not the interface's. */
const secret = 0x5a;

function rig(mode: (typeof modes)[number]) {
  const g = guest();
  // Neighbouring frames before and after those of the interface.
  const before = g.allocateFrame();
  const front = frontOf(g, mode);
  const after = g.allocateFrame();
  const bytes = new Uint8Array(g.memory.buffer);
  for (const frame of [before, after]) bytes.fill(secret, frame * frameSize, (frame + 1) * frameSize);
  const words = new Int32Array(g.memory.buffer);
  const data = new DataView(g.memory.buffer);
  const [tx, rx] = ["tx-ring-ref", "rx-ring-ref"].map((key) => mapKey(g, front, key).offset) as [number, number];
  return {
    g,
    front,
    bytes,
    words,
    data,
    tx,
    rx,
    own: g.inUse.size,
    unharmed: () =>
      [before, after].every((frame) =>
        bytes.subarray(frame * frameSize, (frame + 1) * frameSize).every((b) => b === secret),
      ),
  };
}
const index = fc.oneof(
  fc.constantFrom(0, 1, 63, 64, 255, 256, 257, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);
const short = fc.oneof(fc.constantFrom(0, 1, 63, 64, 255, 256, 4095, 4096, 4097, 32767, 32768, 65535), fc.nat(65535));

describe("a hostile back end", () => {
  for (const mode of modes.slice(1))
    it(`answers what it likes on netif rings: ${mode[0]}`, () => {
      const slot = fc.tuple(short, short, short, short);
      fc.assert(
        fc.property(
          fc.array(
            fc.record({
              tx: index,
              rx: index,
              event: index,
              slots: fc.array(slot, { maxLength: 8 }),
              send: fc.nat(70),
            }),
            { minLength: 1, maxLength: 20 },
          ),
          (turns) => {
            const r = rig(mode);
            for (const turn of turns) {
              for (let i = 0; i < turn.send; i++) r.front.send(new Uint8Array(1 + i * 20).fill(i), { fragment: 1000 });
              r.front.flush();
              turn.slots.forEach((values, i) => {
                values.forEach((value, k) => {
                  r.data.setUint16(r.tx + sring.size + i * 12 + k * 2, value, true);
                  r.data.setUint16(r.rx + sring.size + i * 8 + k * 2, value, true);
                });
              });
              for (const [ring, prod] of [
                [r.tx, turn.tx],
                [r.rx, turn.rx],
              ] as const) {
                Atomics.store(r.words, (ring + sring.offsets.rspProd) >> 2, prod | 0);
                Atomics.store(r.words, (ring + sring.offsets.reqEvent) >> 2, turn.event | 0);
              }
              const frames = r.front.receive();
              // No more than was posted, nothing longer than a packet's pages, nothing of anybody else's.
              expect(frames.length).toBeLessThanOrEqual(64);
              for (const f of frames)
                expect([f.length <= maximumPacketSlots * frameSize, f.includes(secret)]).toEqual([true, false]);
              r.front.wait();
            }
            expect([r.unharmed(), r.g.inUse.size]).toEqual([true, r.own]);
            r.g.mapper.release();
            expect([r.front.close(), r.g.inUse.size, r.g.grants.used]).toEqual([true, 2, 0]);
          },
        ),
        { numRuns: 200 },
      );
    });

  it("counts each kind of answer that makes no sense, and receives the good one beside them", () => {
    const r = rig(modes[1]);
    const { buffer } = r.g.memory;
    const rx = createRing({ buffer, offset: r.rx }, netifRx, { init: false }).back;
    const tx = createRing({ buffer, offset: r.tx }, netifTx, { init: false }).back;
    const asked = [...rx.requests()];
    rx.respond({ id: 64, offset: 0, flags: 0, status: 60 });
    rx.respond({ id: 65535, offset: 0, flags: 0, status: 60 });
    rx.respond({ id: asked[0]!.id, offset: 4000, flags: 0, status: 97 });
    rx.respond({ id: asked[1]!.id, offset: 65535, flags: 0, status: 32767 });
    rx.respond({ id: asked[2]!.id, offset: 4000, flags: 0, status: 96 });
    rx.publish();
    expect(r.front.receive()).toEqual([new Uint8Array(96)]);
    expect(r.front.stats).toMatchObject({ received: 1, bad: 4, refused: 0 });
    for (let i = 0; i < 3; i++) r.front.send(new Uint8Array(60));
    r.front.flush();
    const [first, second] = [...tx.requests()];
    tx.respond({ id: first!.id, status: 0 });
    tx.respond({ id: first!.id, status: 0 });
    tx.respond({ id: second!.id, status: -1 });
    tx.publish();
    r.front.receive();
    expect(r.front.stats).toMatchObject({ sent: 3, bad: 5, refused: 1 });
    // Answers beyond what was asked are not looked at.
    Atomics.store(r.words, (r.tx + sring.offsets.rspProd) >> 2, 0x7fffffff);
    for (let i = 0; i < 100; i++) r.front.receive();
    expect(r.front.stats.bad).toBe(5);
  });

  it("gives a frame in several answers, with no end, with too many, with one that is wrong", () => {
    const r = rig(modes[1]);
    const rx = createRing({ buffer: r.g.memory.buffer, offset: r.rx }, netifRx, { init: false }).back;
    /** Answers as they come: a size and whether another follows. */
    const answer = (parts: readonly (readonly [size: number, more: boolean, offset?: number])[]): void => {
      const asked = rx.requests();
      for (const [status, more, offset = 0] of parts) {
        const { value } = asked.next();
        rx.respond({ id: (value as { id: number }).id, offset, flags: more ? NETRXF.moreData : 0, status });
      }
      asked.return(undefined);
      rx.publish();
    };
    answer([
      [4096, true],
      [4096, true],
      [808, false],
    ]);
    expect(r.front.receive().map((f) => f.length)).toEqual([9000]);
    // It comes in two calls; one that has no end is no frame.
    answer([[4096, true]]);
    expect(r.front.receive()).toEqual([]);
    answer([
      [5, false],
      [60, false],
      [60, true],
    ]);
    expect(r.front.receive().map((f) => f.length)).toEqual([4101, 60]);
    answer([[70, false]]);
    expect(r.front.receive().map((f) => f.length)).toEqual([130]);
    // Refused by the back end in the middle, out of its page in the middle: one frame each, and what follows is whole.
    answer([
      [100, true],
      [-1, true],
      [100, false],
      [100, true],
      [100, false, 4000],
      [61, false],
    ]);
    expect(r.front.receive().map((f) => f.length)).toEqual([61]);
    expect(r.front.stats).toMatchObject({ received: 5, refused: 1, bad: 1 });
    // More answers than a packet may have: none of it is kept, however many follow.
    for (let turn = 0; turn < 20; turn++) {
      answer(Array.from({ length: 40 }, () => [4096, true]));
      expect(r.front.receive()).toEqual([]);
    }
    answer([
      [60, false],
      [62, false],
    ]);
    expect(r.front.receive().map((f) => f.length)).toEqual([62]);
    expect(r.front.stats).toMatchObject({ received: 6, refused: 1, bad: 2 });
  });

  it("gives a frame in several slots, with no end, with too many, with one that is too long", () => {
    const r = rig(modes[0]);
    const { offsets } = netmapRing;
    let at = 0;
    const fill = (parts: readonly (readonly [length: number, more: boolean])[]): void => {
      for (const [length, more] of parts) {
        r.words[((r.rx + offsets.slots) >> 2) + at * 3 + 1] = length | (more ? NS.moreFrag << 16 : 0);
        at = (at + 1) % ringSlots;
      }
      Atomics.store(r.words, (r.rx + offsets.tail) >> 2, at);
    };
    fill([
      [2048, true],
      [2048, true],
      [4, false],
      [60, false],
      [100, true],
    ]);
    expect(r.front.receive().map((f) => f.length)).toEqual([4100, 60]);
    fill([
      [100, false],
      [100, true],
      [2049, true],
      [100, false],
      [61, false],
    ]);
    expect(r.front.receive().map((f) => f.length)).toEqual([200, 61]);
    expect(r.front.stats).toMatchObject({ received: 4, bad: 1 });
    for (let turn = 0; turn < 10; turn++) {
      fill(Array.from({ length: maximumFrameSlots }, () => [2048, true]));
      expect(r.front.receive()).toEqual([]);
    }
    expect(r.front.stats).toMatchObject({ received: 4, bad: 11 });
    fill([[62, false]]);
    expect(r.front.receive().map((f) => f.length)).toEqual([62]);
  });

  it("answers what it likes on netmap rings", () => {
    const { offsets } = netmapRing;
    const slot = fc.tuple(index, index, index);
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            tx: index,
            rx: index,
            slots: fc.array(slot, { maxLength: 8 }),
            send: fc.nat(300),
            whole: fc.boolean(),
          }),
          { minLength: 1, maxLength: 20 },
        ),
        (turns) => {
          const r = rig(modes[0]);
          for (const turn of turns) {
            let sent = 0;
            while (sent < turn.send && r.front.send(new Uint8Array(1 + ((sent * 97) % 2000)))) sent++;
            expect(sent).toBeLessThan(ringSlots);
            r.front.flush();
            turn.slots.forEach((values, i) => {
              for (const ring of [r.tx, r.rx])
                r.words.set(
                  values.map((v) => v | 0),
                  ((ring + offsets.slots) >> 2) + i * 3,
                );
            });
            for (const [ring, tail] of [
              [r.tx, turn.tx],
              [r.rx, turn.rx],
            ] as const) {
              for (const field of turn.whole ? (["head", "cur", "numSlots", "nrBufSize", "flags"] as const) : [])
                r.words[(ring + offsets[field]) >> 2] = tail | 0;
              Atomics.store(r.words, (ring + offsets.tail) >> 2, tail | 0);
            }
            const frames = r.front.receive();
            expect(frames.length).toBeLessThan(ringSlots);
            for (const f of frames)
              expect([f.length <= maximumFrameSlots * 2048, f.includes(secret)]).toEqual([true, false]);
            r.front.wait();
          }
          expect([r.unharmed(), r.g.inUse.size]).toEqual([true, r.own]);
        },
      ),
      { numRuns: 200 },
    );
    const r = rig(modes[0]);
    r.words[((r.rx + offsets.slots) >> 2) + 1] = 2049;
    r.words[((r.rx + offsets.slots) >> 2) + 4] = 2048;
    Atomics.store(r.words, (r.rx + offsets.tail) >> 2, 2);
    expect(r.front.receive()).toEqual([new Uint8Array(2048)]);
    expect(r.front.stats).toMatchObject({ received: 1, bad: 1 });
  });
});
