/** Captures that are written to memory. */
import { CaptureEncoder, type CaptureFormat, type CaptureOptions } from "./encoder.ts";

/** A capture in memory, to which frames are written. */
export interface MemoryCapture {
  /** Frames written. */
  readonly frames: number;
  /** Writes a frame; `originalLength` is what it had on the wire, where that is more. */
  write(data: Uint8Array, timestampNs: bigint, originalLength?: number): void;
  /** The capture so far: a file's bytes. */
  bytes(): Uint8Array<ArrayBuffer>;
  /** The same, which it then keeps no longer: what follows are the bytes after these. */
  take(): Uint8Array<ArrayBuffer>;
}

/** Begins a capture in memory, pcap or pcapng. */
export function writeCapture(format: CaptureFormat = "pcap", options: CaptureOptions = {}): MemoryCapture {
  const encoder = new CaptureEncoder(format, options);
  let frames = 0;
  return {
    get frames() {
      return frames;
    },
    write(data, timestampNs, originalLength) {
      if (!encoder.fits(data)) encoder.grow(data);
      encoder.add(data, timestampNs, originalLength);
      frames++;
    },
    bytes: () => encoder.buffer.slice(0, encoder.used),
    take() {
      const bytes = encoder.buffer.slice(0, encoder.used);
      encoder.used = 0;
      return bytes;
    },
  };
}
