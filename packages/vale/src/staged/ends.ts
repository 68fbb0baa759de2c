/**
 * Where frames come from and where they go, for code that moves many of them in one call: rings of slots, each of which says
 * where a frame is, or takes one.
 *
 * A kind says, as staged code, how one slot is read or filled, and is the same for all ports of a sort; an end is one
 * port's ring: which memory, which addresses, and how far it is. TypeScript looks at what is there once a batch, and keeps
 * the cursors, so that nothing that a guest writes leads the code anywhere but to the slots that TypeScript counted.
 *
 * What is out of the ordinary - a frame in several slots, one that is too long, a slot that makes no sense - stops the code before it,
 * and the port's own `poll` and `deliver` see to it.
 */
import type { FunctionBuilder, I32, MemoryOperations } from "@clickos/codegen";

/** Numbers that say where one end's ring is, in its kind's order; what the kind has no name for is 0. */
export type PlaceNumbers = readonly [number, number, number, number];

/** What staged code of a kind is written with. */
export interface EndContext {
  readonly c: FunctionBuilder;
  /** The memory that the ring is in. */
  readonly memory: MemoryOperations;
  /** The number that the kind calls so. */
  place(name: string): I32;
}

/** A frame in a slot. */
export interface SlotFrame {
  readonly address: I32;
  readonly length: I32;
  /** Whether it is an ordinary one, and within what may be read: each field was loaded once, and is not read again. */
  readonly good: I32;
}
/** Where a frame goes. */
export interface SlotRoom {
  readonly address: I32;
  readonly good: I32;
}

/** What kinds of sources and of sinks have in common. */
export interface EndKind {
  readonly name: string;
  /** What the numbers are called that say where one is: four at most. */
  readonly places: readonly string[];
  /** Slots of the ring, a power of two. */
  readonly slots: number;
}
export interface SourceKind extends EndKind {
  frame(context: EndContext, slot: I32): SlotFrame;
  /** Gives the slot back, after the frame was copied. */
  release?(context: EndContext, slot: I32): void;
}
export interface SinkKind extends EndKind {
  /** Frames stay where they are: `fill` gets the address that the source has, and nothing is copied. */
  readonly byAddress?: true;
  room(context: EndContext, slot: I32, length: I32): SlotRoom;
  /** Fills in the slot; `address` is what `room` gave, or the source where the kind is `byAddress`. */
  fill(context: EndContext, slot: I32, address: I32, length: I32): void;
}

/** One port's ring. */
export interface FrameEnd<K extends EndKind> {
  readonly kind: K;
  readonly memory: WebAssembly.Memory;
  readonly places: PlaceNumbers;
  /** Bytes of the longest frame that code moves. */
  readonly frameLimit: number;
  /** The slot of the next frame. */
  readonly cursor: number;
  /**
   * Slots from there on that may be used now; looks at what the other side says, once. Negative when that is something that the
   * port's own `poll` has to see.
   */
  begin(): number;
  /** So many were. */
  done(frames: number, bytes: number): void;
}
export type FrameSource = FrameEnd<SourceKind>;
export interface FrameSink extends FrameEnd<SinkKind> {
  /** The memory of its buffers, where that is another than the one of its slots: those are then in the source's memory. */
  readonly frames?: WebAssembly.Memory | undefined;
}
