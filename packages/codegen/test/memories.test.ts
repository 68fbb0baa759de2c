/** Several memories, and 16 bytes as a value. */
import { hasSeveralMemories, moduleBuilder, moduleText, wasmBackend } from "@clickos/codegen";
import { interpreterBackend } from "@clickos/codegen/interpreter";
import { describe, expect, it } from "vitest";
import { builder, results } from "./modules.ts";

const memory = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: 1, maximum: 1 });

describe("several memories", () => {
  const m = moduleBuilder({ memory: { import: ["env", "first"], pages: 1 } });
  const other = m.importMemory({ import: ["env", "other"], pages: 1 });
  const move = m.func("move", { to: "i32", from: "i32", length: "i32" }, "i32", (c, { to, from, length }) => {
    const second = c.in(other);
    second.copy(to, from, length, c);
    second.copy16(to.add(64), from, 0, 0, c);
    c.store128(to, second.load128(to));
    second.store32(0, second.load32(to).add(1));
    second.fill(4, 7, 2);
    second.zero16(16);
    return second.atomic("add", 8, 5).add(second.atomicLoad(8));
  });
  m.export("move", move);
  const ir = m.toIr();

  it("asks for the same memory once", () => {
    expect(m.importMemory({ import: ["env", "other"], pages: 1 })).toBe(other);
  });

  it("reads and writes each where it is told", () => {
    const first = memory();
    const second = memory();
    const bytes = new Uint8Array(first.buffer);
    const far = new Uint8Array(second.buffer);
    bytes.set(
      Array.from({ length: 16 }, (_, i) => i + 1),
      256,
    );
    far.fill(0xff, 16, 32);
    const { exports } = interpreterBackend.encode(ir).instantiate({ env: { first, other: second } });
    expect(exports.move?.(32, 256, 8)).toBe(5);
    expect([...far.subarray(32, 42)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 0, 0]);
    expect([...far.subarray(96, 112)]).toEqual([...bytes.subarray(256, 272)]);
    expect([...bytes.subarray(32, 48)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...far.subarray(0, 6)]).toEqual([2, 2, 3, 4, 7, 7]);
    expect([...far.subarray(16, 32)].every((b) => b === 0)).toBe(true);
    expect(bytes[8]).toBe(0);
  });

  it("is WebAssembly with two memories, which an engine takes or says that it does not know", () => {
    // Two memories, imported as "a" "b" and "a" "c", written by hand.
    const imports = Uint8Array.of(2, 13, 2, 1, 97, 1, 98, 2, 0, 0, 1, 97, 1, 99, 2, 0, 0);
    const known = WebAssembly.validate(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...imports));
    expect([WebAssembly.validate(wasmBackend.encode(ir)), hasSeveralMemories()]).toEqual([known, known]);
  });

  it("says in its text which memory an access is to", () => {
    expect(moduleText(ir)).toContain("copy @1[");
    expect(moduleText(ir)).toContain("atomic.add@1[");
  });
});

describe("16 bytes", () => {
  it("go through variables, selections and calls as they are", () => {
    const m = builder();
    const pick = m.func("pick", { a: "v128", b: "v128", which: "i32" }, "v128", (c, { a, b, which }) =>
      c.select(which, a, b),
    );
    const f = m.func("f", { which: "i32" }, "i64", (c, { which }) => {
      c.store64(0, 0x1122334455667788n);
      c.store64(8, 3n);
      const kept = c.var("v128", 0n);
      kept.set(c.call(pick, c.load128(0), (5n << 64n) | 6n, which));
      c.store128(32, kept.get());
      return c.load64(32).add(c.load64(40));
    });
    m.export("f", f);
    expect(results(m.toIr(), [["f", 1]])).toEqual([0x1122334455667788n + 3n]);
    expect(results(m.toIr(), [["f", 0]])).toEqual([11n]);
  });

  it("are not computed with, nor taken for numbers", () => {
    const m = builder();
    m.func("f", { bytes: "v128" }, undefined, (c, { bytes }) => {
      expect(() => c.var("i32", bytes as never)).toThrow(/v128 where i32 is wanted/);
      expect(() => c.var("v128", bytes).inc()).toThrow(/not computed with/);
      expect(() => c.return(bytes)).toThrow(/returns a value/);
    });
  });
});
