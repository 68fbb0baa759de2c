/**
 * Writes captures: pcap with microseconds, or pcapng with nanoseconds when the name ends in `.pcapng`.
 *
 * A file holds whole records at all times, whatever ends the process and whether or not the disk is full.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { CaptureError, systemReason } from "./capture-error.ts";
import { linkTypeEthernet } from "./capture-reader.ts";

export interface CaptureWriter {
  readonly path: string;
  /** Frames written. */
  readonly frames: number;
  /** Writes a frame. @throws {CaptureError} when the disk refuses; whole frames before it are in the file. */
  write(data: Uint8Array, timestampNs: bigint): void;
  /** Writes what is buffered. @throws {CaptureError} */
  flush(): void;
  /** Writes what is buffered and closes. @throws {CaptureError} */
  close(): void;
}

/** Records are collected up to so many bytes; a longer one gets a buffer of its size. */
const bufferSize = 1 << 16;

/** Creates a capture, replacing a file of that name. @throws {CaptureError} */
export function createCapture(path: string, options: { linkType?: number; snapLength?: number } = {}): CaptureWriter {
  let frames = 0;
  let buffer = new Uint8Array(bufferSize);
  let data = new DataView(buffer.buffer);
  let used = 0;
  /** Where the file ends with whole records; only a regular file can be cut back to it. */
  let kept = 0;
  let fd = -1;
  const fail = (e: unknown, inFile: number): never => {
    throw new CaptureError(
      "UNWRITABLE",
      `cannot write ${path}: ${systemReason(e)}${inFile > 0 ? ` (after ${inFile} frames)` : ""}`,
    );
  };
  try {
    fd = openSync(path, "w");
  } catch (e) {
    fail(e, 0);
  }
  const canBeCut = fstatSync(fd).isFile();
  const linkType = options.linkType ?? linkTypeEthernet;
  const snapLength = options.snapLength ?? 262144;
  const ng = path.endsWith(".pcapng");

  /** The length of the record at an offset of the buffer. */
  const recordLength = (at: number): number => (ng ? data.getUint32(at + 4, true) : 16 + data.getUint32(at + 8, true));
  /** After a failure: what was written in part is taken back, and what is not in the file stays in the buffer. */
  const settle = (written: number): number => {
    let whole = 0;
    let waiting = 0;
    for (let at = 0; at < used; ) {
      at += recordLength(at);
      if (at <= written) whole = at;
      else waiting++;
    }
    if (canBeCut) ftruncateSync(fd, kept + whole);
    const gone = canBeCut ? whole : written;
    kept += gone;
    buffer.copyWithin(0, gone, used);
    used -= gone;
    return frames - waiting;
  };
  const flush = (): void => {
    let at = 0;
    try {
      while (at < used) at += writeSync(fd, buffer, at, used - at, canBeCut ? kept + at : null);
    } catch (e) {
      // What cannot be cut has no whole records to go on with.
      if (!canBeCut) used = 0;
      fail(e, canBeCut ? settle(at) : frames);
    }
    kept += used;
    used = 0;
  };
  /** Makes room for a record, so that it is written at once. */
  const room = (length: number): void => {
    if (used + length <= buffer.length) return;
    flush();
    if (length <= buffer.length) return;
    buffer = new Uint8Array(length);
    data = new DataView(buffer.buffer);
  };
  const words = (...values: readonly number[]): void => {
    for (const value of values) {
      data.setUint32(used, value >>> 0, true);
      used += 4;
    }
  };
  const bytes = (from: Uint8Array): void => {
    buffer.set(from, used);
    used += from.length;
  };
  if (ng) {
    words(0x0a0d0d0a, 28, 0x1a2b3c4d, 0x00000001, 0xffffffff, 0xffffffff, 28);
    // Interface block with if_tsresol = 9.
    words(1, 32, linkType, snapLength, 0x00010009, 9, 0, 32);
  } else words(0xa1b2c3d4, 0x00040002, 0, 0, snapLength, linkType);
  try {
    kept = writeSync(fd, buffer, 0, used);
    used = 0;
  } catch (e) {
    closeSync(fd);
    fail(e, 0);
  }

  return {
    path,
    get frames() {
      return frames;
    },
    write(frame, timestampNs) {
      if (fd < 0) return;
      const length = Math.min(frame.length, snapLength);
      const shown = length < frame.length ? frame.subarray(0, length) : frame;
      if (ng) {
        const padded = (length + 3) & ~3;
        room(32 + padded);
        words(6, 32 + padded, 0, Number(timestampNs >> 32n), Number(timestampNs & 0xffffffffn), length, frame.length);
        bytes(shown);
        // What was in the buffer before is nobody's business.
        buffer.fill(0, used, used + padded - length);
        used += padded - length;
        words(32 + padded);
      } else {
        room(16 + length);
        words(
          Number(timestampNs / 1_000_000_000n),
          Number((timestampNs % 1_000_000_000n) / 1000n),
          length,
          frame.length,
        );
        bytes(shown);
      }
      frames++;
    },
    flush() {
      if (fd >= 0) flush();
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
