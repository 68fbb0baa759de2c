import {
  alignUp,
  array,
  bytes,
  type FieldType,
  i16,
  LayoutError,
  struct,
  u8,
  u16,
  u16be,
  u32,
  u32be,
  u64,
  u64be,
} from "@clickos/layout";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const header = struct(
  { kind: u8, port: u16be, address: u32be, count: u64, low: i16, key: bytes(3), small: u32 },
  { name: "header" },
);

describe("a layout", () => {
  it("follows natural alignment, and is a table", () => {
    expect(header.offsets).toEqual({ kind: 0, port: 2, address: 4, count: 8, low: 16, key: 18, small: 24 });
    expect([header.size, header.align]).toEqual([32, 8]);
    expect(header.rows.map((r) => `${r.offset} ${r.size} ${r.type} ${r.name}`)).toEqual([
      "0 1 u8 kind",
      "2 2 u16be port",
      "4 4 u32be address",
      "8 8 u64 count",
      "16 2 i16 low",
      "18 3 bytes[3] key",
      "24 4 u32 small",
    ]);
  });

  it("has one form in memory, byte for byte, and touches nothing around it", () => {
    const buffer = new Uint8Array(48).fill(0xa5);
    const view = header.view(buffer.buffer, 8);
    const values = {
      kind: 1,
      port: 0x0203,
      address: 0x04050607,
      count: 0x0f0e0d0c0b0a0908n,
      low: -2,
      key: Uint8Array.of(0x12, 0x13, 0x14),
      small: 0x1b1a1918,
    };
    Object.assign(view, values);
    const expected = [0x01, 0xa5, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xfe, 0xff, 0x12, 0x13, 0x14];
    expect([...buffer.subarray(8, 8 + 21)]).toEqual(expected);
    expect([...buffer.subarray(32, 36)]).toEqual([0x18, 0x19, 0x1a, 0x1b]);
    expect([...buffer.subarray(0, 8), ...buffer.subarray(36)].every((b) => b === 0xa5)).toBe(true);
    expect({ ...values }).toEqual({
      kind: view.kind,
      port: view.port,
      address: view.address,
      count: view.count,
      low: view.low,
      key: new Uint8Array(view.key),
      small: view.small,
    });
    const copy = new Uint8Array(48).fill(0xa5);
    header.write(new DataView(copy.buffer), 8, values);
    expect(copy).toEqual(buffer);
  });

  it("may place fields and have room at its end, but not fields that overlap or do not fit", () => {
    const placed = struct({ a: u8, b: u32 }, { at: { b: 12 }, size: 64 });
    expect([placed.offsets.b, placed.size]).toEqual([12, 64]);
    expect(() => struct({ a: u32, b: u32 }, { name: "s", at: { b: 2 } })).toThrow(
      new LayoutError("s.b at 2 overlaps the field before it, which ends at 4"),
    );
    expect(() => struct({ a: u64 }, { name: "s", size: 4 })).toThrow("s is 8 bytes, declared as 4");
  });

  it("says what its fields are", () => {
    const kinds = (type: FieldType): unknown =>
      Object.fromEntries(Object.entries(type).filter(([key, v]) => key !== "name" && typeof v !== "function"));
    expect(kinds(u16be)).toEqual({ kind: "integer", size: 2, align: 2, width: 16, order: "be", signed: false });
    expect(kinds(u64be)).toEqual({ kind: "integer", size: 8, align: 8, width: 64, order: "be", signed: false });
    expect(kinds(i16)).toEqual({ kind: "integer", size: 2, align: 2, width: 16, order: "le", signed: true });
    expect(kinds(bytes(6, 2))).toEqual({ kind: "bytes", size: 6, align: 2 });
    const list = array(struct({ a: u32, b: u8 }), 3);
    expect([list.kind, list.count, list.stride, list.size, list.element.kind]).toEqual(["array", 3, 8, 24, "struct"]);
  });
});

describe("arrays", () => {
  const table = struct({ head: u16, slots: array(struct({ a: u8, b: u16 }), 3), sums: array(u64, 2) });

  it("nest, and a write to one element reaches memory", () => {
    const buffer = new ArrayBuffer(64);
    const view = table.view(buffer, 8);
    const data = new DataView(buffer);
    view.sums[1] = 5n;
    expect(data.getBigUint64(8 + table.offsets.sums + 8, true)).toBe(5n);
    const { sums } = view;
    sums[0] = 7n;
    expect([sums[0], view.sums]).toEqual([7n, [7n, 5n]]);
    data.setBigUint64(8 + table.offsets.sums, 9n, true);
    expect([sums[0], sums.length, [...sums], sums.indexOf(5n)]).toEqual([9n, 2, [9n, 5n], 1]);
    (view.slots[2] as { b: number }).b = 0x1234;
    expect(data.getUint16(8 + table.offsets.slots + 2 * 4 + 2, true)).toBe(0x1234);
    view.slots[0] = { a: 1, b: 2 };
    expect(view.slots.map((s) => [s.a, s.b])).toEqual([
      [1, 2],
      [0, 0],
      [0, 0x1234],
    ]);
    view.sums = [1n, 2n];
    expect(view.sums).toEqual([1n, 2n]);
  });

  it("have no elements but their own", () => {
    const view = table.view(new ArrayBuffer(64), 0);
    expect(() => {
      view.sums[2] = 1n;
    }).toThrow(LayoutError);
    expect(() => view.sums.push(1n)).toThrow("u64[2] has no '2' to set");
    expect(() => {
      view.sums = [1n, 2n, 3n];
    }).toThrow("3 elements do not fit u64[2]");
    expect(() => bytes(2).write(new DataView(new ArrayBuffer(8)), 0, new Uint8Array(3))).toThrow(
      "3 bytes do not fit a field of 2",
    );
  });
});

describe("properties", () => {
  const types = { u8, u16, u16be, u32, u32be, u64, u64be };
  it("what is written is read, by either byte order, anywhere", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(types)),
        fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
        fc.nat(15),
        (type: FieldType<any>, value, at) => {
          const data = new DataView(new ArrayBuffer(32));
          const kept = BigInt.asUintN(type.size * 8, value);
          type.write(data, at, type.size === 8 ? kept : Number(kept));
          expect(BigInt(type.read(data, at))).toBe(kept);
          const inMemory = Array.from({ length: type.size }, (_, i) => data.getUint8(at + i));
          if (type.name.endsWith("be")) inMemory.reverse();
          expect(inMemory.reduceRight((n, b) => (n << 8n) | BigInt(b), 0n)).toBe(kept);
        },
      ),
    );
  });

  it("fields are aligned, in order, and do not overlap", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...Object.values(types), bytes(3), array(u16, 3)), { maxLength: 12 }),
        (list) => {
          const layout = struct(Object.fromEntries(list.map((type, i) => [`f${i}`, type as FieldType<any>])));
          let end = 0;
          layout.rows.forEach((row, i) => {
            const { size, align } = list[i] as FieldType;
            expect([row.offset % align, row.size]).toEqual([0, size]);
            expect(row.offset).toBe(alignUp(end, align));
            end = row.offset + size;
          });
          expect(layout.size).toBe(alignUp(end, layout.align));
        },
      ),
    );
  });
});
