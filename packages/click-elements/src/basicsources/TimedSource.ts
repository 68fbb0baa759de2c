/**
 * TimedSource([INTERVAL, DATA] [, keywords LIMIT, ACTIVE, STOP, LENGTH]) — makes a packet every INTERVAL.
 *
 * INTERVAL is half a second by default. Stops after LIMIT packets; -1, the default, is no limit. With STOP true,
 * asks the driver to stop at the limit. The first packet comes one INTERVAL after the start.
 *
 * Handlers: count (read), reset (write), interval, limit, active, data (read, write).
 *
 *   TimedSource(0.1s) -> Discard;
 */

import { accepted, arg, type ElementClass, element, keyword, live, positional } from "@clickos/click-core/element";
import { quoteAlways } from "@clickos/click-language/arguments";
import { u32 } from "@clickos/layout";
import { interval, restart, wake } from "../lib/handlers.ts";
import { dataText, makePacket, packetTemplate } from "../lib/source.ts";

export const TimedSource: ElementClass = element({
  name: "TimedSource",
  ports: "0/1",
  processing: "h/h",
  config: {
    INTERVAL: positional(live(interval, { written: restart }), 500_000_000n),
    DATA: positional(arg.bytes, new Uint8Array(64)),
    LIMIT: keyword(live(arg.i32, { written: wake }), -1),
    ACTIVE: keyword(live(arg.bool, { written: wake }), true),
    STOP: keyword(arg.bool, false),
    LENGTH: keyword(arg.i32, -1),
    HEADROOM: accepted(arg.u32, "packets get more room when they need it"),
  },
  prepare: ({ config, error }) => ({ template: packetTemplate(config, error) }),
  state: { count: u32 },
  handlers: {
    count: { counter: "count" },
    data: {
      constant: ({ plan }) => dataText(plan.template),
      write: (_s, text, { change }) => change("DATA", quoteAlways(text)),
    },
    reset: {
      write: (s, _value, context) => {
        s.count = 0;
        context.setTimer(context.now() + s.interval);
      },
    },
  },
  endless: ({ LIMIT }) => LIMIT < 0,
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
