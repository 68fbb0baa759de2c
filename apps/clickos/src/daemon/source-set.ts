/**
 * Sources of a run loop that come and go. Those that have nothing to do cost nothing: a source gets a turn when it was woken,
 * has more to do, polls, or has a timer that is due.
 */
import { type LoopSource, type Turn, Wakers } from "@clickos/run-loop";

interface Member {
  readonly source: LoopSource;
  readonly end: (() => void) | undefined;
  /** Whether it is to have a turn. */
  ready: boolean;
}

export class SourceSet implements LoopSource {
  private readonly members = new Map<LoopSource, Member>();
  private readonly wakers = new Wakers();

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
      const due = member.source.wakesIn;
      if (!member.ready && !(due !== undefined && due <= 0n)) continue;
      // What wakes it meanwhile is not lost.
      member.ready = false;
      const turn = member.source.turn(over);
      if (typeof turn !== "string") throw new TypeError("a source whose turns are asynchronous");
      if (turn === "more" || turn === "polling") member.ready = true;
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
