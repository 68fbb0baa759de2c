import {
  CodegenError,
  type FunctionBuilder,
  type I32,
  moduleBuilder,
  type StagedField,
  staged,
  wasmBackend,
} from "@clickos/codegen";
import { array, bytes, type FieldType, i16, struct, u8, u16be, u32, u32be, u64, u64be } from "@clickos/layout";
import { describe, expect, it } from "vitest";

const pair = struct({ a: u8, b: u16be }, { name: "pair" });
const triple = struct({ x: u32, y: u32, z: u32 }, { name: "triple" });
const record = struct(
  {
    count: u64,
    total: u64be,
    address: u32be,
    low: i16,
    key: bytes(6),
    pairs: array(pair, 4),
    triples: array(triple, 3),
  },
  { name: "record" },
);

/** Runs code over a record at address 64, and gives its result and a view. */
function run(body: (c: FunctionBuilder, p: I32) => I32 | number, fill: (view: ReturnType<typeof record.view>) => void) {
  const m = moduleBuilder({ memory: { import: ["env", "memory"], pages: 1 } });
  m.export(
    "f",
    m.func("f", { p: "i32" }, "i32", (c, { p }) => body(c, p)),
  );
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const view = record.view(memory.buffer, 64);
  fill(view);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasmBackend.encode(m.toIr())), {
    env: { memory },
  });
  return { result: (exports.f as (p: number) => number)(64), view, memory };
}

describe("staged layouts", () => {
  it("are what the host sees", () => {
    const { result, view } = run(
      (c, p) => {
        const r = staged(c, record, p);
        r.count.inc();
        r.total.inc(2n);
        r.address.set(0x0a000001);
        c.store8(r.key, 0x42, 5);
        return r.low.get();
      },
      (view) => Object.assign(view, { count: 0xffffffffn, total: 40n, low: -2 }),
    );
    expect([result, view.count, view.total, view.address, view.key[5]]).toEqual([
      -2,
      0x1_0000_0000n,
      42n,
      0x0a000001,
      0x42,
    ]);
  });

  it("reach elements of arrays by an index known or not, whatever their size", () => {
    const { result, view } = run(
      (c, p) => {
        const r = staged(c, record, p);
        r.pairs.at(1).b.set(0x1234);
        const i = c.i32(p).shrU(5); // 64 >> 5
        r.pairs.at(i).b.set(0x5678);
        r.triples.at(i).z.set(7);
        return r.triples.at(2).z.get().add(r.pairs.at(i).b.get());
      },
      () => {},
    );
    expect(result).toBe(7 + 0x5678);
    expect(view.pairs.map((pair) => pair.b)).toEqual([0, 0x1234, 0x5678, 0]);
    expect(view.triples.map((triple) => triple.z)).toEqual([0, 0, 7]);
  });

  it("may be any field type at an offset, and one that brings its own way", () => {
    const parity: StagedField<() => I32, boolean> = {
      kind: "other",
      name: "parity",
      size: 4,
      align: 4,
      stage: (c, base, offset) => () => c.load32(base, offset).and(1),
      read: (data, offset) => (data.getUint32(offset, true) & 1) === 1,
      write() {},
    };
    const { result } = run(
      (c, p) => {
        const odd = staged(c, struct({ odd: parity }), p).odd();
        return staged(c, u8, p, record.offsets.total + 7)
          .get()
          .add(odd);
      },
      (view) => Object.assign(view, { count: 5n, total: 40n }),
    );
    expect(result).toBe(41);
  });

  it("refuse a field type that only the host knows", () => {
    const hostOnly: FieldType<number> = { ...u32, kind: "other", name: "hostOnly" };
    const m = moduleBuilder({ memory: { import: ["env", "memory"], pages: 1 } });
    const make = (): void => void m.func("f", { p: "i32" }, undefined, (c, { p }) => void staged(c, hostOnly, p));
    expect(make).toThrow(CodegenError);
    expect(make).toThrow(/cannot reach a field of type 'hostOnly'/);
  });
});
