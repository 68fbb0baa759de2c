/** A memory as the switch sees it: bytes, and the same memory as 32- and 64-bit words. */

/** A part of a buffer: where it begins, and its bytes. */
export interface FramePart {
  readonly at: number;
  readonly bytes: number;
}
/** A part of domain 0's memory for frames, which WebAssembly reaches. */
export interface FrameRegion extends FramePart {
  readonly memory: WebAssembly.Memory;
}

export class FrameMemory {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly longs: BigInt64Array;
  /** Another thread may write to it at any time. */
  readonly shared: boolean;
  /** What it is a part of, if that is domain 0's memory for frames. */
  readonly region: FrameRegion | undefined;

  /** All of a buffer, or a part; that of domain 0's memory for frames is nobody else's. */
  constructor(buffer: ArrayBufferLike, part?: FramePart | FrameRegion) {
    const at = part?.at ?? 0;
    const length = part?.bytes ?? buffer.byteLength;
    const region = part && "memory" in part ? part : undefined;
    this.shared = !region && !(buffer instanceof ArrayBuffer);
    this.region = region;
    this.bytes = new Uint8Array(buffer, at, length);
    this.words = new Int32Array(buffer, at, length >> 2);
    this.longs = new BigInt64Array(buffer, at, length >> 3);
  }
}
