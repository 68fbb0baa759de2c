/**
 * Timers. The times at which they are due are the leaves of a tree in which every node has the earlier time of its two
 * children: setting one touches the nodes above it, and the root says when the router is to run next. Node 1 is the root,
 * node `i` has the children `2i` and `2i + 1`, and timer `t` is node `leaves + t`; a node is a 64-bit time in nanoseconds.
 */
import {
  type Func,
  type FunctionBuilder,
  type I32,
  type I32Like,
  type I64,
  type I64Like,
  type ModuleBuilder,
  staged,
} from "@clickos/codegen";
import { noTimer, routerControl } from "./platform.ts";

/** Where a router's timers are. */
export interface TimerTree {
  /** Address of the nodes. */
  readonly tree: number;
  /** How many timers there can be: a power of two, or 0. */
  readonly leaves: number;
}

/** The timers of one element: which of the leaves are its own, and what is called when one is due. */
export interface ElementTimers {
  readonly first: number;
  readonly count: number;
  readonly func: Func<undefined>;
}

/** How many leaves are needed, and the bytes of the nodes. */
export function timerTreeSize(timers: number): { readonly leaves: number; readonly bytes: number } {
  const leaves = timers === 0 ? 0 : 2 ** Math.ceil(Math.log2(timers));
  return { leaves, bytes: leaves * 16 };
}

/** Sets a timer; `noTimer` cancels it. */
export function setTimer(c: FunctionBuilder, place: TimerTree, control: number, timer: I32Like, at: I64Like): void {
  const set = c.module.once("set timer", () =>
    c.module.func("set timer", { timer: "i32", at: "i64" }, undefined, (c, p) => {
      const node = c.var("i32", p.timer.add(place.leaves), "node");
      c.store64(nodeAt(node.get(), place), p.at);
      c.while(
        () => node.get().gtU(1),
        () => {
          node.set(node.get().shrU(1));
          const at = nodeAt(node.get(), place);
          const children = nodeAt(node.get().shl(1), place);
          const earlier = least(c, c.load64(children), c.load64(children, 8));
          c.if(earlier.eq(c.load64(at)), () => c.break());
          c.store64(at, earlier);
        },
      );
      staged(c, routerControl, control).nextTimer.set(c.load64(place.tree + 8));
    }),
  );
  c.call(set, timer, at);
}

/** When a timer is due, `noTimer` when it is not set. */
export function timerDue(c: FunctionBuilder, place: TimerTree, timer: I32Like): I64 {
  return c.load64(c.i32(timer).shl(3).add(place.tree), place.leaves * 8);
}

/** No timer is set. */
export function clearTimers(c: FunctionBuilder, { tree, leaves }: TimerTree): void {
  if (leaves > 0) c.for(tree, tree + leaves * 16, 8, (node) => c.store64(node, noTimer));
}

/**
 * A function `(check, until, most)` that calls those that are due at `check` and no later than `until`, the earliest first, `most` of them, so
 * that one which is due again at once does not keep it. Of those that are due at one time, the one after the last that was
 * called is next: each has its turn.
 */
export function defineTimers(
  module: ModuleBuilder,
  control: number,
  place: TimerTree,
  elements: readonly ElementTimers[],
): Func<undefined> {
  return module.func("timers", { check: "i64", until: "i64", most: "i32" }, undefined, (c, { check, until, most }) => {
    if (elements.length === 0) return;
    const words = staged(c, routerControl, control);
    const turn = c.var("i32", 0, "turn");
    c.for(0, most, 1, () => {
      const due = c.load64(place.tree + 8);
      c.if(due.gtU(check).or(due.gtU(until)), () => c.break());
      const node = c.var("i32", 1, "node");
      // The first timer below a node, and how many there are below each of its children.
      const first = c.var("i32", 0, "first");
      const half = c.var("i32", place.leaves >> 1, "half");
      c.while(
        () => node.get().ltU(place.leaves),
        () => {
          const children = nodeAt(node.get().shl(1), place);
          const [left, right] = [c.load64(children), c.load64(children, 8)];
          const middle = first.get().add(half.get());
          const hisTurn = turn.get().sub(middle).ltU(half.get());
          const goRight = left.gtU(right).or(left.eq(right).and(hisTurn));
          node.set(node.get().shl(1).add(goRight));
          c.if(goRight, () => first.set(middle));
          half.set(half.get().shrU(1));
        },
      );
      const timer = node.get().sub(place.leaves);
      // There is none from the turn on: it begins again.
      c.if(timer.ltU(turn.get()), () => {
        turn.set(0);
        c.continue();
      });
      turn.set(timer.add(1));
      words.timerDue.set(due);
      setTimer(c, place, control, timer, noTimer);
      callOf(c, timer, elements);
      c.if(words.stopped.get(), () => c.return());
    });
  });
}

/** A function `(timer)` that does what the timer does when it is due, whether it is set or not. */
export function defineFire(module: ModuleBuilder, elements: readonly ElementTimers[]): Func<undefined> {
  return module.func("fire", { timer: "i32" }, undefined, (c, { timer }) => callOf(c, timer, elements));
}

/** Calls the function of the element that a timer belongs to. */
function callOf(c: FunctionBuilder, timer: I32, elements: readonly ElementTimers[]): void {
  if (elements.length <= 1) {
    const only = elements[0];
    if (only) c.call(only.func, timer.sub(only.first));
    return;
  }
  const middle = elements.length >> 1;
  c.if(
    timer.ltU((elements[middle] as ElementTimers).first),
    () => callOf(c, timer, elements.slice(0, middle)),
    () => callOf(c, timer, elements.slice(middle)),
  );
}

function nodeAt(node: I32, { tree }: TimerTree): I32 {
  return node.shl(3).add(tree);
}

function least(c: FunctionBuilder, a: I64, b: I64): I64 {
  return c.select(a.leU(b), a, b);
}

/** Whether a timer is set, on the host. */
export function hostTimerIsSet(data: DataView, { tree, leaves }: TimerTree, timer: number): boolean {
  return data.getBigUint64(tree + (leaves + timer) * 8, true) !== noTimer;
}

/** The same on the host, for a router that stands still. */
export function setHostTimer(
  data: DataView,
  { tree, leaves }: TimerTree,
  control: number,
  timer: number,
  at: bigint,
): void {
  let node = leaves + timer;
  data.setBigUint64(tree + node * 8, at, true);
  for (node >>= 1; node >= 1; node >>= 1) {
    const [a, b] = [0, 8].map((o) => data.getBigUint64(tree + node * 16 + o, true)) as [bigint, bigint];
    data.setBigUint64(tree + node * 8, a < b ? a : b, true);
  }
  data.setBigUint64(control + routerControl.offsets.nextTimer, data.getBigUint64(tree + 8, true), true);
}
