/** Builds a module: imported memory, imported and defined functions, data segments, exports. */
import { CodegenError } from "./error.ts";
import { FunctionBuilder } from "./function-builder.ts";
import type { DataSegment, FunctionRef, MemoryImport, ModuleIr, ValueType } from "./ir.ts";
import { optimize } from "./optimize.ts";
import { moduleText } from "./text.ts";
import { validate } from "./validate.ts";
import {
  type I32,
  I32 as I32Class,
  type I32Like,
  type I64,
  I64 as I64Class,
  type I64Like,
  type ValueOf,
} from "./values.ts";
import { type CodeRegion, encodeWasm } from "./wasm.ts";

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
export type BodyResult = I32Like | I64Like | undefined | void;
/** A function with its result type known to TypeScript. */
export type Func<R extends Result = Result> = FunctionRef & { readonly result: R };

/** Starts a module. Its name is what stack traces call it. */
export function moduleBuilder(options: { memory: MemoryOptions; name?: string }): ModuleBuilder {
  return new ModuleBuilder(options.memory, options.name);
}

export class ModuleBuilder {
  private readonly functions: FunctionRef[] = [];
  /** Names in use, and the number to try next for one that is wanted again. */
  private readonly names = new Map<string, number>();
  private readonly exported = new Map<string, FunctionRef>();
  private readonly segments: DataSegment[] = [];
  private readonly shared = new Map<string, unknown>();
  private memory: MemoryImport;
  private readonly name: string | undefined;
  private finished: ModuleIr | undefined;

  constructor(memory: MemoryOptions, name?: string) {
    this.name = name;
    const maximumPages = memory.maximumPages ?? memory.pages;
    this.memory = {
      module: memory.import[0],
      name: memory.import[1],
      initialPages: memory.pages,
      maximumPages,
      shared: memory.shared ?? false,
    };
  }

  /** Sets the memory's size, for callers who know it only at the end. In 64 KiB pages. */
  setPages(initialPages: number, maximumPages: number = initialPages): void {
    this.memory = { ...this.memory, initialPages, maximumPages };
  }

  /** Declares a function whose body follows later; for recursion and forward calls. */
  declare<R extends Result>(name: string, params: Params, result: R): Func<R> {
    return this.add({
      name: this.unique(name),
      params: Object.values(params),
      paramNames: Object.keys(params),
      result,
      locals: [],
      body: undefined,
    }) as Func<R>;
  }

  /** Gives a declared function its body. The value the callback returns is the function's result. */
  define<P extends Params>(
    func: FunctionRef,
    _params: P,
    body: (c: FunctionBuilder, params: ParamValues<P>) => BodyResult,
  ): void {
    if (func.body || func.imported) throw new CodegenError("BAD_FUNCTION", "is defined twice", func.name);
    const c = new FunctionBuilder(this, func);
    const values: Record<string, I32 | I64> = {};
    func.paramNames.forEach((name, id) => {
      const type = func.params[id] as ValueType;
      const e = { kind: "local", type, local: { id, type, name, mutable: false } } as const;
      values[name] = type === "i32" ? new I32Class(c, e) : new I64Class(c, e);
    });
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
      this.add({
        name: this.unique(`${module}.${name}`),
        params: Object.values(params),
        paramNames: Object.keys(params),
        result,
        imported: { module, name },
        locals: [],
        body: undefined,
      }),
    ) as Func<R>;
  }

  /** Makes something once per module, by key: a helper function, a table. */
  once<T>(key: string, make: () => T): T {
    if (!this.shared.has(key)) this.shared.set(key, make());
    return this.shared.get(key) as T;
  }

  /** Places bytes in memory. All-zero bytes cost nothing: fresh memory is zero. */
  data(offset: number, bytes: Uint8Array): void {
    if (!Number.isInteger(offset) || offset < 0)
      throw new CodegenError("BAD_DATA", `data at ${offset}: not an address`);
    if (bytes.some((b) => b !== 0)) this.segments.push({ offset, bytes: bytes.slice() });
  }

  export(name: string, func: FunctionRef): void {
    if (this.exported.has(name)) throw new CodegenError("BAD_FUNCTION", `export ${name} is given twice`, func.name);
    this.exported.set(name, func);
  }

  /** The checked intermediate representation, optimised. Nothing can be added afterwards. */
  toIr(): ModuleIr {
    if (!this.finished) {
      const ir: ModuleIr = {
        ...(this.name === undefined ? {} : { name: this.name }),
        memory: this.memory,
        functions: this.functions,
        exports: this.exported,
        data: this.segments,
      };
      validate(ir);
      this.finished = optimize(ir);
    }
    return this.finished;
  }

  /** The WebAssembly binary. */
  toWasm(): Uint8Array<ArrayBuffer> {
    return encodeWasm(this.toIr());
  }

  /** Which bytes of the binary belong to the blocks that were given a region, outer ones first. */
  regions(): CodeRegion[] {
    const regions: CodeRegion[] = [];
    encodeWasm(this.toIr(), regions);
    return regions;
  }

  /** The intermediate representation as text. */
  toText(): string {
    return moduleText(this.toIr());
  }

  private add(func: FunctionRef): FunctionRef {
    if (this.finished) throw new CodegenError("BAD_FUNCTION", "is added to a finished module", func.name);
    this.functions.push(func);
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
