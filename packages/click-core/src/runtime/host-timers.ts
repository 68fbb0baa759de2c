/** Timers of service elements, in order of time; those due at one time run in the order they were set. */

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

  /** Runs the first. */
  fire(): void {
    this.list.shift()?.run();
  }
}
