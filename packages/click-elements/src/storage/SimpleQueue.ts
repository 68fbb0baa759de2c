/**
 * SimpleQueue([CAPACITY]) — stores packets first in, first out.
 *
 * Holds CAPACITY packets, 1000 by default; one that finds it full leaves on the second output, or is dropped
 * where that is not connected; the first time says so.
 * Tells nobody: tasks that pull from it poll.
 *
 * Handlers: length, highwater_length, drops (read); capacity (read, write); reset_counts, reset (write).
 *
 *   ... -> SimpleQueue(100) -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { queueElement } from "../lib/queue.ts";

export const SimpleQueue: ElementClass = queueElement("SimpleQueue", {
  empty: false,
  full: false,
});
