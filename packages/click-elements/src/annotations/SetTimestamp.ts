/**
 * SetTimestamp([TIMESTAMP] [, keyword FIRST]) — sets packets' timestamps to the time, or to TIMESTAMP.
 *
 * With FIRST true, sets the first-timestamp annotation instead. DELTA true is refused: SetTimestampDelta does what it did.
 *
 *   ... -> SetTimestamp -> Queue -> DelayShaper(1s) -> ...
 */
import { annotation, arg, type ElementClass, element, keyword, positional } from "@clickos/click-core/element";

export const SetTimestamp: ElementClass = element({
  name: "SetTimestamp",
  ports: "1/1",
  processing: "a/a",
  config: { TIMESTAMP: positional(arg.time, -1n), FIRST: keyword(arg.bool, false), DELTA: keyword(arg.bool, false) },
  prepare({ config, error }) {
    if (config.DELTA) error("SetTimestamp(DELTA) is deprecated, use SetTimestampDelta(TYPE FIRST)");
  },
  action(c, packet, { config, clock }) {
    const time = config.TIMESTAMP < 0n ? clock.now() : c.i64(config.TIMESTAMP);
    if (config.FIRST) c.store64(packet.annotationAddress, time, annotation.firstTimestamp);
    else packet.timestamp.set(time);
  },
});
