/** Builds the straight-line part of a function: constants, variables, operations, accesses to memory, in the order written. */
import { binaryValue, unaryValue } from "./arithmetic.ts";
import { CodegenError } from "./error.ts";
import type {
  BinaryOp,
  Expression,
  FunctionRef,
  IntegerType,
  Local,
  MemoryIndex,
  Statement,
  UnaryOp,
  ValueType,
} from "./ir.ts";
import { type AccessTarget, MemoryOperations, OtherMemory } from "./memory-operations.ts";
import {
  I32,
  type I32Like,
  I64,
  type I64Like,
  type Integer,
  i32Constant,
  type LikeOf,
  type Ref,
  stagedValue,
  V128,
  type V128Like,
  type Value,
  type ValueLike,
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

/** What a function is built with, control apart: see `FunctionBuilder`. Its own accesses are to the module's first memory. */
export class OperationBuilder extends MemoryOperations {
  readonly ref: FunctionRef;
  readonly params: readonly Local[];
  /** What has been built. */
  readonly body: readonly Statement[];
  private count = 0;
  /** The list that statements are added to. */
  protected current: Statement[] = [];
  protected readonly target: AccessTarget;

  constructor(ref: FunctionRef) {
    super(0);
    this.target = {
      fn: this,
      define: (value, name) => this.define(value, name),
      push: (s) => this.push(s),
      of: (type, value) => this.of(type, value).expression,
    };
    this.ref = ref;
    this.params = ref.params.map((type, i) => this.local(type, ref.paramNames[i] as string, false));
    this.body = this.current;
  }

  get name(): string {
    return this.ref.name;
  }

  /** How many locals there are: they have the numbers below. */
  get locals(): number {
    return this.count;
  }

  error(code: ConstructorParameters<typeof CodegenError>[0], message: string): CodegenError {
    return new CodegenError(code, message, this.name);
  }

  // ---- constants and variables

  override i32(value: I32Like): I32 {
    if (typeof value !== "number") return this.own(value);
    return new I32(this, i32Constant(value, this.name));
  }

  i64(value: I64Like): I64 {
    if (value instanceof I64) return this.own(value);
    if (typeof value === "number" && !Number.isSafeInteger(value))
      throw this.error("BAD_CONSTANT", `${value} is not an exact integer`);
    return new I64(this, { kind: "const", type: "i64", value: BigInt.asIntN(64, BigInt(value)) });
  }

  /** 16 bytes; of a constant, the lowest first. */
  v128(value: V128Like): V128 {
    if (value instanceof V128) return this.own(value);
    return new V128(this, { kind: "const", type: "v128", value: BigInt.asUintN(128, value) });
  }

  /** A variable that may be assigned; it starts with `initial`. */
  var<T extends ValueType>(type: T, initial: LikeOf<T>, name = "v"): Var<T> {
    const variable = new Variable(this.target, this.local(type, name, true));
    variable.set(initial);
    return variable as unknown as Var<T>;
  }

  // ---- operations

  unary(op: UnaryOp, a: Integer, result: "i32"): I32;
  unary(op: UnaryOp, a: Integer, result: "i64"): I64;
  unary(op: UnaryOp, a: Integer, result: IntegerType): Value {
    const e = this.own(a).expression;
    if (e.kind === "const") return this.constant(result, unaryValue(op, e.type, e.value));
    return this.define({ kind: "unary", type: result, op, a: e }, op);
  }

  binary(op: BinaryOp, a: Integer, eb: Expression, result: IntegerType): Value {
    const ea = this.operand(a);
    if (ea.type !== eb.type) throw this.error("TYPE_MISMATCH", `${op} of ${ea.type} and ${eb.type}`);
    if (eb.kind === "const") {
      if (ea.kind === "const") {
        const folded = binaryValue(op, ea.type, ea.value, eb.value);
        if (typeof folded === "bigint") return this.constant(result, folded);
      }
      const identity = identityRight[op];
      if (identity !== undefined && identity === Number(eb.value)) return a;
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

  /** A memory that the module imports besides its first, which is reached without this. */
  in(memory: MemoryIndex): MemoryOperations {
    return memory === 0 ? this : new OtherMemory(memory, this.target);
  }

  // ---- inside

  private constant(type: IntegerType, value: bigint): Value {
    return type === "i32" ? this.i32(Number(BigInt.asIntN(32, value))) : this.i64(value);
  }

  protected define(value: Expression, name: string): Value {
    const local = this.local(value.type, name, false);
    this.push({ kind: "let", local, value });
    return stagedValue(this, local);
  }

  private local(type: ValueType, name: string, mutable: boolean): Local {
    return { kind: "local", type, name, mutable, id: this.count++ };
  }

  protected of(type: ValueType, value: ValueLike): Value {
    if (type === "v128" && (typeof value === "bigint" || value instanceof V128)) return this.v128(value);
    if (type === "i64" && !(value instanceof I32 || value instanceof V128)) return this.i64(value);
    if (type === "i32" && (typeof value === "number" || value instanceof I32)) return this.i32(value);
    const given = typeof value === "object" ? value.type : typeof value === "bigint" ? "i64" : "i32";
    throw this.error("TYPE_MISMATCH", `${given} where ${type} is wanted`);
  }

  /** What stands for a value where it is an operand. */
  operand(value: Value | number): Expression {
    return typeof value === "number" ? i32Constant(value, this.name) : this.own(value).expression;
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

/** A local that may be assigned. */
class Variable implements Ref<Value, ValueLike> {
  private readonly target: AccessTarget;
  private readonly local: Local;
  constructor(target: AccessTarget, local: Local) {
    this.target = target;
    this.local = local;
  }
  get(): Value {
    return this.target.define(this.local, this.local.name);
  }
  set(value: ValueLike): void {
    const { target, local } = this;
    target.push({ kind: "set", local, value: target.of(local.type, value) });
  }
  inc(by: ValueLike = 1): void {
    const value = this.get();
    if (value instanceof V128) throw this.target.fn.error("TYPE_MISMATCH", "a v128 is not computed with");
    this.set(value instanceof I64 ? value.add(by as I64Like) : value.add(by as I32Like));
  }
}

/** Whether control never runs off the end of these statements. */
export function endsFlow(body: readonly Statement[]): boolean {
  const last = body[body.length - 1];
  if (!last) return false;
  if (last.kind === "br" || last.kind === "return" || last.kind === "trap" || last.kind === "switch") return true;
  return last.kind === "if" && last.else.length > 0 && endsFlow(last.then) && endsFlow(last.else);
}
