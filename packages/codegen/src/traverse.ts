/** Going through the intermediate representation: operands in evaluation order, and the same nodes with other operands. */
import type { Expression, Statement } from "./ir.ts";

const none: readonly Expression[] = [];

/** The operands of an expression, in evaluation order. */
export function operands(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case "const":
    case "local":
      return none;
    case "unary":
      return [e.a];
    case "binary":
      return [e.a, e.b];
    case "load":
    case "atomicLoad":
      return [e.address];
    case "select":
      return [e.a, e.b, e.condition];
    case "call":
      return e.args;
    case "atomicRmw":
      return e.replacement ? [e.address, e.value, e.replacement] : [e.address, e.value];
  }
}

/** The same expression with each operand passed through `f`. */
export function mapOperands(e: Expression, f: (operand: Expression) => Expression): Expression {
  switch (e.kind) {
    case "const":
    case "local":
      return e;
    case "unary": {
      const a = f(e.a);
      return a === e.a ? e : { kind: "unary", type: e.type, op: e.op, a };
    }
    case "binary": {
      const a = f(e.a);
      const b = f(e.b);
      return a === e.a && b === e.b ? e : { kind: "binary", type: e.type, op: e.op, a, b };
    }
    case "load":
    case "atomicLoad": {
      const address = f(e.address);
      return address === e.address ? e : { ...e, address };
    }
    case "select":
      return { ...e, a: f(e.a), b: f(e.b), condition: f(e.condition) };
    case "call":
      return { ...e, args: e.args.map(f) };
    case "atomicRmw":
      return e.replacement
        ? { ...e, address: f(e.address), value: f(e.value), replacement: f(e.replacement) }
        : { ...e, address: f(e.address), value: f(e.value) };
  }
}

/** The operands that a statement evaluates first, in evaluation order; not those of nested bodies. */
export function statementOperands(s: Statement): readonly Expression[] {
  switch (s.kind) {
    case "let":
    case "set":
      return [s.value];
    case "store":
    case "atomicStore":
      return [s.address, s.value];
    case "copy16":
      return [s.to, s.from];
    case "zero16":
      return [s.to];
    case "copy":
      return [s.to, s.from, s.length];
    case "fill":
      return [s.to, s.value, s.length];
    case "if":
      return [s.condition];
    case "switch":
      return [s.index];
    case "return":
      return s.value ? [s.value] : none;
    case "do":
      return s.args;
    default:
      return none;
  }
}

/** A statement with each operand it evaluates first passed through `f`; nested bodies are left as they are. */
export function mapStatement(s: Statement, f: (operand: Expression) => Expression): Statement {
  switch (s.kind) {
    case "let":
    case "set": {
      const value = f(s.value);
      return value === s.value ? s : { ...s, value };
    }
    case "store":
    case "atomicStore": {
      const address = f(s.address);
      const value = f(s.value);
      return address === s.address && value === s.value ? s : { ...s, address, value };
    }
    case "copy16":
      return { ...s, to: f(s.to), from: f(s.from) };
    case "zero16":
      return { ...s, to: f(s.to) };
    case "copy":
      return { ...s, to: f(s.to), from: f(s.from), length: f(s.length) };
    case "fill":
      return { ...s, to: f(s.to), value: f(s.value), length: f(s.length) };
    case "if": {
      const condition = f(s.condition);
      return condition === s.condition ? s : { ...s, condition };
    }
    case "switch":
      return { ...s, index: f(s.index) };
    case "return":
      return s.value ? { ...s, value: f(s.value) } : s;
    case "do":
      return { ...s, args: s.args.map(f) };
    default:
      return s;
  }
}
