/** A memory as the switch sees it: bytes, and the same memory as 32- and 64-bit words. */

/** Where a memory is a part of one that WebAssembly reaches. */
export interface FrameRegion {
  readonly memory: WebAssembly.Memory;
  /** Where it begins there, and its bytes. */
  readonly at: number;
  readonly bytes: number;
}

export class FrameMemory {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly longs: BigInt64Array;
  /** Another thread may write to it at any time. */
  readonly shared: boolean;
  /** What it is a part of, if that is domain 0's memory for frames. */
  readonly region: FrameRegion | undefined;

  constructor(buffer: ArrayBufferLike, region?: FrameRegion) {
    const at = region?.at ?? 0;
    const length = region?.bytes ?? buffer.byteLength;
    this.shared = !region && !(buffer instanceof ArrayBuffer);
    this.region = region;
    this.bytes = new Uint8Array(buffer, at, length);
    this.words = new Int32Array(buffer, at, length >> 2);
    this.longs = new BigInt64Array(buffer, at, length >> 3);
  }
}
