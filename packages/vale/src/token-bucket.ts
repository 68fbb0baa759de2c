/**
 * A token bucket: so much a second on average, and at once as much as the bucket holds. (RFC 2697 calls its two numbers the
 * committed information rate and the committed burst size.)
 *
 * The time is set once a batch, in milliseconds; all that is taken then is taken at that time.
 */
import type { FrameBatch } from "./frame-batch.ts";

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

export const bitsPerByte = 8;

/** Of a list of frames, those that a bucket of bits lets pass, in `out`, which may be the list; how many they are. */
export function inRate(rate: TokenBucket, batch: FrameBatch, list: Int32Array, count: number, out: Int32Array): number {
  let n = 0;
  for (let k = 0; k < count; k++) {
    const i = list[k] as number;
    if (rate.take((batch.lengths[i] as number) * bitsPerByte)) out[n++] = i;
  }
  return n;
}
