/** Drops definitions and assignments nobody reads, where no trap goes with them. */
import type { Expression, Local, MemoryImport, MemoryIndex, Statement } from "./ir.ts";
import { hasEffect, isHarmless } from "./operations.ts";
import { forEachLocal, statementOperands } from "./traverse.ts";

/**
 * @param uses how often each local is read; counted down for what is dropped
 */
export function removeUnused(
  body: readonly Statement[],
  uses: Map<Local, number>,
  memories: readonly MemoryImport[],
): readonly Statement[] {
  const kept: Statement[] = [];
  const accesses = new LaterAccesses();
  // From the end backwards, so that chains go in one pass.
  for (let i = body.length - 1; i >= 0; i--) {
    const s = body[i] as Statement;
    if (
      (s.kind === "let" || s.kind === "set") &&
      !uses.get(s.local) &&
      (accesses.cover(s.value) || isHarmless(s.value, memories))
    ) {
      forEachLocal(s, (local) => uses.set(local, (uses.get(local) as number) - 1));
      continue;
    }
    accesses.before(s);
    if (s.kind === "if") {
      const otherwise = removeUnused(s.else, uses, memories);
      const then = removeUnused(s.then, uses, memories);
      kept.push({ ...s, then, else: otherwise });
    } else if (s.kind === "block" || s.kind === "loop") kept.push({ ...s, body: removeUnused(s.body, uses, memories) });
    else kept.push(s);
  }
  return kept.reverse();
}

/**
 * How far, from the address in a local, the first memory is accessed after a place and before anything can be seen of the
 * program: a load of less would trap only where one of these does.
 */
class LaterAccesses {
  private readonly ends = new Map<Local, number>();

  /** Whether an unused value is a load that one of the accesses traps for. */
  cover(e: Expression): boolean {
    if (e.kind !== "load" || e.memory !== 0 || e.address.kind !== "local") return false;
    return e.offset + e.width / 8 <= (this.ends.get(e.address.local) ?? 0);
  }

  /** Steps over a statement that is kept, backwards. */
  before(s: Statement): void {
    switch (s.kind) {
      case "let":
      case "set":
        if (hasEffect(s.value)) this.ends.clear();
        else if (s.value.kind === "load") this.add(s.value.memory, s.value.address, s.value.offset + s.value.width / 8);
        return;
      case "store":
        this.ends.clear();
        if (!statementOperands(s).some(hasEffect)) this.add(s.memory, s.address, s.offset + s.width / 8);
        return;
      case "copy16":
        this.ends.clear();
        if (statementOperands(s).some(hasEffect)) return;
        this.add(s.fromMemory, s.from, s.fromOffset + 16);
        this.add(s.toMemory, s.to, s.toOffset + 16);
        return;
      default:
        this.ends.clear();
    }
  }

  private add(memory: MemoryIndex, address: Expression, end: number): void {
    if (memory === 0 && address.kind === "local" && !address.local.mutable)
      this.ends.set(address.local, Math.max(end, this.ends.get(address.local) ?? 0));
  }
}
