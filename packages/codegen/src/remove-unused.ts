/** Drops definitions and assignments nobody reads, where no trap goes with them. */
import type { Expression, FunctionIr, MemoryImport, MemoryIndex, Statement } from "./ir.ts";
import { hasEffect, isHarmless } from "./operations.ts";
import { operands, statementOperands } from "./traverse.ts";

/** What is left of a function's body, and which of its statements have a loop inside. */
export interface Kept {
  readonly body: readonly Statement[];
  readonly loops: ReadonlySet<Statement>;
}

/**
 * @param uses by the number of a local, how often it is read; counted down for what is dropped
 */
export function removeUnused(f: FunctionIr, uses: Int32Array, memories: readonly MemoryImport[]): Kept {
  const remover = new Remover(f.locals, uses, memories);
  return { body: remover.body(f.body), loops: remover.loops };
}

class Remover {
  readonly loops = new Set<Statement>();
  private readonly uses: Int32Array;
  private readonly memories: readonly MemoryImport[];
  private readonly accesses: LaterAccesses;
  /** Whether a loop was seen in the list that is gone through. */
  private looped = false;

  constructor(locals: number, uses: Int32Array, memories: readonly MemoryImport[]) {
    this.uses = uses;
    this.memories = memories;
    this.accesses = new LaterAccesses(locals);
  }

  /** The list itself, where all of it is kept. */
  body(body: readonly Statement[]): readonly Statement[] {
    const { accesses } = this;
    accesses.clear();
    /** From the end; absent as long as all is as it was. */
    let kept: Statement[] | undefined;
    // From the end backwards, so that chains go in one pass.
    for (let i = body.length - 1; i >= 0; i--) {
      const s = body[i] as Statement;
      let stays: Statement | undefined = s;
      if (s.kind === "let" || s.kind === "set") {
        if (this.uses[s.local.id] === 0 && (accesses.cover(s.value) || isHarmless(s.value, this.memories))) {
          this.release(s.value);
          stays = undefined;
        } else accesses.before(s);
      } else if (s.kind === "if" || s.kind === "block" || s.kind === "loop") stays = this.nested(s);
      else accesses.before(s);
      if (stays !== s) kept ??= body.slice(i + 1).reverse();
      if (stays) kept?.push(stays);
    }
    accesses.clear();
    return kept ? kept.reverse() : body;
  }

  private nested(s: Statement & { kind: "if" | "block" | "loop" }): Statement {
    const around = this.looped;
    this.looped = false;
    let stays: Statement = s;
    if (s.kind === "if") {
      const otherwise = this.body(s.else);
      const then = this.body(s.then);
      if (then !== s.then || otherwise !== s.else)
        stays = { kind: "if", condition: s.condition, then, else: otherwise };
    } else {
      const body = this.body(s.body);
      if (body !== s.body) stays = { kind: s.kind, label: s.label, body };
    }
    if (this.looped) this.loops.add(stays);
    this.looped ||= around || s.kind === "loop";
    return stays;
  }

  /** What an expression read is read less. */
  private release(e: Expression): void {
    if (e.kind === "local") (this.uses[e.id] as number)--;
    else for (const operand of operands(e)) this.release(operand);
  }
}

/**
 * How far, from the address in a local, the first memory is accessed after a place and before anything can be seen of the
 * program: a load of less would trap only where one of these does.
 */
class LaterAccesses {
  /** By the number of a local; it counts where `turns` has the turn at hand. */
  private readonly ends: Float64Array;
  private readonly turns: Int32Array;
  private turn = 1;

  constructor(locals: number) {
    this.ends = new Float64Array(locals);
    this.turns = new Int32Array(locals);
  }

  /** Nothing is known. */
  clear(): void {
    this.turn++;
  }

  /** Whether an unused value is a load that one of the accesses traps for. */
  cover(e: Expression): boolean {
    if (e.kind !== "load" || e.memory !== 0 || e.address.kind !== "local") return false;
    return e.offset + e.width / 8 <= this.end(e.address.id);
  }

  /** Steps over a statement that is kept, backwards. */
  before(s: Statement): void {
    switch (s.kind) {
      case "let":
      case "set":
        if (hasEffect(s.value)) this.clear();
        else if (s.value.kind === "load") this.add(s.value.memory, s.value.address, s.value.offset + s.value.width / 8);
        return;
      case "store":
        this.clear();
        if (!hasEffect(s.address) && !hasEffect(s.value)) this.add(s.memory, s.address, s.offset + s.width / 8);
        return;
      case "copy16":
        this.clear();
        if (statementOperands(s).some(hasEffect)) return;
        this.add(s.fromMemory, s.from, s.fromOffset + 16);
        this.add(s.toMemory, s.to, s.toOffset + 16);
        return;
      default:
        this.clear();
    }
  }

  private add(memory: MemoryIndex, address: Expression, end: number): void {
    if (memory !== 0 || address.kind !== "local" || address.mutable) return;
    this.ends[address.id] = Math.max(end, this.end(address.id));
    this.turns[address.id] = this.turn;
  }

  private end(id: number): number {
    return this.turns[id] === this.turn ? (this.ends[id] as number) : 0;
  }
}
