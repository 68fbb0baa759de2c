/**
 * RatedSource([DATA, RATE, LIMIT, ACTIVE] [, keywords LENGTH, STOP, BANDWIDTH]) — makes packets at a rate.
 *
 * Makes RATE packets a second (default 10), by its task when it pushes and on demand when it is pulled; with BANDWIDTH,
 * as many as have that together. A pause earns two packets, or a hundredth of a second's. Stops after LIMIT packets; -1, the
 * default, is no limit. DATA and LENGTH are as for InfiniteSource. With STOP true, asks the driver to stop after the limit.
 *
 * Handlers: count (read), reset (write), rate, limit, active, data, length (read, write). DATASIZE and datasize are older
 * names of LENGTH and length.
 *
 *   RatedSource(RATE 100, LIMIT 1000) -> Discard;
 */

import {
  arg,
  type ElementClass,
  type ElementContext,
  element,
  type HandlerContext,
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
import type { FunctionBuilder } from "@clickos/codegen";
import { type U32Field, u32 } from "@clickos/layout";
import { readValue, syntaxError, wake } from "../lib/handlers.ts";
import { dataText, defaultData, givenLength, lengthText, makePacket, packetTemplate } from "../lib/source.ts";

const state = { rate: tokenRate, tokens: tokenCount, count: u32 };
type Tokens = { readonly rate: HostTokenRate; readonly tokens: HostTokenCount; readonly active: number };

const limit = live(arg.i32, {
  flags: ".",
  refusal: syntaxError,
  written(_context, s: { limit: number }) {
    if ((s.limit | 0) < 0) s.limit = -1 >>> 0;
  },
});
/** A task that stands goes on with one packet; who is asked for packets goes on with what it has. */
const active = live(arg.bool, {
  refusal: syntaxError,
  written(context, s: Tokens) {
    if (!s.active || context.isScheduled()) return;
    if (context.isScheduled() === false) s.tokens.set(s.rate, 1);
    wake(context);
  },
});

function writeLength(_s: unknown, text: string, { override }: HandlerContext<unknown, unknown>): void {
  override("DATASIZE", lengthText(text, syntaxError));
}

const capacityOf = (rate: number): number => (rate < 200 ? 2 : Math.floor(rate / 100));

export const RatedSource: ElementClass = element({
  name: "RatedSource",
  ports: "0/1",
  processing: "a/a",
  config: {
    DATA: positional(arg.bytes, defaultData),
    RATE: positional(arg.u32, 10),
    LIMIT: positional(limit, -1),
    ACTIVE: positional(active, true),
    LENGTH: keyword(arg.i32, -1),
    DATASIZE: keyword<number | undefined>(arg.i32, undefined),
    STOP: keyword(arg.bool, false),
    BANDWIDTH: keyword(arg.bandwidth, 0),
  },
  prepare({ config, error }) {
    const length = givenLength(config);
    const template = packetTemplate({ DATA: config.DATA, LENGTH: length }, error);
    if (config.BANDWIDTH === 0) return { length, template, rate: config.RATE, capacity: capacityOf(config.RATE) };
    if (template.length === 0) error("packets of no bytes have no bandwidth");
    const rate = Math.floor(config.BANDWIDTH / Math.max(template.length, 1));
    return { length, template, rate, capacity: Math.max(capacityOf(rate), 2 * length) };
  },
  state,
  initial: ({ plan }) => ({ rate: tokenRateOf(plan.rate, plan.capacity) }),
  handlerOrder: ["data", "rate", "limit", "active", "count", "reset", "length", "datasize"],
  handlers: {
    data: {
      flags: "%.",
      constant: ({ config }) => dataText(config.DATA),
      write: (_s, text, { override }) => override("DATA", quoteAlways(text)),
    },
    rate: {
      kind: "rate",
      unit: "packets/s",
      read: (s) => s.rate.tokens,
      write(s, text, context) {
        const before = tokenRateOf(0, 0);
        Object.assign(before.parts, { scale: s.rate.parts.scale });
        const rate = readValue(arg.u32, text, syntaxError);
        const stood = s.rate.tokens === 0;
        s.rate.assign(rate, capacityOf(rate));
        s.tokens.adjust(before, s.rate);
        // Else the timer is set, and the new rate is looked at when the time is up that the other one took.
        if (stood) wake(context);
      },
    },
    count: { counter: "count" },
    length: { constant: ({ plan }) => plan.length, write: writeLength },
    datasize: { flags: "D", constant: ({ plan }) => plan.length, write: writeLength },
    reset: {
      write(s, _value, context) {
        s.count = 0;
        s.tokens.set(s.rate, 1);
        if (s.active) wake(context);
      },
    },
  },
  endless: ({ LIMIT }) => LIMIT < 0,
  hasTask: ({ outputIsPush }) => outputIsPush,
  // Those who pull sleep until a packet is due; in Click they ask again and again.
  notifier: { empty: true },
  init(_c, { state }) {
    state.tokens.set(state.rate, 1);
  },
  timer(_c, { task, emptyNote, isPush }) {
    if (isPush(0)) task.schedule();
    else emptyNote.wake();
  },
  task(c, context) {
    const { output, task } = context;
    const worked = c.var("i32", 0, "worked");
    make(c, context, () => {
      makePacket(c, context.plan.template, context, (packet) => output(0).push(packet));
      context.state.count.inc();
      worked.set(1);
    });
    c.if(worked.get().eqz(), () => task.unschedule());
    return worked.get();
  },
  pull(c, _port, context) {
    const { output, emptyNote } = context;
    const worked = c.var("i32", 0, "worked");
    make(c, context, () => {
      worked.set(1);
      context.state.count.inc();
      makePacket(c, context.plan.template, context, (packet) => output(0).push(packet));
    });
    c.if(worked.get().eqz(), () => emptyNote.sleep());
  },
});

type Rated = Pick<
  ElementContext<{ readonly STOP: boolean }, unknown, typeof state & { limit: U32Field; active: U32Field }>,
  "state" | "clock" | "timer" | "config" | "stop"
>;

/** `some` makes a packet, if it is time for one; where it is too early, the timer says when. */
function make(c: FunctionBuilder, { state, clock, timer, config, stop }: Rated, some: () => void): void {
  c.if(state.active.get(), () => {
    // Compared unsigned: -1 is never reached.
    c.if(
      state.count.get().geU(state.limit.get()),
      () => {
        if (config.STOP) stop();
      },
      () => {
        state.tokens.refill(state.rate, clock.now());
        c.if(state.tokens.removeIf(state.rate, 1), some, () => timer.after(state.tokens.timeUntil(state.rate, 1)));
      },
    );
  });
}
