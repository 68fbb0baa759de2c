/**
 * Burster(INTERVAL [, BURST]) — pulls up to BURST packets every INTERVAL, and pushes them: TimedUnqueue whose BURST is 8 by default.
 *
 *   ... -> Queue -> Burster(10ms) -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { timedUnqueue } from "../lib/timed-unqueue.ts";

export const Burster: ElementClass = timedUnqueue("Burster", 8);
