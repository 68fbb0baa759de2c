/**
 * The rate limit of an interface: `rate=` of a vif, kept in the store as `bytes,microseconds` (docs/man/xl-network
 * configuration of Xen). Every period gives so many bytes; what is not used in one is gone.
 */
export interface Rate {
  readonly bytes: number;
  readonly microseconds: number;
}

const units: Readonly<Record<string, number>> = {
  "": 1,
  K: 1e3,
  M: 1e6,
  G: 1e9,
};

/**
 * Reads `10MB/s`, `512Kb/s` (B are bytes, b bits) with an optional period, `10MB/s@20ms` (50 ms by default), or the
 * store's `bytes,microseconds`. `undefined` when it is neither.
 */
export function parseRate(text: string): Rate | undefined {
  const stored = /^(\d{1,15}),(\d{1,9})$/.exec(text.trim());
  if (stored) return positive({ bytes: Number(stored[1]), microseconds: Number(stored[2]) });
  const m = /^(\d{1,12})([KMG]?)([bB])\/s(?:@(\d{1,9})(us|ms|s))?$/.exec(text.trim());
  if (!m) return undefined;
  const perSecond = (Number(m[1]) * (units[m[2] as string] as number)) / (m[3] === "b" ? 8 : 1);
  const unit = m[5] === "us" ? 1 : m[5] === "s" ? 1e6 : 1e3;
  const microseconds = m[4] === undefined ? 50_000 : Number(m[4]) * unit;
  return positive({ bytes: Math.floor((perSecond * microseconds) / 1e6), microseconds });
}

function positive(rate: Rate): Rate | undefined {
  return rate.bytes > 0 && rate.microseconds > 0 ? rate : undefined;
}

export class RateLimit {
  private readonly rate: Rate;
  private left: number;
  private periodEnd: number;

  /** `nowUs` counts microseconds. */
  constructor(rate: Rate, nowUs: number) {
    this.rate = rate;
    this.left = rate.bytes;
    this.periodEnd = nowUs + rate.microseconds;
  }
  /** Whether anything may be sent in this period; one frame may go over, and is taken from the next. */
  open(nowUs: number): boolean {
    if (nowUs >= this.periodEnd) {
      this.left = Math.min(this.left, 0) + this.rate.bytes;
      this.periodEnd = nowUs + this.rate.microseconds;
    }
    return this.left > 0;
  }
  /** Nanoseconds until the next period, while this one has nothing left. */
  opensIn(nowUs: number): bigint | undefined {
    return this.left > 0 ? undefined : BigInt(Math.max(0, Math.ceil((this.periodEnd - nowUs) * 1000)));
  }
  spend(bytes: number): void {
    this.left -= bytes;
  }
}
