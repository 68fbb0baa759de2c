/** Builds the straight-line part of a function: constants, variables, operations, accesses to memory, in the order written. */
import { binaryValue, unaryValue } from "./arithmetic.ts";
import { CodegenError } from "./error.ts";
import type {
  AtomicOp,
  BinaryOp,
  ByteOrder,
  Expression,
  FunctionRef,
  Local,
  Statement,
  UnaryOp,
  ValueType,
  Width,
} from "./ir.ts";
import {
  checkedI32,
  I32,
  type I32Like,
  I64,
  type I64Like,
  type LikeOf,
  type Ref,
  type Value,
  type ValueOf,
} from "./values.ts";

/** A variable of the function being built. */
export type Var<T extends ValueType> = Ref<ValueOf<T>, LikeOf<T>>;

/** `a op b` is `a` where b is this. */
const identityRight: Partial<Record<BinaryOp, number>> = {
  add: 0,
  sub: 0,
  or: 0,
  xor: 0,
  shl: 0,
  shrU: 0,
  shrS: 0,
  rotl: 0,
  rotr: 0,
  mul: 1,
  divU: 1,
};

/** What a function is built with, control apart: see `FunctionBuilder`. */
export class OperationBuilder {
  readonly ref: FunctionRef;
  readonly params: readonly Local[];
  /** What has been built. */
  readonly body: readonly Statement[];
  /** The list that statements are added to. */
  protected current: Statement[] = [];

  constructor(ref: FunctionRef) {
    this.ref = ref;
    this.params = ref.params.map((type, i) => ({ type, name: ref.paramNames[i] as string, mutable: false }));
    this.body = this.current;
  }

  get name(): string {
    return this.ref.name;
  }

  error(code: ConstructorParameters<typeof CodegenError>[0], message: string): CodegenError {
    return new CodegenError(code, message, this.name);
  }

  // ---- constants and variables

  i32(value: I32Like): I32 {
    if (typeof value !== "number") return this.own(value);
    return new I32(this, { kind: "const", type: "i32", value: checkedI32(value, this.name) });
  }

  i64(value: I64Like): I64 {
    if (value instanceof I64) return this.own(value);
    if (typeof value === "number" && !Number.isSafeInteger(value))
      throw this.error("BAD_CONSTANT", `${value} is not an exact integer`);
    return new I64(this, { kind: "const", type: "i64", value: BigInt.asIntN(64, BigInt(value)) });
  }

  /** A variable that may be assigned; it starts with `initial`. */
  var<T extends ValueType>(type: T, initial: LikeOf<T>, name = "v"): Var<T> {
    const local: Local = { type, name, mutable: true };
    const write = (value: LikeOf<T>): void => {
      this.push({ kind: "set", local, value: this.of(type, value).expression });
    };
    const read = (): ValueOf<T> => this.define({ kind: "local", type, local }, name) as ValueOf<T>;
    write(initial);
    return {
      get: read,
      set: write,
      inc: (by?: LikeOf<T>) => {
        const value = read();
        write((value instanceof I64 ? value.add((by ?? 1) as I64Like) : value.add((by ?? 1) as I32Like)) as LikeOf<T>);
      },
    };
  }

  // ---- operations

  unary(op: UnaryOp, a: Value, result: "i32"): I32;
  unary(op: UnaryOp, a: Value, result: "i64"): I64;
  unary(op: UnaryOp, a: Value, result: ValueType): Value {
    const e = this.own(a).expression;
    if (e.kind === "const") return this.constant(result, unaryValue(op, e.type, e.value));
    return this.define({ kind: "unary", type: result, op, a: e }, op);
  }

  binary(op: BinaryOp, a: Value, b: Value, result: ValueType): Value {
    const ea = this.own(a).expression;
    const eb = this.own(b).expression;
    if (ea.type !== eb.type) throw this.error("TYPE_MISMATCH", `${op} of ${ea.type} and ${eb.type}`);
    if (eb.kind === "const") {
      if (ea.kind === "const") {
        const folded = binaryValue(op, ea.type, ea.value, eb.value);
        if (typeof folded === "bigint") return this.constant(result, folded);
      }
      if (identityRight[op] === Number(eb.value)) return a;
    }
    return this.define({ kind: "binary", type: result, op, a: ea, b: eb }, op);
  }

  /** `condition ? a : b`; both are evaluated. */
  select<V extends Value>(condition: I32, a: V, b: V): V {
    if (a.type !== b.type) throw this.error("TYPE_MISMATCH", `select between ${a.type} and ${b.type}`);
    const known = condition.constant;
    if (known !== undefined) return known !== 0 ? a : b;
    return this.define(
      {
        kind: "select",
        type: a.type,
        condition: this.own(condition).expression,
        a: this.own(a).expression,
        b: this.own(b).expression,
      },
      "select",
    ) as V;
  }

  // ---- memory

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
  store8(address: I32Like, value: I32Like, offset = 0): void {
    this.store(8, "le", address, this.i32(value), offset);
  }
  store16(address: I32Like, value: I32Like, offset = 0, order: ByteOrder = "le"): void {
    this.store(16, order, address, this.i32(value), offset);
  }
  store32(address: I32Like, value: I32Like, offset = 0, order: ByteOrder = "le"): void {
    this.store(32, order, address, this.i32(value), offset);
  }
  store64(address: I32Like, value: I64Like, offset = 0, order: ByteOrder = "le"): void {
    this.store(64, order, address, this.i64(value), offset);
  }
  /** Copies 16 bytes; any alignment. */
  copy16(to: I32Like, from: I32Like, toOffset = 0, fromOffset = 0): void {
    this.checkOffset(toOffset);
    this.checkOffset(fromOffset);
    this.push({ kind: "copy16", to: this.i32(to).expression, toOffset, from: this.i32(from).expression, fromOffset });
  }
  /** Clears 16 bytes; any alignment. */
  zero16(to: I32Like, offset = 0): void {
    this.checkOffset(offset);
    this.push({ kind: "zero16", to: this.i32(to).expression, offset });
  }
  /** Copies `length` bytes; the two may overlap. */
  copy(to: I32Like, from: I32Like, length: I32Like): void {
    this.push({
      kind: "copy",
      to: this.i32(to).expression,
      from: this.i32(from).expression,
      length: this.i32(length).expression,
    });
  }
  /** Sets `length` bytes to `value`. */
  fill(to: I32Like, value: I32Like, length: I32Like): void {
    this.push({
      kind: "fill",
      to: this.i32(to).expression,
      value: this.i32(value).expression,
      length: this.i32(length).expression,
    });
  }

  /** A sequentially consistent 32-bit load; the address is 4-byte aligned or the code traps. */
  atomicLoad(address: I32Like, offset = 0): I32 {
    this.checkOffset(offset);
    return this.define(
      { kind: "atomicLoad", type: "i32", address: this.i32(address).expression, offset },
      "atomic",
    ) as I32;
  }
  atomicStore(address: I32Like, value: I32Like, offset = 0): void {
    this.checkOffset(offset);
    this.push({
      kind: "atomicStore",
      address: this.i32(address).expression,
      offset,
      value: this.i32(value).expression,
    });
  }
  /** Returns the value before the operation. For `cmpxchg`, `value` is what is expected there. */
  atomic(op: AtomicOp, address: I32Like, value: I32Like, offset = 0, replacement?: I32Like): I32 {
    if ((op === "cmpxchg") !== (replacement !== undefined))
      throw this.error("BAD_FUNCTION", `atomic ${op} takes ${op === "cmpxchg" ? "a" : "no"} replacement`);
    this.checkOffset(offset);
    const e = {
      kind: "atomicRmw",
      type: "i32",
      op,
      address: this.i32(address).expression,
      offset,
      value: this.i32(value).expression,
    } as const;
    return this.define(
      replacement === undefined ? e : { ...e, replacement: this.i32(replacement).expression },
      "atomic",
    ) as I32;
  }

  // ---- inside

  private constant(type: ValueType, value: bigint): Value {
    return type === "i32" ? this.i32(Number(BigInt.asIntN(32, value))) : this.i64(value);
  }

  protected define(value: Expression, name: string): Value {
    const local: Local = { type: value.type, name, mutable: false };
    this.push({ kind: "let", local, value });
    const e: Expression = { kind: "local", type: value.type, local };
    return value.type === "i32" ? new I32(this, e) : new I64(this, e);
  }

  private load(type: ValueType, width: Width, order: ByteOrder, address: I32Like, offset: number): Value {
    this.checkOffset(offset);
    return this.define(
      { kind: "load", type, width, order, signed: false, address: this.i32(address).expression, offset },
      "load",
    );
  }

  private store(width: Width, order: ByteOrder, address: I32Like, value: Value, offset: number): void {
    this.checkOffset(offset);
    this.push({ kind: "store", width, order, address: this.i32(address).expression, offset, value: value.expression });
  }

  private checkOffset(offset: number): void {
    if (!Number.isInteger(offset) || offset < 0 || offset > 0x7fffffff)
      throw this.error("BAD_CONSTANT", `offset ${offset} is not in 0…2^31-1`);
  }

  protected of(type: ValueType, value: I32Like | I64Like): Value {
    if (type === "i64") {
      if (value instanceof I32) throw this.error("TYPE_MISMATCH", "an i32 where an i64 is wanted");
      return this.i64(value);
    }
    if (value instanceof I64 || typeof value === "bigint")
      throw this.error("TYPE_MISMATCH", "an i64 where an i32 is wanted");
    return this.i32(value);
  }

  protected own<V extends Value>(value: V): V {
    if (value.fn !== this && value.expression.kind !== "const")
      throw this.error("BAD_SCOPE", `a value of function ${value.fn.name} is used here`);
    return value;
  }

  protected push(statement: Statement): void {
    if (!endsFlow(this.current)) this.current.push(statement);
  }
}

/** Whether control never runs off the end of these statements. */
export function endsFlow(body: readonly Statement[]): boolean {
  const last = body.at(-1);
  if (!last) return false;
  if (last.kind === "br" || last.kind === "return" || last.kind === "trap" || last.kind === "switch") return true;
  return last.kind === "if" && endsFlow(last.then) && endsFlow(last.else);
}
