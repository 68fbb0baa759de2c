/**
 * Discard([keywords ACTIVE, BURST]) — ends packets.
 *
 * As a push element it kills what it is given; as a pull element it pulls BURST packets (default 1) a turn,
 * while it is active.
 *
 * Handlers: count (read), reset_counts (write), active (read, write).
 *
 *   ... -> c :: Counter -> Discard;
 */

import { arg, type ElementClass, element, keyword, live } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { pullTask } from "../lib/pull-task.ts";

export const Discard: ElementClass = element({
  name: "Discard",
  ports: "1/0",
  processing: "a/a",
  config: { ACTIVE: keyword(live(arg.bool), true), BURST: keyword(arg.u32, 1) },
  state: { count: u64 },
  handlers: {
    count: { counter: "count" },
    reset_counts: {
      write: (s) => {
        s.count = 0n;
      },
    },
  },
  push(_c, _port, packet, { state }) {
    state.count.inc();
    packet.kill();
  },
  hasTask: ({ inputIsPush }) => !inputIsPush,
  startsScheduled: ({ config }) => config.ACTIVE,
  task(c, { config, input, state, task }) {
    c.if(state.active.get().eqz(), () => task.unschedule());
    const burst = c.select(state.active.get(), c.i32(config.BURST), c.i32(0));
    return pullTask(c, burst, input(0), (packet) => {
      state.count.inc();
      packet.kill();
    });
  },
});
