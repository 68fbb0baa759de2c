/** A configuration that takes the place of the running one as soon as that can be. */
import type { Changes, Instance } from "./instance.ts";

export interface Swap {
  readonly next: Instance;
  /** Where the graph is the same; another graph when absent. */
  readonly changes: Changes | undefined;
}

export class PendingSwap {
  private swap: Swap | undefined;

  /** Of the same graph, if there is one: further changes are made to it. */
  get changed(): Instance | undefined {
    return this.swap?.changes && this.swap.next;
  }

  /** Takes the place of one that waits, whose host sides are closed unless `current` or `next` has them. */
  put(next: Instance, changes: Changes | undefined, current: Instance): void {
    const before = this.swap;
    if (before && !before.changes && changes) {
      // Another graph comes: what is changed in this one is of no use.
      close(next, [current, before.next]);
      return;
    }
    if (before) close(before.next, [current, next]);
    const renewed = new Set([...(changes?.renewed ?? []), ...(before?.changes?.renewed ?? [])]);
    this.swap = { next, changes: changes && { renewed } };
  }

  /** The one that waits, which does not any more. */
  take(): Swap | undefined {
    const { swap } = this;
    this.swap = undefined;
    return swap;
  }
}

function close({ services }: Instance, keepers: readonly Instance[]): void {
  for (const service of services)
    if (service && !keepers.some((keeper) => keeper.services.includes(service))) service.close?.();
}
