/**
 * InfiniteSource([DATA, LIMIT, BURST, ACTIVE] [, keywords LENGTH, TIMESTAMP, STOP]) — makes packets without end.
 *
 * Pushes BURST packets (default 1; 1,024 at most) each time it is scheduled, or answers pulls. Stops after LIMIT packets;
 * -1, the default, is no limit. Each packet holds DATA, cut or filled with zeros to LENGTH when that is given;
 * without DATA it is 64 zeros. Packets have the time as their timestamp, unless TIMESTAMP is false. With STOP true, asks the driver to stop at the limit. Sleeps while the queues
 * that it fills are full.
 *
 * Handlers: count (read), reset (write), active, limit, burst, data, length (read, write).
 *
 *   InfiniteSource(LIMIT 1000, STOP true) -> Discard;
 */

import { arg, type ElementClass, element, keyword, live, positional } from "@clickos/click-core/element";
import { quoteAlways } from "@clickos/click-language/arguments";
import { u32 } from "@clickos/layout";
import { resetHandler } from "../lib/handlers.ts";
import { boundedBurst } from "../lib/pull-task.ts";
import { dataText, makePacket, packetTemplate } from "../lib/source.ts";

export const InfiniteSource: ElementClass = element({
  name: "InfiniteSource",
  ports: "0/1",
  processing: "a/a",
  live: true,
  config: {
    DATA: positional(arg.bytes, new Uint8Array(64)),
    LIMIT: positional(live(arg.i32), -1),
    BURST: positional(live(arg.integer(1, 0x7fffffff)), 1),
    ACTIVE: positional(live(arg.bool), true),
    LENGTH: keyword(arg.i32, -1),
    DATASIZE: keyword(arg.i32, -1),
    TIMESTAMP: keyword(arg.bool, true),
    STOP: keyword(arg.bool, false),
  },
  prepare({ config, error }) {
    return {
      template: packetTemplate({ DATA: config.DATA, LENGTH: Math.max(config.LENGTH, config.DATASIZE) }, error),
    };
  },
  state: { count: u32 },
  handlers: {
    count: { counter: "count" },
    data: {
      constant: ({ plan }) => dataText(plan.template),
      write: (_s, text, { change }) => change("DATA", quoteAlways(text)),
    },
    length: {
      constant: ({ config }) => config.LENGTH,
      write: (_s, text, { change }) => change("LENGTH", text),
    },
    reset: resetHandler("count"),
  },
  notifier: { active: (_c, { state }) => state.active.get().and(state.count.get().ltU(state.limit.get())) },
  pull(c, _port, context) {
    const { state, plan, output } = context;
    c.if(state.active.get().and(state.count.get().ltU(state.limit.get())), () => {
      makePacket(c, plan.template, context, (packet) => {
        state.count.inc();
        output(0).push(packet);
      });
    });
  },
  endless: ({ LIMIT }) => LIMIT < 0,
  hasTask: ({ outputIsPush }) => outputIsPush,
  startsScheduled: ({ config }) => config.ACTIVE,
  task(c, context) {
    const { state, plan, output, config, stop, task, mayPush } = context;
    const worked = c.var("i32", 0, "worked");
    const limit = state.limit.get();
    c.if(
      state.active.get().and(state.count.get().ltU(limit)).and(mayPush(0)),
      () => {
        // The limit is compared unsigned: -1 is never reached.
        const left = limit.sub(state.count.get());
        const burst = boundedBurst(c, state.burst.get());
        const count = c.select(left.ltU(burst), left, burst);
        worked.set(count);
        state.count.inc(count);
        c.for(0, count, 1, () => makePacket(c, plan.template, context, (packet) => output(0).push(packet)));
        if (config.STOP)
          c.if(state.count.get().geU(limit), () => {
            task.unschedule();
            stop();
          });
      },
      () => task.unschedule(),
    );
    return worked.get();
  },
});
