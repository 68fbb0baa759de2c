import {
  copyPart,
  createSwitch,
  FrameBatch,
  FrameMemory,
  GatheredFrames,
  longestFrame,
  type MemoryPort,
  maximumFrame,
  patch,
  SwitchError,
} from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** To all stations, from one of `src`; the bytes depend on the length. */
const frame = (length: number, src = 1): Uint8Array => {
  const f = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
  f.set([255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, src, 0x88, 0xb5]);
  return f;
};

describe("the MTU of a port", () => {
  it("is the bytes behind a header and a tag, and one buffer's where none is given", () => {
    expect([68, 1500, 9000].map((mtu) => longestFrame(mtu))).toEqual([86, 1518, 9018]);
    expect(longestFrame()).toBe(maximumFrame);
    for (const mtu of [67, 9001, 1500.5, Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      expect(() => longestFrame(mtu)).toThrow(/whole number from 68 to 9000/);
      const sw = createSwitch();
      expect(() => sw.attach("a", { mtu })).toThrow(SwitchError);
      expect(sw.stats.ports).toEqual({});
    }
  });

  it("lets frames of its length through, and counts longer ones at the port that they were for", () => {
    const sw = createSwitch({ lookup: patch() });
    const [a, b] = [sw.attach("a", { mtu: 9000 }), sw.attach("b", { mtu: 1500 })];
    const sizes = [60, 1518, 1519, 9018, 1517, 9018];
    a.send(sizes.map((n) => frame(n)));
    sw.forward();
    expect(b.receive()).toEqual([60, 1518, 1517].map((n) => frame(n)));
    expect(sw.stats.ports.b).toMatchObject({ outPackets: 3, outBytes: 60 + 1518 + 1517, tooLong: 3, noRoom: 0 });
    expect(sw.stats.ports.a).toMatchObject({ inPackets: 6, tooLong: 0 });
    expect(() => a.send([frame(9019)])).toThrow("a frame of 9019 bytes; port 'a' carries at most 9018");
    expect(() => b.send([frame(1519)])).toThrow(RangeError);
  });

  it("keeps nothing from ports whose own is larger, when a frame goes to all", () => {
    const sw = createSwitch();
    const [a, b, c, d] = [
      sw.attach("a", { mtu: 9000 }),
      sw.attach("b"),
      sw.attach("c", { mtu: 9000 }),
      sw.attach("d", { mtu: 68 }),
    ];
    a.send([frame(2032), frame(2033), frame(9018), frame(60)]);
    sw.forward();
    expect([b, c, d].map((p) => p.receive().map((f) => f.length))).toEqual([[2032, 60], [2032, 2033, 9018, 60], [60]]);
    expect(["b", "c", "d"].map((p) => sw.stats.ports[p]!.tooLong)).toEqual([2, 0, 3]);
  });

  it("is less than what a port that is given carries, or changes nothing; one that says nothing takes all", () => {
    const sw = createSwitch();
    const a = sw.attach("a", { mtu: 9000 });
    const got: Record<string, number[]> = {};
    const port = (name: string, frameLimit?: number) => ({
      name,
      ...(frameLimit === undefined ? {} : { frameLimit }),
      poll: () => null,
      release() {},
      flush() {},
      onReady: () => () => {},
      deliver(from: FrameBatch, list: Int32Array, count: number) {
        for (let k = 0; k < count; k++) (got[name] ??= []).push(from.lengths[list[k]!]!);
        return count;
      },
    });
    sw.attach(port("any"));
    sw.attach(port("limited", 1000));
    sw.attach(port("less", 1000), { mtu: 200 });
    sw.attach(port("not more", 1000), { mtu: 9000 });
    a.send([100, 218, 219, 1000, 1001, 9018].map((n) => frame(n)));
    sw.forward();
    expect(got).toEqual({
      any: [100, 218, 219, 1000, 1001, 9018],
      limited: [100, 218, 219, 1000],
      less: [100, 218],
      "not more": [100, 218, 219, 1000],
    });
  });

  it("agrees with a model of ports that each take what fits, as long as there is room", () => {
    const mtu = fc.constantFrom(undefined, 68, 1500, 9000);
    fc.assert(
      fc.property(
        fc.tuple(mtu, mtu, mtu),
        fc.array(fc.array(fc.integer({ min: 14, max: 9018 }), { maxLength: 120 }), { maxLength: 6 }),
        (mtus, rounds) => {
          const sw = createSwitch();
          const from = sw.attach("from", { mtu: 9000 });
          const ports = mtus.map((mtu, i) => sw.attach(`p${i}`, mtu === undefined ? {} : { mtu })) as MemoryPort[];
          const expected: Uint8Array[][] = mtus.map(() => []);
          const tooLong = mtus.map(() => 0);
          const noRoom = mtus.map(() => 0);
          for (const sizes of rounds) {
            from.send(sizes.map((n) => frame(n)));
            sw.forward();
            for (const size of sizes)
              mtus.forEach((mtu, i) => {
                if (size > longestFrame(mtu)) tooLong[i]!++;
                else if (expected[i]!.length < 256) expected[i]!.push(frame(size));
                else noRoom[i]!++;
              });
          }
          ports.forEach((p, i) => {
            const { stats } = sw;
            const { outBytes } = stats.ports[p.name]!;
            const got = p.receive();
            expect(got.length).toBe(expected[i]!.length);
            got.forEach((f, k) => expect(Buffer.compare(f, expected[i]![k]!)).toBe(0));
            expect(outBytes).toBe(got.reduce((sum, f) => sum + f.length, 0));
            expect(stats.ports[p.name]).toMatchObject({ tooLong: tooLong[i], noRoom: noRoom[i] });
          });
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("frames in pieces", () => {
  it("are the same frame, in whatever pieces it is gathered and copied on", () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 14, max: 9018 }), cuts, cuts), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 0, max: 17 }),
        (frames, skew) => {
          const gathered = new GatheredFrames(9018);
          const source = new FrameMemory(new SharedArrayBuffer(16384));
          for (let turn = 0; turn < 2; turn++) {
            gathered.clear();
            for (const [length, cut] of frames) {
              expect(gathered.hasRoom).toBe(true);
              source.bytes.set(frame(length), skew);
              for (let at = 0, k = 0; at < length; k++) {
                const piece = Math.min(cut[k % cut.length]!, length - at);
                gathered.add(source, skew + at, piece);
                at += piece;
              }
              source.bytes.fill(0);
              expect(gathered.end()).toBe(length);
            }
            const { batch } = gathered;
            expect(batch.count).toBe(frames.length);
            frames.forEach(([length, , cut], i) => {
              const target = new FrameMemory(new ArrayBuffer(16384));
              target.bytes.fill(0xa5);
              for (let at = 0, k = 0; at < length; k++) {
                const piece = Math.min(cut[k % cut.length]!, length - at);
                copyPart(batch, i, at, piece, target, skew + at);
                at += piece;
              }
              const expected = new Uint8Array(16384).fill(0xa5);
              expected.set(frame(length), skew);
              expect(Buffer.compare(target.bytes, expected)).toBe(0);
            });
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("have the addresses that were looked up, whatever the memory holds by then", () => {
    const batch = new FrameBatch(new SharedArrayBuffer(4096));
    batch.lengths[0] = 100;
    batch.memory.bytes.set(frame(100));
    const words = new Int32Array(batch.memory.bytes.slice(0, 12).buffer);
    batch.keep(0, words[0]!, words[1]!, words[2]!);
    batch.memory.bytes.fill(9, 0, 12);
    const target = new FrameMemory(new ArrayBuffer(128));
    copyPart(batch, 0, 0, 50, target, 3);
    copyPart(batch, 0, 50, 50, target, 53);
    expect(target.bytes.subarray(3, 103)).toEqual(frame(100));
  });

  it("end a batch when no frame of full length fits, and never grow over the limit", () => {
    const gathered = new GatheredFrames(9018);
    const source = new FrameMemory(new ArrayBuffer(16384));
    let frames = 0;
    for (; gathered.hasRoom; frames++) {
      gathered.add(source, 0, 9018);
      gathered.end();
    }
    expect(frames).toBe(16);
    expect(() => gathered.add(source, 0, 9019)).toThrow(RangeError);
    gathered.clear();
    gathered.add(source, 0, 9018);
    expect(() => gathered.add(source, 0, 1)).toThrow("9018 and 1 bytes of a frame; 9018 are the most");
    gathered.clear();
    for (frames = 0; gathered.hasRoom; frames++) {
      gathered.add(source, 0, 60);
      gathered.end();
    }
    expect(frames).toBe(256);
  });
});
