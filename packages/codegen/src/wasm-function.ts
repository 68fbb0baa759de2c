/**
 * The WebAssembly back end, one function: its instructions, its locals, and which bytes belong to which region.
 *
 * Spec: WebAssembly Core 2.0 section 5.4, with the threads proposal's atomics, and fixed-width SIMD for 16-byte moves.
 */
import { bitsOf } from "./arithmetic.ts";
import { type ByteWriter, sizeOfU32 } from "./byte-writer.ts";
import type {
  BinaryOp,
  Expression,
  FunctionIr,
  FunctionRef,
  IntegerType,
  Label,
  Local,
  MemoryIndex,
  ModuleIr,
  Statement,
  ValueType,
  Width,
} from "./ir.ts";
import {
  alignment,
  atomicAccess,
  atomicCode,
  binaryCode,
  bulkCode,
  emptyBlock,
  loadCode,
  op,
  otherMemory,
  simdCode,
  storeCode,
  typeCode,
  unaryCode,
} from "./opcodes.ts";
import { assignSlots, type Slots } from "./slots.ts";

/** Bytes of a module, from `start` to before `end`, that belong to something. */
export interface CodeRegion {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export class FunctionEncoder {
  readonly regions: CodeRegion[] = [];
  private readonly code: ByteWriter;
  private readonly open: (Label | undefined)[] = [];
  private readonly scratch = new Map<ValueType, number>();
  private readonly f: FunctionIr;
  private readonly slots: Slots;
  private readonly index: ReadonlyMap<FunctionRef, number>;
  private readonly ir: ModuleIr;

  /** @param code takes the instructions; what it had is gone. */
  constructor(f: FunctionIr, index: ReadonlyMap<FunctionRef, number>, ir: ModuleIr, code: ByteWriter) {
    this.code = code;
    code.length = 0;
    this.f = f;
    this.slots = assignSlots(f);
    this.index = index;
    this.ir = ir;
  }

  /** Writes the function with its size in front. @returns where its instructions begin. */
  encode(out: ByteWriter): number {
    this.statements(this.f.body);
    // A body that ends in a branch leaves no result on the stack: say that its end is never reached.
    if (this.f.ref.result) this.code.u8(op.unreachable);
    this.code.u8(op.end);

    const types = [...this.slots.types, ...this.scratch.keys()];
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of types) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    const declared = runs.reduce((size, { count }) => size + sizeOfU32(count) + 1, sizeOfU32(runs.length));
    out.u32(declared + this.code.length);
    out.vector(runs, (run) => {
      out.u32(run.count);
      out.u8(typeCode[run.type]);
    });
    out.raw(this.code.bytes());
    return out.length - this.code.length;
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
        if (s.value.type === "v128") b.prefixed(op.simd, simdCode.store);
        else {
          if (s.order === "be") this.swap(s.value.type, s.width);
          b.u8(storeCode(s.value.type, s.width));
        }
        this.memarg(s.memory, s.offset);
        break;
      case "atomicStore":
        this.expression(s.address);
        this.expression(s.value);
        b.prefixed(op.atomic, atomicAccess.store);
        this.memarg(s.memory, s.offset, alignment.word);
        break;
      case "copy16":
        this.expression(s.to);
        this.expression(s.from);
        b.prefixed(op.simd, simdCode.load);
        this.memarg(s.fromMemory, s.fromOffset);
        b.prefixed(op.simd, simdCode.store);
        this.memarg(s.toMemory, s.toOffset);
        break;
      case "zero16":
        this.expression(s.to);
        this.constant("v128", 0n);
        b.prefixed(op.simd, simdCode.store);
        this.memarg(s.memory, s.offset);
        break;
      case "copy":
        this.expression(s.to);
        this.expression(s.from);
        this.expression(s.length);
        b.prefixed(op.bulk, bulkCode.memoryCopy);
        b.u32(s.toMemory);
        b.u32(s.fromMemory);
        break;
      case "fill":
        this.expression(s.to);
        this.expression(s.value);
        this.expression(s.length);
        b.prefixed(op.bulk, bulkCode.memoryFill);
        b.u32(s.memory);
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
        b.u32(s.labels.length);
        for (const label of s.labels) b.u32(this.depth(label));
        b.u32(this.depth(s.otherwise));
        break;
      case "return":
        if (s.value) this.expression(s.value);
        b.u8(op.return);
        break;
      case "do":
        for (const arg of s.args) this.expression(arg);
        this.call(s.callee);
        if (s.callee.result) b.u8(op.drop);
        break;
      case "placeData":
        this.placeData();
        break;
      case "trap":
        b.u8(op.unreachable);
        break;
    }
  }

  private placeData(): void {
    const b = this.code;
    this.ir.data.forEach((d, i) => {
      this.constant("i32", d.offset);
      this.constant("i32", 0);
      this.constant("i32", d.bytes.length);
      b.prefixed(op.bulk, bulkCode.memoryInit);
      b.u32(i);
      b.u8(0);
    });
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
        b.u32(this.number(e));
        break;
      case "unary":
        this.expression(e.a);
        b.u8(unaryCode[e.a.type as IntegerType][e.op] as number);
        break;
      case "binary":
        this.expression(e.a);
        this.expression(e.b);
        b.u8(binaryCode[e.a.type as IntegerType][e.op]);
        break;
      case "load":
        this.expression(e.address);
        if (e.type === "v128") b.prefixed(op.simd, simdCode.load);
        else b.u8(loadCode(e.type, e.width, e.signed));
        this.memarg(e.memory, e.offset);
        if (e.order === "be" && e.type !== "v128") {
          this.swap(e.type, e.width);
          if (e.signed) this.extend(e.type, e.width);
        }
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
        b.prefixed(op.atomic, atomicAccess.load);
        this.memarg(e.memory, e.offset, alignment.word);
        break;
      case "atomicRmw":
        this.expression(e.address);
        this.expression(e.value);
        if (e.replacement) this.expression(e.replacement);
        b.prefixed(op.atomic, atomicCode[e.op]);
        this.memarg(e.memory, e.offset, alignment.word);
        break;
    }
  }

  private constant(type: ValueType, value: number | bigint): void {
    if (type === "v128") {
      this.code.prefixed(op.simd, simdCode.const);
      for (let i = 0n; i < 128n; i += 8n) this.code.u8(Number((BigInt(value) >> i) & 0xffn));
      return;
    }
    this.code.u8(type === "i32" ? op.i32Const : op.i64Const);
    if (type === "i32") this.code.s32(Number(value));
    else this.code.s64(BigInt(value));
  }

  private call(callee: FunctionRef): void {
    this.code.u8(op.call);
    this.code.u32(this.index.get(callee) as number);
  }

  private number(local: Local): number {
    return this.slots.numbers[local.id] as number;
  }

  private memarg(memory: MemoryIndex, offset: number, align: number = alignment.plain): void {
    if (memory === 0) this.code.u32(align);
    else {
      this.code.u32(align | otherMemory);
      this.code.u32(memory);
    }
    this.code.u32(offset);
  }

  private depth(label: Label): number {
    const at = this.open.lastIndexOf(label);
    return this.open.length - 1 - at;
  }

  /** Exchanges the bytes of the value on the stack; the machine has no such instruction. */
  private swap(type: IntegerType, width: Width): void {
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
      if (width === 64) by(32n), apply("rotl");
    }
  }

  /** Gives the value on the stack the sign of its low `width` bits. */
  private extend(type: IntegerType, width: Width): void {
    const rest = bitsOf(type) - width;
    if (rest === 0) return;
    for (const name of ["shl", "shrS"] as const) {
      this.constant(type, rest);
      this.code.u8(binaryCode[type][name]);
    }
  }

  private temporary(type: IntegerType): number {
    let id = this.scratch.get(type);
    if (id === undefined) {
      id = this.f.params.length + this.slots.types.length + this.scratch.size;
      this.scratch.set(type, id);
    }
    return id;
  }
}
