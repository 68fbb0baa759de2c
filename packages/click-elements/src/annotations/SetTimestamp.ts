/**
 * SetTimestamp([TIMESTAMP] [, keyword FIRST]) — sets packets' timestamps to the time, or to TIMESTAMP.
 *
 *   ... -> SetTimestamp -> Queue -> DelayShaper(1s) -> ...
 */
import { type ArgumentType, arg, type ElementClass, element, keyword, positional } from "@clickos/click-core";
import { parseTimestamp } from "../lib/time.ts";

const timestamp: ArgumentType<bigint> = { expects: "a timestamp in seconds", parse: parseTimestamp };

export const SetTimestamp: ElementClass = element({
  name: "SetTimestamp",
  summary: "sets packets' timestamps",
  ports: "1/1",
  processing: "a/a",
  config: { TIMESTAMP: positional(timestamp, -1n), FIRST: keyword(arg.bool, false), DELTA: keyword(arg.bool, false) },
  action(c, packet, { config, clock }) {
    packet.timestamp.set(config.TIMESTAMP < 0n ? clock.now() : c.i64(config.TIMESTAMP));
  },
});
