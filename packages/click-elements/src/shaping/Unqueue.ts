/**
 * Unqueue([BURST, keywords ACTIVE, LIMIT]) — pulls packets and pushes them on.
 *
 * Pulls up to BURST packets each time it is scheduled, 1 by default; a BURST of 0 or less is all there are.
 *
 * Handlers: count (read), reset (write), active (read, write).
 *
 *   ... -> Queue -> Unqueue -> ...
 */

import { arg, type ElementClass, element, keyword, positional } from "@clickos/click-core";
import { u32 } from "@clickos/codegen";
import { activeHandler } from "../lib/active.ts";
import { pullTask } from "../lib/pull-task.ts";

export const Unqueue: ElementClass = element({
  name: "Unqueue",
  ports: "1/1",
  processing: "l/h",
  config: { BURST: positional(arg.i32, 1), ACTIVE: keyword(arg.bool, true), LIMIT: keyword(arg.i32, -1) },
  state: { count: u32, active: u32 },
  initial: ({ config }) => ({ active: config.ACTIVE ? 1 : 0 }),
  handlers: {
    count: { read: (s) => s.count },
    reset: {
      write: (s) => {
        s.count = 0;
      },
    },
    active: activeHandler,
  },
  task(c, { config, input, output, state }) {
    const worked = c.var("i32", 0, "worked");
    c.if(state.active.get(), () => {
      const burst = config.BURST > 0 ? config.BURST : 0x7fffffff;
      const limit = config.LIMIT >= 0 ? c.i32(config.LIMIT).sub(state.count.get()) : c.i32(burst);
      const most = c.select(limit.ltU(burst), limit, c.i32(burst));
      worked.set(pullTask(c, most, input(0), (packet) => output(0).push(packet)));
      state.count.inc(worked.get());
    });
    return worked.get();
  },
});
