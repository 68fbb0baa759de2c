/**
 * Time that runs faster or slower than the system's, or that leaps over what would be waited for: what the router's handler
 * `timewarp` says.
 */

/** The system's nanoseconds, warped. It starts as they are. */
export class TimeWarp {
  private readonly clock: () => bigint;
  private speed = 1;
  private leaps = false;
  /** The router's time was `at` when the clock's was `since`. */
  private at = 0n;
  private since = 0n;

  constructor(clock: () => bigint) {
    this.clock = clock;
  }

  now(): bigint {
    const now = this.clock();
    if (this.speed === 1) return now - this.since + this.at;
    return this.at + BigInt(Math.round(Number(now - this.since) * this.speed));
  }

  /** How long to wait, by the clock, for what is due after so many nanoseconds; time may have leapt there instead. */
  wait(nanoseconds: bigint): bigint {
    if (nanoseconds <= 0n) return nanoseconds;
    if (this.leaps) {
      this.at += nanoseconds;
      return 0n;
    }
    return this.speed === 1 ? nanoseconds : BigInt(Math.ceil(Number(nanoseconds) / this.speed));
  }

  /** A factor, or `nowait`. */
  get text(): string {
    return this.leaps ? "nowait" : String(this.speed);
  }

  /** Throws a `string` for what is neither. */
  set text(text: string) {
    const leaps = text === "nowait";
    const factor = leaps ? 1 : number.test(text) ? Number(text) : Number.NaN;
    if (!Number.isFinite(factor)) throw "expected double";
    if (factor <= 0) throw "timefactor must be > 0";
    // From here on; what has passed has passed.
    const now = this.now();
    this.since = this.clock();
    this.at = now;
    this.speed = factor;
    this.leaps = leaps;
  }
}

const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
