/** Reads and writes whole files, with errors that say which file and why. */
import { createHash, randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { systemReason } from "@clickos/pcap/node";
import { CommandError } from "./failure.ts";

export function readBytes(path: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (e) {
    throw new CommandError(`cannot read ${path}: ${systemReason(e)}`);
  }
}

const imageMagic = [0x00, 0x61, 0x73, 0x6d];

/** Whether a file's bytes begin as those of an image do. */
export function isImage(bytes: Uint8Array): boolean {
  return imageMagic.every((b, i) => bytes[i] === b);
}

/** Reads a configuration; bytes that are not UTF-8 are kept as replacement characters and found by the lexer. */
export function readText(path: string): string {
  return new TextDecoder().decode(readBytes(path));
}

/** The digest of a file with these bytes, as `sha256sum` prints it. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Reads standard input to its end; signals end the command meanwhile. */
export function readInput(): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  const piece = new Uint8Array(1 << 16);
  for (;;) {
    let got: number;
    try {
      got = readSync(0, piece, 0, piece.length, null);
    } catch (e) {
      const { code } = e as NodeJS.ErrnoException;
      if (code === "EOF") break;
      if (code !== "EAGAIN") throw new CommandError(`cannot read standard input: ${systemReason(e)}`);
      // Somebody else has made it one that does not wait.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, inputPauseMs);
      continue;
    }
    if (got === 0) break;
    pieces.push(piece.slice(0, got));
  }
  return new Uint8Array(Buffer.concat(pieces));
}

/** Between looks at a standard input that has nothing. */
const inputPauseMs = 10;

/**
 * Writes a file as a whole: what is at the path stays as it was until the new content is on the disk, and keeps its mode. A
 * device or a pipe is written to.
 */
export function writeBytes(path: string, bytes: Uint8Array): void {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there) accessSync(path, constants.W_OK);
    if (there && !there.isFile()) writeFileSync(path, bytes);
    else replaceFile(placeOf(path), bytes, there?.mode);
  } catch (e) {
    throw new CommandError(`cannot write ${path}: ${systemReason(e)}`, { cause: e });
  }
}

function replaceFile(path: string, bytes: Uint8Array, mode: number | undefined): void {
  const temporary = join(dirname(path), `.clickos-${randomBytes(6).toString("hex")}`);
  try {
    writeFileSync(temporary, bytes, { flag: "wx", flush: true });
    if (mode !== undefined) chmodSync(temporary, mode & 0o7777);
    renameSync(temporary, path);
  } catch (e) {
    rmSync(temporary, { force: true });
    const { code } = e as NodeJS.ErrnoException;
    // A file that may be written in a folder that may not.
    if (mode === undefined || (code !== "EACCES" && code !== "EPERM")) throw e;
    writeFileSync(path, bytes);
  }
}

/** Links to follow to where a file would be made. */
const maximumLinks = 40;

/** Where a file is, or would be made: links are followed, the last one too. */
export function placeOf(path: string): string {
  let at = resolve(path);
  for (let links = 0; links < maximumLinks; links++) {
    try {
      at = join(realpathSync(dirname(at)), basename(at));
      at = resolve(dirname(at), readlinkSync(at));
    } catch {
      break;
    }
  }
  return at;
}
