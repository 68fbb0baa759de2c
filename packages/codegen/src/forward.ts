/** Moves definitions that are used once to their use, where nothing between the two can change them or see that they moved. */
import { moveWithoutSwap, withoutSwap } from "./byte-order.ts";
import type { Expression, Label, Local, MemoryImport, Statement } from "./ir.ts";
import { behaviourOf, hasEffect, statementBehaviour } from "./operations.ts";
import { mapOperands, mapStatement, operands, statementOperands } from "./traverse.ts";

/** A definition on its way to its use. It has no effect. */
interface Pending {
  readonly statement: Statement & { kind: "let" };
  /** It may not move past an effect: it could trap, or read something else there. */
  readonly beforeEffects: boolean;
  /** The mutable locals that it reads. */
  readonly variables: readonly Local[];
}

/** What is known of the function whose body it is. */
export interface ForwardFacts {
  readonly memories: readonly MemoryImport[];
  /** By the number of a local: how often it is read. */
  readonly uses: Int32Array;
  /** What branches go to. */
  readonly targets: ReadonlySet<Label>;
  /** Statements that have a loop inside. */
  readonly loops: ReadonlySet<Statement>;
  /** All locals have smaller numbers. */
  readonly locals: number;
}

export function forward(body: readonly Statement[], facts: ForwardFacts): readonly Statement[] {
  return new Forwarder(facts).body(body);
}

const none: readonly Local[] = [];
const isOrdered = (p: Pending): boolean => p.beforeEffects;
const isNotPure = (p: Pending): boolean => p.beforeEffects || p.variables.length > 0;
const isAny = (): boolean => true;

class Forwarder {
  private readonly facts: ForwardFacts;
  /** By the number of a local: its definition, while that is on its way. */
  private readonly moving: (Pending | undefined)[];
  /** Those on their way, in order, and some that have arrived; those of an inner list are behind those of the lists around. */
  private readonly queue: Pending[] = [];
  /** Of the value that is being put together: see `Pending`. */
  private beforeEffects = false;
  private variables: readonly Local[] = none;

  /** By the number of a variable: the list of it alone. */
  private readonly alone: (readonly Local[] | undefined)[];

  constructor(facts: ForwardFacts) {
    this.facts = facts;
    this.alone = new Array(facts.locals).fill(undefined);
    this.moving = new Array(facts.locals).fill(undefined);
  }

  /** What is on its way from the lists around may move into this one. */
  body(body: readonly Statement[]): readonly Statement[] {
    if (body.length === 0) return body;
    const out: Statement[] = [];
    const first = this.queue.length;
    this.statements(body, out, first);
    this.flush(out, first, isAny);
    return out;
  }

  private statements(body: readonly Statement[], out: Statement[], first: number): void {
    const { facts } = this;
    for (const original of body) {
      // An effect among the operands comes before what would be put beside it.
      if (effectBeforeUse(original)) this.flush(out, first, isOrdered);
      switch (original.kind) {
        case "let":
        case "set":
          this.assignment(original, out, first);
          continue;
        case "if": {
          const condition = this.value(original.condition);
          // What is still pending then is a function of immutable values: it may move into the branch that uses it. A loop on the
          // way would have to define it, where it may never be reached.
          this.flush(out, first, facts.loops.has(original) ? isAny : isNotPure);
          const then = this.body(original.then);
          out.push({ kind: "if", condition, then, else: this.body(original.else) });
          continue;
        }
        case "block":
          if (!facts.targets.has(original.label) && original.label.region === undefined) {
            this.statements(original.body, out, first);
            continue;
          }
          this.flush(out, first, facts.loops.has(original) ? isAny : isNotPure);
          out.push({ kind: "block", label: original.label, body: this.body(original.body) });
          continue;
        case "loop":
          this.flush(out, first, isAny);
          out.push({ kind: "loop", label: original.label, body: this.body(original.body) });
          continue;
      }
      const s = moveWithoutSwap(mapStatement(original, this.value));
      switch (s.kind) {
        case "br":
        case "return":
        case "trap":
        case "switch":
          // Uses that follow are never reached, and a trap before the jump is.
          this.flush(out, first, isOrdered);
          break;
        default:
          if (statementBehaviour[s.kind].effect) this.flush(out, first, isOrdered);
      }
      out.push(s);
    }
  }

  private assignment(original: Statement & { kind: "let" | "set" }, out: Statement[], first: number): void {
    const { local } = original;
    // What moves into it has no effect.
    const effect = hasEffect(original.value);
    this.beforeEffects = false;
    this.variables = none;
    const value = this.value(original.value);
    if (original.kind === "set") {
      if (this.queue.length > first)
        this.flush(out, first, (p) => p.variables.includes(local) || (effect && p.beforeEffects));
      out.push(value === original.value ? original : { kind: "set", local, value });
      return;
    }
    const statement = value === original.value ? original : ({ kind: "let", local, value } as const);
    if (effect) this.flush(out, first, isOrdered);
    else if (this.facts.uses[local.id] === 1) {
      const pending: Pending = { statement, beforeEffects: this.beforeEffects, variables: this.variables };
      this.moving[local.id] = pending;
      this.queue.push(pending);
      return;
    }
    out.push(statement);
  }

  /** Of those on their way that this list defines, the ones in conflict stay here. */
  private flush(out: Statement[], first: number, conflicts: (p: Pending) => boolean): void {
    const { queue, moving } = this;
    let left = first;
    for (let i = first; i < queue.length; i++) {
      const p = queue[i] as Pending;
      const { id } = p.statement.local;
      if (moving[id] !== p) continue;
      if (conflicts(p)) {
        out.push(p.statement);
        moving[id] = undefined;
      } else queue[left++] = p;
    }
    queue.length = left;
  }

  /** An expression with what arrives in it. */
  private readonly value = (e: Expression): Expression => {
    switch (e.kind) {
      case "const":
        return e;
      case "local": {
        const p = this.moving[e.id];
        if (!p) {
          if (e.mutable) this.reads(e);
          return e;
        }
        this.moving[e.id] = undefined;
        this.beforeEffects ||= p.beforeEffects;
        for (const variable of p.variables) this.reads(variable);
        return p.statement.value;
      }
      case "unary": {
        const a = this.value(e.a);
        return withoutSwap(a === e.a ? e : { kind: "unary", type: e.type, op: e.op, a });
      }
      case "load": {
        const address = this.value(e.address);
        this.beforeEffects = true;
        return address === e.address ? e : { ...e, address };
      }
      default: {
        const mapped = withoutSwap(mapOperands(e, this.value));
        const { traps, readsMemory } = behaviourOf(mapped, this.facts.memories);
        this.beforeEffects ||= traps || readsMemory;
        return mapped;
      }
    }
  };

  private reads(variable: Local): void {
    if (this.variables.length === 0) {
      // Most values read one variable, and many values the same.
      this.alone[variable.id] ??= [variable];
      this.variables = this.alone[variable.id] as readonly Local[];
    } else if (!this.variables.includes(variable)) this.variables = [...this.variables, variable];
  }
}

function effectBeforeUse(s: Statement): boolean {
  // What most statements are; the call's operands come before its effect.
  if (s.kind === "let" || s.kind === "set") return hasEffect(s.value) && operands(s.value).some(hasEffect);
  if (s.kind === "block" || s.kind === "loop" || s.kind === "br") return false;
  return statementOperands(s).some(hasEffect);
}
