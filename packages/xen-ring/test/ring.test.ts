import {
  createRing,
  netifExtraInfo,
  netifRxRequest,
  netifRxResponse,
  netifTx,
  netifTxRequest,
  netifTxResponse,
  netmapRing,
  netmapSlot,
  RingError,
  ringSize,
  sring,
} from "@clickos/xen-ring";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const page = (): { buffer: SharedArrayBuffer; offset: number } => ({ buffer: new SharedArrayBuffer(4096), offset: 0 });
const request = (id: number): { gref: number; offset: number; flags: number; id: number; size: number } => ({
  gref: 1000 + id,
  offset: 0,
  flags: 0,
  id,
  size: 64,
});

describe("layouts", () => {
  it("are those of Xen's and netmap's public headers", () => {
    expect(netifTxRequest.offsets).toEqual({ gref: 0, offset: 4, flags: 6, id: 8, size: 10 });
    expect([
      netifTxRequest.size,
      netifTxResponse.size,
      netifRxRequest.size,
      netifRxResponse.size,
      netifExtraInfo.size,
    ]).toEqual([12, 4, 8, 8, 8]);
    expect(netifRxResponse.offsets).toEqual({ id: 0, offset: 2, flags: 4, status: 6 });
    expect([sring.size, sring.offsets.rspEvent]).toEqual([64, 12]);
    expect([ringSize(12), ringSize(8)]).toEqual([256, 256]);
    expect([netmapSlot.size, netmapRing.size]).toEqual([12, 64 + 256 * 12]);
    expect(netmapRing.size).toBeLessThanOrEqual(4096);
  });
});

describe("the shared ring", () => {
  it("carries requests one way and responses the other", () => {
    const { front, back } = createRing(page(), netifTx);
    front.push(request(7));
    expect([...back.requests()]).toEqual([]);
    expect(front.publish()).toBe(true);
    expect([...back.requests()]).toEqual([request(7)]);
    back.respond({ id: 7, status: -1 });
    expect(back.publish()).toBe(true);
    expect([...front.responses()]).toEqual([{ id: 7, status: -1 }]);
    expect(front.free).toBe(256);
  });

  it("holds notifications off until they are asked for", () => {
    const { front, back } = createRing(page(), netifTx);
    front.push(request(1));
    expect(front.publish()).toBe(true);
    front.push(request(2));
    expect(front.publish()).toBe(false);
    expect([...back.requests()]).toHaveLength(2);
    expect(back.finalCheck()).toBe(false);
    front.push(request(3));
    expect(front.publish()).toBe(true);
    expect(back.finalCheck()).toBe(true);
  });

  it("refuses one request too many, and responses nobody asked for", () => {
    const { front, back } = createRing(page(), netifTx);
    for (let i = 0; i < 256; i++) front.push(request(i));
    expect(() => front.push(request(256))).toThrow(RingError);
    expect(() => back.respond({ id: 0, status: 0 })).toThrow(/without a request/);
  });

  it("does not believe a producer index beyond the ring", () => {
    const p = page();
    const { back } = createRing(p, netifTx);
    new Uint32Array(p.buffer)[0] = 5000;
    expect([...back.requests()]).toEqual([]);
    expect(back.overruns).toBe(1);
  });

  it.each([0x7fffffff, 0xffffffff, 0xffffff80, 0])("keeps order over the wrap, from %i, against a model", (start) => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("push", "take", "answer", "collect"), fc.integer({ min: 1, max: 80 })), {
          maxLength: 60,
        }),
        (steps) => {
          const p = page();
          const words = new Uint32Array(p.buffer);
          createRing(p, netifTx);
          words.set([start, start + 1, start, start + 1].map((n) => n >>> 0));
          const { front, back } = createRing(p, netifTx, { init: false });
          const [sent, seen, answered]: [number[], number[], number[]] = [[], [], []];
          let id = 0;
          for (const [what, n] of steps) {
            if (what === "push") {
              for (let i = 0; i < n && front.free > 0; i++) {
                front.push(request(id & 0xffff));
                sent.push(id++ & 0xffff);
              }
              front.publish();
            } else if (what === "take") {
              for (const r of back.requests()) {
                expect(r.id).toBe(sent.shift());
                seen.push(r.id);
              }
            } else if (what === "answer") {
              for (let i = 0; i < n && seen.length > 0; i++) {
                const answer = seen.shift()!;
                back.respond({ id: answer, status: 0 });
                answered.push(answer);
              }
              back.publish();
            } else for (const r of front.responses()) expect(r.id).toBe(answered.shift());
          }
        },
      ),
    );
  });
});
