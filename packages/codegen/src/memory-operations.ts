/** Accesses to a memory, in the order written: what code is built with for each of a module's memories. */
import type { AtomicOp, ByteOrder, Expression, IntegerType, MemoryIndex, Statement, ValueType, Width } from "./ir.ts";
import type { OperationBuilder } from "./operation-builder.ts";
import type { I32, I32Like, I64, I64Like, V128, V128Like, Value, ValueLike } from "./values.ts";

/** What accesses ask of the function that they are part of. */
export interface AccessTarget {
  /** Where they are added. */
  readonly fn: OperationBuilder;
  define(value: Expression, name: string): Value;
  push(statement: Statement): void;
  /** A value of a type, as an operand. */
  of(type: ValueType, value: ValueLike): Expression;
}

/** One of a module's memories, as code of a function reaches it. */
export abstract class MemoryOperations {
  /** Which memory it is. */
  readonly memory: MemoryIndex;

  constructor(memory: MemoryIndex) {
    this.memory = memory;
  }
  /** The function that is being built. */
  protected abstract get target(): AccessTarget;

  i32(value: I32Like): I32 {
    return this.target.fn.i32(value);
  }

  load8(address: I32Like, offset = 0): I32 {
    return this.load("i32", 8, "le", address, offset) as I32;
  }
  load16(address: I32Like, offset = 0, order: ByteOrder = "le"): I32 {
    return this.load("i32", 16, order, address, offset) as I32;
  }
  load32(address: I32Like, offset = 0, order: ByteOrder = "le"): I32 {
    return this.load("i32", 32, order, address, offset) as I32;
  }
  load64(address: I32Like, offset = 0, order: ByteOrder = "le"): I64 {
    return this.load("i64", 64, order, address, offset) as I64;
  }
  /** 16 bytes; any alignment. */
  load128(address: I32Like, offset = 0): V128 {
    return this.load("v128", 128, "le", address, offset) as V128;
  }
  store8(address: I32Like, value: I32Like, offset = 0): void {
    this.store(8, "le", address, this.target.fn.operand(value), offset);
  }
  store16(address: I32Like, value: I32Like, offset = 0, order: ByteOrder = "le"): void {
    this.store(16, order, address, this.target.fn.operand(value), offset);
  }
  store32(address: I32Like, value: I32Like, offset = 0, order: ByteOrder = "le"): void {
    this.store(32, order, address, this.target.fn.operand(value), offset);
  }
  store64(address: I32Like, value: I64Like, offset = 0, order: ByteOrder = "le"): void {
    this.store(64, order, address, this.target.fn.i64(value).expression, offset);
  }
  /** 16 bytes; any alignment. */
  store128(address: I32Like, value: V128Like, offset = 0): void {
    this.store(128, "le", address, this.target.fn.v128(value).expression, offset);
  }
  /** Copies 16 bytes, of another memory or of this one; any alignment. */
  copy16(to: I32Like, from: I32Like, toOffset = 0, fromOffset = 0, source: MemoryOperations = this): void {
    const { fn } = this.target;
    this.checkOffset(toOffset);
    this.checkOffset(fromOffset);
    this.target.push({
      kind: "copy16",
      toMemory: this.memory,
      to: fn.operand(to),
      toOffset,
      fromMemory: source.memory,
      from: fn.operand(from),
      fromOffset,
    });
  }
  /** Clears 16 bytes; any alignment. */
  zero16(to: I32Like, offset = 0): void {
    this.checkOffset(offset);
    this.target.push({ kind: "zero16", memory: this.memory, to: this.target.fn.operand(to), offset });
  }
  /** Copies `length` bytes, of another memory or of this one, where the two may overlap. */
  copy(to: I32Like, from: I32Like, length: I32Like, source: MemoryOperations = this): void {
    const { fn } = this.target;
    this.target.push({
      kind: "copy",
      toMemory: this.memory,
      to: fn.operand(to),
      fromMemory: source.memory,
      from: fn.operand(from),
      length: fn.operand(length),
    });
  }
  /** Sets `length` bytes to `value`. */
  fill(to: I32Like, value: I32Like, length: I32Like): void {
    const { fn } = this.target;
    this.target.push({
      kind: "fill",
      memory: this.memory,
      to: fn.operand(to),
      value: fn.operand(value),
      length: fn.operand(length),
    });
  }

  /** A sequentially consistent 32-bit load; the address is 4-byte aligned or the code traps. */
  atomicLoad(address: I32Like, offset = 0): I32 {
    this.checkOffset(offset);
    const { fn } = this.target;
    return this.target.define(
      { kind: "atomicLoad", type: "i32", memory: this.memory, address: fn.operand(address), offset },
      "atomic",
    ) as I32;
  }
  atomicStore(address: I32Like, value: I32Like, offset = 0): void {
    this.checkOffset(offset);
    const { fn } = this.target;
    this.target.push({
      kind: "atomicStore",
      memory: this.memory,
      address: fn.operand(address),
      offset,
      value: fn.operand(value),
    });
  }
  /** Returns the value before the operation. For `cmpxchg`, `value` is what is expected there. */
  atomic(op: AtomicOp, address: I32Like, value: I32Like, offset = 0, replacement?: I32Like): I32 {
    const { fn } = this.target;
    if ((op === "cmpxchg") !== (replacement !== undefined))
      throw fn.error("BAD_FUNCTION", `atomic ${op} takes ${op === "cmpxchg" ? "a" : "no"} replacement`);
    this.checkOffset(offset);
    const e = {
      kind: "atomicRmw",
      type: "i32",
      memory: this.memory,
      op,
      address: fn.operand(address),
      offset,
      value: fn.operand(value),
    } as const;
    return this.target.define(
      replacement === undefined ? e : { ...e, replacement: fn.operand(replacement) },
      "atomic",
    ) as I32;
  }

  private load(type: IntegerType | "v128", width: Width, order: ByteOrder, address: I32Like, offset: number): Value {
    this.checkOffset(offset);
    const { target, memory } = this;
    return target.define(
      { kind: "load", type, memory, width, order, signed: false, address: target.fn.operand(address), offset },
      "load",
    );
  }

  private store(width: Width, order: ByteOrder, address: I32Like, value: Expression, offset: number): void {
    this.checkOffset(offset);
    const { target, memory } = this;
    target.push({
      kind: "store",
      memory,
      width,
      order,
      address: target.fn.operand(address),
      offset,
      value,
    });
  }

  private checkOffset(offset: number): void {
    if (!Number.isInteger(offset) || offset < 0 || offset > 0x7fffffff)
      throw this.target.fn.error("BAD_CONSTANT", `offset ${offset} is not in 0…2^31-1`);
  }
}

/** A memory other than the first. */
export class OtherMemory extends MemoryOperations {
  protected readonly target: AccessTarget;

  constructor(memory: MemoryIndex, target: AccessTarget) {
    super(memory);
    this.target = target;
  }
}
