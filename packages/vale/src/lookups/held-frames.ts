/**
 * Frames that wait until there is a port that they go to, and the port of the switch that sends them on then: in the order in which they
 * came, before any that come later. Their number is bounded.
 */
import { Wakers } from "@clickos/run-loop";
import { batchSize, FrameBatch } from "../frame-batch.ts";
import type { Port } from "../port.ts";

/** Bytes of frames that are sent on in one batch, more where one is longer. */
const batchBytes = 64 * 1024;
/** Frames begin at a multiple of so many bytes. */
const alignment = 8;

/** The frames that wait for one place. */
interface Waiting {
  readonly place: number;
  readonly frames: Uint8Array[];
}

export class HeldFrames implements Port {
  readonly name: string;
  /** Frames that wait. */
  count = 0;
  private readonly limit: number;
  private readonly limitEach: number;
  private readonly sent: (place: number) => void;
  private readonly waiting = new Map<number, Waiting>();
  /** Those that may go. */
  private readonly going: Waiting[] = [];
  private batch: FrameBatch | undefined;
  /** Of the batch at hand: the place of each frame, and those whose last frame is in it. */
  private readonly places = new Int32Array(batchSize);
  private readonly last: number[] = [];
  private readonly wakers = new Wakers();

  /** Holds `limit` frames, and `limitEach` for one place. `sent` hears when the last one of a place that may go has gone. */
  constructor(name: string, limit: number, limitEach: number, sent: (place: number) => void) {
    this.name = name;
    this.limit = limit;
    this.limitEach = limitEach;
    this.sent = sent;
  }

  /** Keeps a copy of a frame; `false` when there is no room for it. */
  add(place: number, { memory, offsets, lengths }: FrameBatch, i: number): boolean {
    let list = this.waiting.get(place);
    if (this.count >= this.limit || (list?.frames.length ?? 0) >= this.limitEach) return false;
    if (!list) {
      list = { place, frames: [] };
      this.waiting.set(place, list);
    }
    const at = offsets[i] as number;
    list.frames.push(memory.bytes.slice(at, at + (lengths[i] as number)));
    this.count++;
    return true;
  }
  /** The frames of a place may go. */
  letGo(place: number): void {
    const list = this.waiting.get(place);
    if (!list) {
      this.sent(place);
      return;
    }
    if (this.going.includes(list)) return;
    this.going.push(list);
    this.wakers.wake();
  }
  /** Drops the frames of a place; how many there were. */
  drop(place: number): number {
    const list = this.waiting.get(place);
    if (!list) return 0;
    this.waiting.delete(place);
    const at = this.going.indexOf(list);
    if (at >= 0) this.going.splice(at, 1);
    this.count -= list.frames.length;
    return list.frames.length;
  }
  /** Whose frame `i` of the batch at hand is. */
  placeOf(i: number): number {
    return this.places[i] as number;
  }

  poll(): FrameBatch | null {
    const first = this.going[0]?.frames[0];
    if (!first) return null;
    let { batch } = this;
    if (!batch || batch.memory.bytes.length < first.length) {
      batch = new FrameBatch(Math.max(batchBytes, (first.length + alignment - 1) & -alignment));
      this.batch = batch;
    }
    batch.count = 0;
    batch.addressed = false;
    let at = 0;
    for (let list = this.going[0]; list; list = this.going[0]) {
      let taken = 0;
      for (const frame of list.frames) {
        if (batch.count === batchSize || at + frame.length > batch.memory.bytes.length) break;
        batch.memory.bytes.set(frame, at);
        batch.offsets[batch.count] = at;
        batch.lengths[batch.count] = frame.length;
        this.places[batch.count++] = list.place;
        at = (at + frame.length + alignment - 1) & -alignment;
        taken++;
      }
      list.frames.splice(0, taken);
      this.count -= taken;
      if (list.frames.length > 0) break;
      this.going.shift();
      this.waiting.delete(list.place);
      this.last.push(list.place);
    }
    return batch;
  }
  release(): void {
    for (const place of this.last.splice(0)) this.sent(place);
  }
  deliver(_batch: FrameBatch, _list: Int32Array, count: number): number {
    return count;
  }
  flush(): void {}
  readonly onReady = (listener: () => void): (() => void) => this.wakers.add(listener);
}
