/**
 * Queue([CAPACITY]) — stores packets first in, first out.
 *
 * Holds CAPACITY packets, 1000 by default; one that finds it full leaves on the second output, or is dropped
 * where that is not connected; the first time says so.
 * Wakes the tasks that wait for packets, and the sources that wait for room. FullNoteQueue is another name of it.
 *
 * Handlers: length, highwater_length, drops (read); capacity (read, write); reset_counts, reset (write).
 *
 *   ... -> Queue(100) -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { queueElement } from "../lib/queue.ts";

export const Queue: ElementClass = queueElement("Queue", {
  empty: true,
  full: true,
  aliases: ["FullNoteQueue"],
});
