/** Files of the host, as elements use them. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { gzipSync } from "node:zlib";
import type { HostFiles } from "@clickos/click-core/element";
import { openSource, systemReason } from "@clickos/pcap/node";
import { writeStandardOutput } from "./standard-output.ts";

/** Failures are told as C's `strerror` says them, with their codes. */
function telling<T>(action: () => T): T {
  try {
    return action();
  } catch (e) {
    throw Object.assign(new Error(systemReason(e), { cause: e }), { code: (e as NodeJS.ErrnoException).code });
  }
}

/** A file's name as Click reads it: `~` at its start is the home directory, and several slashes are one. */
export function hostFilename(name: string): string {
  return name.replace(/^~(?=\/|$)/, () => process.env.HOME ?? homedir()).replace(/\/{2,}/g, "/");
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The name of a file for Node, of one in a configuration, where a character is a byte. */
export function diskName(name: string): string {
  if (/^[\0-\x7f]*$|[^\0-\xff]/.test(name)) return name;
  try {
    return utf8.decode(Buffer.from(name, "latin1"));
  } catch {
    return name;
  }
}

export const hostFiles: HostFiles = {
  resolve: hostFilename,
  hostName: hostname,
  open: (file) => telling(() => openSource(diskName(file), { waiting: true })),
  read: (file) => telling(() => readFileSync(file === "-" ? 0 : diskName(file))),
  write: (file, data, append) => {
    const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
    if (file === "-") writeStandardOutput(bytes);
    else telling(() => (append ? appendFileSync(diskName(file), bytes) : writeFileSync(diskName(file), bytes)));
  },
  makeFolder: (folder) =>
    telling(() => {
      if (!existsSync(diskName(folder))) mkdirSync(diskName(folder));
    }),
  compress: (file) =>
    telling(() => {
      writeFileSync(diskName(`${file}.gz`), gzipSync(readFileSync(diskName(file))));
      unlinkSync(diskName(file));
    }),
  remove: (file) => telling(() => unlinkSync(diskName(file))),
};
