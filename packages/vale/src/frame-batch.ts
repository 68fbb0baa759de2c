/**
 * A batch of frames that stand in one memory: where each starts and how long it is. Ports hand batches to the
 * switch and take frames out of them; nothing is allocated for a frame.
 */

/** Frames in a batch at most. */
export const batchSize = 256;

export class FrameBatch {
  /** The memory the frames are in, as bytes and as 32-bit words from the same start. */
  bytes: Uint8Array;
  words: Int32Array;
  count = 0;
  /** Byte offset of each frame. */
  readonly offsets: Int32Array = new Int32Array(batchSize);
  /** Length of each frame in bytes. */
  readonly lengths: Int32Array = new Int32Array(batchSize);

  constructor(buffer: ArrayBufferLike = new ArrayBuffer(0)) {
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
  }
}

/**
 * Copies a frame between two memories; any alignment. Up to 3 bytes after the frame may be written too, so
 * buffers have that much room at their end. Budget: 6 ns for 64 bytes; guarded by the benchmark `switch2`.
 */
export function copyFrame(from: FrameBatch, i: number, toBytes: Uint8Array, toWords: Int32Array, to: number): void {
  const at = from.offsets[i] as number;
  const length = from.lengths[i] as number;
  if (((at | to) & 3) === 0 && length <= 512) {
    const source = from.words;
    let s = at >> 2;
    let d = to >> 2;
    const end = s + ((length + 3) >> 2);
    for (; s + 4 <= end; s += 4, d += 4) {
      toWords[d] = source[s] as number;
      toWords[d + 1] = source[s + 1] as number;
      toWords[d + 2] = source[s + 2] as number;
      toWords[d + 3] = source[s + 3] as number;
    }
    for (; s < end; s++, d++) toWords[d] = source[s] as number;
  } else if (length <= 128) {
    const source = from.bytes;
    for (let k = 0; k < length; k++) toBytes[to + k] = source[at + k] as number;
  } else toBytes.set(from.bytes.subarray(at, at + length), to);
}
