/**
 * The back end that interprets: the intermediate representation run as SEMANTICS.md has it, node by node. It is the oracle
 * that other back ends and the optimiser are tested against, made to be obvious and not to be fast.
 *
 * @packageDocumentation
 */
import { signed } from "./arithmetic.ts";
import { InterpreterMemory, type MemoryLike } from "./interpreter-memory.ts";
import { type Callable, Interpreter } from "./interpreter-run.ts";
import type { Backend, FunctionRef, ModuleIr, ValueType } from "./ir.ts";

export type { MemoryLike } from "./interpreter-memory.ts";
export { StepLimitError, Trap, type TrapCode } from "./trap.ts";

/** What a module imports, as for `WebAssembly.Instance`: its memories and functions, by module and name. */
export type InterpreterImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** An exported function: an `i32` is a number, an `i64` a bigint, as for WebAssembly; a `v128` a bigint, too, with the first byte lowest. */
export type InterpretedFunction = (...args: (number | bigint)[]) => number | bigint | undefined;

export interface InterpreterOptions {
  /** Statements that a call from outside may run, those of the functions that it calls included; 10 million by default. */
  readonly steps?: number;
}

export interface InterpretedModule {
  /** @returns the exported functions; they throw `Trap`, `StepLimitError`, and what imported functions throw. */
  instantiate(
    imports: InterpreterImports,
    options?: InterpreterOptions,
  ): { readonly exports: Readonly<Record<string, InterpretedFunction>> };
}

export const interpreterBackend: Backend<InterpretedModule> = {
  name: "interpreter",
  encode: (ir) => ({ instantiate: (imports, options = {}) => instantiate(ir, imports, options) }),
};

function instantiate(
  ir: ModuleIr,
  imports: InterpreterImports,
  { steps = 10_000_000 }: InterpreterOptions,
): ReturnType<InterpretedModule["instantiate"]> {
  const memories = ir.memories.map(({ module, name }) => new InterpreterMemory(imports[module]?.[name] as MemoryLike));
  const instance = new Interpreter(ir, memories, steps);
  for (const ref of ir.imports) {
    const { module, name } = ref.imported as { module: string; name: string };
    instance.functions.set(ref, imported(ref, imports[module]?.[name] as InterpretedFunction));
  }
  if (ir.dataPlaced === "atStart") instance.placeData();
  const exports = [...ir.exports].map(([name, ref]) => [name, exported(ref, instance)] as const);
  return { exports: Object.fromEntries(exports) };
}

/** A host's function, as code calls it. */
function imported({ params, result }: FunctionRef, host: InterpretedFunction): Callable {
  return (args) => {
    const value = host(...args.map((arg, i) => toHost(params[i] as ValueType, arg)));
    return result && fromHost(result, value);
  };
}

/** A function of the module, as a host calls it. */
function exported(ref: FunctionRef, instance: Interpreter): InterpretedFunction {
  const call = instance.functions.get(ref) as Callable;
  return (...args) => {
    const values = ref.params.map((type, i) => fromHost(type, args[i]));
    instance.steps = instance.maximumSteps;
    const value = call(values);
    return ref.result && toHost(ref.result, value as bigint);
  };
}

function toHost(type: ValueType, value: bigint): number | bigint {
  return type === "i32" ? Number(value) : value;
}
function fromHost(type: ValueType, value: number | bigint | undefined): bigint {
  return signed(type, type === "i32" ? Number(value) | 0 : BigInt(value as bigint));
}
