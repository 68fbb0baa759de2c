/**
 * Unqueue([BURST] [, keywords ACTIVE, LIMIT]) — pulls packets and pushes them on.
 *
 * Pulls up to BURST packets each time it is scheduled, 1 by default; a BURST below 0 is all there are. Stops
 * after LIMIT packets; -1, the default, is no limit. Sleeps while there is nothing to pull.
 *
 * Handlers: count (read), reset, reset_counts (write), active, burst, limit (read, write).
 *
 *   ... -> Queue -> Unqueue -> ...
 */

import {
  arg,
  type ElementClass,
  element,
  type HandlerContext,
  keyword,
  live,
  positional,
  type StoredType,
  type Written,
} from "@clickos/click-core/element";
import { type U32Field, u32 } from "@clickos/layout";
import { syntaxError } from "../lib/handlers.ts";
import { packetsPerTurn } from "../lib/pull-task.ts";

interface Progress {
  readonly active: number;
  readonly limit: number;
  readonly count: number;
}

/** After whatever is written, it goes on unless it is at its limit. */
function goOn({ schedule }: Pick<Written, "schedule">, { active, limit, count }: Progress): void {
  if (active && ((limit | 0) < 0 || count < limit)) schedule();
}

const change = { refusal: syntaxError, written: goOn };
const reset = {
  write(s: Progress & { count: number }, _value: string, context: HandlerContext<unknown, unknown>): void {
    s.count = 0;
    goOn(context, s);
  },
};
const all = 0x7fffffff;
/** Below 0 is as much as there is. */
const burst: StoredType<number, U32Field> = {
  ...arg.i32,
  stored: { ...arg.i32.stored, store: (value) => (value < 0 ? all : value) },
};

export const Unqueue: ElementClass = element({
  name: "Unqueue",
  ports: "1/1",
  processing: "l/h",
  config: {
    BURST: positional(live(burst, change), 1),
    ACTIVE: keyword(live(arg.bool, change), true),
    LIMIT: keyword(live(arg.i32, change), -1),
  },
  peers({ config, warning }) {
    if (config.BURST === 0) warning("BURST size 0, no packets will be pulled");
  },
  state: { count: u32 },
  handlerOrder: ["active", "count", "burst", "limit", "reset", "reset_counts"],
  handlers: {
    count: { counter: "count" },
    reset,
    reset_counts: { ...reset, flags: "Ub" },
  },
  startsScheduled: ({ config }) => config.ACTIVE,
  task(c, { input, output, state, task, mayPull }) {
    const worked = c.var("i32", 0, "worked");
    const most = c.var("i32", state.burst.get(), "most");
    const stays = c.var("i32", state.active.get(), "stays");
    const limit = state.limit.get();
    c.if(limit.geS(0), () => {
      const left = limit.sub(state.count.get());
      c.if(most.get().geU(left), () => most.set(left));
      c.if(most.get().leS(0), () => stays.set(0));
    });
    c.if(stays.get(), () => {
      c.loop(() => {
        c.if(worked.get().geS(most.get()).or(state.active.get().eqz()), () => c.break());
        input(0).pull(
          (packet) => {
            worked.inc();
            state.count.inc();
            output(0).push(packet);
          },
          () => {
            stays.set(mayPull(0));
            c.break();
          },
        );
        // Everything else has a turn too.
        c.if(worked.get().eq(packetsPerTurn), () => c.break());
      });
    });
    c.if(stays.get().eqz(), () => task.unschedule());
    return worked.get();
  },
});
