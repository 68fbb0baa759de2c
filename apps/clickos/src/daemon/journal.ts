/**
 * What is defined, kept in a file that survives the daemon being killed at any moment: keys and values of JSON, of which the last
 * one written holds.
 *
 *   clickos-journal 1
 *   <CRC-32 of the rest of the line, 8 hexadecimal digits> {"put": key, "value": …}
 *   <CRC-32> {"delete": key}
 *
 * Lines are only added; a change is there once its line is on the disk. The last line may be cut where writing was: it was not
 * answered for, and is taken away. When most lines are out of date the file is written anew, beside the old one, which it then
 * replaces.
 */
import {
  closeSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  write,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { CommandError } from "../failure.ts";

const heading = "clickos-journal 1\n";
/** A file is not written anew before it has so many lines out of date, and as many as it has others. */
const leastWaste = 1024;

const writeTo = promisify(write) as (fd: number, bytes: Uint8Array) => Promise<{ bytesWritten: number }>;
const sync = promisify(fsync);

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

export interface Journal {
  readonly entries: ReadonlyMap<string, Json>;
  /** Resolves when the value is on the disk. Changes that come together are written together. @throws {CommandError} */
  put(key: string, value: Json): Promise<void>;
  delete(key: string): Promise<void>;
  /** Resolves when all that was asked for is on the disk. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a journal, or begins one. @throws {CommandError} when the file is damaged anywhere but at its end; it stays as it is. */
export function openJournal(path: string): Journal {
  const entries = new Map<string, Json>();
  let { fd, lines } = read(path, entries);
  /** Lines that wait for their turn. */
  let queue: string[] = [];
  let writing: Promise<void> | undefined;
  let failure: CommandError | undefined;
  let closed = false;

  const drain = async (): Promise<void> => {
    // Whatever else comes in this turn of the event loop goes along.
    await Promise.resolve();
    while (queue.length > 0) {
      const now = queue;
      queue = [];
      lines += now.length;
      if (lines - entries.size > Math.max(leastWaste, entries.size)) ({ fd, lines } = rewrite(path, fd, entries));
      else {
        const bytes = Buffer.from(now.join(""));
        for (let at = 0; at < bytes.length; ) at += (await writeTo(fd, bytes.subarray(at))).bytesWritten;
        await sync(fd);
      }
    }
  };
  const change = (line: string): Promise<void> => {
    if (failure) return Promise.reject(failure);
    if (closed) return Promise.reject(new CommandError(`${path} is closed`));
    queue.push(line);
    writing ??= drain()
      .catch((e: Error) => {
        // What of it is on the disk is not known: nothing more is promised.
        failure = new CommandError(`cannot write ${path}: ${e.message}; nothing is kept from here on`);
        throw failure;
      })
      .finally(() => {
        writing = undefined;
      });
    return writing;
  };
  return {
    entries,
    put(key, value) {
      entries.set(key, value);
      return change(lineOf({ put: key, value }));
    },
    delete(key) {
      return entries.delete(key) ? change(lineOf({ delete: key })) : Promise.resolve();
    },
    settled: () => writing ?? Promise.resolve(),
    async close() {
      closed = true;
      await writing?.catch(() => {});
      closeSync(fd);
    },
  };
}

function lineOf(record: Json): string {
  const text = JSON.stringify(record);
  return `${sumOf(text)} ${text}\n`;
}

function sumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}

/** Reads the file into `entries`, takes a last line away that is cut, and leaves the file open for more. */
function read(path: string, entries: Map<string, Json>): { fd: number; lines: number } {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== "ENOENT")
      throw new CommandError(`cannot read ${path}: ${(e as Error).message}`);
    return rewrite(path, undefined, entries);
  }
  const damaged = (line: number, what: string): CommandError =>
    new CommandError(`${path}, line ${line}: ${what}; move the file away to begin anew, or restore it from a copy`);
  if (!bytes.subarray(0, heading.length).equals(Buffer.from(heading).subarray(0, bytes.length)))
    throw damaged(1, "no journal of this program's version");
  let lines = 0;
  let whole = Math.min(bytes.length, heading.length);
  while (whole < bytes.length) {
    const end = bytes.indexOf(10, whole);
    if (end < 0) break;
    const record = recordOf(bytes.toString("utf8", whole, end));
    if (!record) {
      // Where nothing follows, writing was cut in the middle of several lines.
      if (bytes.indexOf(10, end + 1) < 0) break;
      throw damaged(lines + 2, "it is damaged");
    }
    if ("delete" in record) entries.delete(record.delete);
    else entries.set(record.put, record.value);
    lines++;
    whole = end + 1;
  }
  if (whole < heading.length) return rewrite(path, undefined, entries);
  const fd = openSync(path, "a", 0o600);
  if (whole < bytes.length) {
    ftruncateSync(fd, whole);
    fsyncSync(fd);
  }
  return { fd, lines };
}

type JournalRecord = { readonly put: string; readonly value: Json } | { readonly delete: string };

function recordOf(line: string): JournalRecord | undefined {
  const text = line.slice(9);
  if (line[8] !== " " || line.slice(0, 8) !== sumOf(text)) return undefined;
  return JSON.parse(text) as JournalRecord;
}

/** The file anew, with what holds; the old one is there until the new one is whole. */
function rewrite(path: string, before: number | undefined, entries: Map<string, Json>): { fd: number; lines: number } {
  const beside = `${path}.new`;
  const fd = openSync(beside, "w", 0o600);
  const text = heading + [...entries].map(([put, value]) => lineOf({ put, value })).join("");
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  fsyncSync(fd);
  renameSync(beside, path);
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
  if (before !== undefined) closeSync(before);
  return { fd, lines: entries.size };
}
