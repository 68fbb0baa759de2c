/**
 * RatedSplitter(RATE [, keywords BURST_DURATION, BURST_SIZE]) — sends packets up to a rate to one output, and the others to another.
 *
 * Up to RATE packets a second leave on output 0; those beyond leave on output 1, or are dropped where that is not connected.
 * A pause earns a burst: what comes in BURST_DURATION (20 ms), or BURST_SIZE packets.
 *
 * Handlers: rate, config (read, write).
 *
 *   ... -> s :: RatedSplitter(2000) -> ...; s [1] -> Discard
 */
import type { ElementClass } from "@clickos/click-core/element";
import { ratedSplitter } from "../lib/rated-splitter.ts";

export const RatedSplitter: ElementClass = ratedSplitter("RatedSplitter", "packets");
