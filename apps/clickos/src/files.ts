/** Reads and writes whole files, with errors that say which file and why. */
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { systemReason } from "@clickos/netdev";
import { CommandError } from "./failure.ts";

export function readBytes(path: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (e) {
    throw new CommandError(`cannot read ${path}: ${systemReason(e)}`);
  }
}

/** Reads a configuration; bytes that are not UTF-8 are kept as replacement characters and found by the lexer. */
export function readText(path: string): string {
  return new TextDecoder().decode(readBytes(path));
}

/** Writes a file; one that could not be written whole is removed. */
export function writeBytes(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (e) {
    try {
      if (statSync(path).isFile()) rmSync(path);
    } catch {
      // There is no file to remove.
    }
    throw new CommandError(`cannot write ${path}: ${systemReason(e)}`);
  }
}
