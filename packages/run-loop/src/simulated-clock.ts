/** A clock that stands still until it is moved; for runs that must give the same bytes every time. */
import type { LoopClock } from "./run-loop.ts";
import type { Turn } from "./source.ts";

/**
 * While sources are busy the clock stands still for so many turns, and then goes on in steps: about what as many firings
 * of a router's tasks take. It never steps over a timer.
 */
const stillTurns = 64;
const busyStep = 10_000n;
/** Sources that look for work and find none for long are asked less often. */
const pollStep = 100_000n;
const quickPolls = 10_000;
const longPollStep = 1_000_000n;

export class SimulatedClock implements LoopClock {
  private at = 0n;
  private busy = 0;
  private polls = 0;

  /** Begins at `startNs`, nanoseconds since 1970. */
  constructor(startNs = 1_000_000_000_000_000_000n) {
    this.at = startNs;
  }
  /** Nanoseconds. */
  readonly now = (): bigint => this.at;
  /** Moves to a time, never back. */
  jump(toNs: bigint): void {
    if (toNs > this.at) this.at = toNs;
  }
  passed(turn: Turn, wakesIn: bigint | undefined): boolean {
    if (turn === "polling") {
      this.step(++this.polls > quickPolls ? longPollStep : pollStep, wakesIn);
      return true;
    }
    this.polls = 0;
    if (turn === "idle") {
      this.busy = 0;
      if (wakesIn === undefined) return false;
      this.jump(this.now() + wakesIn);
    } else if (++this.busy > stillTurns) this.step(busyStep, wakesIn);
    return true;
  }
  private step(by: bigint, wakesIn: bigint | undefined): void {
    this.jump(this.now() + (wakesIn !== undefined && wakesIn < by ? wakesIn : by));
  }
}
