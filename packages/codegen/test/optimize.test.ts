/** The optimiser keeps what a module means, traps included. */
import {
  type Expression,
  type FunctionBuilder,
  type ModuleIr,
  moduleText,
  optimize,
  type Statement,
  validate,
  wasmRegions,
} from "@clickos/codegen";
import { describe, expect, it } from "vitest";
import { builder, i32, immutable, instances, load, local, moduleOf, result, results } from "./modules.ts";

describe("the optimiser", () => {
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
    unused("behindAnAtomic", (c, p) => {
      c.load32(p, 4);
      c.atomic("add", 0, 1);
      c.load32(p, 8);
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
      behindAnAtomic: true,
    });
    const lets = (name: string): number =>
      ir.functions.find((f) => f.ref.name === name)?.body.filter((s) => s.kind === "let").length ?? 0;
    expect(lets("behindAnAtomic")).toBe(3);
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

  it("keeps a trap before a jump, also where only code behind the jump wants the value", () => {
    const x = immutable("x");
    const label = { name: "end" };
    const ir = moduleOf([
      {
        kind: "block",
        label,
        body: [
          { kind: "let", local: x, value: load(i32(65533)) },
          { kind: "br", label },
          { kind: "return", value: x },
        ],
      },
      { kind: "return", value: i32(1) },
    ]);
    expect([results(ir, [["f"]]), results(optimize(ir), [["f"]])]).toEqual([["trap"], ["trap"]]);
  });

  it("leaves a value before a call that comes between, wherever that stands", () => {
    const [x, y] = [immutable("x"), immutable("y")];
    const v = local("v", true);
    const host = {
      name: "host",
      params: [],
      paramNames: [],
      result: "i32",
      imported: { module: "env", name: "host" },
    } as const;
    const call: Expression = { kind: "call", type: "i32", callee: host, args: [] };
    const sum = (a: Expression, b: Expression): Expression => ({ kind: "binary", type: "i32", op: "add", a, b });
    const before: Statement = { kind: "let", local: x, value: load(i32(0)) };
    const bodies: Statement[][] = [
      [before, { kind: "return", value: sum(call, x) }],
      [before, { kind: "let", local: y, value: call }, { kind: "return", value: sum(x, y) }],
      [before, { kind: "set", local: v, value: call }, { kind: "return", value: sum(x, v) }],
    ];
    for (const body of bodies) {
      const ir = moduleOf(body, { imports: [host] });
      for (const way of [ir, optimize(ir)]) {
        let bytes: Uint8Array = new Uint8Array();
        const sums = instances(way, { host: () => bytes.fill(9, 0, 4) && 1 }).map((instance) => {
          bytes = instance.bytes;
          bytes[0] = 5;
          return instance.exports.f?.();
        });
        expect(sums).toEqual([6, 6]);
      }
    }
  });

  it("drops the result of a function that is called for its effects", () => {
    const ref = { name: "g", params: [], paramNames: [], result: "i32" } as const;
    const store: Statement = {
      kind: "store",
      memory: 0,
      width: 8,
      order: "le",
      address: i32(0),
      offset: 0,
      value: i32(3),
    };
    const ir = moduleOf([
      { kind: "do", callee: ref, args: [] },
      { kind: "return", value: load(i32(0)) },
    ]);
    const g = { ref, params: [], locals: 0, body: [store, { kind: "return", value: i32(1) } as const] };
    const both = { ...ir, functions: [...ir.functions, g] };
    expect([results(both, [["f"]]), results(optimize(both), [["f"]])]).toEqual([[3], [3]]);
  });

  it("compares big-endian bytes with constants that they cannot be", () => {
    const m = builder();
    m.export(
      "f",
      m.func("f", {}, "i32", (c) => {
        c.store16(0, 0x8000, 0, "be");
        return c
          .load16(0, 0, "be")
          .eq(0x18000)
          .shl(1)
          .or(c.load16(0, 0, "be").eq(0x8000));
      }),
    );
    expect(results(m.toIr(), [["f"]])).toEqual([1]);
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
    const placed = moduleOf([{ kind: "placeData" }, { kind: "return", value: i32(0) }]);
    expect(() => validate(placed)).toThrow(/places data that is placed at the start/);
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
      { kind: "block", label, body: [{ kind: "if", condition: x, then: [{ kind: "trap" }], else: [] }] },
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

  it("leaves of a block that no branch goes to what is in it", () => {
    const m = builder();
    m.export(
      "f",
      m.func("f", { a: "i32" }, "i32", (c, { a }) => {
        const v = c.var("i32", 0);
        c.block(() => v.set(a));
        c.block((end) => {
          c.if(a.eq(3), () => c.br(end));
          v.set(7);
        });
        return v.get();
      }),
    );
    const ir = m.toIr();
    expect(kinds(ir).filter((kind) => kind === "block")).toHaveLength(1);
    expect(
      results(ir, [
        ["f", 3],
        ["f", 4],
      ]),
    ).toEqual([3, 7]);
  });

  it("refuses two locals of one number", () => {
    const x = immutable("x");
    const y = { ...immutable("y"), id: x.id };
    const body: Statement[] = [
      { kind: "let", local: x, value: i32(1) },
      { kind: "let", local: y, value: i32(2) },
      { kind: "return", value: x },
    ];
    expect(() => validate(moduleOf(body))).toThrow(/local y has the number \d+, which x has/);
    expect(() => optimize(moduleOf(body))).toThrow(/local y/);
  });
});
