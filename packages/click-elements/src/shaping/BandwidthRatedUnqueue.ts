/**
 * BandwidthRatedUnqueue(RATE) — pulls bytes at a rate and pushes the packets.
 *
 * Pulls packets of at most RATE bytes a second, or a bandwidth such as 10Mbps, and pushes each.
 *
 * Handlers: rate (read, write).
 *
 *   Queue -> BandwidthRatedUnqueue(1Mbps) -> ...
 */
import type { ElementClass } from "@clickos/click-core";
import { ratedUnqueue } from "../lib/shaper.ts";

export const BandwidthRatedUnqueue: ElementClass = ratedUnqueue(
  "BandwidthRatedUnqueue",
  "RATE",
  "pulls bytes at a rate and pushes the packets",
);
