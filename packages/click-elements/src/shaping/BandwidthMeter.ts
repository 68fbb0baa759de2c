/**
 * BandwidthMeter(RATE1, RATE2, ...) — chooses packets' outputs by their present bandwidth.
 *
 * While it is below RATE1 bytes a second, or a bandwidth such as 10Mbps, packets leave on output 0; below RATE2 on output 1, and so on;
 * on the last output otherwise. All packets of a time take the same way, unlike with BandwidthRatedSplitter. The bandwidth is a
 * moving average, of which each millisecond has a sixteenth. Rates are at most 4194303 bytes a second.
 *
 * Handlers: rate, meters (read).
 *
 *   ... -> m :: BandwidthMeter(1Mbps) -> ...; m [1] -> Discard
 */
import type { ElementClass } from "@clickos/click-core/element";
import { meter } from "../lib/meter.ts";

export const BandwidthMeter: ElementClass = meter("BandwidthMeter", "bytes");
