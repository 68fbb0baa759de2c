/**
 * One run loop for everything that works in turns: it runs its sources while they have work, and sleeps until a timer,
 * an event, a file descriptor or a doorbell in shared memory.
 *
 * @packageDocumentation
 */
export { Doorbell } from "./doorbell.ts";
export { type LoopClock, type LoopOptions, runLoop } from "./run-loop.ts";
export { SharedClock } from "./shared-clock.ts";
export { SimulatedClock } from "./simulated-clock.ts";
export { EventLoopSleeper, longestSleepMs, type Sleeper } from "./sleeper.ts";
export type { LoopSource, Turn } from "./source.ts";
export { SourceSet } from "./source-set.ts";
export { ThreadSleeper } from "./thread-sleeper.ts";
export { Wakers } from "./wakers.ts";
