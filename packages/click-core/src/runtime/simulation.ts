/**
 * Simulated time as Click has it with `--simtime` (lib/routerthread.cc, lib/timerset.cc, lib/timestamp.cc): each reading of the clock
 * takes a nanosecond, and the clock goes on to the next timer when no task is scheduled. The driver's loop reads it too, so that
 * it is Click's, step by step.
 */
import type { ControlWords } from "./instance.ts";

/** The router, as the loop works with it. */
export interface SimulatedRouter {
  readonly words: Pick<ControlWords, "now">;
  /** Whether it was asked to stop. */
  readonly stopping: boolean;
  /** When the next timer is due. */
  readonly next: bigint | undefined;
  /** Reads the clock. */
  now(): bigint;
  /** A turn of the tasks: 0 none is scheduled, 1 some worked, 2 stopped, 3 none of them found anything to do. */
  tasks(): number;
  /** Calls the timers that are due. */
  timers(check: bigint): void;
  /** Whether a task is scheduled that does not wait for a device. */
  active(): boolean;
  /** Whether the router does, where it was asked to stop. */
  goesOn(): boolean;
}

/** Turns between looks at the timers, at first. */
const mostBetweenTimers = 32;
/** Turns between looks at the operating system, and at whether the clock goes on. */
const betweenSystems = 2;
/** Readings of the clock before the driver starts. */
const readingsBefore = 3n;
/**
 * Tasks that poll, and find nothing: in Click time stands still, but for their own readings. Here it goes on to the next timer after so many
 * turns, and from then on after so many.
 */
const turnsOfPolling = 4096;
const turnsOfPollingAgain = 64;

export class Simulation {
  /** When it starts. */
  readonly now: bigint;
  private turn = 0;
  private betweenTimers = mostBetweenTimers;
  private polling = 0;
  private patience = turnsOfPolling;

  constructor(start: bigint) {
    this.now = start + readingsBefore;
  }

  /** Runs until the router stops or waits for something outside, or until it is `enough`, asked after each turn. */
  run(router: SimulatedRouter, enough?: () => boolean): "stopped" | "idle" | "more" {
    for (;;) {
      if (!router.goesOn()) return "stopped";
      this.turn++;
      let tasks = router.tasks();
      if (this.turn % this.betweenTimers === 0 && this.runTimers(router) && tasks === 0)
        tasks = router.active() ? 1 : 0;
      if (this.turn % betweenSystems === 0 && !router.stopping && !this.goOn(router, tasks)) return "idle";
      if (enough?.()) return "more";
    }
  }

  /** Whether any was due. */
  private runTimers(router: SimulatedRouter): boolean {
    const { next } = router;
    if (next === undefined || router.stopping) return false;
    const check = router.now();
    if (next > check) return false;
    // They are never in time, where time jumps.
    if (this.betweenTimers > 1) this.betweenTimers = Math.floor((this.betweenTimers * 4) / 5);
    router.timers(check);
    return true;
  }

  /** Lets time go on, if there is a reason to; false where nothing will come by itself. */
  private goOn(router: SimulatedRouter, tasks: number): boolean {
    this.polling = tasks === 3 ? this.polling + 1 : 0;
    if (tasks !== 0 && this.polling < this.patience) return true;
    if (tasks !== 0) {
      this.polling = 0;
      this.patience = turnsOfPollingAgain;
    }
    const { next } = router;
    if (next === undefined) return tasks !== 0;
    if (next > router.words.now) router.words.now = next;
    return true;
  }
}
