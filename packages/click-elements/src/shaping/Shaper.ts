/**
 * Shaper(RATE) — lets packets through at a rate.
 *
 * Answers pulls with at most RATE packets a second, as far apart as can be; those who ask sooner get none and are woken in
 * time. What was not asked for is made up for within its second. A second output, if it is connected, has what is over the rate.
 *
 * Handlers: rate (read, write); config (read): RATE; reset (write): as if nothing had been asked for yet.
 *
 *   ... -> Queue -> Shaper(1000) -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { pullShaper } from "../lib/shaper.ts";

export const Shaper: ElementClass = pullShaper("Shaper", "packets");
