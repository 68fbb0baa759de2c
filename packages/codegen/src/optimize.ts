/**
 * Turns the flat definitions of the builder into expression trees: a definition used once moves to its use when
 * nothing between the two can change it, one not used at all disappears, and so do functions nobody calls.
 *
 * No trap is lost, added or moved past an effect: SEMANTICS.md, "What a pass may do".
 */
import { forward } from "./forward.ts";
import type { FunctionIr, FunctionRef, Local, MemoryImport, ModuleIr, Statement } from "./ir.ts";
import { removeUnused } from "./remove-unused.ts";
import { forEachExpression, forEachLocal, walk } from "./traverse.ts";

/** The same module with less in it. The one given stays as it is. */
export function optimize(ir: ModuleIr): ModuleIr {
  const called = reachable(ir);
  return {
    ...ir,
    imports: ir.imports.filter((f) => called.has(f)),
    functions: ir.functions.filter((f) => called.has(f.ref)).map((f) => optimizeFunction(f, ir.memories)),
  };
}

function reachable(ir: ModuleIr): Set<FunctionRef> {
  const defined = new Map(ir.functions.map((f) => [f.ref, f]));
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
    walk(defined.get(f)?.body ?? [], (s) => {
      if (s.kind === "do") visit(s.callee);
      forEachExpression(s, (e) => {
        if (e.kind === "call") visit(e.callee);
      });
    });
  return seen;
}

function optimizeFunction(f: FunctionIr, memories: readonly MemoryImport[]): FunctionIr {
  const uses = new Map<Local, number>();
  const kept = removeUnused(f.body, countUses(f.body, uses), memories);
  uses.clear();
  countUses(kept, uses);
  return { ...f, body: forward(kept, { memories, uses, loops: withLoops(kept) }) };
}

/** The statements that have a loop inside. */
function withLoops(body: readonly Statement[]): Set<Statement> {
  const found = new Set<Statement>();
  collectLoops(body, found);
  return found;
}

/** Adds the statements that have a loop inside; says whether there is a loop in the body. */
function collectLoops(body: readonly Statement[], found: Set<Statement>): boolean {
  let any = false;
  for (const s of body) {
    let inside = false;
    if (s.kind === "if") {
      inside = collectLoops(s.then, found);
      inside = collectLoops(s.else, found) || inside;
    } else if (s.kind === "block" || s.kind === "loop") inside = collectLoops(s.body, found);
    if (inside) found.add(s);
    any ||= inside || s.kind === "loop";
  }
  return any;
}

function countUses(body: readonly Statement[], uses: Map<Local, number>): Map<Local, number> {
  const count = (local: Local): void => {
    uses.set(local, (uses.get(local) ?? 0) + 1);
  };
  walk(body, (s) => forEachLocal(s, count));
  return uses;
}
