/** How domain 0 waits for something to do: on its doorbell, which threads ring, for somebody on its own thread, or for a time. */
import { type Machine, pcpuWord } from "./machine.ts";

/** ES2024; in Node 20 and in browsers. */
interface WaitAsync {
  waitAsync(
    words: Int32Array,
    index: number,
    value: number,
    timeoutMs: number,
  ): { readonly async: false } | { readonly async: true; readonly value: Promise<string> };
}

export class Dom0Sleep {
  private readonly machine: Machine;
  private readonly doorbell: number;
  /** End the waits that there are. */
  private readonly waits = new Set<() => void>();

  constructor(machine: Machine) {
    this.machine = machine;
    this.doorbell = machine.at(0, pcpuWord.doorbell);
  }

  /** How often the doorbell has rung; to be read before one looks for something to do. */
  get rung(): number {
    return Atomics.load(this.machine.words, this.doorbell);
  }

  /** Something is to be done, says somebody on this thread. */
  wake(): void {
    for (const done of this.waits) done();
  }

  /**
   * The same without leaving: the whole thread stands still, for at most so many milliseconds. Nothing, where threads may not
   * do that, as a page's own in a browser.
   */
  block(rung: number, ms: number): void {
    try {
      Atomics.wait(this.machine.words, this.doorbell, rung, ms);
    } catch {
      // It is waited for in turns of the event loop then.
    }
  }

  /** Resolves when the doorbell rings, or has rung since `rung`, or after so many milliseconds. */
  wait(rung: number, ms: number, threads: boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waits.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.waits.add(done);
      if (!threads) return;
      const { words } = this.machine;
      const waiting = (Atomics as unknown as WaitAsync).waitAsync(words, this.doorbell, rung, Math.max(1, ms));
      if (waiting.async) void waiting.value.then(done);
      else done();
    });
  }
}
