/** A row of instructions that grows, and for how long each of its virtual registers is needed. */
import type { ValueType } from "@clickos/codegen";
import type { Instruction, Interval, Operand, Virtual } from "./instructions.ts";
import { readsAndWrites } from "./reads-and-writes.ts";

/** What is used in a loop is used so many times as often as what is not. */
const loopWeight = 8;

/** A loop that is being gone through. */
interface OpenLoop {
  readonly start: number;
  /** What was there before it and is needed in it, and so until its end. */
  readonly needed: Set<Interval>;
}

export class Rows {
  readonly instructions: Instruction[] = [];
  readonly intervals: Interval[] = [];
  /** Places of calls. */
  readonly calls: number[] = [];
  private readonly loops: OpenLoop[] = [];

  /** Begins a loop here; what it gives ends it. */
  loop(): () => void {
    const loop: OpenLoop = { start: 2 * this.instructions.length - 1, needed: new Set() };
    this.loops.push(loop);
    return () => {
      this.loops.pop();
      for (const interval of loop.needed) interval.end = Math.max(interval.end, 2 * this.instructions.length);
    };
  }

  register(type: ValueType): Virtual {
    const register = this.intervals.length;
    this.intervals.push({
      register,
      class: type === "v128" ? "vector" : "integer",
      start: Number.POSITIVE_INFINITY,
      end: -1,
      weight: 0,
      hint: undefined,
    });
    return register;
  }
  private readonly use = (operand: Operand | undefined): void => {
    if (typeof operand !== "number") return;
    const interval = this.intervals[operand] as Interval;
    interval.end = Math.max(interval.end, 2 * this.instructions.length);
    this.touched(interval);
  };
  private readonly defined = (register: Virtual): void => {
    const interval = this.intervals[register] as Interval;
    const place = 2 * this.instructions.length + 1;
    interval.start = Math.min(interval.start, place);
    interval.end = Math.max(interval.end, place);
    this.touched(interval);
  };
  private touched(interval: Interval): void {
    interval.weight += loopWeight ** Math.min(this.loops.length, 6);
    // The outermost loop that began after it.
    for (const loop of this.loops)
      if (loop.start > interval.start) {
        loop.needed.add(interval);
        break;
      }
  }
  emit(instruction: Instruction): void {
    readsAndWrites(instruction, this.use, this.defined);
    if (instruction.kind === "call") this.calls.push(2 * this.instructions.length);
    this.instructions.push(instruction);
  }
  hint(to: Virtual, from: Operand): void {
    const interval = this.intervals[to] as Interval;
    if (typeof from === "number") interval.hint ??= from;
  }
}
