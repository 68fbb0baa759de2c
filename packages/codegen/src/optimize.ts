/**
 * Turns the flat definitions of the builder into expression trees: a definition used once moves to its use when
 * nothing between the two can change it, one not used at all disappears, and so do functions nobody calls. A block that no
 * branch goes to is what is in it.
 *
 * No trap is lost, added or moved past an effect: SEMANTICS.md, "What a pass may do".
 */
import { forward } from "./forward.ts";
import type { FunctionIr, FunctionRef, MemoryImport, ModuleIr } from "./ir.ts";
import { removeUnused } from "./remove-unused.ts";
import { type Survey, survey } from "./validate.ts";

/**
 * The same module with less in it. The one given stays as it is.
 *
 * @throws {CodegenError} where it is not valid.
 */
export function optimize(ir: ModuleIr): ModuleIr {
  const surveys = new Map(survey(ir).map((found, i) => [(ir.functions[i] as FunctionIr).ref, found]));
  const called = reachable(ir, surveys);
  return {
    ...ir,
    imports: ir.imports.filter((f) => called.has(f)),
    functions: ir.functions
      .filter((f) => called.has(f.ref))
      .map((f) => optimizeFunction(f, surveys.get(f.ref) as Survey, ir.memories)),
  };
}

function reachable(ir: ModuleIr, surveys: ReadonlyMap<FunctionRef, Survey>): Set<FunctionRef> {
  const seen = new Set<FunctionRef>();
  // A list, and no recursion: functions call each other in chains as long as configurations are.
  const waiting = [...ir.exports.values()];
  for (let f = waiting.pop(); f; f = waiting.pop()) {
    if (seen.has(f)) continue;
    seen.add(f);
    waiting.push(...(surveys.get(f)?.callees ?? []));
  }
  return seen;
}

function optimizeFunction(f: FunctionIr, { uses, targets }: Survey, memories: readonly MemoryImport[]): FunctionIr {
  // Counts go down with what is removed.
  const { body, loops } = removeUnused(f, uses, memories);
  return { ...f, body: forward(body, { memories, uses, targets, loops, locals: f.locals }) };
}
