/**
 * BandwidthRatedSplitter(RATE [, keywords BURST_DURATION, BURST_BYTES]) — sends packets up to a bandwidth to one output, and the
 * others to another.
 *
 * Packets of up to RATE bytes a second, or a bandwidth such as 10Mbps, leave on output 0; those beyond leave on output 1, or are dropped
 * where that is not connected. A pause earns a burst: what comes in BURST_DURATION (20 ms), or BURST_BYTES bytes.
 *
 * Handlers: rate, config (read, write).
 *
 *   ... -> s :: BandwidthRatedSplitter(384kbps) -> ...; s [1] -> Discard
 */
import type { ElementClass } from "@clickos/click-core/element";
import { ratedSplitter } from "../lib/rated-splitter.ts";

export const BandwidthRatedSplitter: ElementClass = ratedSplitter("BandwidthRatedSplitter", "bytes");
