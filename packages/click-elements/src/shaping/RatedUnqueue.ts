/**
 * RatedUnqueue(RATE [, keywords BURST_DURATION, BURST_SIZE]) — pulls packets at a rate and pushes them.
 *
 * Pulls at most RATE packets a second and pushes each. Sleeps in between.
 * A pause earns a burst: what comes in BURST_DURATION (20 ms), or BURST_SIZE packets.
 *
 * Handlers: rate, active (read, write); calls (read): how many turns it had, and how they went; config (read): RATE.
 *
 *   ... -> Queue -> RatedUnqueue(1000) -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { ratedUnqueue } from "../lib/rated-unqueue.ts";

export const RatedUnqueue: ElementClass = ratedUnqueue("RatedUnqueue", "packets");
