/** Runs staged code of a structure over a memory of its own: a function for each operation, called from the test. */
import { type FunctionBuilder, type I32, type I64, moduleBuilder, wasmBackend } from "@clickos/codegen";

type Params = Readonly<Record<string, "i32" | "i64">>;
type Args<P extends Params> = { readonly [K in keyof P]: P[K] extends "i32" ? I32 : I64 };

export interface Operation<P extends Params = any> {
  readonly params: P;
  readonly result?: "i32" | "i64";
  readonly body: (c: FunctionBuilder, args: Args<P>) => I32 | I64 | void;
}

/** An operation, its parameters by name. */
export function operation<P extends Params>(
  params: P,
  result: "i32" | "i64" | undefined,
  body: (c: FunctionBuilder, args: Args<P>) => I32 | I64 | void,
): Operation {
  return { params, body, ...(result ? { result } : {}) };
}

/** 32-bit results are without sign, as addresses are; 64-bit ones likewise. */
export interface Running<O extends string> {
  readonly memory: WebAssembly.Memory;
  readonly data: DataView;
  readonly call: Readonly<Record<O, (...args: (number | bigint)[]) => any>>;
}

export function runStaged<O extends string>(
  operations: Readonly<Record<O, Operation>>,
  { pages = 64, prepare }: { pages?: number; prepare?: (module: ReturnType<typeof moduleBuilder>) => void } = {},
): Running<O> {
  const module = moduleBuilder({ memory: { import: ["test", "memory"], pages } });
  prepare?.(module);
  for (const [name, { params, result, body }] of Object.entries<Operation>(operations))
    module.export(
      name,
      module.func(name, params, result as "i32", (c, args) => body(c, args as never) as I32),
    );
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasmBackend.encode(module.toIr()) as BufferSource), {
    test: { memory },
  });
  const call = {} as Record<O, (...args: (number | bigint)[]) => any>;
  for (const [name, f] of Object.entries(instance.exports) as [O, (...args: unknown[]) => unknown][])
    call[name] = (...args) => {
      const value = f(...args);
      if (typeof value === "bigint") return BigInt.asUintN(64, value);
      return typeof value === "number" ? value >>> 0 : undefined;
    };
  return { memory, data: new DataView(memory.buffer), call };
}
