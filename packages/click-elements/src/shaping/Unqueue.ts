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

import { arg, type ElementClass, element, keyword, live, positional } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { resetHandler } from "../lib/handlers.ts";
import { pullTask } from "../lib/pull-task.ts";

export const Unqueue: ElementClass = element({
  name: "Unqueue",
  ports: "1/1",
  processing: "l/h",
  config: {
    BURST: positional(live(arg.i32), 1),
    ACTIVE: keyword(live(arg.bool), true),
    LIMIT: keyword(live(arg.i32), -1),
  },
  state: { count: u32 },
  handlers: {
    count: { counter: "count" },
    reset: resetHandler("count"),
    reset_counts: resetHandler("count"),
  },
  startsScheduled: ({ config }) => config.ACTIVE,
  task(c, { input, output, state, task }) {
    const worked = c.var("i32", 0, "worked");
    // Compared unsigned: -1 is never reached.
    const left = state.limit.get().sub(state.count.get());
    c.if(
      state.active.get().and(left.ne(0)),
      () => {
        const burst = state.burst.get();
        const most = c.select(left.ltU(burst), left, burst);
        worked.set(pullTask(c, most, input(0), (packet) => output(0).push(packet)));
        state.count.inc(worked.get());
      },
      () => task.unschedule(),
    );
    return worked.get();
  },
});
