/** Timers of service elements, in order of time; those due at one time run in the order they were set. */

const atOnce = 64;

export class HostTimers {
  private readonly list: { readonly at: bigint; readonly run: () => void; readonly owner: string }[] = [];

  /** `owner` is the element whose timer it is. @returns cancels the timer; harmless when it has run. */
  at(nanoseconds: bigint, run: () => void, owner: string): () => void {
    const timer = { at: nanoseconds, run, owner };
    let i = this.list.length;
    while (i > 0 && (this.list[i - 1]?.at as bigint) > nanoseconds) i--;
    this.list.splice(i, 0, timer);
    return () => {
      const index = this.list.indexOf(timer);
      if (index >= 0) this.list.splice(index, 1);
    };
  }

  /** Elements whose timers are set. */
  get owners(): ReadonlySet<string> {
    return new Set(this.list.map(({ owner }) => owner));
  }

  get next(): bigint | undefined {
    return this.list[0]?.at;
  }

  /** Runs those due, up to 64 of them, and no more once `enough` says so; whether any was. */
  fire(now: bigint, enough?: () => boolean): boolean {
    let fired = false;
    for (let n = 0; n < atOnce && this.list[0] !== undefined && this.list[0].at <= now; n++) {
      fired = true;
      this.list.shift()?.run();
      if (enough?.()) break;
    }
    return fired;
  }
}
