/** Builds one function: straight-line operations and structured control flow, in the order written. */
import { binaryValue, unaryValue } from "./arithmetic.ts";
import { CodegenError } from "./error.ts";
import type {
  AtomicOp,
  BinaryOp,
  ByteOrder,
  Expression,
  FunctionRef,
  Label,
  Local,
  Statement,
  UnaryOp,
  ValueType,
  Width,
} from "./ir.ts";
import type { ModuleBuilder } from "./module-builder.ts";
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

/** Where `c.br` may go: the end of a block. */
export interface BlockLabel extends Label {
  readonly function: FunctionBuilder;
}

/** Cases of one `switch` in the code. */
const maximumCases = 1024;

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

/** One way through a branch, as an observer sees it when the branch joins again. */
export interface FlowArm {
  /** What `save` returned at the end of the arm. */
  readonly state: unknown;
  /** Whether control reaches the end of the arm. */
  readonly reachable: boolean;
  /** Adds code at the end of the arm. */
  append(body: () => void): void;
}

/** Follows control flow while it is built, so that a layer above can check resources along every path. */
export interface FlowObserver {
  save(): unknown;
  restore(state: unknown): void;
  /** Called after all arms of a branch are built. */
  join(before: unknown, arms: readonly FlowArm[]): void;
  /** Called around the body of a loop; `leave` when the body is built. */
  enterLoop(): { leave(bodyReachable: boolean): void };
  /** Called before a jump out of (`break`, `return`) or back to the top of (`continue`) something. */
  jump(kind: "break" | "continue" | "return"): void;
}

export class FunctionBuilder {
  /** Set by a layer that checks resources along paths. */
  observer: FlowObserver | undefined;
  readonly module: ModuleBuilder;
  readonly ref: FunctionRef;
  readonly params: readonly Local[];
  /** What has been built. */
  readonly body: readonly Statement[];
  private current: Statement[] = [];
  private readonly open: Label[] = [];
  private readonly loops: { exit: BlockLabel; next: BlockLabel }[] = [];
  private labels = 0;

  constructor(module: ModuleBuilder, ref: FunctionRef) {
    this.module = module;
    this.ref = ref;
    this.params = ref.params.map((type, i) => ({ type, name: ref.paramNames[i] as string, mutable: false }));
    this.body = this.current;
  }

  get name(): string {
    return this.ref.name;
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
    this.push({ kind: "copy16", to: this.i32(to).expression, toOffset, from: this.i32(from).expression, fromOffset });
  }
  /** Clears 16 bytes; any alignment. */
  zero16(to: I32Like, offset = 0): void {
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
    return this.define(
      { kind: "atomicLoad", type: "i32", address: this.i32(address).expression, offset },
      "atomic",
    ) as I32;
  }
  atomicStore(address: I32Like, value: I32Like, offset = 0): void {
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

  // ---- control

  if(condition: I32, then: () => void, otherwise?: () => void): void {
    const known = condition.constant;
    if (known !== undefined) {
      if (known !== 0) then();
      else otherwise?.();
      return;
    }
    const e = this.own(condition).expression;
    const [a, b] = this.arms([then, otherwise ?? (() => {})]) as [Statement[], Statement[]];
    this.push({ kind: "if", condition: e, then: a, else: b });
  }

  /**
   * A block; `c.br(label)` inside goes to its end. A `region` says what its code belongs to: the module's `regions`
   * have it with the bytes that it became.
   */
  block(body: (end: BlockLabel) => void, name = "block", region?: string): void {
    const label = this.label(name, region);
    this.push({ kind: "block", label, body: this.inside(label, () => body(label)) });
  }

  /** Repeats its body until `c.break()`, `c.br` or `c.return`. */
  loop(body: () => void): void {
    const exit = this.label("exit");
    const next = this.label("next");
    const top = this.label("loop");
    const inner = this.inside(exit, () => {
      const looped = this.inside(top, () => {
        this.loops.push({ exit, next });
        const scope = this.observer?.enterLoop();
        const once = this.inside(next, () => {
          body();
          scope?.leave(this.reachable);
        });
        this.loops.pop();
        this.push({ kind: "block", label: next, body: once });
        this.push({ kind: "br", label: top });
      });
      this.push({ kind: "loop", label: top, body: looped });
    });
    this.push({ kind: "block", label: exit, body: inner });
  }

  while(condition: () => I32, body: () => void): void {
    this.loop(() => {
      this.if(condition().eqz(), () => this.break());
      body();
    });
  }

  /** Counts from `from` up to, not including, `to`. */
  for(from: I32Like, to: I32Like, step: number, body: (i: I32) => void): void {
    const end = this.i32(to);
    const i = this.var("i32", from, "i");
    this.loop(() => {
      const at = i.get();
      this.if(at.geU(end), () => this.break());
      i.set(at.add(step));
      body(at);
    });
  }

  /** Leaves the innermost loop. */
  break(): void {
    if (this.reachable) this.observer?.jump("break");
    this.br(this.innermost("break").exit);
  }
  /** Goes on with the next turn of the innermost loop. */
  continue(): void {
    if (this.reachable) this.observer?.jump("continue");
    this.br(this.innermost("continue").next);
  }

  br(label: Label): void {
    if (!this.open.includes(label))
      throw this.error("BAD_LABEL", `branch to ${label.name}, which is not an enclosing block`);
    this.push({ kind: "br", label });
  }

  /** Runs `cases[index]`, or `otherwise` when there is none. */
  switch(index: I32, cases: readonly (() => void)[], otherwise: () => void = () => {}): void {
    const known = index.constant;
    if (known !== undefined) {
      (cases[known] ?? otherwise)();
      return;
    }
    // Every case is a block in the one before: many of them would nest deeper than engines, and this compiler, go.
    if (cases.length > maximumCases) {
      const middle = cases.length >> 1;
      this.if(
        index.ltU(middle),
        () => this.switch(index, cases.slice(0, middle), otherwise),
        () => this.switch(index.sub(middle), cases.slice(middle), otherwise),
      );
      return;
    }
    this.block((end) => {
      const labels = cases.map((_, i) => this.label(`case${i}`));
      const fallback = this.label("default");
      const jump: Statement = { kind: "switch", index: this.own(index).expression, labels, otherwise: fallback };
      const all = [...labels, fallback];
      // Each case's code follows the block that its label ends; the innermost block holds the jump.
      this.open.push(end, ...all);
      const bodies = this.arms([...cases, otherwise]);
      this.open.length -= all.length + 1;
      let inner: Statement[] = [jump];
      all.forEach((label, i) => {
        const body = bodies[i] as Statement[];
        if (!endsFlow(body)) body.push({ kind: "br", label: end });
        inner = [{ kind: "block", label, body: inner }, ...body];
      });
      this.current.push(...inner);
    }, "switch");
  }

  return(value?: I32Like | I64Like): void {
    if (this.reachable) this.observer?.jump("return");
    const { result } = this.ref;
    if ((value === undefined) !== (result === undefined))
      throw this.error(
        "TYPE_MISMATCH",
        result ? `returns nothing, where ${result} is declared` : "returns a value, where none is declared",
      );
    this.push({
      kind: "return",
      value: result === undefined ? undefined : this.of(result, value as LikeOf<ValueType>).expression,
    });
  }

  call(callee: FunctionRef & { readonly result: undefined }, ...args: (I32Like | I64Like)[]): void;
  call<R extends ValueType>(callee: FunctionRef & { readonly result: R }, ...args: (I32Like | I64Like)[]): ValueOf<R>;
  call(callee: FunctionRef, ...args: (I32Like | I64Like)[]): Value | undefined;
  call(callee: FunctionRef, ...args: (I32Like | I64Like)[]): Value | undefined {
    if (args.length !== callee.params.length)
      throw this.error("BAD_FUNCTION", `${callee.name} takes ${callee.params.length} arguments, ${args.length} given`);
    const list = args.map((arg, i) => this.of(callee.params[i] as ValueType, arg as LikeOf<ValueType>).expression);
    if (callee.result === undefined) {
      this.push({ kind: "do", callee, args: list });
      return undefined;
    }
    return this.define({ kind: "call", type: callee.result, callee, args: list }, callee.name);
  }

  /**
   * Writes the module's data segments to memory here, instead of at instantiation. A module whose memory must
   * survive being instantiated again calls this once, when it starts for the first time.
   */
  placeData(): void {
    this.module.placeDataByCode();
    this.push({ kind: "placeData" });
  }

  /** Stops the program: what follows is never reached. */
  trap(): void {
    this.push({ kind: "trap" });
  }

  error(code: ConstructorParameters<typeof CodegenError>[0], message: string): CodegenError {
    return new CodegenError(code, message, this.name);
  }

  /** Whether the end of the block being built can be reached. */
  get reachable(): boolean {
    return !endsFlow(this.current);
  }

  // ---- inside

  private nested(body: () => void): Statement[] {
    const outer = this.current;
    const inner: Statement[] = [];
    this.current = inner;
    try {
      body();
    } finally {
      this.current = outer;
    }
    return inner;
  }

  /** Builds the arms of a branch, each from the same state of the observer. */
  private arms(bodies: readonly (() => void)[]): Statement[][] {
    const { observer } = this;
    if (!observer) return bodies.map((body) => this.nested(body));
    const before = observer.save();
    const arms: FlowArm[] = [];
    const lists = bodies.map((body) => {
      observer.restore(before);
      const list = this.nested(body);
      const reachable = !endsFlow(list);
      arms.push({ state: observer.save(), reachable, append: (more) => this.resume(list, more) });
      return list;
    });
    observer.join(before, arms);
    return lists;
  }

  private resume(list: Statement[], body: () => void): void {
    const outer = this.current;
    this.current = list;
    body();
    this.current = outer;
  }

  private inside(label: Label, body: () => void): Statement[] {
    this.open.push(label);
    const statements = this.nested(body);
    this.open.pop();
    return statements;
  }

  private innermost(what: string): { exit: BlockLabel; next: BlockLabel } {
    const loop = this.loops.at(-1);
    if (!loop) throw this.error("BAD_LABEL", `${what} outside a loop`);
    return loop;
  }

  private label(name: string, region?: string): BlockLabel {
    return { name: `${name}${this.labels++}`, function: this, ...(region === undefined ? {} : { region }) };
  }

  private constant(type: ValueType, value: bigint): Value {
    return type === "i32" ? this.i32(Number(BigInt.asIntN(32, value))) : this.i64(value);
  }

  private define(value: Expression, name: string): Value {
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

  private of(type: ValueType, value: I32Like | I64Like): Value {
    if (type === "i64") {
      if (value instanceof I32) throw this.error("TYPE_MISMATCH", "an i32 where an i64 is wanted");
      return this.i64(value);
    }
    if (value instanceof I64 || typeof value === "bigint")
      throw this.error("TYPE_MISMATCH", "an i64 where an i32 is wanted");
    return this.i32(value);
  }

  private own<V extends Value>(value: V): V {
    if (value.fn !== this && value.expression.kind !== "const")
      throw this.error("BAD_SCOPE", `a value of function ${value.fn.name} is used here`);
    return value;
  }

  private push(statement: Statement): void {
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
