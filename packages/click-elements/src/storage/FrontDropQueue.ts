/**
 * FrontDropQueue([CAPACITY]) — stores packets first in, first out, and drops the oldest when it is full.
 *
 * Holds CAPACITY packets, 1000 by default. A packet that finds it full enters, and the oldest leaves on the second output, or is
 * dropped where that is not connected; the first time says so. When the capacity becomes smaller, the newest packets stay. Wakes the
 * tasks that wait for packets; sources are not told when it is full.
 *
 * Handlers: length, highwater_length, drops (read); capacity (read, write); reset_counts, reset (write).
 *
 *   ... -> FrontDropQueue(100) -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { queueElement } from "../lib/queue.ts";

export const FrontDropQueue: ElementClass = queueElement("FrontDropQueue", {
  empty: true,
  full: false,
  entry: () => "last for the oldest",
});
