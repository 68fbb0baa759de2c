/**
 * RatedUnqueue(RATE) — pulls packets at a rate and pushes them.
 *
 * Pulls at most RATE packets a second and pushes each. Sleeps in between.
 * A pause earns a burst of a twentieth of a second; BURST_DURATION and BURST_BYTES are accepted and change nothing.
 *
 * Handlers: rate (read, write).
 *
 *   Queue -> RatedUnqueue(1000) -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { ratedUnqueue } from "../lib/shaper.ts";

export const RatedUnqueue: ElementClass = ratedUnqueue("RatedUnqueue", "packets");
