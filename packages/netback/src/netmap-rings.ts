/** A guest's netmap rings as its back end goes through them, slot by slot, and as ends for code that moves frames. */
import type { FrameSink, FrameSource, PlaceNumbers } from "@clickos/vale";
import { netmapReceive, netmapTransmit } from "./netmap-ends.ts";

/** One ring. */
export interface RingSlots {
  readonly places: PlaceNumbers;
  /** The first slot that was not given back. */
  readonly first: number;
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

/** What a guest sends, `burst` frames at a time. */
export function netmapSource(ring: {
  memory: WebAssembly.Memory;
  slots: RingSlots;
  frameLimit: number;
  burst: number;
}): FrameSource {
  const { memory, slots, frameLimit, burst } = ring;
  return {
    kind: netmapTransmit,
    memory,
    places: slots.places,
    frameLimit,
    get cursor() {
      return slots.first;
    },
    begin: () => Math.min(slots.given(), burst),
    done(frames, bytes) {
      if (frames === 0) return;
      slots.giveBack(frames);
      slots.moved(frames, bytes);
    },
  };
}

/** What it receives. An index that makes no sense is counted when frames are delivered all the same. */
export function netmapSink(ring: { memory: WebAssembly.Memory; slots: RingSlots; frameLimit: number }): FrameSink {
  const { memory, slots, frameLimit } = ring;
  return {
    kind: netmapReceive,
    memory,
    places: slots.places,
    frameLimit,
    get cursor() {
      return slots.first;
    },
    begin: () => Math.max(slots.given(), 0),
    done(frames, bytes) {
      slots.giveBack(frames);
      slots.moved(frames, bytes);
    },
  };
}
