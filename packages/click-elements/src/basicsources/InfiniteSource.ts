/**
 * InfiniteSource([DATA, LIMIT, BURST, ACTIVE] [, keywords LENGTH, STOP]) — makes packets without end.
 *
 * Pushes BURST packets (default 1) each time it is scheduled, or answers pulls. Stops after LIMIT packets;
 * -1, the default, is no limit. DATA is the packet's content, 64 zero bytes by
 * default; LENGTH extends or cuts it. With STOP true, asks
 * the driver to stop after the last packet.
 *
 * Handlers: count (read), reset (write), active (read, write), limit (read, write).
 *
 *   InfiniteSource(\<0800>, 100, 5) -> Queue -> ...
 */

import { arg, type ElementClass, element, keyword, maximumFrame, positional } from "@clickos/click-core";
import { u32 } from "@clickos/codegen";
import { activeHandler } from "../lib/active.ts";
import { copyBytes } from "../lib/bytes.ts";

export const InfiniteSource: ElementClass = element({
  name: "InfiniteSource",
  ports: "0/1",
  processing: "a/a",
  config: {
    DATA: positional(arg.bytes, new Uint8Array(64)),
    LIMIT: positional(arg.i32, -1),
    BURST: positional(arg.i32, 1),
    ACTIVE: positional(arg.bool, true),
    LENGTH: keyword(arg.i32, -1),
    STOP: keyword(arg.bool, false),
  },
  prepare({ config, error }) {
    const length = config.LENGTH >= 0 ? config.LENGTH : config.DATA.length;
    if (length > maximumFrame) error(`LENGTH ${length} is more than a packet buffer holds (${maximumFrame})`);
    if (config.BURST < 1) error("BURST must be at least 1");
    const template = new Uint8Array(Math.min(length, maximumFrame));
    template.set(config.DATA.subarray(0, template.length));
    return { template };
  },
  state: { active: u32, count: u32, limit: u32 },
  initial: ({ config }) => ({ active: config.ACTIVE ? 1 : 0, limit: config.LIMIT >>> 0 }),
  handlers: {
    count: { read: (s) => s.count },
    reset: {
      write: (s) => {
        s.count = 0;
      },
    },
    active: activeHandler,
    limit: {
      read: (s) => s.limit | 0,
      write: (s, v) => {
        s.limit = Number(v.trim()) >>> 0;
      },
    },
  },
  hasTask: () => true,
  pull(c, _port, { state, plan, data, packets, output }) {
    c.if(state.active.get().and(state.count.get().ltU(state.limit.get())), () => {
      packets.make(plan.template.length, (p) => {
        copyBytes(c, p.data, data(plan.template, 16), plan.template.length);
        state.count.inc();
        output(0).push(p);
      });
    });
  },
  task(c, { state, plan, data, packets, output, config, isPush, stop }) {
    if (!isPush(0)) return c.i32(0);
    const worked = c.var("i32", 0, "worked");
    const limit = state.limit.get();
    c.if(state.active.get(), () => {
      // The limit is compared unsigned: -1 is never reached.
      const left = limit.sub(state.count.get());
      const count = c.select(
        state.count.get().geU(limit),
        c.i32(0),
        c.select(left.ltU(config.BURST), left, c.i32(config.BURST)),
      );
      worked.set(count);
      state.count.inc(count);
      c.for(0, count, 1, () => {
        packets.make(plan.template.length, (p) => {
          copyBytes(c, p.data, data(plan.template, 16), plan.template.length);
          output(0).push(p);
        });
      });
      if (config.STOP)
        c.if(state.count.get().geU(limit), () => {
          state.active.set(0);
          stop();
        });
    });
    return worked.get();
  },
});
