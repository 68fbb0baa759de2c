/**
 * RED(MIN_THRESH, MAX_THRESH, MAX_P [, keywords QUEUES, STABILITY, GENTLE]) — drops packets by random early detection.
 *
 * Keeps a moving average of how many packets are in the queues nearby: the nearest storage elements downstream where
 * its output is push, else the nearest upstream; or those whose names QUEUES lists, separated by spaces. While the average is at
 * most MIN_THRESH no packet is dropped; from there the probability rises to MAX_P, a number between 0 and 1, at
 * MAX_THRESH. Above it, the probability goes on to 1 at twice MAX_THRESH (GENTLE, the default), or is 1. An observation moves
 * the average by 2^-STABILITY of the difference (4 by default; 0 takes the lengths as they are).
 *
 * Dropped packets leave on output 1, if that is connected.
 *
 * Handlers: min_thresh, max_thresh, max_p, config (read, write); drops, queues, avg_queue_size, stats (read).
 *
 *   ... -> RED(5, 50, 0.02) -> Queue(200) -> ...
 *
 * Floyd and Jacobson, Random Early Detection Gateways for Congestion Avoidance, 1993.
 */
import { arg, type ElementClass, keyword, required } from "@clickos/click-core/element";
import { earlyDetection, probability } from "./early-detection.ts";

export const RED: ElementClass = earlyDetection("RED", {
  config: {
    MIN_THRESH: required(arg.u32),
    MAX_THRESH: required(arg.u32),
    MAX_P: required(arg.real),
    QUEUES: keyword(arg.raw, ""),
    STABILITY: keyword(arg.u32, 4),
    GENTLE: keyword(arg.bool, true),
  },
  plan: ({ MIN_THRESH, MAX_THRESH, MAX_P, QUEUES, STABILITY, GENTLE }) => ({
    minThresh: MIN_THRESH,
    maxThresh: MAX_THRESH,
    maxP: probability(MAX_P),
    queues: QUEUES,
    stability: STABILITY,
    gentle: GENTLE,
  }),
});
