/**
 * BandwidthShaper(RATE) — lets bytes through at a rate.
 *
 * Answers pulls with packets of at most RATE bytes a second, or a bandwidth such as 10Mbps.
 * A pause earns a burst of a twentieth of a second.
 *
 * Handlers: rate (read, write).
 *
 *   Queue -> BandwidthShaper(1Mbps) -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { pullShaper } from "../lib/shaper.ts";

export const BandwidthShaper: ElementClass = pullShaper("BandwidthShaper", "bytes");
