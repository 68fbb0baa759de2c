/** Moves definitions that are used once to their use, where nothing between the two can change them or see that they moved. */
import { moveWithoutSwap, withoutSwap } from "./byte-order.ts";
import type { Expression, Local, MemoryImport, Statement } from "./ir.ts";
import { behaviourOf, hasEffect, statementBehaviour } from "./operations.ts";
import { forEachOperand, mapOperands, mapStatement, operands, statementOperands } from "./traverse.ts";

/** A definition on its way to its use. It has no effect. */
interface Pending {
  readonly statement: Statement & { kind: "let" };
  /** It may not move past an effect: it could trap, or read something else there. */
  readonly beforeEffects: boolean;
  readonly variables: ReadonlySet<Local>;
}

/** What is known of the function whose body it is. */
export interface ForwardFacts {
  readonly memories: readonly MemoryImport[];
  /** How often each local is read. */
  readonly uses: ReadonlyMap<Local, number>;
  /** Statements that have a loop inside. */
  readonly loops: ReadonlySet<Statement>;
}

/** @param pending those from around that may move into this body; what moves is taken out. */
export function forward(
  body: readonly Statement[],
  facts: ForwardFacts,
  pending: Map<Local, Pending> = new Map(),
): readonly Statement[] {
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
    return withoutSwap(mapOperands(e, substitute));
  };

  for (const original of body) {
    // An effect among the operands comes before what would be put beside it.
    if (effectBeforeUse(original)) flush((p) => p.beforeEffects);
    const s = moveWithoutSwap(mapStatement(original, substitute));
    switch (s.kind) {
      case "let":
        if (hasEffect(s.value)) flush((p) => p.beforeEffects);
        else if (facts.uses.get(s.local) === 1) {
          pending.set(s.local, pendingOf(s, facts.memories));
          continue;
        }
        break;
      case "set": {
        const effect = hasEffect(s.value);
        flush((p) => p.variables.has(s.local) || (effect && p.beforeEffects));
        break;
      }
      case "if": {
        // What is still pending then is a function of immutable values: it may move into the branch that uses it. A loop on the
        // way would have to define it, where it may never be reached.
        flush((p) => p.beforeEffects || p.variables.size > 0 || facts.loops.has(original));
        const then = forward(s.then, facts, pending);
        const otherwise = forward(s.else, facts, pending);
        out.push({ ...s, then, else: otherwise });
        continue;
      }
      case "block":
        flush((p) => p.beforeEffects || p.variables.size > 0 || facts.loops.has(original));
        out.push({ ...s, body: forward(s.body, facts, pending) });
        continue;
      case "loop":
        flush(() => true);
        out.push({ ...s, body: forward(s.body, facts, pending) });
        continue;
      case "br":
      case "return":
      case "trap":
      case "switch":
        // Uses that follow are never reached, and a trap before the jump is.
        flush((p) => p.beforeEffects);
        break;
      default:
        if (statementBehaviour[s.kind].effect) flush((p) => p.beforeEffects);
    }
    out.push(s);
  }
  flush((p) => !inherited.has(p.statement.local));
  return out;
}

function effectBeforeUse(s: Statement): boolean {
  // What most statements are; the call's operands come before its effect.
  if (s.kind === "let" || s.kind === "set") return hasEffect(s.value) && operands(s.value).some(hasEffect);
  return statementOperands(s).some(hasEffect);
}

function pendingOf(statement: Statement & { kind: "let" }, memories: readonly MemoryImport[]): Pending {
  const variables = new Set<Local>();
  let beforeEffects = false;
  const visit = (e: Expression): void => {
    const { traps, readsMemory } = behaviourOf(e, memories);
    beforeEffects ||= traps || readsMemory;
    if (e.kind === "local" && e.local.mutable) variables.add(e.local);
    forEachOperand(e, visit);
  };
  visit(statement.value);
  return { statement, beforeEffects, variables };
}
