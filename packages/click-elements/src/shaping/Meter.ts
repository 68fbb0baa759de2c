/**
 * Meter(RATE1, RATE2, ...) — chooses packets' outputs by their present rate.
 *
 * While the rate is below RATE1 packets a second, packets leave on output 0; below RATE2 on output 1, and so on; on the last output
 * otherwise. All packets of a time take the same way, unlike with RatedSplitter. The rate is a moving average, of which each
 * millisecond has a sixteenth. Rates are at most 4194303.
 *
 * Handlers: rate, meters (read).
 *
 *   ... -> m :: Meter(20000) -> ...; m [1] -> Discard
 */
import type { ElementClass } from "@clickos/click-core/element";
import { meter } from "../lib/meter.ts";

export const Meter: ElementClass = meter("Meter", "packets");
