/** Checksums and segments that the kernel left to a card, against a plain model. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { folded, get16, put16, wordSum } from "../src/native/internet-checksum.ts";
import { completeChecksum, findHeaders, segmentCount, writeSegment } from "../src/native/segmentation.ts";

interface Packet {
  readonly version: 4 | 6;
  readonly protocol: 6 | 17;
  readonly tagged: boolean;
  readonly options: number;
  readonly payload: Uint8Array;
}

/** A frame with headers whose lengths and checksums are right. */
function frameOf({ version, protocol, tagged, options, payload }: Packet) {
  const ip = tagged ? 18 : 14;
  const transport = ip + (version === 4 ? 20 : 40);
  const headerSize = protocol === 6 ? 20 + options * 4 : 8;
  const length = transport + headerSize + payload.length;
  const frame = new Uint8Array(length).fill(0x11, 0, 12);
  if (tagged) frame.set([0x81, 0, 0, 5], 12);
  put16(frame, ip - 2, version === 4 ? 0x0800 : 0x86dd);
  if (version === 4) {
    frame.set([0x45, 0, 0, 0, 0xff, 0xff, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], ip);
    put16(frame, ip + 2, length - ip);
    put16(frame, ip + 10, folded(wordSum(frame, ip, ip + 20)));
  } else {
    frame.set([0x60, 0, 0, 0, 0, 0, protocol, 64], ip);
    put16(frame, ip + 4, length - transport);
    frame.fill(0x22, ip + 8, ip + 40);
  }
  if (protocol === 6) {
    // The sequence number is about to overflow; CWR, PSH and FIN are set.
    frame.set([1, 0, 2, 0, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 0, (5 + options) << 4, 0x99, 1, 0, 0, 0, 0, 0], transport);
    frame.fill(1, transport + 20, transport + 20 + options * 4);
  } else {
    frame.set([1, 0, 2, 0], transport);
    put16(frame, transport + 4, length - transport);
  }
  frame.set(payload, transport + headerSize);
  return { frame, ip, transport, payload: transport + headerSize };
}

/** The sum of all that a checksum of TCP or UDP covers; 0 where it is right. */
function transportSum(frame: Uint8Array, { version, protocol }: Packet, ip: number, transport: number): number {
  const addresses = version === 4 ? [ip + 12, ip + 20] : [ip + 8, ip + 40];
  const pseudo = wordSum(frame, addresses[0] as number, addresses[1] as number) + protocol + frame.length - transport;
  return folded(pseudo + wordSum(frame, transport, frame.length));
}

const packets = fc.record({
  version: fc.constantFrom(4 as const, 6 as const),
  protocol: fc.constantFrom(6 as const, 17 as const),
  tagged: fc.boolean(),
  options: fc.nat(10),
  payload: fc.uint8Array({ minLength: 1, maxLength: 4000 }),
});

describe("segments", () => {
  it("have the payload in order, and lengths, numbers, flags and checksums of their own", () => {
    fc.assert(
      fc.property(packets, fc.integer({ min: 1, max: 1500 }), (packet, size) => {
        fc.pre(packet.payload.length / size < 300);
        const { frame, ip, transport, payload } = frameOf(packet);
        const headers = findHeaders(frame, frame.length);
        expect(headers).toMatchObject({ ip, transport, payload, version: packet.version, protocol: packet.protocol });
        if (!headers) return;
        const count = segmentCount(frame.length, headers, size);
        const joined: number[] = [];
        for (let i = 0; i < count; i++) {
          const to = new Uint8Array(9000).fill(0xa5);
          const length = writeSegment(frame, frame.length, headers, size, i, to);
          expect(to.subarray(length).every((b) => b === 0xa5)).toBe(true);
          const segment = to.subarray(0, length);
          expect(transportSum(segment, packet, ip, transport)).toBe(0);
          if (packet.version === 4) {
            expect(folded(wordSum(segment, ip, ip + 20))).toBe(0);
            expect([get16(segment, ip + 2), get16(segment, ip + 4)]).toEqual([length - ip, (0xffff + i) & 0xffff]);
          } else expect(get16(segment, ip + 4)).toBe(length - transport);
          if (packet.protocol === 6) {
            const sequence = (get16(segment, transport + 4) * 0x10000 + get16(segment, transport + 6)) >>> 0;
            expect(sequence).toBe((0xffff_fff0 + i * size) >>> 0);
            const last = i === count - 1;
            expect(segment[transport + 13]).toBe(0x10 | (i === 0 ? 0x80 : 0) | (last ? 9 : 0));
          } else expect(get16(segment, transport + 4)).toBe(length - transport);
          joined.push(...segment.subarray(payload));
        }
        expect(Uint8Array.from(joined)).toEqual(packet.payload);
      }),
      { numRuns: 300 },
    );
  });

  it("are made of whole headers of TCP and UDP only", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), packets, fc.nat(120), (noise, packet, cut) => {
        findHeaders(noise, noise.length);
        const { frame } = frameOf(packet);
        const found = findHeaders(frame, Math.min(cut, frame.length));
        if (found) expect(found.payload).toBeLessThanOrEqual(cut);
      }),
    );
  });
});

describe("checksums", () => {
  it("are completed where the pseudo header's sum is in their field", () => {
    fc.assert(
      fc.property(packets, (packet) => {
        const { frame, ip, transport } = frameOf(packet);
        const field = packet.protocol === 6 ? 16 : 6;
        const addresses = packet.version === 4 ? [ip + 12, ip + 20] : [ip + 8, ip + 40];
        const pseudo = wordSum(frame, addresses[0] as number, addresses[1] as number);
        put16(frame, transport + field, 0);
        put16(frame, transport + field, ~folded(pseudo + packet.protocol + frame.length - transport) & 0xffff);
        expect(completeChecksum(frame, frame.length, transport, field)).toBe(true);
        expect(transportSum(frame, packet, ip, transport)).toBe(0);
      }),
    );
  });

  it("stay inside of the frame", () => {
    const frame = new Uint8Array(20);
    expect(completeChecksum(frame, 20, 10, 8)).toBe(true);
    for (const [start, offset] of [
      [10, 9],
      [65535, 0],
      [0, 65535],
    ] as const)
      expect(completeChecksum(frame, 20, start, offset)).toBe(false);
  });
});
