/**
 * AdjustTimestamp([TIME] [, keywords FIRST, ALL]) — adds a time, which may be negative, to packets' timestamps.
 *
 * A packet without a timestamp stays without, unless ALL is true. With FIRST true, it is the first timestamp annotation that changes.
 *
 * Handlers: time (read, write).
 *
 *   FromDump(old.pcap) -> AdjustTimestamp(86400) -> ...
 */
import { annotation, arg, type ElementClass, element, keyword, live, positional } from "@clickos/click-core/element";
import { signedTime } from "../lib/signed-time.ts";

export const AdjustTimestamp: ElementClass = element({
  name: "AdjustTimestamp",
  ports: "1/1",
  processing: "a/a",
  config: {
    TIME: positional(live(signedTime, { written() {} }), 0n),
    FIRST: keyword(arg.bool, false),
    ALL: keyword(arg.bool, false),
  },
  action(c, packet, { config, state }) {
    const { firstTimestamp } = annotation;
    const time = config.FIRST ? c.load64(packet.annotationAddress, firstTimestamp) : packet.timestamp.get();
    c.if(config.ALL ? c.i32(1) : time.ne(0n), () => {
      const adjusted = time.add(state.time.get());
      if (config.FIRST) c.store64(packet.annotationAddress, adjusted, firstTimestamp);
      else packet.timestamp.set(adjusted);
    });
  },
});
