/** Native code does what the interpreter does: results, traps, what imported functions see, and what is in memory at the end. */
import {
  type I32,
  type I64,
  moduleBuilder,
  moduleText,
  optimize,
  type Params,
  type V128,
  type Value,
  type ValueType,
} from "@clickos/codegen";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
// @ts-expect-error shared with the fuzzing suite, which is JavaScript
import { programOf } from "../../codegen/test/random-program.mjs";
import { interpreted } from "./agreement.ts";
import { memorySize, notHere, type Outcome, type Program, runNative } from "./native.ts";

const skipped = notHere ? `, skipped: ${notHere}` : "";

/** Programs do natively what they do interpreted. */
function agree(programs: readonly Program[]): void {
  const expected = programs.map(interpreted);
  runNative(programs).forEach((outcome, i) => {
    expect(outcome, moduleText((programs[i] as Program).ir)).toEqual(expected[i]);
  });
}

/** A function that calls another with its own arguments in another order, which calls a third: that one writes them down. */
function shuffling(types: readonly ValueType[], seed: number): Program {
  const m = moduleBuilder({ memory: { import: ["env", "memory0"], pages: 1 } });
  const named = (list: readonly ValueType[]): Params => Object.fromEntries(list.map((type, i) => [`p${i}`, type]));
  const order = types
    .map((_, i) => i)
    .sort((a, b) => (((a + 1) * 7919 * (seed + 1)) % 101) - (((b + 1) * 7919 * (seed + 1)) % 101));
  const turned = order.map((i) => types[i] as ValueType);
  const last = m.func("last", named(types), "i32", (c, p) => {
    types.forEach((type, i) => {
      const value = p[`p${i}`];
      if (type === "v128") c.store128(512 + 16 * i, value as V128);
      else if (type === "i64") c.store64(512 + 16 * i, value as I64);
      else c.store32(512 + 16 * i, value as I32);
    });
    return c.load32(512);
  });
  const middle = m.func("middle", named(turned), "i32", (c, p) => {
    const args = types.map((_, i) => p[`p${order.indexOf(i)}`] as Value);
    const first = c.call(last, ...args);
    // They are needed after the call, too.
    return first.add(c.call(last, ...args));
  });
  const first = m.func("first", { a: "i32", b: "i64" }, "i32", (c, { a, b }) => {
    const values = turned.map(
      (type, i): Value =>
        type === "i32" ? a.add(i) : type === "i64" ? b.add(BigInt(i)) : c.load128(a.and(0xff).add(i)),
    );
    return c.call(middle, ...values);
  });
  m.export("first", first);
  return { ir: m.toIr(), calls: [{ name: "first", args: [seed * 0x1234567, BigInt(seed) << 40n] }] };
}

describe.skipIf(notHere)(`native code${skipped}`, () => {
  it("means what the interpreter says, of random programs, optimised or not", () => {
    const program = fc.uint8Array({ minLength: 60, maxLength: 600, size: "max" });
    const ends = new Map<string, number>();
    fc.assert(
      fc.property(fc.array(program, { minLength: 1, maxLength: 150, size: "max" }), (list) => {
        const expected: Outcome[] = [];
        const programs = (list.map(programOf) as Program[]).flatMap((written) => {
          const outcome = interpreted(written);
          if (!outcome) return [];
          expected.push(outcome, outcome);
          return [written, { ir: optimize(written.ir), calls: written.calls }];
        });
        runNative(programs).forEach((outcome, i) => {
          const { ir } = programs[i] as Program;
          expect(outcome, moduleText(ir)).toEqual(expected[i]);
          for (const end of outcome.ends) {
            const word = end.split(" ")[0] as string;
            ends.set(word, (ends.get(word) ?? 0) + 1);
          }
        });
      }),
      {
        numRuns: Number(process.env.FUZZ_RUNS ?? 4),
        interruptAfterTimeLimit: process.env.FUZZ_RUNS ? 200_000 : 20_000,
        ...(process.env.FUZZ_SEED ? { seed: Number(process.env.FUZZ_SEED) } : {}),
      },
    );
    expect(ends.get("gives")).toBeGreaterThan(ends.get("traps") ?? 0);
    expect(ends.get("traps")).toBeGreaterThan(0);
  });

  it("passes any number of arguments, in any order", () => {
    const types = fc.array(fc.constantFrom("i32", "i64", "v128"), { minLength: 1, maxLength: 24 } as const);
    fc.assert(
      fc.property(fc.array(fc.tuple(types, fc.nat(1000)), { minLength: 1, maxLength: 40 }), (list) => {
        agree(list.map(([types, seed]) => shuffling(types, seed)));
      }),
      { numRuns: 3 },
    );
  });

  it("copies and fills ranges of any length, also where they overlap or do not fit", () => {
    const m = moduleBuilder({ memory: { import: ["env", "memory0"], pages: 1 } });
    const params = { to: "i32", from: "i32", length: "i32" } as const;
    for (const name of ["copy", "fill"] as const)
      m.export(
        name,
        m.func(name, params, undefined, (c, { to, from, length }) => c[name](to, from, length)),
      );
    const at = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: memorySize - 90, max: memorySize + 1 }));
    const length = fc.oneof(fc.integer({ min: 0, max: 80 }), fc.integer({ min: 0, max: 300 }), fc.integer());
    const call = fc.record({ name: fc.constantFrom("copy", "fill"), args: fc.tuple(at, at, length) });
    fc.assert(
      fc.property(fc.array(fc.array(call, { maxLength: 8 }), { minLength: 1, maxLength: 150, size: "max" }), (list) => {
        agree(list.map((calls) => ({ ir: m.toIr(), calls })));
      }),
      { numRuns: 3 },
    );
  });
});
