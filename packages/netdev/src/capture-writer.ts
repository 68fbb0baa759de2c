/** Writes captures: pcap with microseconds, or pcapng with nanoseconds when the name ends in `.pcapng`. */
import { closeSync, openSync, writeSync } from "node:fs";
import { CaptureError, systemReason } from "./capture-error.ts";
import { linkTypeEthernet } from "./capture-reader.ts";

export interface CaptureWriter {
  readonly path: string;
  /** Frames written. */
  readonly frames: number;
  /** Writes a frame. @throws {CaptureError} when the disk refuses; the frames before it are in the file. */
  write(data: Uint8Array, timestampNs: bigint): void;
  /** Writes what is buffered and closes. @throws {CaptureError} */
  close(): void;
}

const bufferSize = 1 << 16;

/** Creates a capture, replacing a file of that name. @throws {CaptureError} */
export function createCapture(path: string, options: { linkType?: number; snapLength?: number } = {}): CaptureWriter {
  const fail = (e: unknown): never => {
    throw new CaptureError(
      "UNWRITABLE",
      `cannot write ${path}: ${systemReason(e)}${frames > 0 ? ` (after ${frames} frames)` : ""}`,
    );
  };
  let frames = 0;
  let fd = -1;
  try {
    fd = openSync(path, "w");
  } catch (e) {
    fail(e);
  }
  const linkType = options.linkType ?? linkTypeEthernet;
  const snapLength = options.snapLength ?? 262144;
  const ng = path.endsWith(".pcapng");
  const buffer = new Uint8Array(bufferSize);
  const data = new DataView(buffer.buffer);
  let used = 0;
  const flush = (): void => {
    let at = 0;
    try {
      while (at < used) at += writeSync(fd, buffer, at, used - at);
    } catch (e) {
      buffer.copyWithin(0, at, used);
      used -= at;
      fail(e);
    }
    used = 0;
  };
  const words = (...values: readonly number[]): void => {
    if (used + values.length * 4 > bufferSize) flush();
    for (const value of values) {
      data.setUint32(used, value >>> 0, true);
      used += 4;
    }
  };
  const bytes = (from: Uint8Array): void => {
    for (let at = 0; at < from.length; ) {
      if (used === bufferSize) flush();
      const n = Math.min(bufferSize - used, from.length - at);
      buffer.set(from.subarray(at, at + n), used);
      used += n;
      at += n;
    }
  };
  if (ng) {
    words(0x0a0d0d0a, 28, 0x1a2b3c4d, 0x00000001, 0xffffffff, 0xffffffff, 28);
    // Interface block with if_tsresol = 9.
    words(1, 32, linkType, snapLength, 0x00010009, 9, 0, 32);
  } else words(0xa1b2c3d4, 0x00040002, 0, 0, snapLength, linkType);

  return {
    path,
    get frames() {
      return frames;
    },
    write(frame, timestampNs) {
      const kept = Math.min(frame.length, snapLength);
      const shown = kept < frame.length ? frame.subarray(0, kept) : frame;
      if (ng) {
        const padded = (kept + 3) & ~3;
        words(6, 32 + padded, 0, Number(timestampNs >> 32n), Number(timestampNs & 0xffffffffn), kept, frame.length);
        bytes(shown);
        bytes(new Uint8Array(padded - kept));
        words(32 + padded);
      } else {
        words(Number(timestampNs / 1_000_000_000n), Number((timestampNs % 1_000_000_000n) / 1000n), kept, frame.length);
        bytes(shown);
      }
      frames++;
    },
    close() {
      if (fd < 0) return;
      const closing = fd;
      try {
        flush();
      } finally {
        fd = -1;
        closeSync(closing);
      }
    },
  };
}
