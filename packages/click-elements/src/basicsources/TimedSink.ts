/**
 * TimedSink([INTERVAL]) — pulls a packet every INTERVAL and ends it.
 *
 * INTERVAL is half a second by default.
 *
 * Handlers: count (read), interval (read, write).
 *
 *   Queue -> TimedSink(1s);
 */

import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import { u32, u64 } from "@clickos/layout";
import { intervalHandler } from "../lib/handlers.ts";

export const TimedSink: ElementClass = element({
  name: "TimedSink",
  ports: "1/0",
  processing: "l/l",
  config: { INTERVAL: positional(arg.time, 500_000_000n) },
  state: { interval: u64, count: u32 },
  initial: ({ config }) => ({ interval: config.INTERVAL || 1n }),
  handlers: {
    count: { counter: "count" },
    interval: intervalHandler,
  },
  init: (_c, { state, timer }) => timer.after(state.interval.get()),
  timer(_c, { state, timer, input }) {
    timer.after(state.interval.get());
    input(0).pull((packet) => {
      state.count.inc();
      packet.kill();
    });
  },
});
