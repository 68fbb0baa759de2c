/**
 * Turns the flat definitions of the builder into expression trees: a definition used once moves to its use when
 * nothing between the two can change it, one not used at all disappears, and so do functions nobody calls.
 */
import {
  type Expression,
  type FunctionRef,
  type Local,
  type ModuleIr,
  mapOperands,
  mapStatement,
  operands,
  type Statement,
  statementOperands,
} from "./ir.ts";

interface Pending {
  readonly statement: Statement & { kind: "let" };
  readonly readsMemory: boolean;
  readonly readsVariables: ReadonlySet<Local>;
}

export function optimize(ir: ModuleIr): ModuleIr {
  const functions = reachable(ir);
  for (const f of functions) if (f.body) optimizeFunction(f);
  return { ...ir, functions };
}

function reachable(ir: ModuleIr): FunctionRef[] {
  const seen = new Set<FunctionRef>();
  // A list, and no recursion: functions call each other in chains as long as configurations are.
  const waiting: FunctionRef[] = [];
  const visit = (f: FunctionRef): void => {
    if (seen.has(f)) return;
    seen.add(f);
    waiting.push(f);
  };
  for (const f of ir.exports.values()) visit(f);
  for (let f = waiting.pop(); f; f = waiting.pop())
    walk(f.body ?? [], (s) => {
      if (s.kind === "do") visit(s.callee);
      forEachExpression(s, (e) => {
        if (e.kind === "call") visit(e.callee);
      });
    });
  return ir.functions.filter((f) => seen.has(f));
}

/** Visits every statement, nested ones after the one that holds them. */
export function walk(body: readonly Statement[], visit: (s: Statement) => void): void {
  for (const s of body) {
    visit(s);
    if (s.kind === "if") {
      walk(s.then, visit);
      walk(s.else, visit);
    } else if (s.kind === "block" || s.kind === "loop") walk(s.body, visit);
  }
}

/** Visits every expression of one statement, not of its nested bodies. */
export function forEachExpression(s: Statement, visit: (e: Expression) => void): void {
  const deep = (e: Expression): void => {
    visit(e);
    for (const operand of operands(e)) deep(operand);
  };
  for (const operand of statementOperands(s)) deep(operand);
}

function optimizeFunction(f: FunctionRef): void {
  const uses = new Map<Local, number>();
  const body = removeUnused(f.body as Statement[], countUses(f.body as Statement[], uses));
  uses.clear();
  countUses(body, uses);
  f.body = forward(body, new Map(), uses, withLoops(body));
  renumber(f);
}

/** The statements that have a loop inside. */
function withLoops(body: readonly Statement[], found: Set<Statement> = new Set()): Set<Statement> {
  for (const s of body) {
    const inner = s.kind === "if" ? [...s.then, ...s.else] : s.kind === "block" || s.kind === "loop" ? s.body : [];
    withLoops(inner, found);
    if (inner.some((i) => i.kind === "loop" || found.has(i))) found.add(s);
  }
  return found;
}

function countUses(body: readonly Statement[], uses: Map<Local, number>): Map<Local, number> {
  walk(body, (s) => {
    forEachExpression(s, (e) => {
      if (e.kind === "local") uses.set(e.local, (uses.get(e.local) ?? 0) + 1);
    });
  });
  return uses;
}

/** Drops definitions and assignments nobody reads, from the end backwards so that chains go in one pass. */
function removeUnused(body: readonly Statement[], uses: Map<Local, number>): Statement[] {
  const kept: Statement[] = [];
  for (let i = body.length - 1; i >= 0; i--) {
    const s = body[i] as Statement;
    if ((s.kind === "let" || s.kind === "set") && !uses.get(s.local) && isPure(s.value)) {
      forEachExpression(s, (e) => {
        if (e.kind === "local") uses.set(e.local, (uses.get(e.local) as number) - 1);
      });
      continue;
    }
    if (s.kind === "if") {
      const otherwise = removeUnused(s.else, uses);
      const then = removeUnused(s.then, uses);
      kept.push({ ...s, then, else: otherwise });
    } else if (s.kind === "block" || s.kind === "loop") kept.push({ ...s, body: removeUnused(s.body, uses) });
    else kept.push(s);
  }
  return kept.reverse();
}

function isPure(e: Expression): boolean {
  return e.kind !== "call" && e.kind !== "atomicRmw" && e.kind !== "atomicLoad" && operands(e).every(isPure);
}

function forward(
  body: readonly Statement[],
  pending: Map<Local, Pending>,
  uses: ReadonlyMap<Local, number>,
  loops: ReadonlySet<Statement>,
): Statement[] {
  const out: Statement[] = [];
  const inherited = new Set(pending.keys());
  const flush = (conflicts: (p: Pending) => boolean): void => {
    for (const [local, p] of pending) {
      if (!conflicts(p)) continue;
      out.push(p.statement);
      pending.delete(local);
    }
  };
  const substitute = (e: Expression): Expression => {
    if (e.kind === "local") {
      const p = pending.get(e.local);
      if (!p) return e;
      pending.delete(e.local);
      return p.statement.value;
    }
    return simplify(mapOperands(e, substitute));
  };

  for (const original of body) {
    const s = original.kind === "loop" || original.kind === "block" ? original : mapStatement(original, substitute);
    switch (s.kind) {
      case "let":
        if (uses.get(s.local) === 1 && isPure(s.value)) {
          pending.set(s.local, { statement: s, ...reads(s.value) });
          continue;
        }
        if (!isPure(s.value)) flush((p) => p.readsMemory);
        break;
      case "set":
        flush((p) => p.readsVariables.has(s.local) || (!isPure(s.value) && p.readsMemory));
        break;
      case "if": {
        // What is still pending then is a function of immutable values: it may move into the branch that uses it. A loop on the
        // way would have to define it, where it may never be reached.
        flush((p) => p.readsMemory || p.readsVariables.size > 0 || loops.has(original));
        const then = forward(s.then, pending, uses, loops);
        const otherwise = forward(s.else, pending, uses, loops);
        out.push({ ...s, then, else: otherwise });
        continue;
      }
      case "block":
        flush((p) => p.readsMemory || p.readsVariables.size > 0 || loops.has(original));
        out.push({ ...s, body: forward(s.body, pending, uses, loops) });
        continue;
      case "loop":
        flush(() => true);
        out.push({ ...s, body: forward(s.body, pending, uses, loops) });
        continue;
      case "br":
      case "return":
      case "trap":
      case "switch":
        break;
      default:
        flush((p) => p.readsMemory);
    }
    out.push(s);
  }
  for (const [local, p] of pending) {
    if (inherited.has(local)) continue;
    out.push(p.statement);
    pending.delete(local);
  }
  return out;
}

function reads(e: Expression): { readsMemory: boolean; readsVariables: Set<Local> } {
  const readsVariables = new Set<Local>();
  let readsMemory = false;
  const visit = (x: Expression): void => {
    if (x.kind === "load") readsMemory = true;
    if (x.kind === "local" && x.local.mutable) readsVariables.add(x.local);
    for (const operand of operands(x)) visit(operand);
  };
  visit(e);
  return { readsMemory, readsVariables };
}

/** A comparison of big-endian bytes with a constant needs no swap: the constant is swapped instead. */
function simplify(e: Expression): Expression {
  if (e.kind !== "binary" || (e.op !== "eq" && e.op !== "ne") || e.b.kind !== "const" || e.b.type !== "i32") return e;
  const width = swappedWidth(e.a);
  if (width === undefined) return e;
  const value = Number(e.b.value);
  if (width === 16 && value >>> 16 !== 0) return e;
  return { ...e, a: unswapped(e.a, width), b: { ...e.b, value: swapConstant(value, width) } };
}

function swappedWidth(e: Expression): 16 | 32 | undefined {
  if (e.kind === "load" && e.order === "be" && (e.width === 16 || e.width === 32) && !e.signed) return e.width;
  if (e.kind === "binary" && e.op === "and" && e.b.kind === "const") {
    const width = swappedWidth(e.a);
    return width === 16 && Number(e.b.value) >>> 16 !== 0 ? undefined : width;
  }
  return undefined;
}

function unswapped(e: Expression, width: 16 | 32): Expression {
  if (e.kind === "load") return { ...e, order: "le" };
  if (e.kind === "binary" && e.b.kind === "const")
    return { ...e, a: unswapped(e.a, width), b: { ...e.b, value: swapConstant(Number(e.b.value), width) } };
  return e;
}

function swapConstant(value: number, width: 16 | 32): number {
  const swapped = ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
  return width === 32 ? swapped | 0 : swapped >>> 16;
}

/** Numbers the locals that are left, parameters first. */
function renumber(f: FunctionRef): void {
  const used = new Set<Local>();
  walk(f.body ?? [], (s) => {
    if (s.kind === "let" || s.kind === "set") used.add(s.local);
    forEachExpression(s, (e) => {
      if (e.kind === "local") used.add(e.local);
    });
  });
  f.locals = f.locals.filter((local) => used.has(local));
  f.locals.forEach((local, i) => {
    local.id = f.params.length + i;
  });
}
