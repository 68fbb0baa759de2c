/** Modules of the intermediate representation, and what they do: interpreted and as WebAssembly. */
import {
  type Expression,
  type Local,
  type ModuleIr,
  moduleBuilder,
  type Statement,
  wasmBackend,
} from "@clickos/codegen";
import { type InterpretedFunction, interpreterBackend, Trap } from "@clickos/codegen/interpreter";
import { expect } from "vitest";

export const builder = (): ReturnType<typeof moduleBuilder> =>
  moduleBuilder({ memory: { import: ["env", "memory"], pages: 1 } });

export type Exports = Record<string, InterpretedFunction>;

/** The exports of a module, interpreted and as WebAssembly, each over a memory of its own. */
export function instances(ir: ModuleIr, env: Record<string, unknown> = {}): { exports: Exports; bytes: Uint8Array }[] {
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
export function result(f: InterpretedFunction | undefined, ...args: (number | bigint)[]): unknown {
  try {
    return f?.(...args);
  } catch (e) {
    if (e instanceof Trap || e instanceof WebAssembly.RuntimeError) return "trap";
    throw e;
  }
}

/** What each call gives; the same interpreted and as WebAssembly. */
export function results(ir: ModuleIr, calls: readonly [string, ...(number | bigint)[]][]): unknown[] {
  const [interpreted, compiled] = instances(ir).map(({ exports }) =>
    calls.map(([name, ...args]) => result(exports[name], ...args)),
  );
  expect(compiled).toEqual(interpreted);
  return interpreted as unknown[];
}

export const i32 = (value: number): Expression => ({ kind: "const", type: "i32", value });
/** A local of type i32 that no other has the number of. */
export const local = (name: string, mutable: boolean): Local => ({
  kind: "local",
  type: "i32",
  name,
  mutable,
  id: locals++,
});
let locals = 0;
export const immutable = (name: string): Local => local(name, false);

/** A module with one function of no parameters, `f`, as a front end of one's own would make it. */
export function moduleOf(body: readonly Statement[], more: Partial<ModuleIr> = {}): ModuleIr {
  const ref = { name: "f", params: [], paramNames: [], result: "i32" } as const;
  return {
    memories: [{ module: "env", name: "memory", initialPages: 1, maximumPages: 1, shared: false }],
    imports: [],
    functions: [{ ref, params: [], body, locals }],
    exports: new Map([["f", ref]]),
    data: [],
    dataPlaced: "atStart",
    ...more,
  };
}

export const load = (address: Expression, offset = 0): Expression => ({
  kind: "load",
  type: "i32",
  memory: 0,
  width: 32,
  order: "le",
  signed: false,
  address,
  offset,
});
