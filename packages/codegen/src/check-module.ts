/**
 * An allowlist for modules that somebody else made: what this package's encoder writes, and nothing more, whatever else an
 * engine would take. A module is gone through once, in linear time, before any engine sees it. It is not validated: the
 * types of operands and most indices are left to the engine, which looks at all of them in what has passed here.
 *
 * Spec: WebAssembly Core 2.0 section 5 (binary format).
 */
import { ByteReader, Malformed } from "./byte-reader.ts";
import { checkBody } from "./check-body.ts";
import type { ValueType } from "./ir.ts";
import {
  dataMode,
  externKind,
  functionForm,
  memoryFlags,
  moduleHeader,
  op,
  sectionId,
  sectionOrder,
  typeCode,
} from "./opcodes.ts";

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly result?: ValueType | undefined;
}

/** How large a module may be. */
export interface ModuleLimits {
  /** Bytes of the module, with all its sections. */
  readonly moduleBytes: number;
  /** Bytes of all function bodies together: what an engine compiles. */
  readonly codeBytes: number;
  /** Bytes of one function's body. */
  readonly bodyBytes: number;
  readonly types: number;
  /** Parameters of a function. */
  readonly params: number;
  /** Functions, imported ones aside. */
  readonly functions: number;
  /** Locals of a function, parameters aside. */
  readonly locals: number;
  /** Blocks inside each other. */
  readonly nesting: number;
  /** Targets of one `br_table`. */
  readonly branchTargets: number;
  /**
   * For each function the locals times the branches, added up. An engine that compiles in one pass looks at every local at
   * every branch, so that this, and not the number of bytes, says how long it takes.
   */
  readonly localsAtBranches: number;
  readonly dataSegments: number;
  /** Bytes of the section of names. */
  readonly nameBytes: number;
}

/** What a module may be. */
export interface ModuleRules {
  /** Module and name of the memory, which is imported, shared and the only one. */
  readonly memory: readonly [module: string, name: string];
  /** Pages that the memory's limits may name at most. */
  readonly maximumPages: number;
  /** Functions that may be imported, from the memory's module, each once. */
  readonly imports: ReadonlyMap<string, FunctionType>;
  /** Functions that are exported: all of these, and no others. */
  readonly exports: ReadonlyMap<string, FunctionType>;
  /** What the names of custom sections begin with, other than `name`. They come last. */
  readonly customPrefix: string;
  readonly limits: ModuleLimits;
}

/** What is not allowed, and where. */
export interface ModuleFault {
  /** Offset of the byte, from the beginning of the module. */
  readonly at: number;
  readonly reason: string;
}

/**
 * Goes through a module; `undefined` when it keeps to the rules.
 *
 * Trust: the bytes may be anything; none of them is executed, and nothing is thrown. O(bytes), and memory for the types and
 * the functions' numbers only.
 */
export function checkModule(bytes: Uint8Array, rules: ModuleRules): ModuleFault | undefined {
  try {
    new ModuleChecker(bytes, rules).check();
    return undefined;
  } catch (e) {
    if (e instanceof Malformed) return { at: e.at, reason: e.message };
    throw e;
  }
}

/** Bytes of the names of imports and exports: more than any that is allowed has. */
const longestName = 256;

const valueTypes: ReadonlyMap<number, ValueType> = new Map(
  (["i32", "i64"] as const).map((type) => [typeCode[type], type]),
);
const sectionNames: ReadonlyMap<number, string> = new Map(Object.entries(sectionId).map(([name, id]) => [id, name]));

/** Reads in place; what it finds wrong it throws, to `checkModule`. */
class ModuleChecker {
  private readonly r: ByteReader;
  private readonly bytes: Uint8Array;
  private readonly rules: ModuleRules;
  private readonly types: FunctionType[] = [];
  /** Types of the functions, imported ones first. */
  private readonly functions: FunctionType[] = [];
  private imported = 0;
  private readonly seen = new Set<number>();
  private dataCount: number | undefined;
  private named = false;

  constructor(bytes: Uint8Array, rules: ModuleRules) {
    this.bytes = bytes;
    this.rules = rules;
    this.r = new ByteReader(bytes);
  }

  check(): void {
    const { r } = this;
    const { limits } = this.rules;
    most(0, this.bytes.length, limits.moduleBytes, "bytes");
    if (!moduleHeader.every((byte, i) => this.bytes[i] === byte)) throw new Malformed(0, "not a WebAssembly 1 module");
    r.skip(moduleHeader.length);
    let place = 0;
    while (!r.ended) {
      const at = r.at;
      const id = r.u8();
      const next = sectionOrder.indexOf(id);
      if (next < 0) throw new Malformed(at, `a section ${id}, which no guest has`);
      if (next < place) throw new Malformed(at, `section ${sectionNames.get(id)} is not where it belongs`);
      place = id === sectionId.custom ? next : next + 1;
      this.seen.add(id);
      const part = r.part(r.u32());
      this.section(id, part, at);
      if (!part.ended) throw new Malformed(part.at, `section ${sectionNames.get(id)} is longer than what is in it`);
    }
    for (const id of [sectionId.type, sectionId.import, sectionId.function, sectionId.export, sectionId.code])
      if (!this.seen.has(id)) throw new Malformed(r.at, `there is no section ${sectionNames.get(id)}`);
    if (this.dataCount !== undefined && !this.seen.has(sectionId.data))
      throw new Malformed(r.at, "there is no section data, though its segments are counted");
  }

  private section(id: number, s: ByteReader, at: number): void {
    if (id === sectionId.type) this.typeSection(s);
    else if (id === sectionId.import) this.importSection(s);
    else if (id === sectionId.function) this.functionSection(s);
    else if (id === sectionId.export) this.exportSection(s);
    else if (id === sectionId.dataCount)
      this.dataCount = most(s.at, s.u32(), this.rules.limits.dataSegments, "data segments");
    else if (id === sectionId.code) this.codeSection(s);
    else if (id === sectionId.data) this.dataSection(s);
    else this.customSection(s, at);
  }

  private typeSection(s: ByteReader): void {
    const { limits } = this.rules;
    for (let n = most(s.at, s.u32(), limits.types, "types"); n > 0; n--) {
      const form = s.u8();
      if (form !== functionForm) throw new Malformed(s.at - 1, `a type of the form ${hex(form)}, which is no function`);
      const params: ValueType[] = [];
      for (let p = most(s.at, s.u32(), limits.params, "parameters"); p > 0; p--) params.push(valueType(s));
      const results = most(s.at, s.u32(), 1, "results");
      this.types.push(results === 1 ? { params, result: valueType(s) } : { params });
    }
  }

  private importSection(s: ByteReader): void {
    const { memory, maximumPages, imports } = this.rules;
    const [module, memoryName] = memory;
    const first = s.at;
    const count = s.u32();
    if (
      count === 0 ||
      s.name(longestName) !== module ||
      s.name(longestName) !== memoryName ||
      s.u8() !== externKind.memory
    )
      throw new Malformed(first, `the first import is not the memory '${module}.${memoryName}'`);
    const flags = s.u8();
    if (flags !== memoryFlags.shared)
      throw new Malformed(
        s.at - 1,
        `a memory with flags ${hex(flags)}; it is shared, has a maximum and 32-bit addresses`,
      );
    const least = s.u32();
    const limit = most(s.at, s.u32(), maximumPages, "pages");
    if (least > limit) throw new Malformed(first, `a memory of ${least} pages, and ${limit} at most`);
    const taken = new Set<string>();
    for (let n = count - 1; n > 0; n--) {
      const { at } = s;
      const from = s.name(longestName);
      const name = s.name(longestName);
      const kind = s.u8();
      const type = from === module && kind === externKind.function ? imports.get(name) : undefined;
      if (!type) throw new Malformed(at, `it imports something that is no hypercall`);
      if (taken.has(name)) throw new Malformed(at, `'${name}' is imported twice`);
      taken.add(name);
      const given = this.typeAt(s);
      if (!isSame(type, given)) throw new Malformed(at, `'${name}' is imported with another type than it has`);
      this.functions.push(given);
      this.imported++;
    }
  }

  private functionSection(s: ByteReader): void {
    for (let n = most(s.at, s.u32(), this.rules.limits.functions, "functions"); n > 0; n--)
      this.functions.push(this.typeAt(s));
  }

  private exportSection(s: ByteReader): void {
    const { exports } = this.rules;
    const given = new Set<string>();
    for (let n = most(s.at, s.u32(), exports.size, "exports"); n > 0; n--) {
      const { at } = s;
      const name = s.name(longestName);
      const type = s.u8() === externKind.function ? exports.get(name) : undefined;
      const f = this.functions[s.u32()];
      if (!type || given.has(name)) throw new Malformed(at, "it exports something that no guest exports");
      if (!f || !isSame(type, f)) throw new Malformed(at, `'${name}' is not a function of the type that it has`);
      given.add(name);
    }
    for (const name of exports.keys()) if (!given.has(name)) throw new Malformed(s.at, `it does not export '${name}'`);
  }

  private codeSection(s: ByteReader): void {
    const { limits } = this.rules;
    most(s.at, s.end - s.at, limits.codeBytes, "bytes of code");
    const { at } = s;
    const count = s.u32();
    if (count !== this.functions.length - this.imported)
      throw new Malformed(at, `${count} functions have code, ${this.functions.length - this.imported} are declared`);
    let work = 0;
    for (let f = this.imported; f < this.functions.length; f++) {
      const start = s.at;
      const body = s.part(most(s.at, s.u32(), limits.bodyBytes, "bytes of a function"));
      const params = (this.functions[f] as FunctionType).params.length;
      work += checkBody(body, limits, params);
      if (work > limits.localsAtBranches)
        throw new Malformed(start, "too many locals at too many branches: it would take long to compile");
    }
  }

  private dataSection(s: ByteReader): void {
    const { at } = s;
    const count = most(at, s.u32(), this.rules.limits.dataSegments, "data segments");
    if (this.dataCount !== undefined && count !== this.dataCount)
      throw new Malformed(at, `${count} data segments; ${this.dataCount} were announced`);
    // Segments that the code places are announced, so that it can be checked; others are placed at instantiation.
    const mode = this.dataCount === undefined ? dataMode.active : dataMode.passive;
    for (let n = count; n > 0; n--) {
      const found = s.u8();
      if (found !== mode) throw new Malformed(s.at - 1, `a data segment of mode ${hex(found)}`);
      if (mode === dataMode.active) {
        if (s.u8() !== op.i32Const) throw new Malformed(s.at - 1, "a data segment that is not at a constant");
        s.skipSigned(32);
        if (s.u8() !== op.end) throw new Malformed(s.at - 1, "a data segment that is not at a constant");
      }
      s.skip(s.u32());
    }
  }

  private customSection(s: ByteReader, at: number): void {
    const name = s.name(longestName);
    if (name === "name" && !this.named) {
      this.named = true;
      most(at, s.end - s.at, this.rules.limits.nameBytes, "bytes of names");
    } else if (!name.startsWith(this.rules.customPrefix)) throw new Malformed(at, "a custom section that no guest has");
    s.skip(s.end - s.at);
  }

  private typeAt(s: ByteReader): FunctionType {
    const { at } = s;
    const index = s.u32();
    const type = this.types[index];
    if (!type) throw new Malformed(at, `there is no type ${index}`);
    return type;
  }
}

function isSame(a: FunctionType, b: FunctionType): boolean {
  return a.result === b.result && a.params.length === b.params.length && a.params.every((p, i) => p === b.params[i]);
}

function valueType(s: ByteReader): ValueType {
  const code = s.u8();
  const type = valueTypes.get(code);
  if (!type) throw new Malformed(s.at - 1, `a value type ${hex(code)}`);
  return type;
}

/** A count that has a limit. */
function most(at: number, count: number, limit: number, what: string): number {
  if (count > limit) throw new Malformed(at, `${count} ${what}; ${limit} at most`);
  return count;
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
