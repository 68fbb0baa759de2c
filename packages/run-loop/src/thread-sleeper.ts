/**
 * Sleeps by stopping the thread, on a word of shared memory that others count up and notify: for worker threads, which
 * have nothing else to do. No events of the host come meanwhile.
 */
import type { Sleeper } from "./sleeper.ts";

/** Between two looks at the clock. */
const looks = 1000;

export class ThreadSleeper implements Sleeper {
  private readonly words: Int32Array;
  private readonly index: number;
  private readonly spinMs: number;

  /** Before it falls asleep it watches the word for `spinUs`: to be woken takes tens of microseconds. */
  constructor(words: Int32Array, index: number, spinUs = 0) {
    this.words = words;
    this.index = index;
    this.spinMs = spinUs / 1000;
  }
  get woken(): number {
    return Atomics.load(this.words, this.index);
  }
  wake(): void {
    Atomics.add(this.words, this.index, 1);
    Atomics.notify(this.words, this.index);
  }
  sleep(since: number, ms: number): void {
    const spin = Math.min(this.spinMs, ms);
    if (spin > 0)
      for (const end = performance.now() + spin; performance.now() < end; )
        for (let i = 0; i < looks; i++) if (this.woken !== since) return;
    if (ms > spin) Atomics.wait(this.words, this.index, since, ms - spin);
  }
}
