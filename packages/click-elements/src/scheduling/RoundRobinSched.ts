/**
 * RoundRobinSched — pulls from its inputs in turn.
 *
 * Each pull starts at the input after the one that gave the last packet, and passes over those that have none.
 *
 *   ... -> Queue -> [0] s :: RoundRobinSched; ... -> Queue -> [1] s; s -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { roundRobinScheduler } from "../lib/round-robin.ts";

export const RoundRobinSched: ElementClass = roundRobinScheduler("RoundRobinSched");
