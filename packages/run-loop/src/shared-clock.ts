/** A simulated clock that threads read. */
import { SimulatedClock } from "./simulated-clock.ts";

/** Its time is 8 bytes of shared memory: one thread moves it, and those that are given `memory` read it. */
export class SharedClock extends SimulatedClock {
  /** What threads are given. */
  readonly memory: SharedArrayBuffer;
  private readonly time: BigInt64Array;

  /** Begins at `startNs`, or where `memory` has got to. */
  constructor(startNs = 0n, memory: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    super();
    this.memory = memory;
    this.time = new BigInt64Array(memory);
    this.jump(startNs);
  }
  override readonly now = (): bigint => Atomics.load(this.time, 0);
  override jump(toNs: bigint): void {
    if (toNs > this.now()) Atomics.store(this.time, 0, toNs);
  }
}
