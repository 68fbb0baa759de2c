/**
 * BandwidthShaper(RATE) — lets bytes through at a rate.
 *
 * Answers pulls with packets of at most RATE bytes a second, or a bandwidth such as 10Mbps, as far apart as can be. What was
 * not asked for is made up for within its second.
 *
 * Handlers: rate (read, write); config (read): RATE; reset (write): as if nothing had been asked for yet.
 *
 *   ... -> Queue -> BandwidthShaper(1Mbps) -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { pullShaper } from "../lib/shaper.ts";

export const BandwidthShaper: ElementClass = pullShaper("BandwidthShaper", "bytes");
