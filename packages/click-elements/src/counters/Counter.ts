/**
 * Counter([keywords COUNT_CALL, BYTE_COUNT_CALL]) — passes packets on and counts them and their bytes.
 *
 * COUNT_CALL `N HANDLER [VALUE]` writes a handler when the Nth packet has come, and BYTE_COUNT_CALL when the Nth byte
 * has; with either, it runs in process only, not in a virtual machine.
 *
 * Rates are moving averages, as Click's: each millisecond has a share of a sixteenth.
 *
 * Handlers: count, byte_count, rate (packets a second), byte_rate, bit_rate (read); reset, reset_counts, byte_count_call (write);
 * count_call (read: its number; write).
 *
 *   FromDevice(0) -> c :: Counter(COUNT_CALL 1000 stop) -> ...
 */
import {
  arg,
  type ElementClass,
  element,
  emptyScope,
  type HandlerContext,
  type HostRate,
  keyword,
  Mistake,
  parseInteger,
  rate,
  readText,
} from "@clickos/click-core/element";
import { takeWord } from "@clickos/click-language/arguments";
import { u32, u64 } from "@clickos/layout";
import { checkWritable, type HandlerCall, parseCall, writeHandler } from "../lib/handler-call.ts";
import { asArguments } from "../lib/handlers.ts";

interface Call extends HandlerCall {
  readonly at: bigint;
}
type Which = "COUNT_CALL" | "BYTE_COUNT_CALL";
/** A number beyond the largest is that one. */
const largest = (1n << 64n) - 1n;

export const Counter: ElementClass = element({
  name: "Counter",
  ports: "1/1",
  processing: "a/a",
  config: { COUNT_CALL: keyword(arg.raw, ""), BYTE_COUNT_CALL: keyword(arg.raw, "") },
  prepare({ config, error, complaint }) {
    const call = (which: Which): Call | undefined => {
      const text = config[which] ?? "";
      if (text === "") return undefined;
      const [number, rest] = takeWord(text);
      const at = parseInteger(number);
      if (at === undefined || number.startsWith("-")) error(`${which} type mismatch`);
      else if (at > largest) complaint(`${which} overflow, max ${largest}`);
      return { at: at === undefined || at > largest ? largest : at, ...parseCall(rest) };
    };
    return { COUNT_CALL: call("COUNT_CALL"), BYTE_COUNT_CALL: call("BYTE_COUNT_CALL") };
  },
  state: { count: u64, bytes: u64, rate: rate(10), byteRate: rate(4), called: u32, bytesCalled: u32 },
  // Click's reads its clock for each of the rates.
  readings: 2,
  // Another call is made even where the earlier one was.
  initial: () => ({ called: 0, bytesCalled: 0 }),
  handlers: {
    count: { counter: "count" },
    byte_count: { counter: "bytes", unit: "bytes" },
    rate: { kind: "rate", unit: "packets/s", read: (s, { now }) => closed(s, now()).rate.text() },
    bit_rate: { kind: "rate", unit: "bits/s", read: (s, { now }) => closed(s, now()).byteRate.text(3) },
    byte_rate: { kind: "rate", unit: "bytes/s", read: (s, { now }) => closed(s, now()).byteRate.text() },
    reset: { write: clear },
    reset_counts: { write: clear, flags: "Ub" },
    count_call: {
      constant: ({ plan }) => plan.COUNT_CALL?.at ?? "",
      write: (s, text, context) => writeCall(s, "called", text, context),
    },
    byte_count_call: {
      kind: "text",
      write: (s, text, context) => writeCall(s, "bytesCalled", text, context),
    },
  },
  needsService: (config) => config.COUNT_CALL !== "" || config.BYTE_COUNT_CALL !== "",
  service: ({ plan, host }) => ({
    start() {
      for (const call of [plan.COUNT_CALL, plan.BYTE_COUNT_CALL]) if (call) checkWritable(call, host);
    },
    called(which) {
      const call = which === 0 ? plan.COUNT_CALL : plan.BYTE_COUNT_CALL;
      if (call) writeHandler(call, host);
    },
  }),
  action(c, packet, { state, plan, clock, service }) {
    // Click reads its clock for each of the rates.
    const now = clock.now(2);
    // Both are closed together, so that one is looked at.
    c.if(state.rate.over(now), () => {
      state.rate.close(now, state.count.get());
      state.byteRate.close(now, state.bytes.get());
    });
    state.count.inc();
    state.bytes.inc(packet.length.toI64());
    if (plan.COUNT_CALL)
      c.if(state.count.get().eq(plan.COUNT_CALL.at).and(state.called.get().eqz()), () => {
        state.called.set(1);
        service.call(0);
      });
    if (plan.BYTE_COUNT_CALL)
      c.if(state.bytes.get().geU(plan.BYTE_COUNT_CALL.at).and(state.bytesCalled.get().eqz()), () => {
        state.bytesCalled.set(1);
        service.call(1);
      });
  },
});

/** Another call, which is yet to be made. Throws, as a `string`, what is wrong with it. */
function writeCall(
  s: Counts,
  done: "called" | "bytesCalled",
  text: string,
  { override }: Pick<HandlerContext<unknown, unknown>, "override">,
): void {
  const which: Which = done === "called" ? "COUNT_CALL" : "BYTE_COUNT_CALL";
  const [number] = takeWord(text);
  if (readText(arg.u64, number, emptyScope) instanceof Mistake)
    throw `'${which.toLowerCase()}' first word should be unsigned (count)`;
  const before = s[done];
  s[done] = 0;
  try {
    asArguments(() => override(which, text.trim()));
  } catch (e) {
    s[done] = before;
    throw e;
  }
}

type Counts = { count: bigint; bytes: bigint; called: number; bytesCalled: number; rate: HostRate; byteRate: HostRate };

/** The same with its rates up to now. */
function closed(s: Counts, now: bigint): Counts {
  s.rate.close(now, s.count);
  s.byteRate.close(now, s.bytes);
  return s;
}

function clear(s: Counts): void {
  s.rate.recount(s.count, 0n);
  s.byteRate.recount(s.bytes, 0n);
  s.count = 0n;
  s.bytes = 0n;
  s.called = 0;
  s.bytesCalled = 0;
}
