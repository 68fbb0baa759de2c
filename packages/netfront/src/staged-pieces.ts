/**
 * How compiled guests send frames that are in large buffers: in pieces, each in a buffer of the pool.
 *
 * A ring takes any frame or none, so that whoever asks need not know how long a frame is: it is full when it has no room for the
 * pieces of the longest. The shortest way is that of frames in one piece.
 */
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { type BufferPool, bufferBytes, type GuestContext, type StagedFrame } from "./guest.ts";

/** Pieces of the longest frame that interfaces carry, 9,018 bytes. */
export const mostPieces: number = Math.ceil(9018 / bufferBytes);

/** Whether a ring with so many free slots takes a frame. */
export function hasRoom(free: I32): I32 {
  return free.geU(mostPieces);
}
/** How many frames in one piece it takes. */
export function spaceIn(c: FunctionBuilder, free: I32): I32 {
  return c.select(hasRoom(free), free.sub(mostPieces - 1), c.i32(0));
}

/** Counts of frames that a device drops, by address. */
export interface SendCounts {
  /** Of more pieces than any interface carries. */
  readonly tooLong: number;
  /** There were no buffers for their pieces, or no places. */
  readonly noBuffers: number;
}
export function countsOf({ dropCounter }: Pick<GuestContext, "dropCounter">): SendCounts {
  return {
    tooLong: dropCounter("frame too long to send"),
    noBuffers: dropCounter("no packet buffers for a long frame"),
  };
}

/**
 * Copies a frame into buffers of the pool, from their beginning on; `put` is staged once, for each of them in order. The ring has
 * room, if nothing else is said. A frame that cannot be sent is counted; its own buffer is free afterwards.
 */
export function sendInPieces(
  c: FunctionBuilder,
  pool: BufferPool,
  frame: StagedFrame,
  counts: SendCounts,
  put: (buffer: I32, length: I32, more: I32) => void,
  blocked: (pieces: I32) => I32 = () => c.i32(0),
): void {
  const pieces = frame.length.add(bufferBytes - 1).shrU(Math.log2(bufferBytes));
  const drop = (counter: number): void => {
    c.store64(counter, c.load64(counter).add(1n));
    pool.free(c, frame.address);
    c.return();
  };
  c.if(pieces.gtU(mostPieces), () => drop(counts.tooLong));
  c.if(pool.available(c).ltU(pieces).or(blocked(pieces)), () => drop(counts.noBuffers));
  const from = c.var("i32", frame.data, "from");
  const left = c.var("i32", frame.length, "left");
  c.while(
    () => left.get().ne(0),
    () => {
      const length = c.select(left.get().ltU(bufferBytes), left.get(), c.i32(bufferBytes));
      const buffer = pool.allocate(c);
      c.copy(buffer, from.get(), length);
      from.set(from.get().add(length));
      left.set(left.get().sub(length));
      put(buffer, length, left.get().ne(0));
    },
  );
  pool.free(c, frame.address);
}
