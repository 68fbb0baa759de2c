/**
 * Turns the flat definitions of the builder into expression trees: a definition used once moves to its use when
 * nothing between the two can change it, one not used at all disappears, and so do functions nobody calls.
 *
 * No trap is lost, added or moved past an effect: SEMANTICS.md, "What a pass may do".
 */
import { forward } from "./forward.ts";
import type { FunctionIr, FunctionRef, Local, MemoryImport, ModuleIr, Statement } from "./ir.ts";
import { removeUnused } from "./remove-unused.ts";
import { forEachExpression, walk } from "./traverse.ts";

/** The same module with less in it. The one given stays as it is. */
export function optimize(ir: ModuleIr): ModuleIr {
  const called = reachable(ir);
  return {
    ...ir,
    imports: ir.imports.filter((f) => called.has(f)),
    functions: ir.functions.filter((f) => called.has(f.ref)).map((f) => optimizeFunction(f, ir.memory)),
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

function optimizeFunction(f: FunctionIr, memory: MemoryImport): FunctionIr {
  const uses = new Map<Local, number>();
  const kept = removeUnused(f.body, countUses(f.body, uses), memory);
  uses.clear();
  countUses(kept, uses);
  return { ...f, body: forward(kept, { memory, uses, loops: withLoops(kept) }) };
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
