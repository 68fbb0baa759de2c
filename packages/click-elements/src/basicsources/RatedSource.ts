/**
 * RatedSource([DATA, RATE, LIMIT, ACTIVE] [, keywords LENGTH, STOP]) — makes packets at a rate.
 *
 * Makes RATE packets a second (default 10), by a timer when it pushes and on demand when it is pulled. Stops
 * after LIMIT packets; -1, the default, is no limit. DATA and LENGTH are as for InfiniteSource. With STOP true,
 * asks the driver to stop at the limit.
 *
 * Handlers: count (read), reset (write), rate, limit, active, data, length (read, write).
 *
 *   RatedSource(RATE 100, LIMIT 1000) -> Discard;
 */

import {
  arg,
  type ElementClass,
  type ElementContext,
  element,
  keyword,
  live,
  positional,
} from "@clickos/click-core/element";
import { quoteAlways } from "@clickos/click-language/arguments";
import type { FunctionBuilder, I32, I64 } from "@clickos/codegen";
import { type U32Field, u32, u64 } from "@clickos/layout";
import { resetHandler, wake } from "../lib/handlers.ts";
import { dataText, makePacket, packetTemplate } from "../lib/source.ts";

const second = 1_000_000_000n;

const state = { next: u64, count: u32 };

const limit = live(arg.i32, { written: wake });
const active = live(arg.bool, { written: wake });
const rate = live(arg.u32, { kind: "rate", unit: "packets/s", written: wake });

export const RatedSource: ElementClass = element({
  name: "RatedSource",
  ports: "0/1",
  processing: "a/a",
  config: {
    DATA: positional(arg.bytes, new Uint8Array(64)),
    RATE: positional(rate, 10),
    LIMIT: positional(limit, -1),
    ACTIVE: positional(active, true),
    LENGTH: keyword(arg.i32, -1),
    DATASIZE: keyword(arg.i32, -1),
    STOP: keyword(arg.bool, false),
  },
  prepare: ({ config, error }) => ({
    template: packetTemplate({ DATA: config.DATA, LENGTH: Math.max(config.LENGTH, config.DATASIZE) }, error),
  }),
  state,
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
    reset: {
      write: (s, _value, context) => {
        s.count = 0;
        context.setTimer(context.now());
      },
    },
    reset_counts: resetHandler("count"),
  },
  notifier: {
    active: (_c, context) => context.state.next.get().leU(context.clock.now()),
  },
  init(_c, { state, timer, clock }) {
    state.next.set(clock.now());
    timer.at(clock.now());
  },
  timer(c, context) {
    const { state, output, clock, timer, isPush, wake, config, stop } = context;
    c.if(runs(context), () => {
      if (!isPush(0)) {
        wake();
        return;
      }
      const now = clock.now();
      skipLostTime(c, context);
      // At most a burst at once: a clock that jumps ahead does not flood the router.
      const turns = c.var("i32", 32, "turns");
      c.loop(() => {
        c.if(turns.get().eqz().or(state.next.get().gtU(now)).or(runs(context).eqz()), () => c.break());
        turns.inc(-1);
        state.next.inc(interval(c, context));
        state.count.inc();
        makePacket(c, context.plan.template, context, (packet) => output(0).push(packet));
      });
      if (config.STOP) c.if(state.count.get().geU(state.limit.get()), () => stop());
      c.if(runs(context), () => timer.at(state.next.get()));
    });
  },
  pull(c, _port, context) {
    const { state, output, clock, timer, config, stop } = context;
    c.if(runs(context), () => {
      skipLostTime(c, context);
      c.if(
        state.next.get().leU(clock.now()),
        () => {
          makePacket(c, context.plan.template, context, (packet) => {
            state.next.inc(interval(c, context));
            state.count.inc();
            if (config.STOP) c.if(state.count.get().eq(state.limit.get()), () => stop());
            output(0).push(packet);
          });
        },
        () => timer.at(state.next.get()),
      );
    });
  },
});

type Rated = Pick<
  ElementContext<unknown, unknown, typeof state & { limit: U32Field; active: U32Field; rate: U32Field }>,
  "state" | "clock"
>;

function runs({ state }: Rated): I32 {
  return state.active.get().and(state.rate.get().ne(0)).and(state.count.get().ltU(state.limit.get()));
}

function interval(c: FunctionBuilder, { state }: Rated): I64 {
  // Rounded down, and never zero; a rate of nothing is not asked for.
  return c.i64(second).divU(state.rate.get().toI64());
}

/** A source that was held up makes good a tenth of a second at most. */
function skipLostTime(c: FunctionBuilder, { state, clock }: Rated): void {
  const most = second / 10n;
  c.if(state.next.get().add(most).ltU(clock.now()), () => state.next.set(clock.now().sub(most)));
}
