/** The loop. */
import { EventLoopSleeper, longestSleepMs, type Sleeper } from "./sleeper.ts";
import type { LoopSource, Turn } from "./source.ts";

/** A clock that the loop moves: what the sources' own clocks read. */
export interface LoopClock {
  /** After each turn: how it ended, and when the next timer is. False when there is nothing to move to: the loop sleeps. */
  passed(turn: Turn, wakesIn: bigint | undefined): boolean;
}

export interface LoopOptions {
  /** Ends the loop. */
  readonly signal?: AbortSignal | undefined;
  /** In place of real time. */
  readonly clock?: LoopClock | undefined;
  /** The event loop's by default. */
  readonly sleeper?: Sleeper;
  /** How long the sources work before the host's events are let in; 5 ms by default. */
  readonly sliceMs?: number;
}

/** What several sources' turns come to. */
const order: readonly Turn[] = ["idle", "polling", "more"];

/**
 * Runs sources in turn until one asks to stop, or the signal is given. While all are idle it sleeps until the first
 * timer or a wake-up; none is lost, whenever it comes. O(sources) a pass, no allocation while there is work.
 */
export async function runLoop(
  sources: readonly LoopSource[],
  options: LoopOptions = {},
): Promise<"stopped" | "aborted"> {
  const { signal, clock, sleeper = new EventLoopSleeper(), sliceMs = 5 } = options;
  const wake = (): void => sleeper.wake();
  const ends = sources.map((source) => source.onWake?.(wake));
  signal?.addEventListener("abort", wake);
  // A slice begins when somebody first asks: runs that are over before need no clock.
  let sliceEnd: number | undefined;
  const over = (): boolean => {
    const now = performance.now();
    sliceEnd ??= now + sliceMs;
    return now >= sliceEnd;
  };
  try {
    for (;;) {
      if (signal?.aborted) return "aborted";
      const since = sleeper.woken;
      let turn: Turn = "idle";
      for (const source of sources) {
        const result = source.turn(over);
        const did = typeof result === "string" ? result : await result;
        if (did === "stopped") return "stopped";
        if (order.indexOf(did) > order.indexOf(turn)) turn = did;
      }
      if (clock === undefined ? turn === "idle" : !clock.passed(turn, soonest(sources))) {
        const next = soonest(sources);
        const ms = next === undefined ? longestSleepMs : Math.ceil(Number(next) / 1e6);
        // Woken meanwhile: by one of its own sources, it may be, so the host's events are let in all the same.
        if (ms > 0 && sleeper.woken === since) {
          const slept = sleeper.sleep(since, ms);
          if (slept) await slept;
          sliceEnd = undefined;
          continue;
        }
      }
      if (sleeper.letIn && ((turn === "polling" && !clock) || over())) {
        await sleeper.letIn();
        sliceEnd = undefined;
      }
    }
  } finally {
    for (const end of ends) end?.();
    signal?.removeEventListener("abort", wake);
  }
}

function soonest(sources: readonly LoopSource[]): bigint | undefined {
  let first: bigint | undefined;
  for (const { wakesIn } of sources)
    if (wakesIn !== undefined && (first === undefined || wakesIn < first)) first = wakesIn;
  return first;
}
