/**
 * A token bucket: so much a second on average, and at once as much as the bucket holds. (RFC 2697 calls its two numbers the
 * committed information rate and the committed burst size.)
 *
 * The time is set once a batch, in milliseconds; all that is taken then is taken at that time.
 */
export class TokenBucket {
  private readonly rate: number;
  private readonly depth: number;
  /** Thousandths, so that whole milliseconds at whole rates are counted exactly. */
  private credit: number;
  private last = Number.POSITIVE_INFINITY;

  /** `rate` a second, and `burst` at once; the bucket is full at first. */
  constructor(rate: number, burst: number) {
    this.rate = rate;
    this.depth = burst * 1000;
    this.credit = this.depth;
  }
  /** Sets the time. A clock that goes back gives nothing. */
  fill(now: number): void {
    const passed = now - this.last;
    if (passed > 0) this.credit = Math.min(this.depth, this.credit + passed * this.rate);
    this.last = now;
  }
  /** Takes so many tokens, or none when there are fewer. */
  take(count: number): boolean {
    const cost = count * 1000;
    if (cost > this.credit) return false;
    this.credit -= cost;
    return true;
  }
}
