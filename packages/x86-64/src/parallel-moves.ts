/** Moves that happen as if all at once: none reads what another has written. */
import type { RegisterOrMemory } from "./assembler.ts";
import type { Register } from "./registers.ts";

export interface Move {
  readonly to: RegisterOrMemory;
  readonly from: RegisterOrMemory | bigint;
}

export interface MoveWriter<M extends Move> {
  move(move: M): void;
  exchange(a: Register, b: Register): void;
}

/**
 * Destinations in memory are not read by any of the moves. First those, while all registers are as they were; then registers from
 * registers, from where nothing else is to be read, exchanging those that go round in a circle; last what comes from memory.
 */
export function parallelMoves<M extends Move>(moves: readonly M[], writer: MoveWriter<M>): void {
  const registers = new Map<Register, M>();
  const last: M[] = [];
  for (const move of moves) {
    if (typeof move.to !== "number") writer.move(move);
    else if (typeof move.from === "number") registers.set(move.to, move);
    else last.push(move);
  }
  const readers = new Map<Register, number>();
  for (const { from } of registers.values()) {
    const register = from as Register;
    readers.set(register, (readers.get(register) ?? 0) + 1);
  }
  const ready = [...registers.keys()].filter((to) => !readers.has(to));
  for (let to = ready.pop(); to !== undefined; to = ready.pop()) {
    const move = registers.get(to) as M;
    writer.move(move);
    registers.delete(to);
    const from = move.from as Register;
    const left = (readers.get(from) as number) - 1;
    readers.set(from, left);
    if (left === 0 && registers.has(from)) ready.push(from);
  }
  // What is left are circles, and registers that stay where they are.
  for (const first of [...registers.keys()]) {
    let to = first;
    while (registers.has(to)) {
      const from = registers.get(to)?.from as Register;
      registers.delete(to);
      if (from === first) break;
      writer.exchange(to, from);
      to = from;
    }
  }
  for (const move of last) writer.move(move);
}
