/**
 * Zero copy at a patch: a port lends the buffers of its other side, a guest's, to a device, which has frames from the wire written
 * into them and frames to the wire read out of them. What the switch moves is where frames are.
 *
 * A guest can change a frame that it sends until it has left, and sees what arrives in its buffers while it is being written: both are
 * its own. A device reaches nothing but the lender's bytes, whatever any ring says.
 */
import type { FrameSink, FrameSource } from "./staged/ends.ts";
import type { FrameMover } from "./staged/mover.ts";

/** Buffers that a port can lend. */
export interface FrameLender {
  /** They are these bytes of a memory, all of which its owner granted. */
  readonly memory: WebAssembly.Memory;
  readonly at: number;
  readonly bytes: number;
  /** The owner is gone, and the memory may be somebody else's: nothing is to be read or written from here on. */
  readonly closed: boolean;
  /** Bytes that there is room for where an arriving frame begins. */
  readonly room: number;
  /** Where frames can be put that arrive: each frame is an empty buffer. */
  readonly empty: FrameSource;
  /** Buffers of those, in their order, that have a frame. */
  readonly arrived: FrameSink;
  /** Frames that are to leave. */
  readonly leaving: FrameSource;
  /** So many of those have left, in their order: their buffers are the owner's again. */
  left(frames: number): void;
  /** Takes the buffers back: those that nothing was put into stay empty, and frames that have not left are to leave again. */
  end(): void;
}

/** Frames that one side of a loan moves. */
export type LoanSide = Pick<FrameMover, "run" | "stopped" | "bytes">;

/** Buffers in use by a device. */
export interface Loan {
  /** From the wire to the lender, and the reverse. What one stops at is for `poll` and `deliver`. */
  readonly arriving: LoanSide;
  readonly leaving: LoanSide;
  /** The device does not use them any more. */
  end(): void;
}

/** What takes a loan, if it can use one: as long as it cannot yet, it is asked again. */
export type Borrow = (lender: FrameLender) => Loan | undefined;
