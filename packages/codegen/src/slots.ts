/**
 * Gives the locals of a function their numbers in WebAssembly, parameters first. Locals that are never needed at the same time share one: an engine that
 * compiles in one pass looks at every local at every branch, and one that optimises may keep a value of each, so that
 * time and memory go with their number.
 */
import type { FunctionIr, Local, Statement, ValueType } from "./ir.ts";
import { forEachLocal } from "./traverse.ts";

export interface Slots {
  readonly numbers: ReadonlyMap<Local, number>;
  /** Types of the numbers that are no parameters. */
  readonly types: readonly ValueType[];
}

/** A list of statements that is being gone through. */
interface Scope {
  /** The statement at hand. */
  index: number;
  open: boolean;
  readonly locals: Local[];
}

/** Where a local is needed: from where it is first assigned to the statement of the same list that needs it last. */
interface Life {
  readonly scope: Scope;
  last: number;
}

export function assignSlots(f: FunctionIr): Slots {
  const { ends, always } = lives(f.body);
  const numbers = new Map(f.params.map((local, i) => [local, i]));
  const types: ValueType[] = [];
  const free: Record<ValueType, number[]> = { i32: [], i64: [], v128: [] };
  const take = (local: Local): void => {
    if (numbers.has(local)) return;
    numbers.set(local, free[local.type].pop() ?? f.params.length + types.push(local.type) - 1);
  };
  for (const local of always) take(local);
  const visit = (body: readonly Statement[]): void => {
    for (const s of body) {
      if (s.kind === "let" || s.kind === "set") take(s.local);
      if (s.kind === "if") {
        visit(s.then);
        visit(s.else);
      } else if (s.kind === "block" || s.kind === "loop") visit(s.body);
      const ended = ends.get(s);
      if (!ended) continue;
      for (const local of ended) if (!always.has(local)) free[local.type].push(numbers.get(local) as number);
    }
  };
  visit(f.body);
  return { numbers, types };
}

/**
 * The locals that each statement is the last to need, and those that have no such statement: a variable that is read outside
 * the list in which it is first assigned keeps its number.
 */
function lives(body: readonly Statement[]): { ends: Map<Statement, Local[]>; always: Set<Local> } {
  const found = new Map<Local, Life>();
  const ends = new Map<Statement, Local[]>();
  const always = new Set<Local>();
  const used = (local: Local): void => {
    const life = found.get(local);
    if (life?.scope.open) life.last = life.scope.index;
    else always.add(local);
  };
  const visit = (list: readonly Statement[]): void => {
    const scope: Scope = { index: 0, open: true, locals: [] };
    for (let index = 0; index < list.length; index++) {
      const s = list[index] as Statement;
      scope.index = index;
      forEachLocal(s, used);
      if (s.kind === "let" || s.kind === "set") {
        // A definition is the only assignment of its local.
        if (s.kind === "set" && found.has(s.local)) used(s.local);
        else {
          found.set(s.local, { scope, last: index });
          scope.locals.push(s.local);
        }
      } else if (s.kind === "if") {
        visit(s.then);
        visit(s.else);
      } else if (s.kind === "block" || s.kind === "loop") visit(s.body);
    }
    scope.open = false;
    for (const local of scope.locals) {
      const last = list[found.get(local)?.last ?? 0] as Statement;
      const all = ends.get(last);
      if (all) all.push(local);
      else ends.set(last, [local]);
    }
  };
  visit(body);
  return { ends, always };
}
