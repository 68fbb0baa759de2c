/**
 * Captures as files. A capture is pcapng when its name ends in `.pcapng`, and pcap otherwise; after that, `.gz`, `.bz2` and
 * `.Z` say that it is compressed.
 *
 * A file that is written holds whole records at all times, whatever ends the process and whether or not the disk is full.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import type { ByteSource } from "./byte-source.ts";
import { CaptureError } from "./capture-error.ts";
import { type CaptureReader, captureReader } from "./capture-reader.ts";
import { CaptureEncoder, type CaptureOptions } from "./encoder.ts";
import { openSource } from "./file-source.ts";
import { FollowSource } from "./follow-source.ts";
import { packerOf } from "./pack.ts";
import { systemReason } from "./system-reason.ts";

/** How a capture is read. */
export interface OpenCaptureOptions {
  /** Whether what is added to the file is read too, as from a pipe: it has no end until it is closed. Not for compressed files. */
  readonly follow?: boolean | undefined;
}

/**
 * Opens a capture: a file, compressed or not, or a pipe, which is read without waiting; `-` is standard input.
 *
 * @throws {CaptureError} when the file cannot be read or is no capture. A pipe's first bytes come later: what is no capture
 * there is a `problem`.
 */
export function openCapture(path: string, { follow }: OpenCaptureOptions = {}): CaptureReader {
  let source: ByteSource;
  try {
    source = follow ? new FollowSource(path) : openSource(path);
  } catch (e) {
    throw new CaptureError("UNREADABLE", `cannot read ${path}: ${systemReason(e)}`, { cause: e });
  }
  return captureReader(source, path);
}

export interface CaptureWriter {
  readonly path: string;
  /** Frames written. */
  readonly frames: number;
  /**
   * Writes a frame; `originalLength` is what it had on the wire, where that is more.
   *
   * @throws {CaptureError} when the disk refuses; whole frames before it are in the file.
   */
  write(data: Uint8Array, timestampNs: bigint, originalLength?: number): void;
  /** Writes what is buffered. @throws {CaptureError} */
  flush(): void;
  /** Writes what is buffered and closes. @throws {CaptureError} */
  close(): void;
}

/** Creates a capture, replacing a file of that name. @throws {CaptureError} */
export function createCapture(path: string, options: CaptureOptions = {}): CaptureWriter {
  const pack = packerOf(path);
  const encoder = new CaptureEncoder(/\.pcapng(?:\.\w+)?$/.test(path) ? "pcapng" : "pcap", options);
  let frames = 0;
  /** Where the file ends with whole records; only a regular file can be cut back to it. */
  let kept = 0;
  let fd = -1;
  const fail = (e: unknown, inFile: number): never => {
    throw new CaptureError(
      "UNWRITABLE",
      `cannot write ${path}: ${systemReason(e)}${inFile > 0 ? ` (after ${inFile} frames)` : ""}`,
      { cause: e },
    );
  };
  try {
    fd = openSync(path, "w");
  } catch (e) {
    fail(e, 0);
  }
  const canBeCut = fstatSync(fd).isFile();

  /** After a failure: what was written in part is taken back, and what is not in the file stays in the buffer. */
  const settle = (written: number): number => {
    let whole = 0;
    let waiting = 0;
    for (let at = 0; at < encoder.used; ) {
      at += encoder.lengthAt(at);
      if (at <= written) whole = at;
      else waiting++;
    }
    if (canBeCut) ftruncateSync(fd, kept + whole);
    const gone = canBeCut ? whole : written;
    kept += gone;
    encoder.drop(gone);
    return frames - waiting;
  };
  /** What is buffered is a whole file of its kind: those, one after another, are one too. */
  const flushPacked = (pack: (bytes: Uint8Array) => Uint8Array): void => {
    if (encoder.used === 0) return;
    try {
      const packed = pack(encoder.buffer.subarray(0, encoder.used));
      for (let at = 0; at < packed.length; ) at += writeSync(fd, packed, at);
    } catch (e) {
      encoder.used = 0;
      fail(e, frames);
    }
    encoder.used = 0;
  };
  const flush = (): void => {
    if (pack) {
      flushPacked(pack);
      return;
    }
    const { buffer, used } = encoder;
    let at = 0;
    try {
      while (at < used) at += writeSync(fd, buffer, at, used - at, canBeCut ? kept + at : null);
    } catch (e) {
      // What cannot be cut has no whole records to go on with.
      if (!canBeCut) encoder.used = 0;
      fail(e, canBeCut ? settle(at) : frames);
    }
    kept += used;
    encoder.used = 0;
  };
  try {
    if (!pack) {
      kept = writeSync(fd, encoder.buffer, 0, encoder.used);
      encoder.used = 0;
    }
  } catch (e) {
    closeSync(fd);
    fail(e, 0);
  }

  return {
    path,
    get frames() {
      return frames;
    },
    write(frame, timestampNs, originalLength) {
      if (fd < 0) return;
      // A record is written at once: one that does not fit waits for the others to be gone.
      if (!encoder.fits(frame)) {
        flush();
        if (!encoder.fits(frame)) encoder.grow(frame);
      }
      encoder.add(frame, timestampNs, originalLength);
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
