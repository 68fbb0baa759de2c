/**
 * MultiReplayUnqueue([keywords STOP, STOP_TIME, BURST, LIMIT, VERBOSE, FREEONTERMINATE, ACTIVE, USE_SIGNAL, QUICK_CLONE]) — loads
 * packets of several inputs into memory and pushes them, time and again, each to the output of its input's number.
 *
 * Packets of all inputs are in the order of their timestamps; loading ends with the first input that has none left. It is as
 * ReplayUnqueue otherwise, and has no TIMING.
 *
 * Handlers: active (read, write), reset (write): loads packets anew; loaded (read), stop (read, write). It is an element of FastClick.
 *
 *   FromDump(a.pcap) -> [0] r :: MultiReplayUnqueue(STOP 10); FromDump(b.pcap) -> [1] r;
 *   r [0] -> ToDevice(0); r [1] -> ToDevice(1);
 */
import type { ElementClass } from "@clickos/click-core/element";
import { replayElement } from "../lib/replay.ts";

export const MultiReplayUnqueue: ElementClass = replayElement("MultiReplayUnqueue", { timed: false });
