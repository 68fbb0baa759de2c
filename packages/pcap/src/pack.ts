/** Compresses what is written to a file, as its name says. */
import { spawnSync } from "node:child_process";
import { gzipSync } from "node:zlib";

/** Compresses bytes to a whole file; `undefined` for a name that does not ask for it. */
export function packerOf(path: string): ((bytes: Uint8Array) => Uint8Array) | undefined {
  if (path.endsWith(".gz")) return gzipSync;
  if (path.endsWith(".bz2")) return by("bzip2", ["-c"]);
  if (path.endsWith(".Z")) return by("compress", ["-c"]);
  return undefined;
}

/** A program of the system, which the platform has nothing for. */
function by(program: string, args: readonly string[]): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    const { error, status, stdout, stderr } = spawnSync(program, args, {
      input: bytes,
      maxBuffer: 2 * bytes.length + (1 << 16),
    });
    if (error) throw new Error(`${program}: ${error.message}`);
    if (status !== 0) throw new Error(`${program}: ${stderr.toString().trim()}`);
    return stdout;
  };
}
