/**
 * RatedUnqueue(RATE [, keywords BURST_DURATION, BURST_SIZE, BURST, ACTIVE]) — pulls packets at a rate and pushes them.
 *
 * Pulls at most RATE packets a second and pushes each. Sleeps in between.
 * A pause earns a burst: what comes in BURST_DURATION (20 ms), or BURST_SIZE packets. BURST (32) is how many packets at most
 * are pulled in one turn.
 *
 * Handlers: rate, active (read, write), count, calls (read).
 *
 *   Queue -> RatedUnqueue(1000) -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { ratedUnqueue } from "../lib/rated-unqueue.ts";

export const RatedUnqueue: ElementClass = ratedUnqueue("RatedUnqueue", "packets");
