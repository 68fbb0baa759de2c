/** What a loop runs: a router, a hypervisor, a switch, a device. */

/**
 * How a turn ended. `idle`: there is nothing to do until a wake-up or a timer. `more`: there is. `polling`: there may be,
 * and nobody will say so; the host's events are let in, then it is asked again. `stopped`: the loop is to end.
 */
export type Turn = "idle" | "more" | "polling" | "stopped";

export interface LoopSource {
  /**
   * Works for a bounded time, and returns soon after `over` says that the slice is. What comes while it works must be
   * found by this turn, or be told to the listeners of `onWake`: then no wake-up is lost.
   */
  turn(over: () => boolean): Turn | Promise<Turn>;
  /** Nanoseconds until there is something to do by itself, by the source's own clock; `undefined` for never. */
  readonly wakesIn?: bigint | undefined;
  /** Calls back whenever there may be work that came from outside of its turns. @returns ends it. */
  onWake?(listener: () => void): () => void;
}
