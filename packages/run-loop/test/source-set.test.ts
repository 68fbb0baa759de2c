import { describe, expect, it } from "vitest";
import { type LoopSource, SourceSet, type Turn } from "../src/index.ts";

/** A source whose turns end as it is told, and are counted. */
function source(turn: Turn = "idle") {
  let wake = (): void => {};
  const made = {
    turns: 0,
    result: turn,
    wakesIn: undefined as bigint | undefined,
    ended: 0,
    wake: () => wake(),
    turn(): Turn {
      made.turns++;
      return made.result;
    },
    onWake(listener: () => void): () => void {
      wake = listener;
      return () => {
        made.ended++;
        wake = () => {};
      };
    },
  };
  return made satisfies LoopSource;
}
const over = (): boolean => false;

describe("a set of sources", () => {
  it("gives turns to those that were added, woken, busy or due, and to no others", () => {
    const set = new SourceSet();
    const [a, b] = [source(), source()];
    set.add(a);
    set.add(b);
    expect([set.turn(over), a.turns, b.turns]).toEqual(["idle", 1, 1]);
    expect([set.turn(over), a.turns, b.turns]).toEqual(["idle", 1, 1]);
    a.wake();
    expect([set.turn(over), a.turns, b.turns]).toEqual(["idle", 2, 1]);
    b.wakesIn = 5n;
    expect([set.turn(over), set.wakesIn, b.turns]).toEqual(["idle", 5n, 1]);
    b.wakesIn = 0n;
    expect([set.turn(over), b.turns]).toEqual(["idle", 2]);
    b.wakesIn = undefined;
    a.result = "polling";
    a.wake();
    expect([set.turn(over), set.turn(over), a.turns]).toEqual(["polling", "polling", 4]);
    b.result = "more";
    b.wake();
    expect([set.turn(over), b.turns]).toEqual(["more", 3]);
  });

  it("wakes its loop when a source is added or woken, and hears nothing of one that has gone", () => {
    const set = new SourceSet();
    let woken = 0;
    const end = set.onWake(() => void woken++);
    const a = source();
    set.add(a);
    a.wake();
    expect(woken).toBe(2);
    set.delete(a);
    set.delete(a);
    a.wake();
    expect([woken, a.ended, set.turn(over), a.turns]).toEqual([2, 1, "idle", 0]);
    end();
    set.add(source("stopped"));
    expect([woken, set.turn(over)]).toEqual([2, "stopped"]);
  });

  it("loses no wake-up that comes while a source has its turn", () => {
    const set = new SourceSet();
    const a = source();
    const turn = a.turn;
    a.turn = () => {
      if (a.turns === 0) a.wake();
      return turn();
    };
    set.add(a);
    set.turn(over);
    set.turn(over);
    expect(a.turns).toBe(2);
  });
});
