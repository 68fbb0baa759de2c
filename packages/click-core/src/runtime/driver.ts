/** Drives a router: runs it while there is work, sleeps until the next timer, and lets the host's events in. */
import type { Router } from "./router.ts";

/** A clock that stands still until it is moved; for runs that must give the same bytes every time. */
export class SimulatedClock {
  private at: bigint;
  constructor(startNs = 1_000_000_000_000_000_000n) {
    this.at = startNs;
  }
  readonly now = (): bigint => this.at;
  /** Moves to a time, never back. */
  jump(to: bigint): void {
    if (to > this.at) this.at = to;
  }
}

export interface DriveOptions {
  /** The clock that the router was given, when it is a simulated one. */
  readonly simulated?: SimulatedClock;
  /** Ends the run. */
  readonly signal?: AbortSignal;
}

/** How long tasks run before the host's events are looked at. */
const sliceMs = 5;
/**
 * While tasks are busy a simulated clock stands still for so many turns, and then goes on in steps: about what as many
 * firings take. It never steps over a timer.
 */
const stillTurns = 64;
const busyStep = 10_000n;
const pollStep = 100_000n;

/** Runs until an element asks to stop, or the signal is given. */
export async function drive(router: Router, options: DriveOptions = {}): Promise<"stopped" | "aborted"> {
  const { simulated, signal } = options;
  let wake: (() => void) | undefined;
  const woken = (): void => wake?.();
  router.onWake = woken;
  signal?.addEventListener("abort", woken);
  let sliceEnd = performance.now() + sliceMs;
  const enough = (): boolean => performance.now() >= sliceEnd;
  let busy = 0;
  const step = (by: bigint): void => {
    const next = router.nextTimer;
    const to = router.now() + by;
    simulated?.jump(next !== undefined && next < to ? next : to);
  };
  try {
    for (;;) {
      if (signal?.aborted) return "aborted";
      const result = simulated ? router.run(1) : router.run(4096, enough);
      if (result === "stopped") return "stopped";
      if (result === "idle") {
        busy = 0;
        const next = router.nextTimer;
        if (simulated && next !== undefined) simulated.jump(next);
        else {
          const wait = next === undefined ? undefined : Number(next - router.now()) / 1e6;
          if (wait === undefined || wait > 0) {
            await new Promise<void>((resolve) => {
              // Node ends a process that waits for nothing: a long timer is something.
              const timer = setTimeout(
                resolve,
                wait === undefined ? 0x3fffffff : Math.max(0, Math.min(wait, 0x3fffffff)),
              );
              wake = () => {
                clearTimeout(timer);
                resolve();
              };
              if (signal?.aborted) wake();
            });
            wake = undefined;
            sliceEnd = performance.now() + sliceMs;
            continue;
          }
        }
      } else if (result === "polling") step(pollStep);
      else if (++busy > stillTurns) step(busyStep);
      if (performance.now() >= sliceEnd || (!simulated && result === "polling")) {
        await turn();
        sliceEnd = performance.now() + sliceMs;
      }
    }
  } finally {
    router.onWake = undefined;
    signal?.removeEventListener("abort", woken);
  }
}

/** Lets the host's events in. */
function turn(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => unknown };
  return new Promise((resolve) => {
    if (setImmediate) setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
