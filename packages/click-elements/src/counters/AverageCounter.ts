/**
 * AverageCounter([IGNORE]) — counts packets and their bytes, and shows the average rates.
 *
 * Packets of the first IGNORE seconds, 0 by default, are not counted. Rates are counts by the time from the end of those seconds to the
 * last packet, in milliseconds.
 *
 * Handlers: count, byte_count, rate, byte_rate (read); reset (write).
 *
 *   FromDevice(0) -> c :: AverageCounter -> ...
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { realText } from "../lib/real-text.ts";

/** Click's jiffy. */
const jiffyNs = 1_000_000n;
const jiffies = 1000;

interface Times {
  readonly first: number;
  readonly last: number;
}

/** A count by the seconds in which it was counted. */
function rate(count: number, { first, last }: Times, ignore: number): string {
  const between = (last - first - ignore) >>> 0;
  return realText((count * jiffies) / Math.max(between, 1));
}

export const AverageCounter: ElementClass = element({
  name: "AverageCounter",
  ports: "1/1",
  processing: "a/a",
  config: { IGNORE: positional(arg.u32, 0) },
  prepare: ({ config }) => ({ ignore: Math.imul(config.IGNORE ?? 0, jiffies) >>> 0 }),
  state: { count: u32, bytes: u32, first: u32, last: u32 },
  handlers: {
    count: { counter: "count" },
    byte_count: { counter: "bytes", unit: "bytes" },
    rate: { kind: "rate", unit: "packets/s", read: (s, { plan }) => rate(s.count, s, plan.ignore) },
    byte_rate: { kind: "rate", unit: "bytes/s", read: (s, { plan }) => rate(s.bytes, s, plan.ignore) },
    reset: {
      write(s) {
        Object.assign(s, { count: 0, bytes: 0, first: 0, last: 0 });
      },
    },
  },
  action(c, packet, { plan, state, clock }) {
    const { count, bytes, first, last } = state;
    const now = clock.now().divU(jiffyNs).toI32();
    c.if(first.get().eqz(), () => first.set(now));
    c.if(now.sub(first.get()).geU(plan.ignore), () => {
      count.inc();
      bytes.inc(packet.length);
    });
    last.set(now);
  },
});
