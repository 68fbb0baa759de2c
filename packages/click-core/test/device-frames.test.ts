/** Frames of a router's devices without an array for each: where they go, and where they stand. */
import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const frame = (n: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (n * 31 + i) & 255);
const router = (text = "FromDevice(0, BURST 64) -> ToDevice(1, BURST 64);"): Promise<Router> =>
  Router.compile(text, { elements });

/** What a device took in this way. */
function put(r: Router, frames: readonly Uint8Array[]): number {
  const device = r.device(0);
  for (const [i, each] of frames.entries()) {
    const at = device.place(each.length);
    if (at === 0) return i;
    new Uint8Array(device.buffer).set(each, at);
  }
  return frames.length;
}
function taken(r: Router, room = 64): Uint8Array[] {
  const device = r.device(1);
  const [offsets, lengths] = [new Int32Array(room), new Int32Array(room)];
  const count = device.take(offsets, lengths);
  const bytes = new Uint8Array(device.buffer);
  const frames = Array.from({ length: count }, (_, i) => {
    const at = offsets[i] as number;
    return bytes.slice(at, at + (lengths[i] as number));
  });
  device.giveBack();
  return frames;
}

describe("frames of a device, where they stand", () => {
  it("are those that arrays give, of any length, whichever way each goes", async () => {
    const [one, other] = [await router(), await router()];
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 200 }), fc.constantFrom(1514, 1840, 1841, 9018, 70_000)), {
          maxLength: 30,
        }),
        fc.boolean(),
        fc.nat(40),
        (sizes, byArrays, room) => {
          const frames = sizes.map((length, i) => frame(i, length));
          expect(put(one, frames)).toBe(other.device(0).send(frames));
          for (const r of [one, other]) while (r.run() === "more");
          expect(one.device(1).pending).toBe(other.device(1).pending);
          const expected = other.device(1).receive();
          const got = byArrays ? one.device(1).receive(5) : [];
          for (let more = taken(one, room + 1); more.length > 0; more = taken(one, room + 1)) got.push(...more);
          expect(got.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
          expect(Buffer.compare(Buffer.concat(got), Buffer.concat(expected))).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("have their buffers given back, and once", async () => {
    const r = await router();
    const free = r.freeBuffers;
    for (let i = 0; i < 12; i++) {
      expect(put(r, [frame(i, 60), frame(i, 5000)])).toBe(2);
      r.run();
      const device = r.device(1);
      const [offsets, lengths] = [new Int32Array(4), new Int32Array(4)];
      expect(device.take(offsets, lengths)).toBe(2);
      // Not given back, they are there still; taken as arrays, they are gone.
      if (i % 3 === 0) expect(device.take(offsets, lengths)).toBe(2);
      if (i % 2 === 0) expect(device.receive().length).toBe(2);
      device.giveBack();
      device.giveBack();
      expect([device.pending, r.freeBuffers]).toEqual([0, free]);
    }
  });

  it("find no room in a full ring, and none can be longer than packets are", async () => {
    const r = await router();
    expect(
      put(
        r,
        Array.from({ length: 600 }, () => new Uint8Array(60)),
      ),
    ).toBe(512);
    expect(() => r.device(0).place((1 << 24) + 1)).toThrow(RangeError);
  });

  it("of a former configuration wait for arrays, and come first", async () => {
    const r = await router();
    put(r, [frame(1, 60)]);
    r.run();
    await r.hotswap("FromDevice(0) -> Queue -> ToDevice(1);");
    put(r, [frame(2, 60)]);
    while (r.run() === "more");
    expect([taken(r), r.device(1).pending]).toEqual([[], 2]);
    expect(r.device(1).receive(1)).toEqual([frame(1, 60)]);
    expect(taken(r)).toEqual([frame(2, 60)]);
  });
});
