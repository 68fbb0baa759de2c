/**
 * Counter([keywords COUNT_CALL, BYTE_COUNT_CALL]) — passes packets on and counts them and their bytes.
 *
 * COUNT_CALL `N HANDLER [VALUE]` writes a handler when the Nth packet has come, and BYTE_COUNT_CALL when the Nth byte
 * has; with either, it runs in process only, not in a virtual machine.
 *
 * Rates are moving averages, as Click's: each millisecond has a share of a sixteenth.
 *
 * Handlers: count, byte_count, rate (packets a second), byte_rate, bit_rate (read); reset, reset_counts (write).
 *
 *   FromDevice(0) -> c :: Counter(COUNT_CALL 1000 stop) -> ...
 */
import {
  type ArgumentType,
  arg,
  type ElementClass,
  element,
  type HostRate,
  keyword,
  Mistake,
  rate,
  readText,
} from "@clickos/click-core/element";
import { takeWord } from "@clickos/click-language/arguments";
import { u64 } from "@clickos/layout";

interface Call {
  readonly at: bigint;
  readonly path: string;
  readonly value: string;
}

const call: ArgumentType<Call> = {
  expects: "a number and a handler",
  parse(text, scope) {
    const [number, rest] = takeWord(text);
    const [path, value] = takeWord(rest);
    const at = arg.u64.parse(number, scope);
    if (typeof at !== "bigint" || path === "") return undefined;
    const handler = readText(arg.handlerPath, path, scope);
    return handler instanceof Mistake ? handler : { at, path: handler.given, value };
  },
};

export const Counter: ElementClass = element({
  name: "Counter",
  ports: "1/1",
  processing: "a/a",
  config: { COUNT_CALL: keyword(call, undefined), BYTE_COUNT_CALL: keyword(call, undefined) },
  state: { count: u64, bytes: u64, rate: rate(10), byteRate: rate(4) },
  handlers: {
    count: { counter: "count" },
    byte_count: { counter: "bytes", unit: "bytes" },
    rate: { kind: "rate", unit: "packets/s", read: (s, { now }) => closed(s, now()).rate.text() },
    byte_rate: { kind: "rate", unit: "bytes/s", read: (s, { now }) => closed(s, now()).byteRate.text() },
    bit_rate: { kind: "rate", unit: "bits/s", read: (s, { now }) => closed(s, now()).byteRate.text(3) },
    reset: { write: clear },
    reset_counts: { write: clear },
  },
  needsService: (config) => config.COUNT_CALL !== undefined || config.BYTE_COUNT_CALL !== undefined,
  service: ({ config, host, name }) => ({
    packet(_packet, which) {
      const due = which === 0 ? config.COUNT_CALL : config.BYTE_COUNT_CALL;
      try {
        if (due) host.handlers.write(due.path, due.value);
      } catch (e) {
        host.chatter(`${name}: ${(e as Error).message}`);
      }
      return 0;
    },
  }),
  action(c, packet, { state, config, clock, service }) {
    const { COUNT_CALL, BYTE_COUNT_CALL } = config;
    const length = packet.length.toI64();
    if (BYTE_COUNT_CALL) {
      const before = state.bytes.get();
      c.if(before.ltU(BYTE_COUNT_CALL.at).and(before.add(length).geU(BYTE_COUNT_CALL.at)), () => {
        service.give(packet, 1);
      });
    }
    const now = clock.now();
    // Both are closed together, so that one is looked at.
    c.if(state.rate.over(now), () => {
      state.rate.close(now, state.count.get());
      state.byteRate.close(now, state.bytes.get());
    });
    state.count.inc();
    state.bytes.inc(length);
    if (COUNT_CALL)
      c.if(state.count.get().eq(COUNT_CALL.at), () => {
        service.give(packet, 0);
      });
  },
});

type Counts = { count: bigint; bytes: bigint; rate: HostRate; byteRate: HostRate };

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
}
