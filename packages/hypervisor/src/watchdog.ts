/**
 * Notices threads that have been running one vCPU for too long, by looking at their count of slices. It looks in each
 * turn of domain 0 and by a timer, so that neither a busy domain 0 nor an idle one keeps it from it.
 */
import { type Machine, pcpuWord } from "./machine.ts";

/** Loading a program in JavaScript may take so many times as long as a slice. */
const importFactor = 10;

export class Watchdog {
  private readonly seen: { slices: number; since: number }[] = [];
  private readonly timer: ReturnType<typeof setInterval> | undefined;

  private readonly machine: Machine;
  private readonly threads: number;
  private readonly limitMs: number;
  private readonly overrun: (pcpu: number, slot: number, ms: number) => void;

  /** `overrun` is told whose vCPU it is: by the time that the thread has ended, another's may run. */
  constructor(
    machine: Machine,
    threads: number,
    limitMs: number,
    overrun: (pcpu: number, slot: number, ms: number) => void,
  ) {
    this.machine = machine;
    this.threads = threads;
    this.limitMs = limitMs;
    this.overrun = overrun;

    if (threads === 0) return;
    this.timer = setInterval(() => this.check(), Math.max(5, limitMs / 4));
    // It alone keeps no process alive.
    (this.timer as { unref?: () => void }).unref?.();
  }

  check(): void {
    const now = performance.now();
    const { words } = this.machine;
    for (let index = 1; index <= this.threads; index++) {
      const word = (which: number): number => Atomics.load(words, this.machine.at(index, which));
      const slices = word(pcpuWord.slices);
      const current = word(pcpuWord.current);
      const last = this.seen[index];
      // Waiting for domain 0 to answer a hypercall is no crime.
      if (!last || last.slices !== slices || current <= 0 || word(pcpuWord.call) !== 0)
        this.seen[index] = { slices, since: now };
      else if (now - last.since > this.limitMs * (word(pcpuWord.importing) === 0 ? 1 : importFactor)) {
        this.seen[index] = { slices, since: now };
        this.overrun(index, current - 1, now - last.since);
      }
    }
  }
  close(): void {
    clearInterval(this.timer);
  }
}
