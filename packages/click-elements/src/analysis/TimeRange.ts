/**
 * TimeRange([keyword SIMPLE]) — remembers the earliest and the latest timestamp of packets.
 *
 * With SIMPLE true, those of the first packet and of the last one.
 *
 * Handlers: first, last, range, interval (read): the times, both, and what is between them; reset (write).
 *
 *   FromDump(trace.pcap, STOP true) -> t :: TimeRange -> Discard; DriverManager(pause, print t.range)
 */
import { arg, type ElementClass, element, keyword } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { formatTimestamp } from "../lib/time.ts";

export const TimeRange: ElementClass = element({
  name: "TimeRange",
  ports: "1/1",
  processing: "a/a",
  config: { SIMPLE: keyword(arg.bool, false) },
  state: { first: u64, last: u64 },
  handlers: {
    first: { read: (s) => formatTimestamp(s.first) },
    last: { read: (s) => formatTimestamp(s.last) },
    range: { read: (s) => `${formatTimestamp(s.first)} ${formatTimestamp(s.last)}` },
    interval: { read: (s) => formatTimestamp(s.last - s.first) },
    reset: {
      write(s) {
        s.first = 0n;
        s.last = 0n;
      },
    },
  },
  action(c, packet, { config, state: { first, last } }) {
    const time = packet.timestamp.get();
    c.if(
      first.get().eqz(),
      () => {
        first.set(time);
        last.set(time);
      },
      () => {
        if (config.SIMPLE) last.set(time);
        else
          c.if(
            last.get().ltS(time),
            () => last.set(time),
            () => c.if(time.ltS(first.get()), () => first.set(time)),
          );
      },
    );
  },
});
