/**
 * RatedSource([DATA, RATE, LIMIT, ACTIVE] [, keywords LENGTH, STOP]) — makes packets at a steady rate.
 *
 * Pushes RATE packets a second (default 10), LIMIT packets in all (default no limit). It sleeps between packets.
 *
 * Handlers: count (read), reset (write), active (read), rate (read).
 *
 *   RatedSource(\<0800>, 1000, 5000) -> Queue -> ...
 */

import { arg, type ElementClass, element, keyword, maximumFrame, positional } from "@clickos/click-core";
import { u32, u64 } from "@clickos/codegen";
import { copyBytes } from "../lib/bytes.ts";

export const RatedSource: ElementClass = element({
  name: "RatedSource",
  ports: "0/1",
  processing: "h/h",
  config: {
    DATA: positional(arg.bytes, new Uint8Array(64)),
    RATE: positional(arg.u32, 10),
    LIMIT: positional(arg.i32, -1),
    ACTIVE: positional(arg.bool, true),
    LENGTH: keyword(arg.i32, -1),
    STOP: keyword(arg.bool, false),
  },
  prepare({ config, error }) {
    const length = config.LENGTH >= 0 ? config.LENGTH : config.DATA.length;
    if (length > maximumFrame) error(`LENGTH ${length} is more than a packet buffer holds (${maximumFrame})`);
    const template = new Uint8Array(Math.min(length, maximumFrame));
    template.set(config.DATA.subarray(0, template.length));
    return { template, interval: config.RATE > 0 ? 1_000_000_000n / BigInt(config.RATE) : 0n };
  },
  state: { next: u64, count: u32, limit: u32, active: u32 },
  initial: ({ config }) => ({ limit: config.LIMIT >>> 0, active: config.ACTIVE ? 1 : 0 }),
  handlers: {
    count: { read: (s) => s.count },
    rate: { read: (_s, { config }) => config.RATE },
    active: { read: (s) => s.active !== 0 },
    reset: {
      write: (s) => {
        s.count = 0;
      },
    },
  },
  init(c, { state, plan, timer, clock }) {
    if (plan.interval === 0n) return;
    c.if(state.active.get(), () => {
      state.next.set(clock.now());
      timer.at(clock.now());
    });
  },
  timer(c, { state, plan, data, packets, output, clock, timer, config, stop }) {
    const now = clock.now();
    // At most a burst at once: a clock that jumps ahead does not flood the router.
    const turns = c.var("i32", 32, "turns");
    c.loop(() => {
      c.if(turns.get().eqz().or(state.next.get().gtU(now)).or(state.count.get().geU(state.limit.get())), () =>
        c.break(),
      );
      turns.inc(-1);
      state.next.inc(plan.interval);
      state.count.inc();
      packets.make(plan.template.length, (p) => {
        copyBytes(c, p.data, data(plan.template, 16), plan.template.length);
        output(0).push(p);
      });
    });
    c.if(
      state.count.get().ltU(state.limit.get()),
      () => timer.at(state.next.get()),
      () => {
        if (config.STOP) stop();
      },
    );
  },
});
