/**
 * Puts the domains of a lost pCPU back, on the thread that takes its place. When it is known whose fault it was, all
 * at once. Otherwise one after the other: the thread is lost again while the one at fault is being put back, and again, and
 * then it is known. The ones that wait for their turn lose time, nothing else.
 */
import type { DomainControl } from "./domain-control.ts";

/** Threads in a row that end while a domain is being put back, before it is blamed: threads are ended by others too. */
const strikes = 3;

interface Queue {
  /** The one whose answer is waited for. */
  waiting: DomainControl | undefined;
  readonly rest: DomainControl[];
}

export class PutBack {
  /** Of pCPUs where it is not known who is at fault. */
  private readonly queues = new Map<number, Queue>();
  private readonly counts = new WeakMap<DomainControl, number>();
  private readonly settle: (domain: DomainControl) => void;

  /** `settle` has a domain's thread run it. */
  constructor(settle: (domain: DomainControl) => void) {
    this.settle = settle;
  }

  /** A thread was lost and nobody was running: who it was this time, if it has been enough times. */
  suspect(pcpu: number): DomainControl | undefined {
    const suspected = this.queues.get(pcpu)?.waiting;
    this.queues.set(pcpu, { waiting: undefined, rest: [] });
    if (!suspected) return undefined;
    const count = (this.counts.get(suspected) ?? 0) + 1;
    this.counts.set(suspected, count);
    return count >= strikes ? suspected : undefined;
  }

  /** There is a thread again, and these are to run on it: those that have run before come first. */
  start(pcpu: number, domains: readonly DomainControl[]): void {
    const queue = this.queues.get(pcpu);
    if (queue) {
      queue.waiting = undefined;
      queue.rest.length = 0;
      queue.rest.push(...domains.filter((d) => d.started), ...domains.filter((d) => !d.started));
      this.next(pcpu, queue);
    } else for (const d of domains) this.settle(d);
  }

  /** Puts a domain where there was none, or after those that wait for their turn. */
  add(domain: DomainControl): void {
    const queue = this.queues.get(domain.pcpu);
    if (queue) queue.rest.push(domain);
    else this.settle(domain);
  }

  /** A thread has answered for a domain. */
  answered(pcpu: number, id: number): void {
    const queue = this.queues.get(pcpu);
    if (queue?.waiting?.id !== id) return;
    this.counts.delete(queue.waiting);
    this.next(pcpu, queue);
  }

  private next(pcpu: number, queue: Queue): void {
    for (;;) {
      const domain = queue.rest.shift();
      queue.waiting = domain;
      if (!domain) {
        this.queues.delete(pcpu);
        return;
      }
      if (!domain.isAlive || domain.moving || domain.pcpu !== pcpu) continue;
      this.settle(domain);
      return;
    }
  }
}
