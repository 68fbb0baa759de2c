/** Files of the host, as scripts use them. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import type { HostFiles } from "@clickos/click-core/element";
import { systemReason } from "@clickos/pcap/node";
import { writeStandardOutput } from "./standard-output.ts";

/** Failures are told in words: what cannot be done with which file. */
function telling<T>(action: () => T): T {
  try {
    return action();
  } catch (e) {
    throw new Error(systemReason(e), { cause: e });
  }
}

export const hostFiles: HostFiles = {
  read: (file) => telling(() => readFileSync(file === "-" ? 0 : file)),
  write: (file, data, append) => {
    const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
    if (file === "-") writeStandardOutput(bytes);
    else telling(() => (append ? appendFileSync(file, bytes) : writeFileSync(file, bytes)));
  },
};
