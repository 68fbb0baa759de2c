/**
 * How a loop sleeps. Wake-ups are counted: the loop notes the count, looks for work, and sleeps only while the count is
 * still the same. One that comes between looking and sleeping ends the sleep before it begins.
 */
export interface Sleeper {
  /** How often it was woken. */
  readonly woken: number;
  wake(): void;
  /** Sleeps until it has been woken since the count was `since`, for at most so many milliseconds. */
  sleep(since: number, ms: number): Promise<void> | void;
  /** Lets the host's events in, between two slices of work; absent where none come. */
  letIn?(): Promise<void>;
}

/** Longer than any sleep, and what a timer of the host can do: 12 days. */
export const longestSleepMs = 0x3fffffff;

/** Sleeps in the event loop of Node or of a page: its timers, sockets and promises run meanwhile. For one loop. */
export class EventLoopSleeper implements Sleeper {
  woken = 0;
  private rouse: (() => void) | undefined;

  wake(): void {
    this.woken++;
    this.rouse?.();
  }
  sleep(since: number, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.rouse = undefined;
        resolve();
      };
      // Also without an end: Node ends a process that waits for nothing.
      const timer = setTimeout(done, Math.max(0, Math.min(ms, longestSleepMs)));
      if (this.woken !== since) done();
      else this.rouse = done;
    });
  }
  letIn(): Promise<void> {
    const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => unknown };
    return new Promise((resolve) => {
      if (setImmediate) setImmediate(resolve);
      else setTimeout(resolve, 0);
    });
  }
}
