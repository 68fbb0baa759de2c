/**
 * TimedSource([INTERVAL, DATA] [, keywords LIMIT, ACTIVE, STOP, HEADROOM]) — makes a packet every INTERVAL.
 *
 * INTERVAL is half a second by default. Stops after LIMIT packets; -1, the default, is no limit. With STOP true,
 * asks the driver to stop one INTERVAL after the last. The first packet comes one INTERVAL after the start.
 *
 * Handlers: count (read), reset (write), interval, limit, active, data, headroom (read, write).
 *
 *   TimedSource(0.1s) -> Discard;
 */

import { arg, type ElementClass, element, keyword, live, positional } from "@clickos/click-core/element";
import { quoteAlways } from "@clickos/click-language/arguments";
import { u32, u64 } from "@clickos/layout";
import { intervalHandler, startTimer } from "../lib/handlers.ts";
import { dataText, defaultData, makePacket, packetTemplate } from "../lib/source.ts";

/** What packets have in front of them in Click. */
const defaultHeadroom = 28;

export const TimedSource: ElementClass = element({
  name: "TimedSource",
  ports: "0/1",
  processing: "h/h",
  config: {
    INTERVAL: positional(arg.time, 500_000_000n),
    DATA: positional(arg.bytes, defaultData),
    LIMIT: keyword(live(arg.i32, { flags: ".", written() {} }), -1),
    ACTIVE: keyword(live(arg.bool, { flags: ".c", refusal: "bad active", written: startTimer }), true),
    STOP: keyword(arg.bool, false),
    // Packets get more room when they need it.
    HEADROOM: keyword(live(arg.u32, { flags: ".", refusal: "bad headroom", written() {} }), defaultHeadroom),
  },
  prepare: ({ config, error }) => ({ template: packetTemplate({ DATA: config.DATA, LENGTH: -1 }, error) }),
  state: { count: u32, interval: u64 },
  initial: ({ config }) => ({ interval: config.INTERVAL }),
  handlerOrder: ["data", "limit", "interval", "active", "count", "headroom", "reset"],
  handlers: {
    data: {
      flags: "%.",
      constant: ({ config }) => dataText(config.DATA),
      write: (_s, text, { override }) => override("DATA", quoteAlways(text)),
    },
    interval: intervalHandler,
    count: { counter: "count" },
    reset: {
      write(s, _value, context) {
        s.count = 0;
        startTimer(context, s);
      },
    },
  },
  endless: ({ LIMIT }) => LIMIT < 0,
  init(c, { state, timer }) {
    c.if(state.active.get(), () => timer.after(state.interval.get()));
  },
  timer(c, context) {
    const { state, timer, output, plan, config, stop } = context;
    c.if(state.active.get(), () =>
      c.if(
        // Compared unsigned: -1 is never reached.
        state.count.get().ltU(state.limit.get()),
        () => {
          makePacket(c, plan.template, context, (packet) => output(0).push(packet));
          state.count.inc();
          timer.again(state.interval.get());
        },
        () => {
          if (config.STOP) stop();
        },
      ),
    );
  },
});
