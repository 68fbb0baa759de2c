/**
 * Pieces of shared memory of one size: a domain's console, its event channels. They are parts of large blocks, which engines map
 * and do not touch, so that of a piece only those pages are resident that were written to. A block goes when all of its pieces
 * were given back.
 */
import { weigh } from "./weigh.ts";

/** Pieces of the first block; each further one has twice as many, up to a number of bytes. */
const firstPieces = 16;
/** A size that allocators map instead of clearing memory that they have. */
const largestBlock = 32 << 20;

interface Block {
  readonly buffer: SharedArrayBuffer;
  readonly pieces: number;
  /** Offsets. */
  readonly free: number[];
}

export class SharedPieces {
  private readonly bytes: number;
  private readonly blocks = new Map<ArrayBufferLike, Block>();
  private next = firstPieces;

  /** Pieces of so many bytes each, a multiple of 4. */
  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** A piece, of zeros. */
  take(): Int32Array {
    const block = this.room() ?? this.grow();
    return new Int32Array(block.buffer, block.free.pop() as number, this.bytes >> 2);
  }

  /** Nobody has a piece any more, of which the first `used` bytes may have been written to. */
  give(piece: Int32Array, used: number): void {
    const block = this.blocks.get(piece.buffer);
    if (!block) return;
    if (block.free.length + 1 === block.pieces && this.blocks.size > 1) {
      this.blocks.delete(block.buffer);
      weigh(block.buffer, block.buffer.byteLength);
      return;
    }
    piece.fill(0, 0, (used + 3) >> 2);
    block.free.push(piece.byteOffset);
  }

  private room(): Block | undefined {
    for (const block of this.blocks.values()) if (block.free.length > 0) return block;
    return undefined;
  }
  private grow(): Block {
    const pieces = Math.max(1, Math.min(this.next, Math.floor(largestBlock / this.bytes)));
    this.next = pieces * 2;
    const block: Block = {
      buffer: new SharedArrayBuffer(pieces * this.bytes),
      pieces,
      free: Array.from({ length: pieces }, (_, i) => (pieces - 1 - i) * this.bytes),
    };
    this.blocks.set(block.buffer, block);
    return block;
  }
}
