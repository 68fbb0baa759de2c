/**
 * TimestampAccum — adds up how long ago packets' timestamps were when they passed.
 *
 * Handlers: count, time (the sum, in seconds), average_time (read); reset_counts (write).
 *
 *   ... -> SetTimestamp -> Queue -> ... -> ta :: TimestampAccum -> Discard;
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { formatNumber } from "../control/values.ts";

/** Nanoseconds, which may be below zero, in seconds. */
const seconds = (sum: bigint): number => Number(BigInt.asIntN(64, sum)) / 1e9;

export const TimestampAccum: ElementClass = element({
  name: "TimestampAccum",
  ports: "1/1",
  processing: "a/a",
  state: { count: u64, sum: u64 },
  handlers: {
    count: { counter: "count" },
    time: { read: (s) => formatNumber(seconds(s.sum)) },
    average_time: { read: (s) => formatNumber(seconds(s.sum) / Number(s.count)) },
    reset_counts: {
      write(s) {
        s.count = 0n;
        s.sum = 0n;
      },
    },
  },
  action(_c, packet, { state, clock }) {
    state.sum.set(state.sum.get().add(clock.now().sub(packet.timestamp.get())));
    state.count.inc();
  },
});
