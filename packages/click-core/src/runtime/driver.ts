/** Drives a router: runs it while there is work, sleeps until the next timer, and lets the host's events in. */
import { runLoop } from "@clickos/run-loop";
import type { Router } from "./router.ts";

export interface DriveOptions {
  /** Ends the run. */
  readonly signal?: AbortSignal;
}

/** Runs until an element asks to stop, or the signal is given. */
export function drive(router: Router, { signal }: DriveOptions = {}): Promise<"stopped" | "aborted"> {
  return runLoop([router], { signal });
}
