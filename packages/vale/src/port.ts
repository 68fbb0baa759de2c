/** What can be attached to a switch. */
import type { FrameBatch } from "./frame-batch.ts";
import type { Borrow, FrameLender } from "./loan.ts";
import type { FrameSink, FrameSource } from "./staged/ends.ts";

/** Ports of a switch at most. (VALE has 254, NM_BDG_MAXPORTS.) What a switch has for its ports grows with them. */
export const maximumPorts = 16_384;

/**
 * A port of a switch: a source and a sink of batches.
 *
 * The switch calls `poll`, then `release` when it is done with the batch; `deliver` on ports that frames go to,
 * then `flush` once a round.
 */
export interface Port {
  /** Unique in its switch. */
  readonly name: string;
  /**
   * Bytes of the longest frame that it takes. The switch gives it no longer one, and counts those as `tooLong`. A port
   * without it takes any length.
   */
  readonly frameLimit?: number;
  /**
   * Frames that wait to enter the switch, or `null`; they stay as they are until `release`. A call looks at a bounded
   * number of them; an empty batch says that none was good so far, and that there may be more.
   */
  poll(): FrameBatch | null;
  /** Ends the use of the batch that `poll` gave. */
  release(): void;
  /**
   * Takes the frames of a batch whose indices are the first `count` of `list`, in order, until it has no room, and
   * returns how many it took; the rest are dropped by the switch. A frame that this port cannot carry for another reason
   * than its length is taken, and counted under `drops`. The frames are copied before it returns.
   */
  deliver(batch: FrameBatch, list: Int32Array, count: number): number;
  /** Publishes what was delivered, and tells the other side once. */
  flush(): void;
  /**
   * Calls back when `poll` may give frames after it gave none. A port that cannot tell leaves it out, and is polled
   * without end; one that never has frames takes the listener and never calls it. @returns ends it.
   */
  readonly onReady?: ((listener: () => void) => () => void) | undefined;
  /**
   * Nanoseconds until `poll` may give frames that nobody calls back for, as those that a rate holds back, or has something to do, as to
   * send what waited for a line.
   */
  readonly readyIn?: bigint | undefined;
  /**
   * Where frames stand that wait to enter the switch, and where those go that leave it: for ports whose rings WebAssembly
   * reaches. It moves what is ordinary; all else goes by `poll` and `deliver`, which do the same for any frame.
   */
  readonly source?: FrameSource | undefined;
  readonly sink?: FrameSink | undefined;
  /** Of a port whose other side has buffers that a device may use; and of the device's. A patch of the two copies nothing. */
  readonly lender?: FrameLender | undefined;
  readonly borrow?: Borrow | undefined;
  /** Frames that the port itself dropped, by reason. */
  readonly drops?: Readonly<Record<string, number>>;
  /** Called when the port leaves its switch. */
  detached?(): void;
}
