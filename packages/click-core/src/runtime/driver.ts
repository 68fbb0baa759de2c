/** Drives a router: runs it while there is work, sleeps until the next timer, and lets the host's events in. */
import { type LoopSource, runLoop } from "@clickos/run-loop";
import type { Router } from "./router.ts";

export interface DriveOptions {
  /** Ends the run. */
  readonly signal?: AbortSignal;
  /** What runs in the same loop: devices that frames come from. */
  readonly beside?: readonly LoopSource[];
}

/** Runs until an element asks to stop, or the signal is given. */
export function drive(router: Router, { signal, beside = [] }: DriveOptions = {}): Promise<"stopped" | "aborted"> {
  return runLoop([router, ...beside], { signal });
}
