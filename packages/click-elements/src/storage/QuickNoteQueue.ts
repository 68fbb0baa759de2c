/**
 * QuickNoteQueue([CAPACITY]) — stores packets first in, first out, and says at once when it is empty.
 *
 * Holds CAPACITY packets, 1000 by default; one that finds it full leaves on the second output, or is dropped
 * where that is not connected; the first time says so. The same as Queue, but the tasks that pull from it sleep as soon as the last
 * packet has been taken, where Queue lets them try a few times more.
 *
 * Handlers: length, highwater_length, drops (read); capacity (read, write); reset_counts, reset (write).
 *
 *   ... -> QuickNoteQueue(100) -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { queueElement } from "../lib/queue.ts";

export const QuickNoteQueue: ElementClass = queueElement("QuickNoteQueue", {
  empty: true,
  full: true,
  quick: true,
});
