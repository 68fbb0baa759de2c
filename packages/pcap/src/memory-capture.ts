/** Captures that are written to memory. */
import { CaptureEncoder, type CaptureFormat, type CaptureOptions } from "./encoder.ts";

/** A capture in memory, to which frames are written. */
export interface MemoryCapture {
  /** Frames written. */
  readonly frames: number;
  write(data: Uint8Array, timestampNs: bigint): void;
  /** The capture so far: a file's bytes. */
  bytes(): Uint8Array<ArrayBuffer>;
}

/** Begins a capture in memory, pcap or pcapng. */
export function writeCapture(format: CaptureFormat = "pcap", options: CaptureOptions = {}): MemoryCapture {
  const encoder = new CaptureEncoder(format, options);
  let frames = 0;
  return {
    get frames() {
      return frames;
    },
    write(data, timestampNs) {
      if (!encoder.fits(data)) encoder.grow(data);
      encoder.add(data, timestampNs);
      frames++;
    },
    bytes: () => encoder.buffer.slice(0, encoder.used),
  };
}
