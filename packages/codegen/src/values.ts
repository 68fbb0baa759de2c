/**
 * Staged values: what a reader of the builder's code computes with.
 *
 * Every operation is evaluated where it is written: it appends a definition to the block being built and
 * returns a name for the result, so a load written before a store reads what was there before.
 * Operations on constants are done at build time.
 */
import { CodegenError } from "./error.ts";
import type { BinaryOp, Expression, ValueType } from "./ir.ts";
import type { OperationBuilder } from "./operation-builder.ts";

/** A 32-bit operand: a staged value or a number known at build time. */
export type I32Like = I32 | number;
/** A 64-bit operand: a staged value or a number known at build time. */
export type I64Like = I64 | bigint | number;

/** A place that is read, written and incremented: a variable, or a field in memory. */
export interface Ref<V, L = V> {
  /** Reads the place now. */
  get(): V;
  /** Writes the place now. */
  set(value: L): void;
  /** Adds to the place; one by default. */
  inc(by?: L): void;
}

/** A staged 32-bit integer. Signedness is in the operation (`divU`, `ltS`), as the machine has it. */
export class I32 {
  readonly fn: OperationBuilder;
  readonly expression: Expression;
  constructor(fn: OperationBuilder, expression: Expression) {
    this.fn = fn;
    this.expression = expression;
  }
  get type(): "i32" {
    return "i32";
  }
  /** The value, if it is known at build time. */
  get constant(): number | undefined {
    return this.expression.kind === "const" ? Number(this.expression.value) : undefined;
  }
  add(b: I32Like): I32 {
    return this.binary("add", b);
  }
  sub(b: I32Like): I32 {
    return this.binary("sub", b);
  }
  mul(b: I32Like): I32 {
    return this.binary("mul", b);
  }
  divU(b: I32Like): I32 {
    return this.binary("divU", b);
  }
  divS(b: I32Like): I32 {
    return this.binary("divS", b);
  }
  remU(b: I32Like): I32 {
    return this.binary("remU", b);
  }
  remS(b: I32Like): I32 {
    return this.binary("remS", b);
  }
  and(b: I32Like): I32 {
    return this.binary("and", b);
  }
  or(b: I32Like): I32 {
    return this.binary("or", b);
  }
  xor(b: I32Like): I32 {
    return this.binary("xor", b);
  }
  shl(b: I32Like): I32 {
    return this.binary("shl", b);
  }
  shrU(b: I32Like): I32 {
    return this.binary("shrU", b);
  }
  shrS(b: I32Like): I32 {
    return this.binary("shrS", b);
  }
  rotl(b: I32Like): I32 {
    return this.binary("rotl", b);
  }
  rotr(b: I32Like): I32 {
    return this.binary("rotr", b);
  }
  /** Comparisons give 1 or 0. */
  eq(b: I32Like): I32 {
    return this.binary("eq", b);
  }
  ne(b: I32Like): I32 {
    return this.binary("ne", b);
  }
  ltU(b: I32Like): I32 {
    return this.binary("ltU", b);
  }
  ltS(b: I32Like): I32 {
    return this.binary("ltS", b);
  }
  gtU(b: I32Like): I32 {
    return this.binary("gtU", b);
  }
  gtS(b: I32Like): I32 {
    return this.binary("gtS", b);
  }
  leU(b: I32Like): I32 {
    return this.binary("leU", b);
  }
  leS(b: I32Like): I32 {
    return this.binary("leS", b);
  }
  geU(b: I32Like): I32 {
    return this.binary("geU", b);
  }
  geS(b: I32Like): I32 {
    return this.binary("geS", b);
  }
  eqz(): I32 {
    return this.fn.unary("eqz", this, "i32");
  }
  clz(): I32 {
    return this.fn.unary("clz", this, "i32");
  }
  ctz(): I32 {
    return this.fn.unary("ctz", this, "i32");
  }
  popcnt(): I32 {
    return this.fn.unary("popcnt", this, "i32");
  }
  /** To 64 bits, without sign. */
  toI64(): I64 {
    return this.fn.unary("extendU", this, "i64");
  }
  /** To 64 bits, with sign. */
  toI64S(): I64 {
    return this.fn.unary("extendS", this, "i64");
  }
  /** The low 16 bits with their bytes exchanged. */
  swap16(): I32 {
    return this.shrU(8).and(0xff).or(this.shl(8).and(0xff00));
  }
  /** All four bytes in the opposite order. */
  swap32(): I32 {
    return this.rotl(8).and(0x00ff00ff).or(this.rotr(8).and(0xff00ff00));
  }
  private binary(op: BinaryOp, b: I32Like): I32 {
    return this.fn.binary(op, this, this.fn.operand(b), "i32") as I32;
  }
}

/** A staged 64-bit integer. */
export class I64 {
  readonly fn: OperationBuilder;
  readonly expression: Expression;
  constructor(fn: OperationBuilder, expression: Expression) {
    this.fn = fn;
    this.expression = expression;
  }
  get type(): "i64" {
    return "i64";
  }
  get constant(): bigint | undefined {
    return this.expression.kind === "const" ? BigInt(this.expression.value) : undefined;
  }
  add(b: I64Like): I64 {
    return this.arith("add", b);
  }
  sub(b: I64Like): I64 {
    return this.arith("sub", b);
  }
  mul(b: I64Like): I64 {
    return this.arith("mul", b);
  }
  divU(b: I64Like): I64 {
    return this.arith("divU", b);
  }
  divS(b: I64Like): I64 {
    return this.arith("divS", b);
  }
  remU(b: I64Like): I64 {
    return this.arith("remU", b);
  }
  remS(b: I64Like): I64 {
    return this.arith("remS", b);
  }
  and(b: I64Like): I64 {
    return this.arith("and", b);
  }
  or(b: I64Like): I64 {
    return this.arith("or", b);
  }
  xor(b: I64Like): I64 {
    return this.arith("xor", b);
  }
  shl(b: I64Like): I64 {
    return this.arith("shl", b);
  }
  shrU(b: I64Like): I64 {
    return this.arith("shrU", b);
  }
  shrS(b: I64Like): I64 {
    return this.arith("shrS", b);
  }
  rotl(b: I64Like): I64 {
    return this.arith("rotl", b);
  }
  rotr(b: I64Like): I64 {
    return this.arith("rotr", b);
  }
  /** Comparisons give 1 or 0, of 32 bits. */
  eq(b: I64Like): I32 {
    return this.compare("eq", b);
  }
  ne(b: I64Like): I32 {
    return this.compare("ne", b);
  }
  ltU(b: I64Like): I32 {
    return this.compare("ltU", b);
  }
  ltS(b: I64Like): I32 {
    return this.compare("ltS", b);
  }
  gtU(b: I64Like): I32 {
    return this.compare("gtU", b);
  }
  gtS(b: I64Like): I32 {
    return this.compare("gtS", b);
  }
  leU(b: I64Like): I32 {
    return this.compare("leU", b);
  }
  leS(b: I64Like): I32 {
    return this.compare("leS", b);
  }
  geU(b: I64Like): I32 {
    return this.compare("geU", b);
  }
  geS(b: I64Like): I32 {
    return this.compare("geS", b);
  }
  eqz(): I32 {
    return this.fn.unary("eqz", this, "i32");
  }
  clz(): I64 {
    return this.fn.unary("clz", this, "i64");
  }
  ctz(): I64 {
    return this.fn.unary("ctz", this, "i64");
  }
  popcnt(): I64 {
    return this.fn.unary("popcnt", this, "i64");
  }
  /** The low 32 bits. */
  toI32(): I32 {
    return this.fn.unary("wrap", this, "i32");
  }
  private operand(b: I64Like): Expression {
    return this.fn.operand(b instanceof I64 ? b : this.fn.i64(b));
  }
  private arith(op: BinaryOp, b: I64Like): I64 {
    return this.fn.binary(op, this, this.operand(b), "i64") as I64;
  }
  private compare(op: BinaryOp, b: I64Like): I32 {
    return this.fn.binary(op, this, this.operand(b), "i32") as I32;
  }
}

/** 16 staged bytes: loaded, stored, passed on. */
export class V128 {
  readonly fn: OperationBuilder;
  readonly expression: Expression;
  constructor(fn: OperationBuilder, expression: Expression) {
    this.fn = fn;
    this.expression = expression;
  }
  get type(): "v128" {
    return "v128";
  }
}
/** A 128-bit operand: staged bytes, or a constant with the first byte lowest. */
export type V128Like = V128 | bigint;

export type Integer = I32 | I64;
export type Value = Integer | V128;
/** The staged class of a value type. */
export type ValueOf<T extends ValueType> = T extends "v128" ? V128 : T extends "i64" ? I64 : I32;
/** What may be given where a value of some type is wanted. */
export type ValueLike = I32Like | I64Like | V128Like;
/** What may be given where a value of this type is wanted. */
export type LikeOf<T extends ValueType> = T extends "v128" ? V128Like : T extends "i64" ? I64Like : I32Like;

/** An expression as a staged value of its type. */
export function stagedValue(fn: OperationBuilder, e: Expression): Value {
  return e.type === "i32" ? new I32(fn, e) : e.type === "i64" ? new I64(fn, e) : new V128(fn, e);
}

/** Constants that are used often: from -16 to 255. */
const smallConstants: readonly Expression[] = Array.from({ length: 272 }, (_, i) => ({
  kind: "const",
  type: "i32",
  value: i - 16,
}));

/** A build-time number as a 32-bit constant: from -2^31 to 2^32-1. */
export function i32Constant(n: number, functionName: string): Expression {
  if ((n | 0) !== n && (!Number.isInteger(n) || n < -0x80000000 || n > 0xffffffff))
    throw new CodegenError("BAD_CONSTANT", `${n} is not a 32-bit integer`, functionName);
  const value = n | 0;
  return value >= -16 && value < 256
    ? (smallConstants[value + 16] as Expression)
    : { kind: "const", type: "i32", value };
}
