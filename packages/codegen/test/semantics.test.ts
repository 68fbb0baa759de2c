/** The intermediate representation means the same to the interpreter, to the optimiser and as WebAssembly. */
import type { Expression, FunctionBuilder, I32Like } from "@clickos/codegen";
import { interpreterBackend, StepLimitError, Trap } from "@clickos/codegen/interpreter";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
// @ts-expect-error shared with the fuzzing suite, which is JavaScript
import { agree } from "./agreement.mjs";
import { builder, i32, instances, moduleOf, result, results } from "./modules.ts";

describe("random programs", () => {
  it("mean the same interpreted and as WebAssembly, optimised or not", () => {
    const ends = new Map<string, number>();
    const program = fc.uint8Array({ minLength: 60, maxLength: 600, size: "max" });
    fc.assert(
      fc.property(program, (bytes) => {
        for (const end of agree(bytes).split(", ")) ends.set(end, (ends.get(end) ?? 0) + 1);
      }),
      {
        numRuns: 400,
        interruptAfterTimeLimit: 20_000,
        ...(process.env.FUZZ_SEED ? { seed: Number(process.env.FUZZ_SEED) } : {}),
      },
    );
    // Most come to their end, and not all: else nothing was compared.
    expect(ends.get("gives")).toBeGreaterThan(ends.get("traps") ?? 0);
    expect(ends.get("traps")).toBeGreaterThan(0);
  });
});

describe("arithmetic", () => {
  const least32 = -0x80000000;
  const least64 = -0x8000000000000000n;
  const values32 = [0, 1, 2, 7, 31, 32, 33, -1, -7, 0x7fffffff, least32];
  const values64 = [0n, 1n, 2n, 7n, 63n, 64n, 65n, -1n, -7n, 0x7fffffffn, 0xffffffffn, -least64 - 1n, least64];
  const u32 = (a: number): number => a >>> 0;
  const u64 = (a: bigint): bigint => BigInt.asUintN(64, a);

  it("divides: towards 0, by any sign, and traps by 0 and on overflow", () => {
    const m = builder();
    for (const op of ["divU", "divS", "remU", "remS"] as const) {
      m.export(
        `${op}32`,
        m.func(`${op}32`, { a: "i32", b: "i32" }, "i32", (_c, { a, b }) => a[op](b)),
      );
      m.export(
        `${op}64`,
        m.func(`${op}64`, { a: "i64", b: "i64" }, "i64", (_c, { a, b }) => a[op](b)),
      );
    }
    const ir = m.toIr();
    for (const a of values32)
      for (const b of values32)
        expect(
          results(ir, [
            ["divU32", a, b],
            ["divS32", a, b],
            ["remU32", a, b],
            ["remS32", a, b],
          ]),
        ).toEqual(
          b === 0
            ? ["trap", "trap", "trap", "trap"]
            : [
                (u32(a) / u32(b)) | 0,
                a === least32 && b === -1 ? "trap" : Math.trunc(a / b) | 0,
                (u32(a) % u32(b)) | 0,
                (a % b) | 0,
              ],
        );
    for (const a of values64)
      for (const b of values64)
        expect(
          results(ir, [
            ["divU64", a, b],
            ["divS64", a, b],
            ["remU64", a, b],
            ["remS64", a, b],
          ]),
        ).toEqual(
          b === 0n
            ? ["trap", "trap", "trap", "trap"]
            : [
                BigInt.asIntN(64, u64(a) / u64(b)),
                a === least64 && b === -1n ? "trap" : a / b,
                BigInt.asIntN(64, u64(a) % u64(b)),
                a % b,
              ],
        );
  });

  it("gives constants at build time what it gives values at run time", () => {
    const binary = [
      ..."add sub mul divU divS remU remS and or xor shl shrU shrS rotl rotr".split(" "),
      ..."eq ne ltU ltS gtU gtS leU leS geU geS".split(" "),
    ] as "add"[];
    const unary = ["eqz", "clz", "ctz", "popcnt"] as const;
    const m = builder();
    const calls: [string, ...(number | bigint)[]][] = [];
    const constants: [string][] = [];
    const compare = (name: string): "i32" | "i64" => (/^(eq|ne|[lg][te])/.test(name) ? "i32" : "i64");
    for (const op of binary) {
      m.export(
        `${op}32`,
        m.func(`${op}32`, { a: "i32", b: "i32" }, "i32", (_c, { a, b }) => a[op](b)),
      );
      m.export(
        `${op}64`,
        m.func(`${op}64`, { a: "i64", b: "i64" }, compare(op), (_c, { a, b }) => a[op](b)),
      );
    }
    for (const op of unary) {
      m.export(
        `${op}32`,
        m.func(`${op}32`, { a: "i32" }, "i32", (_c, { a }) => a[op]()),
      );
      m.export(
        `${op}64`,
        m.func(`${op}64`, { a: "i64" }, compare(op), (_c, { a }) => a[op]()),
      );
    }
    const constant = (name: string, type: "i32" | "i64", body: (c: FunctionBuilder) => unknown): void => {
      m.export(
        name,
        m.func(name, {}, type, (c) => body(c) as I32Like),
      );
      constants.push([name]);
    };
    let n = 0;
    for (const a of values32)
      for (const b of values32)
        for (const op of binary) {
          constant(`constant${n++}`, "i32", (c) => c.i32(a)[op](b));
          calls.push([`${op}32`, a, b]);
        }
    for (const a of values64)
      for (const b of values64)
        for (const op of binary) {
          constant(`constant${n++}`, compare(op), (c) => c.i64(a)[op](b));
          calls.push([`${op}64`, a, b]);
        }
    for (const op of unary) {
      for (const a of values32) {
        constant(`constant${n++}`, "i32", (c) => c.i32(a)[op]());
        calls.push([`${op}32`, a]);
      }
      for (const a of values64) {
        constant(`constant${n++}`, compare(op), (c) => c.i64(a)[op]());
        calls.push([`${op}64`, a]);
      }
    }
    const ir = m.toIr();
    expect(results(ir, constants)).toEqual(results(ir, calls));
  });
});

describe("memory", () => {
  it("is read in every width and order, with sign and without", () => {
    const bytes = Uint8Array.of(0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8);
    const view = new DataView(bytes.buffer);
    for (const type of ["i32", "i64"] as const)
      for (const width of type === "i32" ? ([8, 16, 32] as const) : ([8, 16, 32, 64] as const))
        for (const order of ["le", "be"] as const)
          for (const signed of [true, false]) {
            const value: Expression = {
              kind: "load",
              type,
              memory: 0,
              width,
              order,
              signed,
              address: i32(0),
              offset: 0,
            };
            const ref = { name: "f", params: [], paramNames: [], result: type };
            const f = { ref, params: [], locals: 0, body: [{ kind: "return", value } as const] };
            const data = [{ offset: 0, bytes }];
            const ir = moduleOf([], { functions: [f], exports: new Map([["f", ref]]), data });
            const whole = view.getBigUint64(0, order === "le");
            const low = order === "le" ? whole : whole >> BigInt(64 - width);
            const wanted = signed ? BigInt.asIntN(width, low) : BigInt.asUintN(width, low);
            const given = type === "i32" ? Number(wanted) | 0 : BigInt.asIntN(64, wanted);
            expect([type, width, order, signed, results(ir, [["f"]])]).toEqual([type, width, order, signed, [given]]);
          }
  });

  it("is written in every width and order", () => {
    const value = 0x8192a3b4c5d6e7f8n;
    for (const type of ["i32", "i64"] as const)
      for (const width of type === "i32" ? ([8, 16, 32] as const) : ([8, 16, 32, 64] as const))
        for (const order of ["le", "be"] as const) {
          const operand: Expression = {
            kind: "const",
            type,
            value: type === "i32" ? Number(value & 0xffffffffn) : value,
          };
          const ir = moduleOf([
            { kind: "store", memory: 0, width, order, address: i32(0), offset: 0, value: operand },
            { kind: "return", value: i32(0) },
          ]);
          const wanted = new Uint8Array(8);
          for (let i = 0; i < width / 8; i++)
            wanted[order === "le" ? i : width / 8 - 1 - i] = Number((value >> BigInt(8 * i)) & 0xffn);
          for (const { exports, bytes } of instances(ir)) {
            exports.f?.();
            expect([type, width, order, ...bytes.subarray(0, 8)]).toEqual([type, width, order, ...wanted]);
          }
        }
  });

  it("is copied and filled as a whole or not at all", () => {
    const m = builder();
    m.export(
      "copy",
      m.func("copy", { to: "i32", from: "i32", n: "i32" }, undefined, (c, { to, from, n }) => c.copy(to, from, n)),
    );
    m.export(
      "fill",
      m.func("fill", { to: "i32", n: "i32" }, undefined, (c, { to, n }) => c.fill(to, 7, n)),
    );
    m.export(
      "copy16",
      m.func("copy16", { to: "i32", from: "i32" }, undefined, (c, { to, from }) => c.copy16(to, from)),
    );
    m.data(0, Uint8Array.of(1, 2, 3, 4));
    for (const { exports, bytes } of instances(m.toIr())) {
      exports.copy?.(1, 0, 4);
      expect([...bytes.subarray(0, 6)]).toEqual([1, 1, 2, 3, 4, 0]);
      exports.copy16?.(2, 0);
      expect([...bytes.subarray(0, 8)]).toEqual([1, 1, 1, 1, 2, 3, 4, 0]);
      expect([result(exports.copy, 65535, 0, 2), bytes[65535]]).toEqual(["trap", 0]);
      expect([result(exports.fill, 65530, 7), bytes[65530]]).toEqual(["trap", 0]);
      expect([result(exports.fill, 65536, 0), result(exports.fill, 65537, 0)]).toEqual([undefined, "trap"]);
      expect([result(exports.copy16, 65521, 0), bytes[65521]]).toEqual(["trap", 0]);
      expect(result(exports.fill, -1, -1)).toBe("trap");
    }
  });
});

describe("the interpreter", () => {
  it("says why it stops", () => {
    const m = builder();
    const func = (name: string, body: (c: FunctionBuilder) => I32Like): void =>
      m.export(name, m.func(name, {}, "i32", body));
    func("far", (c) => c.load32(65533));
    func("unaligned", (c) => c.atomicLoad(2));
    func("zero", (c) => c.load32(0).divU(c.load32(0)));
    func("overflow", (c) => c.i32(-0x80000000).divS(-1));
    func("trap", (c) => {
      c.trap();
      return 0;
    });
    func("endless", (c) => {
      c.loop(() => {});
      return 0;
    });
    const ir = m.toIr();
    const memory = { buffer: new ArrayBuffer(65536) };
    const { exports } = interpreterBackend.encode(ir).instantiate({ env: { memory } }, { steps: 1000 });
    const code = (name: string): unknown => {
      try {
        return exports[name]?.();
      } catch (e) {
        return e instanceof Trap || e instanceof StepLimitError ? e.code : e;
      }
    };
    expect(["far", "unaligned", "zero", "overflow", "trap", "endless"].map(code)).toEqual([
      "OUT_OF_BOUNDS",
      "UNALIGNED",
      "DIVISION_BY_ZERO",
      "OVERFLOW",
      "UNREACHABLE",
      "STEP_LIMIT",
    ]);
  });
});
