/**
 * BandwidthRatedUnqueue(RATE) — pulls bytes at a rate and pushes the packets.
 *
 * Pulls packets of at most RATE bytes a second, or a bandwidth such as 10Mbps, and pushes each.
 * A pause earns a burst of a twentieth of a second; BURST_DURATION and BURST_BYTES are accepted and change nothing.
 *
 * Handlers: rate (read, write).
 *
 *   Queue -> BandwidthRatedUnqueue(1Mbps) -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { ratedUnqueue } from "../lib/shaper.ts";

export const BandwidthRatedUnqueue: ElementClass = ratedUnqueue("BandwidthRatedUnqueue", "bytes");
