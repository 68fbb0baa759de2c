/**
 * TimedUnqueue(INTERVAL [, BURST]) — pulls up to BURST packets every INTERVAL, and pushes them.
 *
 * BURST is 1 by default, and INTERVAL counts whole milliseconds. Where there is nothing to pull it sleeps; the first packet that comes
 * then passes at once, and others wait for the end of the interval.
 *
 *   ... -> Queue -> TimedUnqueue(10ms, 5) -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { timedUnqueue } from "../lib/timed-unqueue.ts";

export const TimedUnqueue: ElementClass = timedUnqueue("TimedUnqueue", 1);
