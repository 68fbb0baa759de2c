/**
 * BandwidthRatedUnqueue(RATE [, keywords BURST_DURATION, BURST_BYTES]) — pulls bytes at a rate and pushes the packets.
 *
 * Pulls packets of at most RATE bytes a second, or a bandwidth such as 10Mbps, and pushes each.
 * A pause earns a burst: what comes in BURST_DURATION (20 ms), or BURST_BYTES bytes.
 *
 * Handlers: rate, active (read, write); calls (read): how many turns it had, and how they went; config (read): RATE.
 *
 *   ... -> Queue -> BandwidthRatedUnqueue(1Mbps) -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { ratedUnqueue } from "../lib/rated-unqueue.ts";

export const BandwidthRatedUnqueue: ElementClass = ratedUnqueue("BandwidthRatedUnqueue", "bytes");
