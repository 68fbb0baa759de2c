/**
 * AdaptiveRED(TARGET, MAX_P [, keywords QUEUES, STABILITY]) — drops packets by random early detection, so that a number of them wait.
 *
 * Works as RED does with thresholds of half and of one and a half times TARGET, which is at least 10, and MAX_P as the probability at
 * first. Every half second the probability becomes smaller by a tenth where the average is below TARGET, and larger by a hundredth
 * where it is above it.
 *
 * Dropped packets leave on output 1, if that is connected.
 *
 * Handlers: config (read, write); min_thresh, max_thresh, max_p, drops, queues, avg_queue_size, stats (read). The thresholds cannot be
 * written one by one; Click lists them as if they could.
 *
 *   ... -> AdaptiveRED(50, 0.02) -> Queue(200) -> ...
 *
 * Floyd, Gummadi and Shenker, Adaptive RED, 2001.
 */
import { arg, type ElementClass, keyword, required } from "@clickos/click-core/element";
import { earlyDetection, probability } from "./early-detection.ts";

const leastTarget = 10;

export const AdaptiveRED: ElementClass = earlyDetection("AdaptiveRED", {
  config: {
    TARGET: required(arg.u32),
    MAX_P: required(arg.real),
    QUEUES: keyword(arg.raw, ""),
    STABILITY: keyword(arg.u32, 4),
  },
  adaptNs: 500_000_000n,
  plan({ TARGET, MAX_P, QUEUES, STABILITY }) {
    const target = Math.max(TARGET, leastTarget);
    const minThresh = Math.floor(target / 2);
    return {
      minThresh,
      maxThresh: target + minThresh,
      maxP: probability(MAX_P),
      queues: QUEUES,
      stability: STABILITY,
      gentle: true,
      writable: "too many arguments",
    };
  },
});
