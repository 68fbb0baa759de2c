/**
 * SetTimestampDelta([keyword TYPE]) — makes packets' timestamps differences of times.
 *
 * TYPE is RANGE (the default): since the first packet; NOW: until now; or FIRST: since the packet's first timestamp annotation.
 * A packet without a timestamp has none afterwards.
 *
 * Handlers: first (read): the first packet's timestamp; reset (write): the next packet is the first.
 *
 *   ... -> SetTimestamp -> Queue -> Unqueue -> SetTimestampDelta(TYPE NOW) -> ...
 */
import { annotation, arg, type ElementClass, element, keyword } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { formatTimestamp } from "../lib/time.ts";

const types = ["RANGE", "NOW", "FIRST"];

export const SetTimestampDelta: ElementClass = element({
  name: "SetTimestampDelta",
  ports: "1/1",
  processing: "a/a",
  config: { TYPE: keyword(arg.string, "RANGE") },
  prepare({ config, error }) {
    if (config.TYPE !== undefined && !types.includes(config.TYPE)) error("bad TYPE");
  },
  state: { first: u64 },
  handlers: {
    first: { read: (s) => `${formatTimestamp(s.first)}\n` },
    reset: {
      write(s) {
        s.first = 0n;
      },
    },
  },
  action(c, packet, { config, state, clock }) {
    const time = packet.timestamp.get();
    c.if(time.ne(0n), () => {
      if (config.TYPE === "NOW") packet.timestamp.set(clock.now().sub(time));
      else if (config.TYPE === "FIRST")
        packet.timestamp.set(time.sub(c.load64(packet.annotationAddress, annotation.firstTimestamp)));
      else {
        c.if(state.first.get().eqz(), () => state.first.set(time));
        packet.timestamp.set(time.sub(state.first.get()));
      }
    });
  },
});
