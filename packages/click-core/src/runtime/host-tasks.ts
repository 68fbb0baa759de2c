/** The tasks of a router, as the host reads and changes them: which are scheduled, and their tickets. */
import type { MemoryPlan } from "../compile/memory-plan.ts";
import { routerControl } from "../compile/platform.ts";
import { readInteger } from "./integer.ts";

/** `Task::MAX_TICKETS`. */
const maximumTickets = 1 << 15;

export class HostTasks {
  private readonly data: DataView;
  private readonly plan: MemoryPlan;

  constructor(data: DataView, plan: MemoryPlan) {
    this.data = data;
    this.plan = plan;
  }

  private word(task: number): number {
    return this.plan.tasks.runnable + (task >>> 5) * 4;
  }

  scheduled(task: number): boolean {
    return ((this.data.getUint32(this.word(task), true) >>> (task & 31)) & 1) === 1;
  }

  /** An element without a task has `undefined`, and nothing happens. */
  schedule(task: number | undefined, on: boolean): void {
    if (task === undefined) return;
    const word = this.data.getUint32(this.word(task), true);
    const bit = 1 << (task & 31);
    this.data.setUint32(this.word(task), on ? word | bit : word & ~bit, true);
  }

  ticketsOf(task: number): number {
    return this.data.getUint32(this.plan.tasks.tickets + task * 8, true);
  }

  /** Throws a `string` for what is no number; one that is too small or too large becomes one that is not. */
  setTickets(task: number, text: string, warn: (message: string) => void): void {
    const number = readInteger(text);
    if (number === undefined) throw "syntax error";
    const tickets = Math.min(Math.max(number, 1), maximumTickets);
    if (tickets !== number) warn(`tickets pinned at ${tickets}`);
    this.data.setUint32(this.plan.tasks.tickets + task * 8, tickets, true);
    const all = Array.from({ length: this.plan.tasks.count }, (_, i) => this.ticketsOf(i));
    const control = routerControl.view(this.data.buffer, this.plan.control);
    control.maximumTickets = Math.max(...all);
    control.weighted = all.some((t) => t !== tickets) ? 1 : 0;
  }
}
