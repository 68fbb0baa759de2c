/**
 * FullNoteQueue([CAPACITY]) — stores packets first in, first out.
 *
 * Holds CAPACITY packets, 1000 by default; one that finds it full leaves on the second output, or is dropped
 * where that is not connected; the first time says so.
 * Wakes the tasks that wait for packets, and the sources that wait for room. The same as Queue.
 *
 * Handlers: length, highwater_length, drops (read); capacity (read, write); reset_counts, reset (write).
 *
 *   ... -> FullNoteQueue(100) -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { queueElement } from "../lib/queue.ts";

export const FullNoteQueue: ElementClass = queueElement("FullNoteQueue", {
  empty: true,
  full: true,
  shownAs: "Queue",
});
