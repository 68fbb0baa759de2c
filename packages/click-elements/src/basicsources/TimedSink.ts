/**
 * TimedSink([INTERVAL]) — pulls a packet every INTERVAL and ends it.
 *
 * INTERVAL is half a second by default.
 *
 * Handlers: interval (read, write).
 *
 *   Queue -> TimedSink(1s);
 */

import { type ElementClass, element, live, positional } from "@clickos/click-core/element";
import { interval } from "../lib/handlers.ts";

export const TimedSink: ElementClass = element({
  name: "TimedSink",
  ports: "1/0",
  processing: "l/l",
  config: { INTERVAL: positional(live(interval, { refusal: "bad interval", written() {} }), 500_000_000n) },
  endless: () => true,
  init: (_c, { state, timer }) => timer.after(state.interval.get()),
  timer(_c, { state, timer, input }) {
    input(0).pull((packet) => packet.kill());
    timer.again(state.interval.get());
  },
});
