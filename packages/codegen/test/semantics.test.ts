/** The intermediate representation means the same to the interpreter, to the optimiser and as WebAssembly. */
import {
  type Expression,
  type FunctionBuilder,
  type I32Like,
  type Local,
  type ModuleIr,
  moduleBuilder,
  moduleText,
  optimize,
  type Statement,
  validate,
  wasmBackend,
  wasmRegions,
} from "@clickos/codegen";
import { type InterpretedFunction, interpreterBackend, StepLimitError, Trap } from "@clickos/codegen/interpreter";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
// @ts-expect-error shared with the fuzzing suite, which is JavaScript
import { agree } from "./agreement.mjs";

const builder = (): ReturnType<typeof moduleBuilder> =>
  moduleBuilder({ memory: { import: ["env", "memory"], pages: 1 } });

type Exports = Record<string, InterpretedFunction>;

/** The exports of a module, interpreted and as WebAssembly, each over a memory of its own. */
function instances(ir: ModuleIr, env: Record<string, unknown> = {}): { exports: Exports; bytes: Uint8Array }[] {
  return [
    (imports: WebAssembly.Imports) => interpreterBackend.encode(ir).instantiate(imports as never).exports,
    (imports: WebAssembly.Imports) =>
      new WebAssembly.Instance(new WebAssembly.Module(wasmBackend.encode(ir)), imports).exports as Exports,
  ].map((instantiate) => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    return { exports: instantiate({ env: { ...env, memory } }), bytes: new Uint8Array(memory.buffer) };
  });
}

/** What a call gives, or that it traps. */
function result(f: InterpretedFunction | undefined, ...args: (number | bigint)[]): unknown {
  try {
    return f?.(...args);
  } catch (e) {
    if (e instanceof Trap || e instanceof WebAssembly.RuntimeError) return "trap";
    throw e;
  }
}

/** What each call gives; the same interpreted and as WebAssembly. */
function results(ir: ModuleIr, calls: readonly [string, ...(number | bigint)[]][]): unknown[] {
  const [interpreted, compiled] = instances(ir).map(({ exports }) =>
    calls.map(([name, ...args]) => result(exports[name], ...args)),
  );
  expect(compiled).toEqual(interpreted);
  return interpreted as unknown[];
}

const i32 = (value: number): Expression => ({ kind: "const", type: "i32", value });
const local = (l: Local): Expression => ({ kind: "local", type: l.type, local: l });
const immutable = (name: string): Local => ({ type: "i32", name, mutable: false });

/** A module with one function of no parameters, `f`, as a front end of one's own would make it. */
function moduleOf(body: readonly Statement[], more: Partial<ModuleIr> = {}): ModuleIr {
  const ref = { name: "f", params: [], paramNames: [], result: "i32" } as const;
  return {
    memory: { module: "env", name: "memory", initialPages: 1, maximumPages: 1, shared: false },
    imports: [],
    functions: [{ ref, params: [], body }],
    exports: new Map([["f", ref]]),
    data: [],
    dataPlaced: "atStart",
    ...more,
  };
}

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

describe("the optimiser", () => {
  const load = (address: Expression, offset = 0): Expression => ({
    kind: "load",
    type: "i32",
    width: 32,
    order: "le",
    signed: false,
    address,
    offset,
  });
  const kinds = (ir: ModuleIr): string[] => ir.functions.flatMap((f) => f.body.map((s) => s.kind));

  it("keeps a load or a division that nobody needs where it could trap, and no others", () => {
    const m = builder();
    const unused = (name: string, body: (c: FunctionBuilder, p: ReturnType<FunctionBuilder["i32"]>) => void): void => {
      m.export(
        name,
        m.func(name, { p: "i32" }, "i32", (c, { p }) => {
          body(c, p);
          return 7;
        }),
      );
    };
    unused("load", (c, p) => void c.load32(p));
    unused("inside", (c) => void c.load32(65532));
    unused("outside", (c) => void c.load32(65533));
    unused("division", (_c, p) => void p.divU(p));
    unused("byConstant", (_c, p) => void p.divS(3));
    unused("overflow", (_c, p) => void p.divS(-1));
    unused("remainder", (_c, p) => void p.remS(-1));
    unused("covered", (c, p) => {
      c.load32(p, 4);
      c.store32(p, 1, 8);
    });
    unused("notCovered", (c, p) => {
      c.load32(p, 12);
      c.store32(p, 1, 8);
    });
    unused("behindAnEffect", (c, p) => {
      c.load32(p, 4);
      c.store32(0, 1);
      c.store32(p, 1, 8);
    });
    const ir = m.toIr();
    const kept = Object.fromEntries(ir.functions.map((f) => [f.ref.name, f.body.some((s) => s.kind === "let")]));
    expect(kept).toEqual({
      load: true,
      inside: false,
      outside: true,
      division: true,
      byConstant: false,
      overflow: true,
      remainder: false,
      covered: false,
      notCovered: true,
      behindAnEffect: true,
    });
    expect(
      results(ir, [
        ["load", 65532],
        ["load", 65533],
        ["outside", 0],
        ["division", 0],
        ["overflow", -0x80000000],
        ["covered", 65524],
        ["covered", 65525],
        ["notCovered", 65524],
        ["behindAnEffect", 65525],
      ]),
    ).toEqual([7, "trap", "trap", "trap", "trap", 7, "trap", "trap", "trap"]);
  });

  it("moves no trap past an effect or a branch", () => {
    const m = builder();
    m.export(
      "f",
      m.func("f", { a: "i32", b: "i32", taken: "i32" }, "i32", (c, { a, b, taken }) => {
        const quotient = a.divU(b);
        c.store32(0, 1);
        c.if(taken, () => c.return(quotient));
        return 0;
      }),
    );
    for (const { exports, bytes } of instances(m.toIr())) {
      expect([result(exports.f, 6, 3, 0), result(exports.f, 6, 3, 1), bytes[0]]).toEqual([0, 2, 1]);
      bytes[0] = 0;
      expect([result(exports.f, 6, 0, 0), bytes[0]]).toEqual(["trap", 0]);
    }
  });

  it("leaves a value before a call that follows it in the same expression", () => {
    const [x, y] = [immutable("x"), immutable("y")];
    const host = {
      name: "host",
      params: [],
      paramNames: [],
      result: "i32",
      imported: { module: "env", name: "host" },
    } as const;
    const call: Expression = { kind: "call", type: "i32", callee: host, args: [] };
    const ir = moduleOf(
      [
        { kind: "let", local: x, value: load(i32(0)) },
        { kind: "let", local: y, value: { kind: "binary", type: "i32", op: "add", a: call, b: local(x) } },
        { kind: "return", value: local(y) },
      ],
      { imports: [host] },
    );
    for (const way of [ir, optimize(ir)]) {
      let bytes: Uint8Array = new Uint8Array();
      const sums = instances(way, { host: () => bytes.fill(9, 0, 4) && 1 }).map((instance) => {
        bytes = instance.bytes;
        bytes[0] = 5;
        return instance.exports.f?.();
      });
      expect(sums).toEqual([6, 6]);
    }
  });

  it("keeps when data is placed, also where the function that places it is never called", () => {
    const m = builder();
    m.data(0, Uint8Array.of(5));
    m.func("never", {}, undefined, (c) => c.placeData());
    m.export(
      "f",
      m.func("f", {}, "i32", (c) => c.load8(0)),
    );
    expect(m.toIr().functions.length).toBe(1);
    expect(results(m.toIr(), [["f"]])).toEqual([0]);
  });

  it("changes nothing in the module that it is given, nor does a back end", () => {
    const frozen = (o: unknown): void => {
      if (typeof o !== "object" || o === null || Object.isFrozen(o) || ArrayBuffer.isView(o)) return;
      Object.freeze(o);
      for (const value of o instanceof Map ? o.values() : Object.values(o)) frozen(value);
    };
    const x = immutable("x");
    const label = { name: "here", region: "there" };
    const ir = moduleOf([
      { kind: "let", local: x, value: load(i32(4), 8) },
      { kind: "let", local: immutable("unused"), value: i32(1) },
      { kind: "block", label, body: [{ kind: "if", condition: local(x), then: [{ kind: "trap" }], else: [] }] },
      { kind: "return", value: i32(3) },
    ]);
    frozen(ir);
    const before = moduleText(ir);
    const optimized = optimize(ir);
    frozen(optimized);
    expect(kinds(optimized)).toEqual(["let", "block", "return"]);
    expect(optimize(optimized)).toEqual(optimized);
    for (const way of [ir, optimized]) {
      validate(way);
      expect(wasmRegions(way).map((r) => r.name)).toEqual(["there"]);
      expect(results(way, [["f"]])).toEqual([3]);
    }
    expect(moduleText(ir)).toBe(before);
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
