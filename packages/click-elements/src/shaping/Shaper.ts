/**
 * Shaper(RATE) — lets packets through at a rate.
 *
 * Answers pulls with at most RATE packets a second; those who ask sooner get none and are woken in time.
 * A pause earns a burst of a twentieth of a second.
 *
 * Handlers: rate (read, write).
 *
 *   Queue -> Shaper(1000) -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { pullShaper } from "../lib/shaper.ts";

export const Shaper: ElementClass = pullShaper("Shaper", "packets");
