/**
 * Tasks: a bitmap of those that are runnable, and a table of tickets. A round looks at the words of the bitmap and calls
 * the tasks whose bits are set, so that a sleeping task costs nothing.
 */
import { type Func, type FunctionBuilder, type I32, staged, type Var } from "@clickos/codegen";
import { defaultTickets } from "../element/information.ts";
import type { CheckedGraph, ElementInstance } from "./check.ts";
import { routerControl } from "./platform.ts";

/** Where a router keeps its tasks. */
export interface TaskTable {
  /** By element: the number of its task. */
  readonly numbers: ReadonlyMap<number, number>;
  /** Addresses of the bitmap, the tickets, and the router's words. */
  readonly runnable: number;
  readonly tickets: number;
  readonly control: number;
}

/** All tasks that start scheduled are; each has its tickets. */
export function prepareTasks(c: FunctionBuilder, t: TaskTable, graph: CheckedGraph): void {
  const words = new Array<number>(Math.ceil(t.numbers.size / 32)).fill(0);
  let [most, least] = [0, 65536];
  for (const [element, task] of t.numbers) {
    const e = graph.elements[element] as ElementInstance;
    const tickets = graph.information.ticketsOf(e.source.name);
    most = Math.max(most, tickets);
    least = Math.min(least, tickets);
    c.store32(t.tickets + task * 8, tickets);
    if (e.class.startsScheduled?.({ config: e.config as never, plan: e.plan }) ?? true)
      words[task >>> 5] = (words[task >>> 5] as number) | (1 << (task & 31));
  }
  words.forEach((word, i) => {
    c.store32(t.runnable + i * 4, word);
  });
  const control = staged(c, routerControl, t.control);
  control.maximumTickets.set(most || defaultTickets);
  control.weighted.set(t.numbers.size > 0 && most !== least ? 1 : 0);
}

/** One round: each runnable task once, or, where tickets differ, as often as its share is of the largest. */
export function runTasks(c: FunctionBuilder, t: TaskTable, tasks: readonly Func<"i32">[], worked: Var<"i32">): void {
  const control = staged(c, routerControl, t.control);
  const weighted = control.weighted.get();
  const most = control.maximumTickets.get();
  for (let first = 0; first < tasks.length; first += 32) {
    const bits = c.load32(t.runnable + first / 8);
    c.if(bits, () => {
      tasks.slice(first, first + 32).forEach((task, i) => {
        c.if(bits.and(1 << i), () => {
          const entry = t.tickets + (first + i) * 8;
          const turn = c.var("i32", 1, "turn");
          c.if(weighted, () => {
            const credit = c.load32(entry, 4).add(c.load32(entry));
            turn.set(credit.geU(most));
            c.store32(entry, c.select(credit.geU(most), credit.sub(most), credit), 4);
            // Those that wait for their turn are not idle.
            c.if(turn.get().eqz(), () => worked.set(1));
          });
          c.if(turn.get(), () => {
            worked.set(worked.get().or(c.call(task)));
            c.if(control.stopped.get(), () => c.return(2));
          });
        });
      });
    });
  }
}

/** 3 when a task is scheduled that does not wait for a device; else 0. */
export function anyRunnable(c: FunctionBuilder, t: TaskTable, graph: CheckedGraph): I32 {
  const devices = new Map<number, number>();
  for (const [element, task] of t.numbers)
    if (graph.elements[element]?.class.polls)
      devices.set(task >>> 5, (devices.get(task >>> 5) ?? 0) | (1 << (task & 31)));
  let any = c.i32(0);
  for (let word = 0; word * 32 < t.numbers.size; word++)
    any = any.or(c.load32(t.runnable + word * 4).and(~(devices.get(word) ?? 0)));
  return c.select(any, c.i32(3), c.i32(0));
}

/** Whether an element has a task in its place. */
export function hasTask(e: ElementInstance): boolean {
  return (
    e.class.task !== undefined &&
    (e.class.hasTask?.({
      config: e.config as never,
      inputIsPush: e.inputs[0] === "push",
      outputIsPush: e.outputs[0] === "push",
    }) ??
      true)
  );
}
