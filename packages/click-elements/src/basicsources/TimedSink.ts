/**
 * TimedSink([INTERVAL]) — pulls a packet every INTERVAL and ends it.
 *
 * INTERVAL is half a second by default.
 *
 * Handlers: interval (read, write).
 *
 *   ... -> Queue -> TimedSink(1s);
 */

import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { intervalHandler } from "../lib/handlers.ts";

export const TimedSink: ElementClass = element({
  name: "TimedSink",
  ports: "1/0",
  processing: "l/l",
  config: { INTERVAL: positional(arg.time, 500_000_000n) },
  state: { interval: u64 },
  initial: ({ config }) => ({ interval: config.INTERVAL }),
  handlers: { interval: intervalHandler },
  endless: () => true,
  init: (_c, { state, timer }) => timer.after(state.interval.get()),
  timer(_c, { state, timer, input }) {
    input(0).pull((packet) => packet.kill());
    timer.again(state.interval.get());
  },
});
