/**
 * TimeFilter([START, END] [, keywords START_DELAY, END_DELAY, START_AFTER, END_AFTER, INTERVAL, STOP, END_CALL]) — lets packets of a
 * time pass.
 *
 * Packets whose timestamps are from START on and before END pass; others leave on output 1, or are dropped where that is not connected.
 * START_DELAY and END_DELAY count from when the router starts, START_AFTER and END_AFTER from the first packet's timestamp, INTERVAL from
 * the start. Without a start, it is the first packet's timestamp; without an end, there is none. The first packet that
 * is not before the end asks the driver to stop (STOP true), or writes a handler (END_CALL `HANDLER [VALUE]`, in which `$t` is the
 * packet's timestamp; then it runs in process only) before it is looked at again: what is written may put the end off.
 *
 * Handlers: start (read, write), end (read; write: what is added to the start for it), interval (read), extend_interval (write: what is
 * added to the end).
 *
 *   FromDump(trace.pcap) -> TimeFilter(START_AFTER 10, INTERVAL 60, STOP true) -> ToDump(minute.pcap)
 */
import { arg, type ElementClass, element, keyword, positional } from "@clickos/click-core/element";
import type { I64, StagedFields } from "@clickos/codegen";
import { u32, u64 } from "@clickos/layout";
import { checkWritable, type HandlerCall, handlerCall, writeHandler } from "../lib/handler-call.ts";
import { readAs } from "../lib/handlers.ts";
import { formatTimestamp } from "../lib/time.ts";

/** The end where none is given: Click's last second. */
const never = 2_147_483_647n * 1_000_000_000n;
const time = keyword(arg.time, 0n);

const state = { first: u64, last: u64, ready: u32, callReady: u32 };

/** What a time is counted from. */
type From = "1970" | "start of the router" | "first packet" | "start";
interface Bound {
  readonly time: bigint;
  readonly from: From;
}
interface Bounds {
  readonly first: Bound;
  readonly last: Bound;
}

/** The bound that is given. Several are an error. */
function boundOf(given: readonly Bound[], otherwise: Bound, several: string, error: (message: string) => void): Bound {
  const some = given.filter((bound) => bound.time !== 0n);
  if (some.length > 1) error(several);
  return some[0] ?? otherwise;
}

/** What the first packet's timestamp settles. */
function settle({ first, last }: Bounds, s: { first: bigint; last: bigint; ready: number }, time: bigint): void {
  if (first.from === "first packet") s.first += time;
  if (last.from === "first packet") s.last += time;
  else if (last.from === "start") s.last += s.first;
  s.ready = 1;
}

/** The same in staged code. */
function settleStaged({ first, last }: Bounds, s: StagedFields<typeof state>, time: I64): void {
  if (first.from === "first packet") s.first.inc(time);
  if (last.from === "first packet") s.last.inc(time);
  else if (last.from === "start") s.last.inc(s.first.get());
  s.ready.set(1);
}

const readTime = (text: string): bigint => readAs(arg.time, text, "expected time");

export const TimeFilter: ElementClass = element({
  name: "TimeFilter",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    START: positional(arg.time, 0n),
    END: positional(arg.time, 0n),
    START_DELAY: time,
    END_DELAY: time,
    START_AFTER: time,
    END_AFTER: time,
    INTERVAL: time,
    STOP: keyword(arg.bool, false),
    END_CALL: keyword<HandlerCall | undefined>(handlerCall, undefined),
  },
  prepare({ config, error }): Bounds {
    const first = boundOf(
      [
        { time: config.START, from: "1970" },
        { time: config.START_DELAY, from: "start of the router" },
        { time: config.START_AFTER, from: "first packet" },
      ],
      { time: 0n, from: "first packet" },
      "START, START_AFTER, and START_AFTER_INIT are mutually exclusive",
      error,
    );
    const last = boundOf(
      [
        { time: config.END, from: "1970" },
        { time: config.END_AFTER, from: "first packet" },
        { time: config.END_DELAY, from: "start of the router" },
        { time: config.INTERVAL, from: "start" },
      ],
      { time: never, from: "1970" },
      "END, END_AFTER, END_AFTER_INIT, and INTERVAL are mutually exclusive",
      error,
    );
    if (config.STOP && config.END_CALL) error("END_CALL and STOP are mutually exclusive");
    return { first, last };
  },
  state,
  initial: ({ config, plan }) => ({
    first: plan.first.time,
    last: plan.last.time,
    callReady: Number(config.STOP || config.END_CALL !== undefined),
  }),
  handlers: {
    start: {
      read: (s) => formatTimestamp(s.first),
      write(s, text, { plan }) {
        const time = readTime(text);
        if (!s.ready) settle(plan, s, time);
        s.first = time;
      },
    },
    end: {
      read: (s) => formatTimestamp(s.last),
      write(s, text) {
        s.last = s.first + readTime(text);
        s.callReady = 1;
      },
    },
    interval: { read: (s) => formatTimestamp(s.last - s.first) },
    extend_interval: {
      flags: "",
      write(s, text) {
        s.last += readTime(text);
        s.callReady = 1;
      },
    },
  },
  needsService: (config) => config.END_CALL !== undefined,
  service: ({ config: { END_CALL }, host }) => ({
    start() {
      if (END_CALL) checkWritable(END_CALL, host);
    },
    packet({ timestampNs }) {
      if (!END_CALL) return 0;
      const value = END_CALL.value.replace(/\$(?:t\b|\{t\})/g, formatTimestamp(timestampNs));
      writeHandler({ ...END_CALL, value }, host);
      return 0;
    },
  }),
  init(_c, { state, plan, clock }) {
    const isDelay = ({ from }: Bound): boolean => from === "start of the router";
    if (!isDelay(plan.first) && !isDelay(plan.last)) return;
    const now = clock.now();
    if (isDelay(plan.first)) state.first.inc(now);
    if (isDelay(plan.last)) state.last.inc(now);
  },
  action(c, packet, { config, state, plan, output, stop, service }) {
    const { first, last, ready, callReady } = state;
    const time = packet.timestamp.get();
    c.if(ready.get().eqz(), () => settleStaged(plan, state, time));
    c.if(time.ltS(first.get()), () => output(1).push(packet, "before the start"));
    if (config.STOP || config.END_CALL)
      c.if(time.geS(last.get()), () =>
        c.loop(() => {
          c.if(callReady.get().eqz(), () => c.break());
          const before = last.get();
          callReady.set(0);
          if (config.STOP) stop();
          else service.give(packet);
          c.if(time.ltS(last.get()).or(last.get().leS(before)), () => c.break());
        }),
      );
    c.if(time.geS(last.get()), () => output(1).push(packet, "after the end"));
  },
});
