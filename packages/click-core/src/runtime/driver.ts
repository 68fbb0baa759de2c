/** Drives a router: runs it while there is work, sleeps until the next timer, and lets the host's events in. */
import { runLoop, type SimulatedClock } from "@clickos/run-loop";
import type { Router } from "./router.ts";

export interface DriveOptions {
  /** The clock that the router was given, when it is a simulated one. */
  readonly simulated?: SimulatedClock;
  /** Ends the run. */
  readonly signal?: AbortSignal;
}

/** Runs until an element asks to stop, or the signal is given. */
export function drive(router: Router, { simulated, signal }: DriveOptions = {}): Promise<"stopped" | "aborted"> {
  if (!simulated) return runLoop([router], { signal });
  // A round at a time: the clock is looked at after each.
  const rounds = {
    turn: () => router.run(1),
    get wakesIn() {
      return router.wakesIn;
    },
    onWake: (listener: () => void) => router.onWake(listener),
  };
  return runLoop([rounds], { signal, clock: simulated });
}
