/**
 * Mutable locals that may be read before they are assigned, or in places that their first assignment does not lead to: they
 * keep their registers through the whole function, and are 0 at its beginning. All others begin with their first assignment.
 */
import {
  type Expression,
  type FunctionIr,
  type Local,
  operands,
  type Statement,
  statementOperands,
} from "@clickos/codegen";

export function lateLocals(f: FunctionIr): ReadonlySet<Local> {
  const late = new Set<Local>();
  /** By the number of a local: whether its first assignment is in a list that is being gone through; 2 when that has ended. */
  const state = new Uint8Array(f.locals);
  const expression = (e: Expression): void => {
    if (e.kind === "local") {
      if (e.mutable && state[e.id] !== 1) late.add(e);
    } else for (const operand of operands(e)) expression(operand);
  };
  const visit = (body: readonly Statement[]): void => {
    const assigned: Local[] = [];
    for (const s of body) {
      for (const operand of statementOperands(s)) expression(operand);
      if (s.kind === "set") {
        if (state[s.local.id] === 0) {
          state[s.local.id] = 1;
          assigned.push(s.local);
        } else if (state[s.local.id] === 2) late.add(s.local);
      } else if (s.kind === "if") {
        visit(s.then);
        visit(s.else);
      } else if (s.kind === "block" || s.kind === "loop") visit(s.body);
    }
    for (const local of assigned) state[local.id] = 2;
  };
  visit(f.body);
  return late;
}
