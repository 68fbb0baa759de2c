/** The terminal that standard error goes to. */
import { readFileSync } from "node:fs";
import type { HostTerminal } from "@clickos/click-core/element";
import { flushStandardOutput } from "./standard-output.ts";

const usualColumns = 80;

/** Places in Linux's `/proc/self/stat`, behind the name of the program: its group, and the terminal's group in the foreground. */
const [groupField, foregroundField] = [2, 5];

/** Nothing where standard error is no terminal. */
export function hostTerminal(): HostTerminal | undefined {
  const { stderr, stdout } = process;
  if (!stderr.isTTY) return undefined;
  return {
    get columns() {
      return stderr.columns || usualColumns;
    },
    showsOutput: stdout.isTTY === true,
    isForeground() {
      try {
        const text = readFileSync("/proc/self/stat", "latin1");
        const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
        return fields[groupField] === fields[foregroundField];
      } catch {
        // Systems without such a file have no such groups, or do not tell.
        return true;
      }
    },
    write(text) {
      flushStandardOutput();
      stderr.write(Buffer.from(text, "latin1"));
    },
  };
}
