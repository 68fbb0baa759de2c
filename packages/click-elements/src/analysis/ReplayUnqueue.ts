/**
 * ReplayUnqueue([keywords STOP, STOP_TIME, TIMING, TIMING_FNT, BURST, LIMIT, VERBOSE, FREEONTERMINATE, ACTIVE, USE_SIGNAL,
 * QUICK_CLONE]) — loads packets into memory and pushes them, time and again.
 *
 * It pulls packets until an input has none, or until it has LIMIT packets; without a LIMIT it loads 65,536 at the most. Several inputs
 * are merged in the order of the packets' timestamps, and the paint annotation says which input a packet came from. With USE_SIGNAL
 * true, an input that finds no packet is asked again as long as something upstream says that there may be some.
 *
 * It then pushes copies of all packets to output 0, BURST in a turn (64 by default), round after round. After STOP rounds it asks the
 * driver to stop; -1, the default, is no limit. STOP_TIME also has it stop after so many seconds. With TIMING 0, the default, packets
 * leave as fast as they can. Otherwise the pauses between them are those of their timestamps, and TIMING is the speed in percent: 100 as
 * they were recorded, 200 twice as fast. A TIMING_FNT other than @0, which changes the speed with time, is refused. In the last round of
 * FREEONTERMINATE false the packets themselves are pushed instead of copies. VERBOSE says when a round ends.
 *
 * Handlers: active (read, write), reset (write): loads packets anew; loaded (read), stop, timing (read, write). It is an element of
 * FastClick.
 *
 *   FromDump(a.pcap) -> ReplayUnqueue(STOP 10, TIMING 100) -> ToDevice(0);
 */
import type { ElementClass } from "@clickos/click-core/element";
import { replayElement } from "../lib/replay.ts";

export const ReplayUnqueue: ElementClass = replayElement("ReplayUnqueue", { timed: true });
