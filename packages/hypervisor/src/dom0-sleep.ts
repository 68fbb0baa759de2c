/** How domain 0 waits for something to do: on its doorbell, which threads ring, for somebody on its own thread, or for a time. */
import { Doorbell, Wakers } from "@clickos/run-loop";
import { type Machine, pcpuWord } from "./machine.ts";

export class Dom0Sleep {
  private readonly words: Int32Array;
  private readonly index: number;
  private readonly doorbell: Doorbell;
  private readonly threads: () => boolean;
  private readonly wakers = new Wakers();

  /** `threads` says whether there are any that could ring. */
  constructor(machine: Machine, threads: () => boolean) {
    this.words = machine.words;
    this.index = machine.at(0, pcpuWord.doorbell);
    this.doorbell = new Doorbell(this.words, this.index);
    this.threads = threads;
  }

  /** How often the doorbell has rung; to be read before one looks for something to do. */
  get rung(): number {
    return this.doorbell.rung;
  }

  /** Something is to be done, says somebody on this thread. */
  wake(): void {
    this.wakers.wake();
  }

  /** Calls back when something is to be done, says anybody. @returns ends it. */
  onWake(listener: () => void): () => void {
    const here = this.wakers.add(listener);
    const there = this.threads() ? this.doorbell.onRing(listener) : undefined;
    return () => {
      here();
      there?.();
    };
  }

  /**
   * The whole thread stands still, for at most so many milliseconds. Nothing, where threads may not do that, as a page's
   * own in a browser.
   */
  block(rung: number, ms: number): void {
    try {
      Atomics.wait(this.words, this.index, rung, ms);
    } catch {
      // It is waited for in turns of the event loop then.
    }
  }

  /** Resolves when something is to be done, has been since the doorbell had rung so often, or after so many milliseconds. */
  wait(rung: number, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        end();
        resolve();
      };
      const timer = setTimeout(done, ms);
      const end = this.onWake(done);
      if (this.rung !== rung) done();
    });
  }
}
