/**
 * A word of shared memory that threads ring, heard in an event loop: `Atomics.waitAsync`, and where there is none a look
 * at the word every few milliseconds.
 */
import { Wakers } from "./wakers.ts";

/** ES2024; in Node 20 and most browsers. */
type WaitAsync = (
  words: Int32Array,
  index: number,
  value: number,
) => { readonly async: false } | { readonly async: true; readonly value: Promise<string> };

const lookMs = 4;

export class Doorbell {
  private readonly words: Int32Array;
  private readonly index: number;
  private readonly wakers = new Wakers();
  /** Whether the word is being waited for: once, however many listen. */
  private armed = false;

  constructor(words: Int32Array, index: number) {
    this.words = words;
    this.index = index;
  }
  /** How often it has rung. */
  get rung(): number {
    return Atomics.load(this.words, this.index);
  }
  /** As any thread may. */
  ring(): void {
    Atomics.add(this.words, this.index, 1);
    Atomics.notify(this.words, this.index);
  }
  /** Calls back after it has rung, once for several rings that come together. @returns ends it. */
  onRing(listener: () => void): () => void {
    const end = this.wakers.add(listener);
    this.arm();
    return end;
  }

  private arm(): void {
    if (this.armed) return;
    this.armed = true;
    const { waitAsync } = Atomics as unknown as { waitAsync?: WaitAsync };
    const seen = this.rung;
    if (!waitAsync) {
      const look = (): void =>
        void (this.rung === seen && this.wakers.size > 0 ? setTimeout(look, lookMs) : this.heard());
      setTimeout(look, lookMs);
      return;
    }
    const waiting = waitAsync(this.words, this.index, seen);
    void (waiting.async ? waiting.value : Promise.resolve()).then(() => this.heard());
  }
  private heard(): void {
    this.armed = false;
    if (this.wakers.size === 0) return;
    // First, so that a ring is heard that comes while the listeners run.
    this.arm();
    this.wakers.wake();
  }
}
