/**
 * A back end that writes anything to the rings: a front end counts what makes no sense, reads and writes nothing but its
 * own pages, returns from every call, and goes on with what is right.
 */
import { createRing, netifRx, netifTx, netmapRing, ringSlots, sring } from "@clickos/xen-ring";
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
              // No more than was posted, nothing longer than a page, nothing of anybody else's.
              expect(frames.length).toBeLessThanOrEqual(64);
              for (const f of frames) expect([f.length <= frameSize, f.includes(secret)]).toEqual([true, false]);
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
            for (const f of frames) expect([f.length <= 2048, f.includes(secret)]).toEqual([true, false]);
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
