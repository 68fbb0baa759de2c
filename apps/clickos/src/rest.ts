/**
 * When a run has come to rest: its inputs have ended, and nothing more can come of what is still in it.
 */
import type { Unfinished } from "@clickos/click-core";

/** With packets held that some element may still take: how long nothing may move, in nanoseconds of the run's time. */
const patienceNs = 60_000_000_000n;

export class Rest {
  private readonly own: number;
  private held = 0;
  private movedAt: bigint;

  /** Begins at `now`; `own` packets are held from the start, by what is around the elements. */
  constructor(now: bigint, own = 0) {
    this.movedAt = now;
    this.own = own;
  }

  /** Something moved. */
  moved(now: bigint): void {
    this.movedAt = now;
  }

  /** Whether nothing more comes of what is there: no work is certain, and none that is possible was done for a minute. */
  reached({ certain, possible, held }: Unfinished, now: bigint): boolean {
    if (held !== this.held) {
      this.held = held;
      this.movedAt = now;
    }
    return !certain && !(possible && held > this.own && now - this.movedAt < patienceNs);
  }
}

/** The first of some times, of which any may not be known. */
export function earliest(times: Iterable<bigint | undefined>): bigint | undefined {
  let first: bigint | undefined;
  for (const at of times) if (at !== undefined && (first === undefined || at < first)) first = at;
  return first;
}
