/**
 * MSQueue([CAPACITY]) — the former name of ThreadSafeQueue, accepted with a warning.
 *
 * Holds CAPACITY packets, 1000 by default; one that finds it full leaves on the second output, or is dropped
 * where that is not connected; the first time says so.
 *
 * Handlers: length, highwater_length, drops (read); capacity (read, write); reset_counts, reset (write).
 *
 *   ... -> MSQueue(100) -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { queueElement } from "../lib/queue.ts";

export const MSQueue: ElementClass = queueElement("MSQueue", {
  empty: true,
  full: true,
  warning: "MSQueue is deprecated, use ThreadSafeQueue instead",
});
