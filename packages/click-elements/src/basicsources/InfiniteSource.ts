/**
 * InfiniteSource([DATA, LIMIT, BURST, ACTIVE] [, keywords LENGTH, TIMESTAMP, STOP]) — makes packets without end.
 *
 * Pushes BURST packets (default 1; 1,024 at most) each time it is scheduled, or answers pulls. Stops after LIMIT packets;
 * -1, the default, is no limit. Each packet holds DATA, cut or filled with zeros to LENGTH when that is given;
 * without DATA it is 64 zeros. Packets have the time as their timestamp, unless TIMESTAMP is false. With STOP true, asks the driver to stop at the limit. Sleeps while the queues
 * that it fills are full.
 *
 * Handlers: count (read), reset (write), active, limit, burst (read, write), data (read).
 *
 *   InfiniteSource(LIMIT 1000, STOP true) -> Discard;
 */

import { arg, type ElementClass, element, keyword, positional } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { activeHandler } from "../lib/active.ts";
import { numberHandler, resetHandler } from "../lib/handlers.ts";
import { boundedBurst } from "../lib/pull-task.ts";
import { makePacket, packetTemplate } from "../lib/source.ts";

export const InfiniteSource: ElementClass = element({
  name: "InfiniteSource",
  ports: "0/1",
  processing: "a/a",
  live: true,
  config: {
    DATA: positional(arg.bytes, new Uint8Array(64)),
    LIMIT: positional(arg.i32, -1),
    BURST: positional(arg.i32, 1),
    ACTIVE: positional(arg.bool, true),
    LENGTH: keyword(arg.i32, -1),
    DATASIZE: keyword(arg.i32, -1),
    TIMESTAMP: keyword(arg.bool, true),
    STOP: keyword(arg.bool, false),
  },
  prepare({ config, error }) {
    if (config.BURST < 1) error("BURST must be at least 1");
    return {
      template: packetTemplate({ DATA: config.DATA, LENGTH: Math.max(config.LENGTH, config.DATASIZE) }, error),
    };
  },
  state: { active: u32, count: u32, limit: u32, burst: u32 },
  initial: ({ config }) => ({ active: config.ACTIVE ? 1 : 0, limit: config.LIMIT >>> 0, burst: config.BURST }),
  handlers: {
    count: { counter: "count" },
    reset: resetHandler("count"),
    active: activeHandler,
    limit: numberHandler("limit"),
    burst: numberHandler("burst"),
    data: { constant: ({ plan }) => String.fromCharCode(...plan.template) },
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
