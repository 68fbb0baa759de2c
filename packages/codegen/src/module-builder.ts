/** Builds a module: imported memory, imported and defined functions, data segments, exports. */
import { CodegenError } from "./error.ts";
import { FunctionBuilder } from "./function-builder.ts";
import type { DataSegment, FunctionIr, FunctionRef, MemoryImport, MemoryIndex, ModuleIr, ValueType } from "./ir.ts";
import { optimize } from "./optimize.ts";
import { type I32Like, stagedValue, type Value, type ValueLike, type ValueOf } from "./values.ts";

export interface MemoryOptions {
  /** Module and name of the memory import. */
  readonly import: readonly [string, string];
  /** Size in 64 KiB pages. */
  readonly pages: number;
  readonly maximumPages?: number;
  readonly shared?: boolean;
}

/** Parameter names and types, in order. */
export type Params = Readonly<Record<string, ValueType>>;
/** Staged values of parameters. */
export type ParamValues<P extends Params> = { readonly [K in keyof P]: ValueOf<P[K]> };
export type Result = ValueType | undefined;
export type BodyResult = ValueLike | undefined | void;
/** A function with its result type known to TypeScript. */
export type Func<R extends Result = Result> = FunctionRef & { readonly result: R };

/** Starts a module. Its name is what stack traces call it. */
export function moduleBuilder(options: { memory: MemoryOptions; name?: string }): ModuleBuilder {
  return new ModuleBuilder(options.memory, options.name);
}

export class ModuleBuilder {
  private readonly imports: FunctionRef[] = [];
  private readonly declared: FunctionRef[] = [];
  private readonly defined = new Map<FunctionRef, FunctionBuilder>();
  /** Names in use, and the number to try next for one that is wanted again. */
  private readonly names = new Map<string, number>();
  private readonly exported = new Map<string, FunctionRef>();
  private readonly segments: DataSegment[] = [];
  private readonly shared = new Map<string, unknown>();
  /** The first one, and others. */
  private readonly memories: MemoryImport[];
  private readonly name: string | undefined;
  private dataPlaced: ModuleIr["dataPlaced"] = "atStart";
  private finished: ModuleIr | undefined;

  constructor(memory: MemoryOptions, name?: string) {
    this.name = name;
    this.memories = [memoryImport(memory)];
  }

  /** Imports another memory, for accesses by `c.in`. The engine must have multi-memory. Asking twice for the same one gives the same one. */
  importMemory(options: MemoryOptions): MemoryIndex {
    return this.once(`memory ${options.import.join(".")}`, () => this.memories.push(memoryImport(options)) - 1);
  }

  /** Sets the first memory's size, for callers who know it only at the end. In 64 KiB pages. */
  setPages(initialPages: number, maximumPages: number = initialPages): void {
    this.memories[0] = { ...(this.memories[0] as MemoryImport), initialPages, maximumPages };
  }

  /** Declares a function whose body follows later; for recursion and forward calls. */
  declare<R extends Result>(name: string, params: Params, result: R): Func<R> {
    return this.add(this.declared, {
      name: this.unique(name),
      params: Object.values(params),
      paramNames: Object.keys(params),
      result,
    }) as Func<R>;
  }

  /** Gives a declared function its body. The value the callback returns is the function's result. */
  define<P extends Params>(
    func: FunctionRef,
    _params: P,
    body: (c: FunctionBuilder, params: ParamValues<P>) => BodyResult,
  ): void {
    if (this.defined.has(func) || func.imported) throw new CodegenError("BAD_FUNCTION", "is defined twice", func.name);
    const c = new FunctionBuilder(this, func);
    this.defined.set(func, c);
    const values: Record<string, Value> = {};
    for (const local of c.params) values[local.name] = stagedValue(c, local);
    const result = body(c, values as ParamValues<P>);
    if (result !== undefined && result !== null) c.return(result as I32Like);
    else if (func.result !== undefined && c.reachable)
      throw new CodegenError("NO_RESULT", `can end without giving its ${func.result} result`, func.name);
  }

  /** Declares and defines at once. */
  func<P extends Params, R extends Result>(
    name: string,
    params: P,
    result: R,
    body: (c: FunctionBuilder, params: ParamValues<P>) => BodyResult,
  ): Func<R> {
    const func = this.declare(name, params, result);
    this.define(func, params, body);
    return func;
  }

  /** Imports a function. Asking twice for the same one gives the same one. */
  import<R extends Result>(module: string, name: string, params: Params, result: R): Func<R> {
    return this.once(`import ${module}.${name}`, () =>
      this.add(this.imports, {
        name: this.unique(`${module}.${name}`),
        params: Object.values(params),
        paramNames: Object.keys(params),
        result,
        imported: { module, name },
      }),
    ) as Func<R>;
  }

  /** Makes something once per module, by key: a helper function, a table. */
  once<T>(key: string, make: () => T): T {
    if (!this.shared.has(key)) this.shared.set(key, make());
    return this.shared.get(key) as T;
  }

  /** Places bytes in memory. Zeros before, after and, where there are many, between the others cost nothing: fresh memory is zero. */
  data(offset: number, bytes: Uint8Array): void {
    if (!Number.isInteger(offset) || offset < 0)
      throw new CodegenError("BAD_DATA", `data at ${offset}: not an address`);
    for (const [from, to] of runs(bytes)) this.segments.push({ offset: offset + from, bytes: bytes.slice(from, to) });
  }

  export(name: string, func: FunctionRef): void {
    if (this.exported.has(name)) throw new CodegenError("BAD_FUNCTION", `export ${name} is given twice`, func.name);
    this.exported.set(name, func);
  }

  /** Says that the code places the data; else it is placed at instantiation. */
  placeDataByCode(): void {
    this.dataPlaced = "byCode";
  }

  /** The checked intermediate representation, optimised. Nothing can be added afterwards. */
  toIr(): ModuleIr {
    if (!this.finished) {
      const ir: ModuleIr = {
        ...(this.name === undefined ? {} : { name: this.name }),
        memories: [...this.memories],
        imports: this.imports,
        functions: this.declared.map((ref) => this.definition(ref)),
        exports: new Map(this.exported),
        data: [...this.segments],
        dataPlaced: this.dataPlaced,
      };
      this.finished = optimize(ir);
    }
    return this.finished;
  }

  private definition(ref: FunctionRef): FunctionIr {
    const c = this.defined.get(ref);
    if (!c) throw new CodegenError("BAD_FUNCTION", "is declared but has no body", ref.name);
    return { ref, params: c.params, body: c.body, locals: c.locals };
  }

  private add(list: FunctionRef[], func: FunctionRef): FunctionRef {
    if (this.finished) throw new CodegenError("BAD_FUNCTION", "is added to a finished module", func.name);
    list.push(func);
    return func;
  }

  private unique(name: string): string {
    const taken = this.names.get(name);
    if (taken === undefined) {
      this.names.set(name, 2);
      return name;
    }
    let n = taken;
    while (this.names.has(`${name}#${n}`)) n++;
    this.names.set(name, n + 1);
    this.names.set(`${name}#${n}`, 2);
    return `${name}#${n}`;
  }
}

function memoryImport({ import: [module, name], pages, maximumPages, shared }: MemoryOptions): MemoryImport {
  return { module, name, initialPages: pages, maximumPages: maximumPages ?? pages, shared: shared ?? false };
}

/** Zeros in a row that are worth another segment. */
const manyZeros = 1024;

/** Where there is something else than zeros: from and to, in order. */
function runs(bytes: Uint8Array): [from: number, to: number][] {
  const list: [number, number][] = [];
  let last: [number, number] | undefined;
  bytes.forEach((byte, at) => {
    if (byte === 0) return;
    if (last && at - last[1] < manyZeros) last[1] = at + 1;
    else {
      last = [at, at + 1];
      list.push(last);
    }
  });
  return list;
}
