/**
 * SimpleRoundRobinSched — pulls from its inputs in turn, and asks every one.
 *
 * Each pull starts at the input after the one that gave the last packet, and passes over those that have none. Click's does not ask first
 * whether there may be packets; asking an empty queue is as cheap here, so it is the same as RoundRobinSched.
 *
 *   ... -> Queue -> [0] s :: SimpleRoundRobinSched; ... -> Queue -> [1] s; s -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { roundRobinScheduler } from "../lib/round-robin.ts";

export const SimpleRoundRobinSched: ElementClass = roundRobinScheduler("SimpleRoundRobinSched");
