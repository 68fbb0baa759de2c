/**
 * TimedSource([INTERVAL, DATA] [, keywords LIMIT, ACTIVE, STOP, LENGTH]) — makes a packet every INTERVAL.
 *
 * INTERVAL is half a second by default. Stops after LIMIT packets; -1, the default, is no limit. With STOP true,
 * asks the driver to stop at the limit. The first packet comes one INTERVAL after the start.
 *
 * Handlers: count (read), reset (write), interval, limit, active (read, write).
 *
 *   TimedSource(0.1s) -> Discard;
 */

import { accepted, arg, type ElementClass, element, keyword, positional } from "@clickos/click-core/element";
import { u32, u64 } from "@clickos/layout";
import { activeHandler } from "../lib/active.ts";
import { intervalHandler, numberHandler } from "../lib/handlers.ts";
import { makePacket, packetTemplate } from "../lib/source.ts";

export const TimedSource: ElementClass = element({
  name: "TimedSource",
  ports: "0/1",
  processing: "h/h",
  config: {
    INTERVAL: positional(arg.time, 500_000_000n),
    DATA: positional(arg.bytes, new Uint8Array(64)),
    LIMIT: keyword(arg.i32, -1),
    ACTIVE: keyword(arg.bool, true),
    STOP: keyword(arg.bool, false),
    LENGTH: keyword(arg.i32, -1),
    HEADROOM: accepted(arg.u32, "packets get more room when they need it"),
  },
  prepare({ config, error }) {
    if (config.INTERVAL === 0n) error("INTERVAL must be more than nothing", 0);
    return { template: packetTemplate(config, error) };
  },
  state: { interval: u64, count: u32, limit: u32, active: u32 },
  initial: ({ config }) => ({
    interval: config.INTERVAL,
    limit: config.LIMIT >>> 0,
    active: config.ACTIVE ? 1 : 0,
  }),
  handlers: {
    count: { counter: "count" },
    interval: intervalHandler,
    limit: numberHandler("limit"),
    active: activeHandler,
    reset: {
      write: (s, _value, context) => {
        s.count = 0;
        context.setTimer(context.now() + s.interval);
      },
    },
  },
  init(c, { state, timer }) {
    c.if(state.active.get(), () => timer.after(state.interval.get()));
  },
  timer(c, context) {
    const { state, timer, output, plan, config, stop } = context;
    c.if(state.active.get().and(state.count.get().ltU(state.limit.get())), () => {
      state.count.inc();
      timer.after(state.interval.get());
      makePacket(c, plan.template, context, (packet) => output(0).push(packet));
      if (config.STOP) c.if(state.count.get().geU(state.limit.get()), () => stop());
    });
  },
});
