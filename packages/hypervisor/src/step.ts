/** One slice at a time: domain 0 and a domain that stands still otherwise take turns, on whatever thread it runs. */
import type { Dom0Sleep } from "./dom0-sleep.ts";
import type { DomainControl, DomainHost } from "./domain-control.ts";
import type { SliceEnd } from "./machine.ts";

/** How long to look for the end of a slice: most are shorter than it takes to fall asleep and be woken. */
const spinMs = 0.02;
/** So long it is waited for without leaving, as the thread may wait for this core; then in turns of the event loop. */
const blockMs = 2;
const waitMs = 50;

/** Has a paused domain run one slice, if it has anything to do; whether it has more. */
export async function step(domain: DomainControl, host: DomainHost, sleep: Dom0Sleep): Promise<SliceEnd> {
  const { machine, own, threads } = host;
  if (domain.state !== "paused" || domain.exchanging) return "idle";
  const woken = machine.takeWoken(domain.id);
  const { nextTimer } = domain;
  const due = nextTimer !== undefined && nextTimer <= host.now();
  if (!woken && !due && machine.end(domain.id) === "idle") return "idle";
  machine.setMayRunOnce(domain.id);
  if (domain.pcpu === 0) own.step(domain.slot);
  else {
    machine.wake(domain.id);
    const waits = (): boolean => domain.state === "paused" && domain.moves;
    const begun = performance.now();
    while (waits() && performance.now() < begun + spinMs) threads.pollOne(domain.pcpu);
    while (waits()) {
      const { rung } = sleep;
      threads.pollOne(domain.pcpu);
      if (!waits()) break;
      if (performance.now() < begun + blockMs) sleep.block(rung, blockMs);
      else await sleep.wait(rung, waitMs);
    }
    // What the thread has said of it by then.
    threads.pollOne(domain.pcpu);
  }
  return domain.isAlive ? machine.end(domain.id) : "idle";
}
