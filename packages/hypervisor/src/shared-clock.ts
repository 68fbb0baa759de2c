/** A clock that stands still until it is moved, which all threads of a hypervisor read. */

export class SharedClock {
  /** What threads are given. */
  readonly memory: SharedArrayBuffer;
  private readonly time: BigInt64Array;

  constructor(startNs = 0n, memory: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.time = new BigInt64Array(memory);
    this.jump(startNs);
  }
  /** Nanoseconds. */
  readonly now = (): bigint => Atomics.load(this.time, 0);
  /** Moves to a time, never back. */
  jump(toNs: bigint): void {
    if (toNs > this.now()) Atomics.store(this.time, 0, toNs);
  }
}
