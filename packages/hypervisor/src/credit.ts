/**
 * The credit scheduler's book-keeping for one pCPU: shares by weight, and caps. After Xen's credit scheduler
 * (xen/common/sched/credit.c): credits are handed out every 30 ms by weight among those that are active, burnt by
 * running, and those who have none left run when nobody who has is runnable. A capped vCPU that has used up its part
 * of a period is parked until the next.
 */

/** A vCPU's share of its pCPU. */
export interface Share {
  /** In proportion to other domains' weights; 256 by default, 1 to 65535. */
  readonly weight: number;
  /** Percent of a pCPU at most; 0 for no cap. */
  readonly cap: number;
}

export const defaultShare: Share = { weight: 256, cap: 0 };
export const accountingPeriodNs = 30_000_000;

interface Account {
  weight: number;
  cap: number;
  credit: number;
  /** Nanoseconds run in this period. */
  used: number;
  active: boolean;
  /** Whether it is among those to be settled. */
  settling: boolean;
}

export class CreditScheduler {
  /** By slot. */
  private readonly accounts: (Account | undefined)[] = [];
  /** Those who have run since they last had nothing to be settled. */
  private settling: Account[] = [];
  private periodEnd = 0;

  add(slot: number, share: Share): void {
    this.accounts[slot] = { ...share, credit: 0, used: 0, active: false, settling: false };
  }
  setShare(slot: number, share: Share): void {
    const account = this.accounts[slot];
    if (account) Object.assign(account, share);
  }
  remove(slot: number): void {
    const account = this.accounts[slot];
    // What it ran is nobody's.
    if (account) account.active = false;
    this.accounts[slot] = undefined;
  }

  /** Ends the period when it is over: hands out credits. Time in nanoseconds. */
  account(now: number): void {
    if (now < this.periodEnd) return;
    this.periodEnd = now + accountingPeriodNs;
    let weights = 0;
    for (const a of this.settling) if (a.active) weights += a.weight;
    for (const a of this.settling) {
      // Who slept has no claim to more than one period, who ran owes no more than one.
      const earned = a.active && weights > 0 ? (accountingPeriodNs * a.weight) / weights : 0;
      a.credit = Math.max(-accountingPeriodNs, Math.min(accountingPeriodNs, a.credit + earned));
      if (!a.active && a.credit < 0) a.credit = 0;
      // What went over the cap is taken from the next period.
      a.used = a.cap > 0 ? Math.max(0, a.used - (accountingPeriodNs * a.cap) / 100) : 0;
      // One that has slept for a period and owes nothing is as it was at first.
      a.settling = a.active || a.used > 0;
      a.active = false;
    }
    this.settling = this.settling.filter((a) => a.settling);
  }
  /** A vCPU has run. */
  charge(slot: number, ns: number): void {
    const a = this.accounts[slot];
    if (!a) return;
    a.active = true;
    if (!a.settling) {
      a.settling = true;
      this.settling.push(a);
    }
    a.credit -= ns;
    a.used += ns;
  }
  /** Whether it has credits left: it goes first. */
  isUnder(slot: number): boolean {
    return (this.accounts[slot]?.credit ?? 0) >= 0;
  }
  /** Whether it is over its cap until the period ends. */
  isParked(slot: number): boolean {
    const a = this.accounts[slot];
    return a !== undefined && a.cap > 0 && a.used >= (accountingPeriodNs * a.cap) / 100;
  }
  /** When the period ends: parked vCPUs are to be looked at then. */
  get nextPeriod(): number {
    return this.periodEnd;
  }
}
