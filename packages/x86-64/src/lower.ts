/**
 * Makes instructions of a function's statements: expressions become rows of instructions with a virtual register for every
 * result, and for each of those it is noted from where to where it is needed.
 */
import type {
  CompareOp,
  Expression,
  FunctionIr,
  FunctionRef,
  Label,
  Local,
  Statement,
  UnaryOp,
} from "@clickos/codegen";
import { type Label as CodeLabel, type Condition, condition, type Size } from "./assembler.ts";
import type { Address, Division, Interval, Lowered, Operand, Test, Virtual } from "./instructions.ts";
import { lateLocals } from "./late-locals.ts";
import {
  arithmeticNames,
  commutative,
  compares,
  constantOf,
  exchanged,
  fits,
  opposite,
  shiftNames,
  signedOf,
  sizeOf,
} from "./names.ts";
import { Rows } from "./rows.ts";

export function lower(f: FunctionIr): Lowered {
  return new Lowering(f).lower();
}

class Lowering {
  private readonly f: FunctionIr;
  private readonly rows = new Rows();
  private readonly locals: (Virtual | undefined)[];
  private readonly labels = new Map<Label, CodeLabel>();
  private reachable = true;

  constructor(f: FunctionIr) {
    this.f = f;
    this.locals = new Array(f.locals).fill(undefined);
  }

  lower(): Lowered {
    const { f } = this;
    const late = lateLocals(f);
    const atStart = (local: Local): Virtual => {
      const register = this.rows.register(local.type);
      (this.rows.intervals[register] as Interval).start = -1;
      this.locals[local.id] = register;
      return register;
    };
    const params = f.params.map(atStart);
    const zero = [...late].map(atStart);
    this.statements(f.body);
    if (this.reachable)
      this.rows.emit(f.ref.result ? { kind: "trap" } : { kind: "return", a: undefined, vector: false });
    for (const register of zero) (this.rows.intervals[register] as Interval).end = 2 * this.rows.instructions.length;
    const { instructions, intervals, calls } = this.rows;
    return { instructions, intervals, params, zero, calls };
  }

  private local(local: Local): Virtual {
    let register = this.locals[local.id];
    if (register === undefined) {
      register = this.rows.register(local.type);
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
        if (s.width === 128) this.rows.emit({ kind: "storeVector", at, a: this.value(s.value) });
        else this.rows.emit({ kind: "store", width: s.width, order: s.order, at, a: this.operand(s.value) });
        return;
      }
      case "atomicStore": {
        const at = this.address(s.memory, s.address, s.offset);
        this.rows.emit({ kind: "atomicStore", at, a: this.operand(s.value) });
        return;
      }
      case "copy16": {
        const target = this.address(s.toMemory, s.to, s.toOffset);
        this.rows.emit({ kind: "copy16", target, source: this.address(s.fromMemory, s.from, s.fromOffset) });
        return;
      }
      case "zero16":
        this.rows.emit({ kind: "zero16", at: this.address(s.memory, s.to, s.offset) });
        return;
      case "copy": {
        const [target, source, length] = [s.to, s.from, s.length].map((e) => this.operand(e)) as [
          Operand,
          Operand,
          Operand,
        ];
        this.rows.emit({ kind: "copy", toMemory: s.toMemory, fromMemory: s.fromMemory, target, source, length });
        return;
      }
      case "fill": {
        const [target, value, length] = [s.to, s.value, s.length].map((e) => this.operand(e)) as [
          Operand,
          Operand,
          Operand,
        ];
        this.rows.emit({ kind: "fill", memory: s.memory, target, value, length });
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
        const end = this.rows.loop();
        this.statements(s.body);
        end();
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
        this.rows.emit({ kind: "return", a, vector: s.value?.type === "v128" });
        this.reachable = false;
        return;
      }
      case "do": {
        const { result } = s.callee;
        this.call(s, result && this.rows.register(result));
        return;
      }
      case "placeData":
        this.rows.emit({ kind: "placeData" });
        return;
      case "trap":
        this.rows.emit({ kind: "trap" });
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
    this.rows.emit({ kind: "label", label });
  }
  private jump(to: CodeLabel): void {
    this.jumpedTo.add(to);
    this.rows.emit({ kind: "jump", to });
    this.reachable = false;
  }
  private branch(test: Test, label: CodeLabel): void {
    this.jumpedTo.add(label);
    this.rows.emit({ kind: "branch", test, label });
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
    this.rows.emit({ kind: "table", index, labels, otherwise });
    this.reachable = false;
  }

  // Expressions.

  /** In a virtual register. */
  private value(e: Expression): Virtual {
    if (e.kind === "local") return this.local(e);
    const to = this.rows.register(e.type);
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
        if (e.type === "v128") this.rows.emit({ kind: "constantVector", to, value: BigInt(e.value) });
        else this.rows.emit({ kind: "move", size: sizeOf(e.type), to, a: { constant: constantOf(e) } });
        return;
      case "local": {
        const a = this.local(e);
        this.rows.hint(to, a);
        if (e.type === "v128") this.rows.emit({ kind: "moveVector", to, a });
        else this.rows.emit({ kind: "move", size: 64, to, a });
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
        if (e.width === 128) this.rows.emit({ kind: "loadVector", to, at });
        else {
          const { width, order, signed } = e;
          this.rows.emit({ kind: "load", size: sizeOf(e.type), width, order, signed, to, at });
        }
        return;
      }
      case "select": {
        const a = this.value(e.a);
        const b = this.value(e.b);
        const test = this.test(e.condition);
        this.rows.emit({ kind: e.type === "v128" ? "selectVector" : "select", to, test, a, b });
        return;
      }
      case "call":
        this.call(e, to);
        return;
      case "atomicLoad":
        this.rows.emit({ kind: "atomicLoad", to, at: this.address(e.memory, e.address, e.offset) });
        return;
      case "atomicRmw": {
        const at = this.address(e.memory, e.address, e.offset);
        const a = this.operand(e.value);
        const replacement = e.replacement && this.operand(e.replacement);
        this.rows.emit({
          kind: "atomic",
          name: e.op,
          to,
          at,
          a,
          ...(replacement === undefined ? {} : { replacement }),
        });
        return;
      }
    }
  }

  private call(
    e: { readonly callee: FunctionRef; readonly args: readonly Expression[] },
    to: Virtual | undefined,
  ): void {
    const list = e.args.map((arg) => this.operand(arg));
    this.rows.emit({ kind: "call", callee: e.callee, arguments: list, to });
  }

  private unary(op: UnaryOp, e: Expression & { kind: "unary" }, to: Virtual): void {
    switch (op) {
      case "eqz":
        this.rows.emit({ kind: "set", to, test: this.test(e) });
        return;
      case "clz":
      case "ctz":
      case "popcnt":
        this.rows.emit({ kind: "count", name: op, size: sizeOf(e.type), to, a: this.value(e.a) });
        return;
      case "extendS":
        this.rows.emit({ kind: "extend", to, a: this.value(e.a) });
        return;
      // An i32 has zeros above it: to move 32 bits makes them.
      case "extendU":
      case "wrap": {
        const a = this.value(e.a);
        this.rows.hint(to, a);
        this.rows.emit({ kind: "move", size: op === "wrap" ? 32 : 64, to, a });
        return;
      }
    }
  }

  private binary(e: Expression & { kind: "binary" }, to: Virtual): void {
    const { op } = e;
    const size = sizeOf(e.a.type);
    if (op in compares) {
      this.rows.emit({ kind: "set", to, test: this.test(e) });
      return;
    }
    if (op in arithmeticNames) {
      const name = arithmeticNames[op as keyof typeof arithmeticNames];
      // A constant stands on the right.
      const swap = commutative.has(op) && e.a.kind === "const";
      const a = this.value(swap ? e.b : e.a);
      const b = this.operand(swap ? e.a : e.b);
      this.rows.hint(to, a);
      this.rows.emit({ kind: "arithmetic", name, size, to, a, b });
      return;
    }
    if (op in shiftNames) {
      const a = this.value(e.a);
      const b = e.b.kind === "const" ? { constant: BigInt(e.b.value) & BigInt(size - 1) } : this.value(e.b);
      this.rows.hint(to, a);
      this.rows.emit({ kind: "shift", name: shiftNames[op as keyof typeof shiftNames], size, to, a, b });
      return;
    }
    const divisor = e.b.kind === "const" ? BigInt.asUintN(size, BigInt(e.b.value)) : 0n;
    if ((op === "divU" || op === "remU") && divisor !== 0n && (divisor & (divisor - 1n)) === 0n) {
      const a = this.value(e.a);
      this.rows.hint(to, a);
      const count = BigInt(divisor.toString(2).length - 1);
      if (op === "divU") this.rows.emit({ kind: "shift", name: "shr", size, to, a, b: { constant: count } });
      else {
        const mask = signedOf(size, divisor - 1n);
        const b = fits(mask) ? { constant: mask } : this.constant(mask, size);
        this.rows.emit({ kind: "arithmetic", name: "and", size, to, a, b });
      }
      return;
    }
    const a = this.value(e.a);
    this.rows.emit({ kind: "divide", name: op as Division, size, to, a, b: this.value(e.b) });
  }

  private constant(constant: bigint, size: Size): Virtual {
    const to = this.rows.register(size === 64 ? "i64" : "i32");
    this.rows.emit({ kind: "move", size, to, a: { constant } });
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
