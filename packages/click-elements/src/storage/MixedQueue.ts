/**
 * MixedQueue([CAPACITY]) — stores packets first in, first out from one input, and last in, first out from the other.
 *
 * Packets of input 0 go behind those that wait, packets of input 1 before them. It holds CAPACITY packets, 1000 by default. When it
 * is full, a packet of input 0 does not enter, and one of input 1 takes the place of the packet that is last. Who has no place leaves
 * on the second output, or is dropped where that is not connected; the first time says so. Wakes the tasks that wait for packets;
 * sources are not told when it is full.
 *
 * Handlers: length, highwater_length, drops (read); capacity (read, write); reset_counts, reset (write).
 *
 *   ... -> [0] q :: MixedQueue(100) -> Unqueue -> ...; ... -> [1] q
 */
import type { ElementClass } from "@clickos/click-core/element";
import { queueElement } from "../lib/queue.ts";

export const MixedQueue: ElementClass = queueElement("MixedQueue", {
  empty: true,
  full: false,
  ports: "2/1-2",
  entry: (port) => (port === 0 ? "last" : "first"),
});
