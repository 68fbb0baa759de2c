import { CaptureError, captureReader, PushSource, readCapture, writeCapture } from "@clickos/pcap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

interface Frame {
  data: Uint8Array;
  timestampNs: bigint;
}

const formats = ["pcap", "pcapng"] as const;

function written(format: (typeof formats)[number], frames: readonly Frame[]): Uint8Array {
  const capture = writeCapture(format);
  for (const { data, timestampNs } of frames) capture.write(data, timestampNs);
  expect(capture.frames).toBe(frames.length);
  return capture.bytes();
}

function readAll(reader: ReturnType<typeof readCapture>): Frame[] {
  const frames: Frame[] = [];
  for (let f = reader.next(); f; f = reader.next()) frames.push({ data: f.data.slice(), timestampNs: f.timestampNs });
  return frames;
}

const someFrames = fc
  .array(fc.record({ data: fc.uint8Array({ maxLength: 3000 }), us: fc.nat(2 ** 31 - 1) }), { maxLength: 40 })
  .map((list) => list.map(({ data, us }) => ({ data, timestampNs: BigInt(us) * 1000n })));

describe.each(formats)("%s in memory", (format) => {
  it("has known bytes", () => {
    const bytes = written(format, [{ data: Uint8Array.of(1, 2, 3), timestampNs: 0x0000000200000003n }]);
    expect(Buffer.from(bytes).toString("hex")).toBe(
      format === "pcap"
        ? "d4c3b2a10200040000000000000000000000040001000000" + "080000006e0009000300000003000000" + "010203"
        : "0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000" +
            "010000002000000001000000000004000900010009000000" +
            "0000000020000000" +
            "06000000240000000000000002000000030000000300000003000000" +
            "0102030024000000",
    );
  });

  it("is read as it was written, however large", () => {
    fc.assert(
      fc.property(someFrames, (frames) => {
        const reader = readCapture(written(format, frames), "made");
        expect(readAll(reader)).toEqual(frames);
        expect([reader.name, reader.format, reader.linkType, reader.ended, reader.problem]).toEqual([
          "made",
          format,
          1,
          true,
          undefined,
        ]);
      }),
      { numRuns: 50 },
    );
    const large = Array.from({ length: 40 }, (_, i) => ({ data: new Uint8Array(9000).fill(i), timestampNs: 0n }));
    expect(readAll(readCapture(written(format, large)))).toEqual(large);
  });

  it("keeps so much of a frame as is wanted", () => {
    const capture = writeCapture(format, { snapLength: 10, linkType: 101 });
    capture.write(new Uint8Array(64).fill(9), 0n);
    const reader = readCapture(capture.bytes());
    expect(reader.next()).toEqual({ data: new Uint8Array(10).fill(9), originalLength: 64, timestampNs: 0n });
    expect(reader.linkType).toBe(101);
  });

  it("is read as its bytes come, in pieces of any size", () => {
    fc.assert(
      fc.property(someFrames, fc.infiniteStream(fc.integer({ min: 1, max: 2000 })), (frames, sizes) => {
        const bytes = written(format, frames);
        const source = new PushSource();
        const reader = captureReader(source, "stream");
        const found: Frame[] = [];
        for (let at = 0; at < bytes.length; ) {
          expect([reader.next(), reader.ended]).toEqual([null, false]);
          const size = sizes.next().value;
          source.append(bytes.subarray(at, at + size));
          at += size;
          found.push(...readAll(reader));
        }
        source.finish();
        found.push(...readAll(reader));
        expect(found).toEqual(frames);
        expect([reader.ended, reader.problem]).toEqual([true, undefined]);
      }),
      { numRuns: 50 },
    );
  });
});

describe("a source", () => {
  it("that fails is the reader's problem, after what came before", async () => {
    const bytes = written("pcap", [{ data: new Uint8Array(60), timestampNs: 0n }]);
    const source = new PushSource();
    const reader = captureReader(source, "stream");
    const more = reader.more();
    source.append(bytes.subarray(0, bytes.length));
    await more;
    expect(reader.next()?.data.length).toBe(60);
    source.append(bytes.subarray(24, 30));
    source.finish(new Error("the line went dead"));
    expect([reader.next(), reader.ended]).toEqual([null, true]);
    expect(reader.problem).toMatch(/^stream: after frame 1, at byte 100: the line went dead$/);
  });

  it("that is no capture is refused, or said when it is known", () => {
    expect(() => readCapture(new TextEncoder().encode("some text"), "notes")).toThrow(CaptureError);
    expect(() => readCapture(new Uint8Array(2), "notes")).toThrow("notes is not a capture: it has 2 bytes");
    const source = new PushSource();
    const reader = captureReader(source, "notes");
    source.append(new TextEncoder().encode("some text"));
    expect([reader.next(), reader.ended, reader.problem]).toEqual([
      null,
      true,
      "notes is neither a pcap nor a pcapng file",
    ]);
  });
});
