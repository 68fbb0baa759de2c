/** Files are what the System V ABI says: read back by its tables; that Linux runs them is in `native.test.ts`. */
import { ElfError, type ElfNote, readElf, writeElf } from "@clickos/x86-64";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

interface Segment {
  type: number;
  flags: number;
  offset: number;
  address: number;
  fileSize: number;
  memorySize: number;
}

function read(file: Uint8Array): { entry: number; segments: Segment[] } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const long = (at: number): number => Number(view.getBigUint64(at, true));
  expect([...file.subarray(0, 8)]).toEqual([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);
  expect([view.getUint16(16, true), view.getUint16(18, true), view.getUint32(20, true)]).toEqual([2, 62, 1]);
  const headers = long(32);
  const size = view.getUint16(54, true);
  const segments = Array.from({ length: view.getUint16(56, true) }, (_, i) => {
    const at = headers + i * size;
    return {
      type: view.getUint32(at, true),
      flags: view.getUint32(at + 4, true),
      offset: long(at + 8),
      address: long(at + 16),
      fileSize: long(at + 32),
      memorySize: long(at + 40),
    };
  });
  return { entry: long(24), segments };
}

function readNotes(bytes: Uint8Array): ElfNote[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const notes: ElfNote[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [name, content] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    const start = at + 12 + ((name + 3) & ~3);
    notes.push({
      name: new TextDecoder().decode(bytes.subarray(at + 12, at + 12 + name - 1)),
      type: view.getUint32(at + 8, true),
      content: bytes.slice(start, start + content),
    });
    at = start + ((content + 3) & ~3);
  }
  return notes;
}

describe("an executable", () => {
  it("has its segments at their addresses, and its notes", () => {
    const segment = fc.record({
      pages: fc.integer({ min: 0, max: 1 << 20 }),
      bytes: fc.uint8Array({ maxLength: 9000 }),
      more: fc.integer({ min: 0, max: 1 << 20 }),
      access: fc.constantFrom("r", "rw", "rx", "rwx"),
    } as const);
    const note = fc.record({
      name: fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 9 }),
      type: fc.nat(),
      content: fc.uint8Array({ maxLength: 20 }),
    });
    fc.assert(
      fc.property(
        fc.array(segment, { maxLength: 4 }),
        fc.array(note, { maxLength: 5 }),
        fc.nat(),
        (list, notes, entry) => {
          const segments = list.map(({ pages, bytes, more, access }) => ({
            address: pages * 4096,
            bytes,
            memoryBytes: bytes.length + more,
            access,
          }));
          const file = writeElf({ entry, segments, notes });
          expect(writeElf({ entry, segments, notes })).toEqual(file);
          expect(readElf(file)).toEqual({ entry, segments, notes });
          const found = read(file);
          expect(found.entry).toBe(entry);
          expect(found.segments.length).toBe(segments.length + (notes.length > 0 ? 1 : 0));
          segments.forEach(({ address, bytes, memoryBytes, access }, i) => {
            const s = found.segments[i] as Segment;
            const flags = [...access].reduce((sum, c) => sum | { x: 1, w: 2, r: 4 }[c as "r"], 0);
            expect([s.type, s.flags, s.address, s.fileSize, s.memorySize]).toEqual([
              1,
              flags,
              address,
              bytes.length,
              memoryBytes,
            ]);
            expect(s.offset % 4096).toBe(address % 4096);
            expect(file.slice(s.offset, s.offset + s.fileSize)).toEqual(bytes);
          });
          if (notes.length === 0) return;
          const { type, offset, fileSize } = found.segments.at(-1) as Segment;
          expect(type).toBe(4);
          expect(readNotes(file.slice(offset, offset + fileSize))).toEqual(notes);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("is read from any bytes, or refused", () => {
    const file = writeElf({
      entry: 0,
      segments: [{ address: 4096, bytes: new Uint8Array(100), access: "rx" }],
      notes: [{ name: "Xen", type: 1, content: new Uint8Array(9) }],
    });
    const change = fc.tuple(fc.nat(280), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.nat(file.length), (changes, length) => {
        const bytes = file.slice(0, length);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          readElf(bytes);
        } catch (e) {
          expect(e).toBeInstanceOf(ElfError);
        }
      }),
    );
  });
});
