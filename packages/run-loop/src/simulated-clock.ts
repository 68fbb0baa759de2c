/** A clock that stands still until it is moved; for runs that must give the same bytes every time. */
import type { LoopClock } from "./run-loop.ts";
import type { Turn } from "./source.ts";

/**
 * While sources are busy the clock stands still for so many turns, and then goes on in steps: about what as many firings
 * of a router's tasks take. It never steps over a timer.
 */
const stillTurns = 64;
const busyStep = 10_000n;
const pollStep = 100_000n;

export class SimulatedClock implements LoopClock {
  private at: bigint;
  private busy = 0;

  constructor(startNs = 1_000_000_000_000_000_000n) {
    this.at = startNs;
  }
  readonly now = (): bigint => this.at;
  /** Moves to a time, never back. */
  jump(to: bigint): void {
    if (to > this.at) this.at = to;
  }
  passed(turn: Turn, wakesIn: bigint | undefined): boolean {
    if (turn === "idle") {
      this.busy = 0;
      if (wakesIn === undefined) return false;
      this.jump(this.at + wakesIn);
      return true;
    }
    if (turn === "polling") this.step(pollStep, wakesIn);
    else if (++this.busy > stillTurns) this.step(busyStep, wakesIn);
    return true;
  }
  private step(by: bigint, wakesIn: bigint | undefined): void {
    this.jump(this.at + (wakesIn !== undefined && wakesIn < by ? wakesIn : by));
  }
}
