/** The tasks of a router, as the host reads and changes them: which are scheduled, and their tickets. */
import type { MemoryPlan } from "../compile/memory-plan.ts";
import { TaskList } from "../compile/tasks.ts";
import { maximumTickets } from "../element/tickets.ts";
import { readInteger } from "./integer.ts";

export class HostTasks {
  private readonly list: TaskList;

  constructor(data: DataView, plan: MemoryPlan) {
    this.list = new TaskList(data, plan.tasks);
  }

  scheduled(task: number): boolean {
    return this.list.record(task).scheduled !== 0;
  }

  /** An element without a task has `undefined`, and nothing happens. */
  schedule(task: number | undefined, on: boolean): void {
    if (task === undefined) return;
    if (on) this.list.schedule(task);
    else this.list.record(task).scheduled = 0;
  }

  /** -1 for a task that never runs. */
  ticketsOf(task: number): number {
    return this.list.record(task).tickets || -1;
  }

  /** Throws a `string` for what is no number; one that is too small or too large becomes one that is not. */
  setTickets(task: number, text: string, warn: (message: string) => void): void {
    const number = readInteger(text);
    if (number === undefined) throw "syntax error";
    const tickets = Math.min(Math.max(number, 1), maximumTickets);
    if (tickets !== number) warn(`tickets pinned at ${tickets}`);
    this.list.setTickets(task, tickets);
  }
}
