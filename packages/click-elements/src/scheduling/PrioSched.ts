/**
 * PrioSched — pulls from the first input that has a packet.
 *
 * Input 0 comes first: lower inputs wait while higher ones have packets.
 *
 *   ... -> urgent :: Queue -> [0] s :: PrioSched; ... -> rest :: Queue -> [1] s; s -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { priorityScheduler } from "../lib/priority.ts";

export const PrioSched: ElementClass = priorityScheduler("PrioSched");
