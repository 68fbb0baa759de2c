/** When a VM that crashes again and again is started again, and when no more: xl's `on_crash = restart`, with a limit. */

/** What becomes of a VM that has crashed: it stays as it is, is destroyed, or is started anew, as another domain of the same name. */
export type OnCrash = "preserve" | "destroy" | "restart";

export interface RestartLimits {
  /** Milliseconds until the first restart; twice as many before each further one. 100 by default. */
  readonly delayMs: number;
  /** Milliseconds at most. 30,000 by default. */
  readonly longestDelayMs: number;
  /** Crashes within `withinMs` after which it is left as it is. 5 in 60,000 ms by default. */
  readonly limit: number;
  readonly withinMs: number;
}

export const defaultLimits: RestartLimits = { delayMs: 100, longestDelayMs: 30_000, limit: 5, withinMs: 60_000 };

/** The crashes of a VM, over all the domains that it has been. */
export class RestartPolicy {
  private readonly limits: RestartLimits;
  /** Milliseconds of the crashes that count still. */
  private crashes: number[] = [];
  private delay = 0;
  /** How often it was to be started again. */
  restarts = 0;

  constructor(limits: Partial<RestartLimits> = {}) {
    this.limits = { ...defaultLimits, ...limits };
  }

  /** It has crashed: milliseconds until it is started again, or `undefined` when it crashes too often. */
  crashed(now: number): number | undefined {
    const { delayMs, longestDelayMs, limit, withinMs } = this.limits;
    this.crashes = this.crashes.filter((at) => now - at < withinMs);
    // One that has run for long begins anew.
    if (this.crashes.length === 0) this.delay = 0;
    this.crashes.push(now);
    if (this.crashes.length > limit) return undefined;
    this.delay = Math.min(longestDelayMs, this.delay === 0 ? delayMs : this.delay * 2);
    this.restarts++;
    return this.delay;
  }

  /** Why no more. */
  get reason(): string {
    return `${this.crashes.length} crashes in ${this.limits.withinMs / 1000} s`;
  }
}
