/**
 * ThreadSafeQueue([CAPACITY]) — stores packets first in, first out, for pushers and pullers on several threads.
 *
 * Holds CAPACITY packets, 1000 by default; one that finds it full leaves on the second output, or is dropped
 * where that is not connected; the first time says so. A router runs on one thread here, so it is the same as Queue.
 *
 * Handlers: length, highwater_length, drops (read); capacity (read, write); reset_counts, reset (write).
 *
 *   ... -> ThreadSafeQueue(100) -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { queueElement } from "../lib/queue.ts";

export const ThreadSafeQueue: ElementClass = queueElement("ThreadSafeQueue", {
  empty: true,
  full: true,
});
