/**
 * Gives the locals of a function their numbers in WebAssembly, parameters first. Locals that are never needed at the same time share one: an engine that
 * compiles in one pass looks at every local at every branch, and one that optimises may keep a value of each, so that
 * time and memory go with their number.
 */
import type { Expression, FunctionIr, Local, Statement, ValueType } from "./ir.ts";
import { operands, statementOperands } from "./traverse.ts";

export interface Slots {
  /** By the number of a local in the function, its number in the code. */
  readonly numbers: Int32Array;
  /** Types of the numbers that are no parameters. */
  readonly types: readonly ValueType[];
}

/** A list of statements that is being gone through. */
interface Scope {
  /** The place of the statement at hand, counted through the whole function. */
  place: number;
  open: boolean;
  readonly locals: Local[];
}

export function assignSlots(f: FunctionIr): Slots {
  const lives = new Lives(f.locals);
  lives.visit(f.body);
  const numbers = new Int32Array(f.locals).fill(-1);
  f.params.forEach((local, i) => {
    numbers[local.id] = i;
  });
  const types: ValueType[] = [];
  const free: Record<ValueType, number[]> = { i32: [], i64: [], v128: [] };
  const take = (local: Local): void => {
    if (numbers[local.id] !== -1) return;
    numbers[local.id] = free[local.type].pop() ?? f.params.length + types.push(local.type) - 1;
  };
  for (const local of lives.always) take(local);
  let next = 0;
  const visit = (body: readonly Statement[]): void => {
    for (const s of body) {
      const place = next++;
      if (s.kind === "let" || s.kind === "set") take(s.local);
      else if (s.kind === "if") {
        visit(s.then);
        visit(s.else);
      } else if (s.kind === "block" || s.kind === "loop") visit(s.body);
      const ended = lives.ends[place];
      if (ended === undefined) continue;
      for (const local of ended) if (lives.keeps[local.id] === 0) free[local.type].push(numbers[local.id] as number);
    }
  };
  visit(f.body);
  return { numbers, types };
}

/**
 * Where locals are needed: from where one is first assigned to the statement of the same list that needs it last. A variable
 * that is read outside the list in which it is first assigned has no such statement, and keeps its number.
 */
class Lives {
  /** By place of a statement: the locals that it is the last to need. */
  readonly ends: (Local[] | undefined)[] = [];
  /** Those that keep their numbers; and by the number of a local, whether it does. */
  readonly always: Local[] = [];
  readonly keeps: Uint8Array;
  /** By the number of a local: the list in which it is first assigned, and the place of the statement there that needs it last. */
  private readonly scopes: (Scope | undefined)[];
  private readonly last: Int32Array;

  constructor(locals: number) {
    this.keeps = new Uint8Array(locals);
    this.scopes = new Array(locals).fill(undefined);
    this.last = new Int32Array(locals);
  }

  visit(list: readonly Statement[]): void {
    if (list.length === 0) return;
    const scope: Scope = { place: 0, open: true, locals: [] };
    for (const s of list) {
      scope.place = this.ends.push(undefined) - 1;
      switch (s.kind) {
        case "let":
        case "set":
          this.expression(s.value);
          // A definition is the only assignment of its local.
          if (s.kind === "set" && this.scopes[s.local.id]) this.used(s.local);
          else {
            this.scopes[s.local.id] = scope;
            this.last[s.local.id] = scope.place;
            scope.locals.push(s.local);
          }
          break;
        case "store":
          this.expression(s.address);
          this.expression(s.value);
          break;
        case "if":
          this.expression(s.condition);
          this.visit(s.then);
          this.visit(s.else);
          break;
        case "block":
        case "loop":
          this.visit(s.body);
          break;
        default:
          for (const operand of statementOperands(s)) this.expression(operand);
      }
    }
    scope.open = false;
    for (const local of scope.locals) {
      const place = this.last[local.id] as number;
      const all = this.ends[place];
      if (all) all.push(local);
      else this.ends[place] = [local];
    }
  }

  private expression(e: Expression): void {
    switch (e.kind) {
      case "const":
        return;
      case "local":
        this.used(e);
        return;
      case "unary":
        this.expression(e.a);
        return;
      case "binary":
        this.expression(e.a);
        this.expression(e.b);
        return;
      case "load":
        this.expression(e.address);
        return;
      default:
        for (const operand of operands(e)) this.expression(operand);
    }
  }

  private used(local: Local): void {
    const scope = this.scopes[local.id];
    if (scope?.open) this.last[local.id] = scope.place;
    else if (this.keeps[local.id] === 0) {
      this.keeps[local.id] = 1;
      this.always.push(local);
    }
  }
}
