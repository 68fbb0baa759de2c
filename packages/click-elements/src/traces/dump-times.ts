/**
 * Which packets of a dump are wanted, by their times: from `START` or so long after the first, to `END`, so long after the
 * first, or so long after the first that is wanted.
 */

export interface TimeArguments {
  readonly START: bigint;
  readonly START_AFTER: bigint;
  readonly END: bigint;
  readonly END_AFTER: bigint;
  readonly INTERVAL: bigint;
}

/** Checks that arguments do not say the same in two ways. */
export function checkDumpTimes(
  config: TimeArguments & { readonly END_CALL: unknown; readonly STOP: boolean },
  error: (message: string) => void,
  start = "START and START_AFTER",
): void {
  const { START, START_AFTER, END, END_AFTER, INTERVAL } = config;
  if (START && START_AFTER) error(`${start} are mutually exclusive`);
  else if ([END, END_AFTER, INTERVAL].filter((time) => time !== 0n).length > 1)
    error("END, END_AFTER, and INTERVAL are mutually exclusive");
  else if (config.END_CALL && config.STOP) error("END_CALL and STOP are mutually exclusive");
}

export class DumpTimes {
  private first: bigint;
  private last: bigint;
  private firstIsRelative: boolean;
  private lastFrom: "epoch" | "firstPacket" | "start";
  private waitsForFirst: boolean;
  private hasLast: boolean;
  private known = false;
  /** What is to be added to a packet's time, for it to be played at its distance from the first. */
  offset = 0n;

  constructor({ START, START_AFTER, END, END_AFTER, INTERVAL }: TimeArguments) {
    this.first = START || START_AFTER;
    this.last = END || END_AFTER || INTERVAL;
    this.waitsForFirst = this.first !== 0n;
    this.firstIsRelative = START === 0n;
    this.hasLast = this.last !== 0n;
    this.lastFrom = END ? "epoch" : END_AFTER ? "firstPacket" : "start";
  }

  /** Whether it ends before the dump does. */
  get ends(): boolean {
    return this.last !== 0n;
  }

  /**
   * Looks at a packet's time: whether the packet comes too `early`, is `wanted`, or the end has `come`. The end comes once;
   * the same packet may be looked at again after it. `now` is asked where packets are played.
   */
  look(time: bigint, now?: () => bigint): "early" | "wanted" | "end" {
    if (!this.known) {
      if (this.firstIsRelative) this.first += time;
      if (this.hasLast && this.lastFrom !== "epoch") this.last += this.lastFrom === "start" ? this.first : time;
      if (now) this.offset = now() - time;
      this.known = true;
    }
    if (this.waitsForFirst && time < this.first) return "early";
    this.waitsForFirst = false;
    if (!this.hasLast || time < this.last) return "wanted";
    this.hasLast = false;
    return "end";
  }

  extend(by: bigint): void {
    this.last += by;
  }

  /** There is an end again. */
  rearm(): void {
    this.hasLast = true;
  }

  /** The next packet's time is the one that distances are counted from. */
  reset(): void {
    this.firstIsRelative = false;
    this.lastFrom = "epoch";
    this.known = false;
  }
}
