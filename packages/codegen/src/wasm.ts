/**
 * The WebAssembly back end: encodes the intermediate representation as a binary module.
 *
 * Spec: WebAssembly Core 2.0 section 5 (binary format), with the threads proposal's shared memory and atomics,
 * and fixed-width SIMD for 16-byte moves. The name section (appendix 7.4) carries function and parameter names.
 */
import type { BinaryOp, Expression, FunctionRef, Label, Local, ModuleIr, Statement, ValueType, Width } from "./ir.ts";
import {
  alignment,
  atomicAccess,
  atomicCode,
  binaryCode,
  bulkCode,
  dataMode,
  emptyBlock,
  externKind,
  functionForm,
  loadCode,
  memoryFlags,
  moduleHeader,
  op,
  sectionId,
  simdCode,
  storeCode,
  typeCode,
  unaryCode,
} from "./opcodes.ts";
import { walk } from "./optimize.ts";
import { assignSlots, type Slots } from "./slots.ts";

/** A byte buffer that grows. */
class Bytes {
  private buffer = new Uint8Array(256);
  length = 0;

  u8(byte: number): void {
    if (this.length === this.buffer.length) this.grow(1);
    this.buffer[this.length++] = byte;
  }
  raw(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.buffer.length) this.grow(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }
  /** Unsigned LEB128. */
  u32(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.u8(rest);
  }
  /** Signed LEB128 of a 32-bit value. */
  s32(value: number): void {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.u8(rest & 0x7f);
  }
  /** Signed LEB128 of a 64-bit value. */
  s64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    while (rest < -64n || rest > 63n) {
      this.u8(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.u8(Number(rest & 0x7fn));
  }
  name(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u32(bytes.length);
    this.raw(bytes);
  }
  vector<T>(items: readonly T[], each: (item: T, index: number) => void): void {
    this.u32(items.length);
    items.forEach(each);
  }
  sized(other: Bytes): void {
    this.u32(other.length);
    this.raw(other.bytes());
  }
  bytes(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.length);
  }
  private grow(extra: number): void {
    const bigger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + extra));
    bigger.set(this.buffer);
    this.buffer = bigger;
  }
}

/** A custom section: id 0, size, name, bytes. Appended to a module it changes nothing of what the module does. */
export function customSection(name: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const content = new Bytes();
  content.name(name);
  content.raw(payload);
  const out = new Bytes();
  out.u8(sectionId.custom);
  out.sized(content);
  return out.bytes().slice();
}

/** Bytes of a module, from `start` to before `end`, that belong to something. */
export interface CodeRegion {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Encodes a module; deterministic. Regions of its blocks are added to `regions`. */
export function encodeWasm(ir: ModuleIr, regions: CodeRegion[] = []): Uint8Array<ArrayBuffer> {
  const imports = ir.functions.filter((f) => f.imported);
  const defined = ir.functions.filter((f) => !f.imported);
  const index = new Map<FunctionRef, number>();
  for (const f of [...imports, ...defined]) index.set(f, index.size);

  const types: string[] = [];
  const signatures: FunctionRef[] = [];
  const typeOf = (f: FunctionRef): number => {
    const key = `${f.params.join()}>${f.result ?? ""}`;
    const at = types.indexOf(key);
    if (at >= 0) return at;
    signatures.push(f);
    return types.push(key) - 1;
  };
  for (const f of index.keys()) typeOf(f);
  const passive = ir.data.length > 0 && defined.some((f) => containsPlaceData(f.body ?? []));

  const out = new Bytes();
  out.raw(Uint8Array.from(moduleHeader));
  /** Returns where the section's content begins. */
  const section = (id: number, fill: (b: Bytes) => void): number => {
    const content = new Bytes();
    fill(content);
    out.u8(id);
    out.sized(content);
    return out.length - content.length;
  };

  section(sectionId.type, (b) =>
    b.vector(signatures, (f) => {
      b.u8(functionForm);
      b.vector(f.params, (t) => b.u8(typeCode[t]));
      b.vector(f.result ? [f.result] : [], (t) => b.u8(typeCode[t]));
    }),
  );
  section(sectionId.import, (b) => {
    b.u32(imports.length + 1);
    b.name(ir.memory.module);
    b.name(ir.memory.name);
    b.u8(externKind.memory);
    b.u8(ir.memory.shared ? memoryFlags.shared : memoryFlags.bounded);
    b.u32(ir.memory.initialPages);
    b.u32(ir.memory.maximumPages);
    for (const f of imports) {
      b.name(f.imported?.module ?? "");
      b.name(f.imported?.name ?? "");
      b.u8(externKind.function);
      b.u32(typeOf(f));
    }
  });
  section(sectionId.function, (b) => b.vector(defined, (f) => b.u32(typeOf(f))));
  section(sectionId.export, (b) =>
    b.vector([...ir.exports], ([name, f]) => {
      b.name(name);
      b.u8(externKind.function);
      b.u32(index.get(f) as number);
    }),
  );
  if (passive) section(sectionId.dataCount, (b) => b.u32(ir.data.length));
  const found: CodeRegion[] = [];
  const code = section(sectionId.code, (b) =>
    b.vector(defined, (f) => {
      const encoder = new FunctionEncoder(f, index, ir);
      const body = encoder.encode();
      b.sized(body);
      const from = b.length - encoder.codeLength;
      for (const r of encoder.regions) found.push({ name: r.name, start: from + r.start, end: from + r.end });
    }),
  );
  for (const r of found) regions.push({ name: r.name, start: code + r.start, end: code + r.end });
  if (ir.data.length > 0)
    section(sectionId.data, (b) =>
      b.vector(ir.data, (d) => {
        b.u8(passive ? dataMode.passive : dataMode.active);
        if (!passive) {
          b.u8(op.i32Const);
          b.s32(d.offset);
          b.u8(op.end);
        }
        b.u32(d.bytes.length);
        b.raw(d.bytes);
      }),
    );
  section(sectionId.custom, (b) => {
    b.name("name");
    if (ir.name !== undefined) {
      const name = new Bytes();
      name.name(ir.name);
      b.u8(0);
      b.sized(name);
    }
    const functions = new Bytes();
    functions.vector([...index], ([f, i]) => {
      functions.u32(i);
      functions.name(f.name);
    });
    b.u8(1);
    b.sized(functions);
    const locals = new Bytes();
    locals.vector([...index], ([f, i]) => {
      locals.u32(i);
      locals.vector(f.paramNames, (name, p) => {
        locals.u32(p);
        locals.name(name);
      });
    });
    b.u8(2);
    b.sized(locals);
  });
  return out.bytes().slice();
}

function containsPlaceData(body: readonly Statement[]): boolean {
  let found = false;
  walk(body, (s) => {
    if (s.kind === "placeData") found = true;
  });
  return found;
}

class FunctionEncoder {
  readonly regions: CodeRegion[] = [];
  private readonly code = new Bytes();
  private readonly open: (Label | undefined)[] = [];
  private readonly scratch = new Map<ValueType, number>();
  private readonly f: FunctionRef;
  private readonly slots: Slots;
  private readonly index: ReadonlyMap<FunctionRef, number>;
  private readonly ir: ModuleIr;

  constructor(f: FunctionRef, index: ReadonlyMap<FunctionRef, number>, ir: ModuleIr) {
    this.f = f;
    this.slots = assignSlots(f);
    this.index = index;
    this.ir = ir;
  }

  /** Bytes of instructions, which are the last of what `encode` gave. */
  get codeLength(): number {
    return this.code.length;
  }

  encode(): Bytes {
    this.statements(this.f.body ?? []);
    // A body that ends in a branch leaves no result on the stack: say that its end is never reached.
    if (this.f.result) this.code.u8(op.unreachable);
    this.code.u8(op.end);

    const types = [...this.slots.types, ...this.scratch.keys()];
    const out = new Bytes();
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of types) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    out.vector(runs, (run) => {
      out.u32(run.count);
      out.u8(typeCode[run.type]);
    });
    out.raw(this.code.bytes());
    return out;
  }

  private statements(body: readonly Statement[]): void {
    for (const s of body) this.statement(s);
  }

  private statement(s: Statement): void {
    const b = this.code;
    switch (s.kind) {
      case "let":
      case "set":
        this.expression(s.value);
        b.u8(op.localSet);
        b.u32(this.number(s.local));
        break;
      case "store":
        this.expression(s.address);
        this.expression(s.value);
        if (s.order === "be") this.swap(s.value.type, s.width);
        b.u8(storeCode(s.value.type, s.width));
        this.memarg(s.offset);
        break;
      case "atomicStore":
        this.expression(s.address);
        this.expression(s.value);
        b.raw(Uint8Array.of(op.atomic, atomicAccess.store));
        this.memarg(s.offset, alignment.word);
        break;
      case "copy16":
        this.expression(s.to);
        this.expression(s.from);
        b.raw(Uint8Array.of(op.simd, simdCode.load));
        this.memarg(s.fromOffset);
        b.raw(Uint8Array.of(op.simd, simdCode.store));
        this.memarg(s.toOffset);
        break;
      case "zero16":
        this.expression(s.to);
        b.raw(Uint8Array.of(op.simd, simdCode.const, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
        b.raw(Uint8Array.of(op.simd, simdCode.store));
        this.memarg(s.offset);
        break;
      case "copy":
        this.expression(s.to);
        this.expression(s.from);
        this.expression(s.length);
        b.raw(Uint8Array.of(op.bulk, bulkCode.memoryCopy, 0, 0));
        break;
      case "fill":
        this.expression(s.to);
        this.expression(s.value);
        this.expression(s.length);
        b.raw(Uint8Array.of(op.bulk, bulkCode.memoryFill, 0));
        break;
      case "if":
        this.conditional(s);
        break;
      case "block":
      case "loop":
        b.u8(s.kind === "block" ? op.block : op.loop);
        b.u8(emptyBlock);
        this.open.push(s.label);
        if (s.label.region === undefined) this.statements(s.body);
        else {
          const at = this.regions.push({ name: s.label.region, start: b.length, end: 0 }) - 1;
          this.statements(s.body);
          this.regions[at] = { ...(this.regions[at] as CodeRegion), end: b.length };
        }
        this.open.pop();
        b.u8(op.end);
        break;
      case "br":
        b.u8(op.br);
        b.u32(this.depth(s.label));
        break;
      case "switch":
        this.expression(s.index);
        b.u8(op.brTable);
        b.vector(s.labels, (label) => b.u32(this.depth(label)));
        b.u32(this.depth(s.otherwise));
        break;
      case "return":
        if (s.value) this.expression(s.value);
        b.u8(op.return);
        break;
      case "do":
        for (const arg of s.args) this.expression(arg);
        this.call(s.callee);
        break;
      case "placeData":
        this.ir.data.forEach((d, i) => {
          this.constant("i32", d.offset);
          this.constant("i32", 0);
          this.constant("i32", d.bytes.length);
          b.raw(Uint8Array.of(op.bulk, bulkCode.memoryInit));
          b.u32(i);
          b.u8(0);
        });
        break;
      case "trap":
        b.u8(op.unreachable);
        break;
    }
  }

  private conditional(s: Statement & { kind: "if" }): void {
    const b = this.code;
    const only = s.then[0];
    if (s.then.length === 1 && s.else.length === 0 && only?.kind === "br") {
      this.expression(s.condition);
      b.u8(op.brIf);
      b.u32(this.depth(only.label));
      return;
    }
    if (s.then.length === 0 && s.else.length === 0) {
      this.expression(s.condition);
      b.u8(op.drop);
      return;
    }
    this.expression(s.condition);
    const swap = s.then.length === 0;
    if (swap) b.u8(unaryCode.i32.eqz as number);
    b.u8(op.if);
    b.u8(emptyBlock);
    this.open.push(undefined);
    this.statements(swap ? s.else : s.then);
    if (!swap && s.else.length > 0) {
      b.u8(op.else);
      this.statements(s.else);
    }
    this.open.pop();
    b.u8(op.end);
  }

  private expression(e: Expression): void {
    const b = this.code;
    switch (e.kind) {
      case "const":
        this.constant(e.type, e.value);
        break;
      case "local":
        b.u8(op.localGet);
        b.u32(this.number(e.local));
        break;
      case "unary":
        this.expression(e.a);
        b.u8(unaryCode[e.a.type][e.op] as number);
        break;
      case "binary":
        this.expression(e.a);
        this.expression(e.b);
        b.u8(binaryCode[e.a.type][e.op]);
        break;
      case "load":
        this.expression(e.address);
        b.u8(loadCode(e.type, e.width, e.signed));
        this.memarg(e.offset);
        if (e.order === "be") this.swap(e.type, e.width);
        break;
      case "select":
        this.expression(e.a);
        this.expression(e.b);
        this.expression(e.condition);
        b.u8(op.select);
        break;
      case "call":
        for (const arg of e.args) this.expression(arg);
        this.call(e.callee);
        break;
      case "atomicLoad":
        this.expression(e.address);
        b.raw(Uint8Array.of(op.atomic, atomicAccess.load));
        this.memarg(e.offset, alignment.word);
        break;
      case "atomicRmw":
        this.expression(e.address);
        this.expression(e.value);
        if (e.replacement) this.expression(e.replacement);
        b.raw(Uint8Array.of(op.atomic, atomicCode[e.op]));
        this.memarg(e.offset, alignment.word);
        break;
    }
  }

  private constant(type: ValueType, value: number | bigint): void {
    this.code.u8(type === "i32" ? op.i32Const : op.i64Const);
    if (type === "i32") this.code.s32(Number(value));
    else this.code.s64(BigInt(value));
  }

  private call(callee: FunctionRef): void {
    this.code.u8(op.call);
    this.code.u32(this.index.get(callee) as number);
  }

  /** Of a local; parameters keep theirs. */
  private number(local: Local): number {
    return this.slots.numbers.get(local) ?? local.id;
  }

  private memarg(offset: number, align: number = alignment.plain): void {
    this.code.u32(align);
    this.code.u32(offset);
  }

  private depth(label: Label): number {
    const at = this.open.lastIndexOf(label);
    return this.open.length - 1 - at;
  }

  /** Exchanges the bytes of the value on the stack; the machine has no such instruction. */
  private swap(type: ValueType, width: Width): void {
    if (width === 8) return;
    const b = this.code;
    const tmp = this.temporary(type);
    const tee = (): void => {
      b.u8(op.localTee);
      b.u32(tmp);
    };
    const get = (): void => {
      b.u8(op.localGet);
      b.u32(tmp);
    };
    const apply = (name: BinaryOp): void => b.u8(binaryCode[type][name]);
    const by = (value: number | bigint): void => this.constant(type, value);
    tee();
    if (width === 16) {
      by(8), apply("shl"), by(0xff00), apply("and");
      get(), by(8), apply("shrU"), by(0xff), apply("and"), apply("or");
    } else if (type === "i32") {
      by(8), apply("rotl"), by(0x00ff00ff), apply("and");
      get(), by(8), apply("rotr"), by(0xff00ff00 | 0), apply("and"), apply("or");
    } else {
      for (const [mask, shift] of [
        [0x00ff00ff00ff00ffn, 8n],
        [0x0000ffff0000ffffn, 16n],
      ] as const) {
        by(mask), apply("and"), by(shift), apply("shl");
        get(), by(shift), apply("shrU"), by(mask), apply("and"), apply("or");
        tee();
      }
      by(32n), apply("rotl");
    }
  }

  private temporary(type: ValueType): number {
    let id = this.scratch.get(type);
    if (id === undefined) {
      id = this.f.params.length + this.slots.types.length + this.scratch.size;
      this.scratch.set(type, id);
    }
    return id;
  }
}
