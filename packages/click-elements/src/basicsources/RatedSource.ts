/**
 * RatedSource([DATA, RATE, LIMIT, ACTIVE] [, keywords LENGTH, STOP, BANDWIDTH]) — makes packets at a rate.
 *
 * Makes RATE packets a second (default 10), by its task when it pushes and on demand when it is pulled; with BANDWIDTH,
 * as many as have that together. A pause earns two packets, or a hundredth of a second's. Stops after LIMIT packets; -1, the
 * default, is no limit. DATA and LENGTH are as for InfiniteSource. With STOP true, asks the driver to stop after the limit.
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
  type HostTokenCount,
  type HostTokenRate,
  keyword,
  live,
  positional,
  tokenCount,
  tokenRate,
  tokenRateOf,
} from "@clickos/click-core/element";
import { quoteAlways } from "@clickos/click-language/arguments";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { type U32Field, u32 } from "@clickos/layout";
import { readValue, resetHandler, wake } from "../lib/handlers.ts";
import { dataText, makePacket, packetTemplate } from "../lib/source.ts";

/** Packets that are pushed in one turn of the task. */
const packetsATurn = 32;

const state = { rate: tokenRate, tokens: tokenCount, count: u32 };
type Tokens = { readonly rate: HostTokenRate; readonly tokens: HostTokenCount; readonly active: number };

const limit = live(arg.i32, { written: wake });
const active = live(arg.bool, {
  written(context, s: Tokens) {
    if (s.active) s.tokens.set(s.rate, 1);
    wake(context);
  },
});

const capacityOf = (rate: number): number => (rate < 200 ? 2 : Math.floor(rate / 100));

export const RatedSource: ElementClass = element({
  name: "RatedSource",
  ports: "0/1",
  processing: "a/a",
  config: {
    DATA: positional(arg.bytes, new Uint8Array(64)),
    RATE: positional(arg.u32, 10),
    LIMIT: positional(limit, -1),
    ACTIVE: positional(active, true),
    LENGTH: keyword(arg.i32, -1),
    DATASIZE: keyword(arg.i32, -1),
    STOP: keyword(arg.bool, false),
    BANDWIDTH: keyword(arg.bandwidth, 0),
  },
  prepare({ config, error }) {
    const template = packetTemplate({ DATA: config.DATA, LENGTH: Math.max(config.LENGTH, config.DATASIZE) }, error);
    const { length } = template;
    if (config.BANDWIDTH === 0) return { template, rate: config.RATE, capacity: capacityOf(config.RATE) };
    if (length === 0) error("packets of no bytes have no bandwidth");
    const rate = Math.floor(config.BANDWIDTH / Math.max(length, 1));
    return { template, rate, capacity: Math.max(capacityOf(rate), 2 * Math.max(config.LENGTH, config.DATASIZE)) };
  },
  state,
  initial: ({ plan }) => ({ rate: tokenRateOf(plan.rate, plan.capacity) }),
  handlers: {
    rate: {
      kind: "rate",
      unit: "packets/s",
      read: (s) => s.rate.tokens,
      write(s, text, context) {
        const before = tokenRateOf(0, 0);
        Object.assign(before.parts, { scale: s.rate.parts.scale });
        const rate = readValue(arg.u32, text);
        const stood = s.rate.tokens === 0;
        s.rate.assign(rate, capacityOf(rate));
        s.tokens.adjust(before, s.rate);
        // Else the timer is set, and the new rate is looked at when the time is up that the other one took.
        if (stood) wake(context);
      },
    },
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
      write(s, _value, context) {
        s.count = 0;
        s.tokens.set(s.rate, 1);
        wake(context);
      },
    },
    reset_counts: resetHandler("count"),
  },
  endless: ({ LIMIT }) => LIMIT < 0,
  hasTask: ({ outputIsPush }) => outputIsPush,
  notifier: { active: (c, context) => mayMake(c, context) },
  init(_c, { state }) {
    state.tokens.set(state.rate, 1);
  },
  timer(_c, { task, wake, isPush }) {
    if (isPush(0)) task.schedule();
    else wake();
  },
  task(c, context) {
    const { state, output, task, config, stop, plan } = context;
    const worked = c.var("i32", 0, "worked");
    if (config.STOP) c.if(state.active.get().and(isOver(context)), () => stop());
    c.for(0, packetsATurn, 1, () => {
      c.if(mayMake(c, context).eqz(), () => {
        // It runs once more after the last packet, to stop.
        c.if(worked.get().eqz(), () => task.unschedule());
        c.break();
      });
      state.tokens.remove(state.rate, 1);
      state.count.inc();
      worked.set(1);
      makePacket(c, plan.template, context, (packet) => output(0).push(packet));
    });
    return worked.get();
  },
  pull(c, _port, context) {
    const { state, output, config, stop, plan } = context;
    if (config.STOP) c.if(state.active.get().and(isOver(context)), () => stop());
    c.if(mayMake(c, context), () =>
      makePacket(c, plan.template, context, (packet) => {
        state.tokens.remove(state.rate, 1);
        state.count.inc();
        output(0).push(packet);
      }),
    );
  },
});

type Rated = Pick<
  ElementContext<unknown, unknown, typeof state & { limit: U32Field; active: U32Field }>,
  "state" | "clock" | "timer"
>;

function isOver({ state }: Rated): I32 {
  // Compared unsigned: -1 is never reached.
  return state.count.get().geU(state.limit.get());
}

/** Whether there is to be a packet; where it is too early, the timer says when. */
function mayMake(c: FunctionBuilder, context: Rated): I32 {
  const { state, clock, timer } = context;
  const result = c.var("i32", 0, "result");
  c.if(isOver(context).eqz().and(state.active.get()), () => {
    state.tokens.refill(state.rate, clock.now());
    result.set(state.tokens.contains(state.rate, 1));
    c.if(result.get().eqz(), () => timer.after(state.tokens.timeUntil(state.rate, 1)));
  });
  return result.get();
}
