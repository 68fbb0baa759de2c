/**
 * Makes instructions of a function's statements: expressions become rows of instructions with a virtual register for every
 * result, and for each of those it is noted from where to where it is needed.
 */
import type {
  BinaryOp,
  CompareOp,
  Expression,
  FunctionIr,
  FunctionRef,
  Label,
  Local,
  Statement,
  UnaryOp,
  ValueType,
} from "@clickos/codegen";
import { type Label as CodeLabel, type Condition, condition, type Size } from "./assembler.ts";
import type { Address, Division, Instruction, Interval, Lowered, Operand, Test, Virtual } from "./instructions.ts";
import { lateLocals } from "./late-locals.ts";

/** What is used in a loop is used so many times as often as what is not. */
const loopWeight = 8;

const compares: Readonly<Record<CompareOp, Condition>> = {
  eq: condition.equal,
  ne: condition.notEqual,
  ltU: condition.below,
  ltS: condition.less,
  gtU: condition.above,
  gtS: condition.greater,
  leU: condition.belowOrEqual,
  leS: condition.lessOrEqual,
  geU: condition.aboveOrEqual,
  geS: condition.greaterOrEqual,
};
/** The condition on exchanged operands. */
const exchanged: ReadonlyMap<Condition, Condition> = new Map([
  [condition.equal, condition.equal],
  [condition.notEqual, condition.notEqual],
  [condition.below, condition.above],
  [condition.above, condition.below],
  [condition.belowOrEqual, condition.aboveOrEqual],
  [condition.aboveOrEqual, condition.belowOrEqual],
  [condition.less, condition.greater],
  [condition.greater, condition.less],
  [condition.lessOrEqual, condition.greaterOrEqual],
  [condition.greaterOrEqual, condition.lessOrEqual],
]);
const arithmeticNames = { add: "add", sub: "sub", mul: "multiply", and: "and", or: "or", xor: "xor" } as const;
const shiftNames = { shl: "shl", shrU: "shr", shrS: "sar", rotl: "rol", rotr: "ror" } as const;
const commutative: ReadonlySet<BinaryOp> = new Set(["add", "mul", "and", "or", "xor"]);

/** A loop that is being gone through. */
interface OpenLoop {
  readonly start: number;
  /** What was there before it and is needed in it, and so until its end. */
  readonly needed: Set<Interval>;
}

export function lower(f: FunctionIr): Lowered {
  return new Lowering(f).lower();
}

class Lowering {
  private readonly f: FunctionIr;
  private readonly instructions: Instruction[] = [];
  private readonly intervals: Interval[] = [];
  private readonly locals: (Virtual | undefined)[];
  private readonly labels = new Map<Label, CodeLabel>();
  private readonly loops: OpenLoop[] = [];
  private readonly calls: number[] = [];
  private reachable = true;

  constructor(f: FunctionIr) {
    this.f = f;
    this.locals = new Array(f.locals).fill(undefined);
  }

  lower(): Lowered {
    const { f } = this;
    const late = lateLocals(f);
    const atStart = (local: Local): Virtual => {
      const register = this.register(local.type);
      (this.intervals[register] as Interval).start = -1;
      this.locals[local.id] = register;
      return register;
    };
    const params = f.params.map(atStart);
    const zero = [...late].map(atStart);
    this.statements(f.body);
    if (this.reachable) this.emit(f.ref.result ? { kind: "trap" } : { kind: "return", a: undefined, vector: false });
    for (const register of zero) (this.intervals[register] as Interval).end = 2 * this.instructions.length;
    return { instructions: this.instructions, intervals: this.intervals, params, zero, calls: this.calls };
  }

  // Registers and their intervals.

  private register(type: ValueType): Virtual {
    const register = this.intervals.length;
    this.intervals.push({
      register,
      class: type === "v128" ? "vector" : "integer",
      start: Number.POSITIVE_INFINITY,
      end: -1,
      weight: 0,
      hint: undefined,
    });
    return register;
  }
  private readonly use = (operand: Operand | undefined): void => {
    if (typeof operand !== "number") return;
    const interval = this.intervals[operand] as Interval;
    interval.end = Math.max(interval.end, 2 * this.instructions.length);
    this.touched(interval);
  };
  private readonly defined = (register: Virtual): void => {
    const interval = this.intervals[register] as Interval;
    const place = 2 * this.instructions.length + 1;
    interval.start = Math.min(interval.start, place);
    interval.end = Math.max(interval.end, place);
    this.touched(interval);
  };
  private touched(interval: Interval): void {
    interval.weight += loopWeight ** Math.min(this.loops.length, 6);
    // The outermost loop that began after it.
    for (const loop of this.loops)
      if (loop.start > interval.start) {
        loop.needed.add(interval);
        break;
      }
  }
  private emit(instruction: Instruction): void {
    readsAndWrites(instruction, this.use, this.defined);
    if (instruction.kind === "call") this.calls.push(2 * this.instructions.length);
    this.instructions.push(instruction);
  }
  private local(local: Local): Virtual {
    let register = this.locals[local.id];
    if (register === undefined) {
      register = this.register(local.type);
      this.locals[local.id] = register;
    }
    return register;
  }

  // Statements.

  private statements(body: readonly Statement[]): void {
    for (const s of body) {
      // What follows a branch is never run.
      if (!this.reachable) return;
      this.statement(s);
    }
  }

  private statement(s: Statement): void {
    switch (s.kind) {
      case "let":
      case "set":
        this.into(s.value, this.local(s.local));
        return;
      case "store": {
        const at = this.address(s.memory, s.address, s.offset);
        if (s.width === 128) this.emit({ kind: "storeVector", at, a: this.value(s.value) });
        else this.emit({ kind: "store", width: s.width, order: s.order, at, a: this.operand(s.value) });
        return;
      }
      case "atomicStore": {
        const at = this.address(s.memory, s.address, s.offset);
        this.emit({ kind: "atomicStore", at, a: this.operand(s.value) });
        return;
      }
      case "copy16": {
        const target = this.address(s.toMemory, s.to, s.toOffset);
        this.emit({ kind: "copy16", target, source: this.address(s.fromMemory, s.from, s.fromOffset) });
        return;
      }
      case "zero16":
        this.emit({ kind: "zero16", at: this.address(s.memory, s.to, s.offset) });
        return;
      case "copy": {
        const [target, source, length] = [s.to, s.from, s.length].map((e) => this.operand(e)) as [
          Operand,
          Operand,
          Operand,
        ];
        this.emit({ kind: "copy", toMemory: s.toMemory, fromMemory: s.fromMemory, target, source, length });
        return;
      }
      case "fill": {
        const [target, value, length] = [s.to, s.value, s.length].map((e) => this.operand(e)) as [
          Operand,
          Operand,
          Operand,
        ];
        this.emit({ kind: "fill", memory: s.memory, target, value, length });
        return;
      }
      case "if":
        this.conditional(s);
        return;
      case "block": {
        const end = this.begin(s.label);
        this.statements(s.body);
        this.bind(end);
        return;
      }
      case "loop": {
        const top = this.begin(s.label);
        this.bind(top);
        const loop: OpenLoop = { start: 2 * this.instructions.length - 1, needed: new Set() };
        this.loops.push(loop);
        this.statements(s.body);
        this.loops.pop();
        for (const interval of loop.needed) interval.end = Math.max(interval.end, 2 * this.instructions.length);
        return;
      }
      case "br":
        this.jump(this.labels.get(s.label) as CodeLabel);
        return;
      case "switch":
        this.switch(s);
        return;
      case "return": {
        const a = s.value && this.operand(s.value);
        this.emit({ kind: "return", a, vector: s.value?.type === "v128" });
        this.reachable = false;
        return;
      }
      case "do": {
        const { result } = s.callee;
        this.call(s, result && this.register(result));
        return;
      }
      case "placeData":
        this.emit({ kind: "placeData" });
        return;
      case "trap":
        this.emit({ kind: "trap" });
        this.reachable = false;
        return;
    }
  }

  private begin(label: Label): CodeLabel {
    const code = newLabel();
    this.labels.set(label, code);
    return code;
  }
  private readonly jumpedTo = new Set<CodeLabel>();
  private bind(label: CodeLabel): void {
    this.reachable ||= this.jumpedTo.has(label);
    this.emit({ kind: "label", label });
  }
  private jump(to: CodeLabel): void {
    this.jumpedTo.add(to);
    this.emit({ kind: "jump", to });
    this.reachable = false;
  }
  private branch(test: Test, label: CodeLabel): void {
    this.jumpedTo.add(label);
    this.emit({ kind: "branch", test, label });
  }

  private conditional(s: Statement & { kind: "if" }): void {
    const test = this.test(s.condition);
    const only = s.then[0];
    if (only?.kind === "br") {
      this.branch(test, this.labels.get(only.label) as CodeLabel);
      this.statements(s.else);
      return;
    }
    const otherwise = s.else[0];
    if (otherwise?.kind === "br") {
      this.branch(opposite(test), this.labels.get(otherwise.label) as CodeLabel);
      this.statements(s.then);
      return;
    }
    if (s.then.length === 0 && s.else.length === 0) return;
    const end = newLabel();
    if (s.then.length === 0) {
      this.branch(test, end);
      this.statements(s.else);
    } else if (s.else.length === 0) {
      this.branch(opposite(test), end);
      this.statements(s.then);
    } else {
      const other = newLabel();
      this.branch(opposite(test), other);
      this.statements(s.then);
      if (this.reachable) this.jump(end);
      this.bind(other);
      this.statements(s.else);
    }
    this.bind(end);
  }

  private switch(s: Statement & { kind: "switch" }): void {
    const index = this.value(s.index);
    const labels = s.labels.map((label) => this.labels.get(label) as CodeLabel);
    const otherwise = this.labels.get(s.otherwise) as CodeLabel;
    if (labels.length <= 3) {
      const when = condition.equal;
      labels.forEach((label, i) => {
        this.branch({ by: "cmp", size: 32, a: index, b: { constant: BigInt(i) }, when }, label);
      });
      this.jump(otherwise);
      return;
    }
    for (const label of [...labels, otherwise]) this.jumpedTo.add(label);
    this.emit({ kind: "table", index, labels, otherwise });
    this.reachable = false;
  }

  // Expressions.

  /** In a virtual register. */
  private value(e: Expression): Virtual {
    if (e.kind === "local") return this.local(e);
    const to = this.register(e.type);
    this.into(e, to);
    return to;
  }
  /** A constant, where instructions have one, or a virtual register. */
  private operand(e: Expression): Operand {
    if (e.kind === "const" && e.type !== "v128") {
      const constant = constantOf(e);
      if (fits(constant)) return { constant };
    }
    return this.value(e);
  }

  private into(e: Expression, to: Virtual): void {
    switch (e.kind) {
      case "const":
        if (e.type === "v128") this.emit({ kind: "constantVector", to, value: BigInt(e.value) });
        else this.emit({ kind: "move", size: sizeOf(e.type), to, a: { constant: constantOf(e) } });
        return;
      case "local": {
        const a = this.local(e);
        this.hint(to, a);
        if (e.type === "v128") this.emit({ kind: "moveVector", to, a });
        else this.emit({ kind: "move", size: 64, to, a });
        return;
      }
      case "unary":
        this.unary(e.op, e, to);
        return;
      case "binary":
        this.binary(e, to);
        return;
      case "load": {
        const at = this.address(e.memory, e.address, e.offset);
        if (e.width === 128) this.emit({ kind: "loadVector", to, at });
        else {
          const { width, order, signed } = e;
          this.emit({ kind: "load", size: sizeOf(e.type), width, order, signed, to, at });
        }
        return;
      }
      case "select": {
        const a = this.value(e.a);
        const b = this.value(e.b);
        const test = this.test(e.condition);
        this.emit({ kind: e.type === "v128" ? "selectVector" : "select", to, test, a, b });
        return;
      }
      case "call":
        this.call(e, to);
        return;
      case "atomicLoad":
        this.emit({ kind: "atomicLoad", to, at: this.address(e.memory, e.address, e.offset) });
        return;
      case "atomicRmw": {
        const at = this.address(e.memory, e.address, e.offset);
        const a = this.operand(e.value);
        const replacement = e.replacement && this.operand(e.replacement);
        this.emit({ kind: "atomic", name: e.op, to, at, a, ...(replacement === undefined ? {} : { replacement }) });
        return;
      }
    }
  }

  private hint(to: Virtual, from: Operand): void {
    const interval = this.intervals[to] as Interval;
    if (typeof from === "number") interval.hint ??= from;
  }

  private call(
    e: { readonly callee: FunctionRef; readonly args: readonly Expression[] },
    to: Virtual | undefined,
  ): void {
    const list = e.args.map((arg) => this.operand(arg));
    this.emit({ kind: "call", callee: e.callee, arguments: list, to });
  }

  private unary(op: UnaryOp, e: Expression & { kind: "unary" }, to: Virtual): void {
    switch (op) {
      case "eqz":
        this.emit({ kind: "set", to, test: this.test(e) });
        return;
      case "clz":
      case "ctz":
      case "popcnt":
        this.emit({ kind: "count", name: op, size: sizeOf(e.type), to, a: this.value(e.a) });
        return;
      case "extendS":
        this.emit({ kind: "extend", to, a: this.value(e.a) });
        return;
      // An i32 has zeros above it: to move 32 bits makes them.
      case "extendU":
      case "wrap": {
        const a = this.value(e.a);
        this.hint(to, a);
        this.emit({ kind: "move", size: op === "wrap" ? 32 : 64, to, a });
        return;
      }
    }
  }

  private binary(e: Expression & { kind: "binary" }, to: Virtual): void {
    const { op } = e;
    const size = sizeOf(e.a.type);
    if (op in compares) {
      this.emit({ kind: "set", to, test: this.test(e) });
      return;
    }
    if (op in arithmeticNames) {
      const name = arithmeticNames[op as keyof typeof arithmeticNames];
      // A constant stands on the right.
      const swap = commutative.has(op) && e.a.kind === "const";
      const a = this.value(swap ? e.b : e.a);
      const b = this.operand(swap ? e.a : e.b);
      this.hint(to, a);
      this.emit({ kind: "arithmetic", name, size, to, a, b });
      return;
    }
    if (op in shiftNames) {
      const a = this.value(e.a);
      const b = e.b.kind === "const" ? { constant: BigInt(e.b.value) & BigInt(size - 1) } : this.value(e.b);
      this.hint(to, a);
      this.emit({ kind: "shift", name: shiftNames[op as keyof typeof shiftNames], size, to, a, b });
      return;
    }
    const divisor = e.b.kind === "const" ? BigInt.asUintN(size, BigInt(e.b.value)) : 0n;
    if ((op === "divU" || op === "remU") && divisor !== 0n && (divisor & (divisor - 1n)) === 0n) {
      const a = this.value(e.a);
      this.hint(to, a);
      const count = BigInt(divisor.toString(2).length - 1);
      if (op === "divU") this.emit({ kind: "shift", name: "shr", size, to, a, b: { constant: count } });
      else {
        const mask = signedOf(size, divisor - 1n);
        const b = fits(mask) ? { constant: mask } : this.constant(mask, size);
        this.emit({ kind: "arithmetic", name: "and", size, to, a, b });
      }
      return;
    }
    const a = this.value(e.a);
    this.emit({ kind: "divide", name: op as Division, size, to, a, b: this.value(e.b) });
  }

  private constant(constant: bigint, size: Size): Virtual {
    const to = this.register(size === 64 ? "i64" : "i32");
    this.emit({ kind: "move", size, to, a: { constant } });
    return to;
  }

  /** Whether an i32 is not 0. */
  private test(e: Expression): Test {
    if (e.kind === "unary" && e.op === "eqz") return opposite(this.nonZero(e.a));
    return this.nonZero(e);
  }

  /** Whether an integer is not 0. */
  private nonZero(e: Expression): Test {
    if (e.kind === "unary" && e.op === "eqz") return opposite(this.nonZero(e.a));
    if (e.kind === "binary" && e.op in compares) {
      const size = sizeOf(e.a.type);
      const when = compares[e.op as CompareOp];
      if (e.a.kind === "const" && e.b.kind !== "const") {
        // In the order of evaluation: a constant has none.
        const b = this.value(e.b);
        const a = this.operand(e.a);
        return typeof a === "number"
          ? { by: "cmp", size, a, b, when }
          : { by: "cmp", size, a: b, b: a, when: exchanged.get(when) as Condition };
      }
      const a = this.value(e.a);
      return { by: "cmp", size, a, b: this.operand(e.b), when };
    }
    if (e.kind === "binary" && e.op === "and") {
      const swap = e.a.kind === "const";
      const a = this.value(swap ? e.b : e.a);
      const b = this.operand(swap ? e.a : e.b);
      return { by: "test", size: sizeOf(e.type), a, b, when: condition.notEqual };
    }
    const a = this.value(e);
    return { by: "test", size: sizeOf(e.type), a, b: a, when: condition.notEqual };
  }

  private address(memory: number, e: Expression, offset: number): Address {
    if (e.kind === "const") return { memory, displacement: Number(BigInt.asUintN(32, BigInt(e.value))) + offset };
    return { memory, base: this.value(e), displacement: offset };
  }
}

function newLabel(): CodeLabel {
  return { at: -1, uses: [] };
}

export function opposite(test: Test): Test {
  return { ...test, when: test.when ^ 1 };
}

function sizeOf(type: ValueType): Size {
  return type === "i64" ? 64 : 32;
}
function signedOf(size: Size, value: bigint): bigint {
  return BigInt.asIntN(size, value);
}
function constantOf(e: Expression & { kind: "const" }): bigint {
  return signedOf(sizeOf(e.type), BigInt(e.value));
}
/** Whether a constant is one of 32 bits with sign. */
function fits(constant: bigint): boolean {
  return BigInt.asIntN(32, constant) === constant;
}

/** Names what an instruction reads, and then what it writes. */
export function readsAndWrites(
  i: Instruction,
  read: (operand: Operand | undefined) => void,
  write: (register: Virtual) => void,
): void {
  switch (i.kind) {
    case "move":
    case "extend":
    case "count":
    case "moveVector":
      read(i.a);
      break;
    case "arithmetic":
    case "shift":
    case "divide":
      read(i.a);
      read(i.b);
      break;
    case "set":
      read(i.test.a);
      read(i.test.b);
      break;
    case "select":
    case "selectVector":
      read(i.a);
      read(i.b);
      read(i.test.a);
      read(i.test.b);
      break;
    case "load":
    case "loadVector":
    case "atomicLoad":
    case "zero16":
      read(i.at.base);
      break;
    case "store":
    case "storeVector":
    case "atomicStore":
      read(i.at.base);
      read(i.a);
      break;
    case "atomic":
      read(i.at.base);
      read(i.a);
      read(i.replacement);
      break;
    case "copy16":
      read(i.target.base);
      read(i.source.base);
      break;
    case "copy":
      read(i.target);
      read(i.source);
      read(i.length);
      break;
    case "fill":
      read(i.target);
      read(i.value);
      read(i.length);
      break;
    case "branch":
      read(i.test.a);
      read(i.test.b);
      break;
    case "table":
      read(i.index);
      break;
    case "call":
      for (const argument of i.arguments) read(argument);
      break;
    case "return":
      read(i.a);
      break;
  }
  if ("to" in i && typeof i.to === "number") write(i.to);
}
