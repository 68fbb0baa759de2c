/**
 * SimplePrioSched — pulls from the first input that has a packet, and asks every one.
 *
 * Input 0 comes first: lower inputs wait while higher ones have packets. Click's does not ask first whether there may be packets;
 * asking an empty queue is as cheap here, so it is the same as PrioSched.
 *
 *   ... -> urgent :: Queue -> [0] s :: SimplePrioSched; ... -> rest :: Queue -> [1] s; s -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { priorityScheduler } from "../lib/priority.ts";

export const SimplePrioSched: ElementClass = priorityScheduler("SimplePrioSched");
