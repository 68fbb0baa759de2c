/**
 * SetTimestamp([TIMESTAMP] [, keyword FIRST]) — sets packets' timestamps to the time, or to TIMESTAMP.
 *
 * With FIRST true, sets the first-timestamp annotation instead.
 *
 *   ... -> SetTimestamp -> Queue -> DelayShaper(1s) -> ...
 */
import {
  type ArgumentType,
  annotation,
  arg,
  type ElementClass,
  element,
  keyword,
  positional,
} from "@clickos/click-core/element";
import { parseTimestamp } from "../lib/time.ts";

const timestamp: ArgumentType<bigint> = { expects: "a timestamp in seconds", parse: parseTimestamp };

export const SetTimestamp: ElementClass = element({
  name: "SetTimestamp",
  ports: "1/1",
  processing: "a/a",
  config: { TIMESTAMP: positional(timestamp, -1n), FIRST: keyword(arg.bool, false) },
  action(c, packet, { config, clock }) {
    const time = config.TIMESTAMP < 0n ? clock.now() : c.i64(config.TIMESTAMP);
    if (config.FIRST) c.store64(packet.annotationAddress, time, annotation.firstTimestamp);
    else packet.timestamp.set(time);
  },
});
