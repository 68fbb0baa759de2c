/** Which frames of a memory have changed since they were last looked at: those that hold anything, the first time. */
import { frameSize } from "@clickos/grant-table";

/** Whether two pieces of memory of one length hold the same. */
export type Equal = (a: Uint8Array, b: Uint8Array) => boolean;

/** Bytes that are compared at once, before their frames are. */
const pieceSize = 65536;

function equalWords(a: Uint8Array, b: Uint8Array): boolean {
  const [x, y] = [a, b].map(({ buffer, byteOffset, length }) => new Int32Array(buffer, byteOffset, length >> 2));
  for (let i = 0; i < (x as Int32Array).length; i++) if ((x as Int32Array)[i] !== (y as Int32Array)[i]) return false;
  return true;
}

export class ChangedFrames {
  private readonly memory: Uint8Array;
  /** As it was when it was last looked at. */
  private readonly seen: Uint8Array<ArrayBuffer>;
  private readonly equal: Equal;

  /** `equal` compares in whatever way is the fastest here. */
  constructor(memory: ArrayBufferLike, equal: Equal = equalWords) {
    this.memory = new Uint8Array(memory);
    this.seen = new Uint8Array(memory.byteLength);
    this.equal = equal;
  }

  /**
   * Visits the frames that have changed; how many there are. Their bytes are a copy that stays until the next look, made while others may
   * write to the frame: then it has changed the next time, too.
   */
  visit(each: (frame: number, bytes: Uint8Array<ArrayBuffer>) => void): number {
    const { memory, seen, equal } = this;
    let count = 0;
    for (let piece = 0; piece < memory.length; piece += pieceSize) {
      const end = piece + pieceSize;
      if (equal(memory.subarray(piece, end), seen.subarray(piece, end))) continue;
      for (let at = piece; at < end; at += frameSize) {
        const frame = memory.subarray(at, at + frameSize);
        const copy = seen.subarray(at, at + frameSize);
        if (equal(frame, copy)) continue;
        copy.set(frame);
        each(at / frameSize, copy);
        count++;
      }
    }
    return count;
  }
}
