/** A guest's netmap rings as its back end goes through them, slot by slot, and as ends for code that moves frames. */
import type { FrameSink, FrameSource, PlaceNumbers } from "@clickos/vale";
import { netmapReceive, netmapTransmit } from "./netmap-ends.ts";

/** One ring. */
export interface RingSlots {
  readonly places: PlaceNumbers;
  /** The first slot that was not given back. */
  first(): number;
  /**
   * Slots from there on that the guest has given; negative when what it says makes no sense. Where no more than `used` are, a transmit
   * ring's guest is asked to tell of more.
   */
  given(used?: number): number;
  /** Gives the first ones back. */
  giveBack(slots: number): void;
  /** So many frames were moved. */
  moved(frames: number, bytes: number): void;
}

// Classes, as there are two of these for each interface of each VM: a getter of an object literal costs an engine a shape of its own.

/** What a guest sends, `burst` frames at a time. */
export class NetmapSource implements FrameSource {
  readonly kind: FrameSource["kind"] = netmapTransmit;
  readonly memory: WebAssembly.Memory;
  readonly frameLimit: number;
  private readonly slots: RingSlots;
  private readonly burst: number;

  constructor(memory: WebAssembly.Memory, slots: RingSlots, frameLimit: number, burst: number) {
    this.memory = memory;
    this.slots = slots;
    this.frameLimit = frameLimit;
    this.burst = burst;
  }
  get places(): PlaceNumbers {
    return this.slots.places;
  }
  get cursor(): number {
    return this.slots.first();
  }
  begin(): number {
    return Math.min(this.slots.given(), this.burst);
  }
  done(frames: number, bytes: number): void {
    if (frames === 0) return;
    this.slots.giveBack(frames);
    this.slots.moved(frames, bytes);
  }
}

/** What it receives. An index that makes no sense is counted when frames are delivered all the same. */
export class NetmapSink implements FrameSink {
  readonly kind: FrameSink["kind"] = netmapReceive;
  readonly memory: WebAssembly.Memory;
  readonly frameLimit: number;
  private readonly slots: RingSlots;

  constructor(memory: WebAssembly.Memory, slots: RingSlots, frameLimit: number) {
    this.memory = memory;
    this.slots = slots;
    this.frameLimit = frameLimit;
  }
  get places(): PlaceNumbers {
    return this.slots.places;
  }
  get cursor(): number {
    return this.slots.first();
  }
  begin(): number {
    return Math.max(this.slots.given(), 0);
  }
  done(frames: number, bytes: number): void {
    this.slots.giveBack(frames);
    this.slots.moved(frames, bytes);
  }
}
