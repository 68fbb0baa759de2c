/**
 * TimedSink([INTERVAL]) — pulls a packet every INTERVAL and ends it.
 *
 * INTERVAL is half a second by default.
 *
 * Handlers: count (read), interval (read, write).
 *
 *   Queue -> TimedSink(1s);
 */

import { type ElementClass, element, live, positional } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { interval, restart } from "../lib/handlers.ts";

export const TimedSink: ElementClass = element({
  name: "TimedSink",
  ports: "1/0",
  processing: "l/l",
  config: { INTERVAL: positional(live(interval, { written: restart }), 500_000_000n) },
  state: { count: u32 },
  handlers: {
    count: { counter: "count" },
  },
  endless: () => true,
  init: (_c, { state, timer }) => timer.after(state.interval.get()),
  timer(_c, { state, timer, input }) {
    timer.after(state.interval.get());
    input(0).pull((packet) => {
      state.count.inc();
      packet.kill();
    });
  },
});
