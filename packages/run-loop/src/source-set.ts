/** Sources that come and go, as one source of a loop. */
import type { LoopSource, Turn } from "./source.ts";
import { Wakers } from "./wakers.ts";

interface Member {
  readonly source: LoopSource;
  readonly end: (() => void) | undefined;
  /** Whether it is to have a turn. */
  ready: boolean;
}

/**
 * A source gets a turn when it was woken, has more to do, polls, or has a timer that is due; one that cannot wake the loop is idle
 * for good. Its turns are not asynchronous. O(sources) a turn, without allocation.
 */
export class SourceSet implements LoopSource {
  private readonly members = new Map<LoopSource, Member>();
  private readonly wakers = new Wakers();

  /** Adds a source, which has a turn soon. */
  add(source: LoopSource): void {
    const member: Member = {
      source,
      ready: true,
      end: source.onWake?.(() => {
        member.ready = true;
        this.wakers.wake();
      }),
    };
    this.members.set(source, member);
    this.wakers.wake();
  }
  /** Takes one away. One that is not there does nothing. */
  delete(source: LoopSource): void {
    this.members.get(source)?.end?.();
    this.members.delete(source);
  }
  /** Has the loop go on. */
  wake(): void {
    this.wakers.wake();
  }
  onWake(listener: () => void): () => void {
    return this.wakers.add(listener);
  }

  turn(over: () => boolean): Turn {
    let worst: Turn = "idle";
    for (const member of this.members.values()) {
      if (!member.ready && !isDue(member.source)) continue;
      // What wakes it meanwhile is not lost.
      member.ready = false;
      const turn = member.source.turn(over);
      if (typeof turn !== "string") throw new TypeError("a source of a set has turns that are not asynchronous");
      if (turn === "stopped") return turn;
      if (turn !== "idle") member.ready = true;
      if (turn === "more" || (turn === "polling" && worst === "idle")) worst = turn;
    }
    return worst;
  }
  get wakesIn(): bigint | undefined {
    let first: bigint | undefined;
    for (const { source } of this.members.values()) {
      const next = source.wakesIn;
      if (next !== undefined && (first === undefined || next < first)) first = next;
    }
    return first;
  }
}

function isDue({ wakesIn }: LoopSource): boolean {
  return wakesIn !== undefined && wakesIn <= 0n;
}
