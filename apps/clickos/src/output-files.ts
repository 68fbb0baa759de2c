/**
 * Outputs that would destroy something: one that is also an input, or another output. Files are compared, not names: links
 * and `/dev/fd` lead to the same file. Devices such as `/dev/null` may be named as often as one likes.
 */
import { statSync } from "node:fs";
import { CommandError } from "./failure.ts";
import { placeOf } from "./files.ts";

export interface NamedFile {
  readonly path: string;
  /** What it is to the command, for messages: `the configuration`, `--in 0`. */
  readonly what: string;
}

/** @throws {CommandError} for an output that is an input or another output; nothing has been opened. */
export function checkOutputs(inputs: readonly NamedFile[], outputs: readonly NamedFile[]): void {
  const known = new Map<string, NamedFile>();
  for (const file of inputs) {
    const id = identity(file.path);
    if (id !== undefined) known.set(id, file);
  }
  for (const file of outputs) {
    const id = identity(file.path);
    if (id === undefined) continue;
    const other = known.get(id);
    if (other)
      throw new CommandError(
        `${file.path} (${file.what}) is also ${other.what}${other.path === file.path ? "" : `, ${other.path}`}: it would be overwritten`,
      );
    known.set(id, file);
  }
}

/** The files that a configuration's elements open. */
export function elementFiles(
  files: readonly { readonly element: string; readonly reads?: string; readonly writes?: string }[],
): { reads: NamedFile[]; writes: NamedFile[] } {
  const named = (use: "reads" | "writes", what: string): NamedFile[] =>
    files.flatMap((file) => {
      const path = file[use];
      return path && path !== "-" ? [{ path, what: `the ${what} of ${file.element}` }] : [];
    });
  return { reads: named("reads", "input"), writes: named("writes", "output") };
}

/** What two names of one file have in common; `undefined` for a device. */
function identity(path: string): string | undefined {
  try {
    const found = statSync(path, { bigint: true });
    return found.isCharacterDevice() ? undefined : `${found.dev}:${found.ino}`;
  } catch {
    return placeOf(path);
  }
}
