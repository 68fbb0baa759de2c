/** Where the daemon has its sockets and keeps what is defined, by user. */
import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { CommandError } from "../failure.ts";

export interface DaemonPaths {
  /** Of the API. */
  readonly socket: string;
  /** Of the Xen store. */
  readonly store: string;
  /** What a daemon that was started on demand prints. */
  readonly log: string;
  /** The folder of the journal, images and checkpoints. */
  readonly state: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `CLICKOS_RUNTIME`, or `clickos` in the user's runtime folder (`XDG_RUNTIME_DIR`), or a folder of the user's among the temporary
 * ones; and `CLICKOS_STATE`, or `clickos` in the user's folder for state (`XDG_STATE_HOME`, `~/.local/state`).
 */
export function daemonPaths(env: Environment = process.env): DaemonPaths {
  const runtime =
    env.CLICKOS_RUNTIME ||
    (env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, "clickos") : join(tmpdir(), `clickos-${userInfo().uid}`));
  const state = env.CLICKOS_STATE || join(env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "clickos");
  return {
    socket: join(runtime, "clickos.sock"),
    store: join(runtime, "xenstored.sock"),
    log: join(runtime, "daemon.log"),
    state,
  };
}

/**
 * Makes a folder that is the user's alone, or makes sure that one is: others could put sockets and files of theirs into it
 * otherwise.
 *
 * @throws {CommandError}
 */
export function ownFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const found = lstatSync(path);
    const uid = process.getuid?.();
    if (!found.isDirectory()) throw new CommandError(`${path} is no folder`);
    if (uid !== undefined && found.uid !== uid)
      throw new CommandError(
        `${path} belongs to another user (${found.uid}): set CLICKOS_RUNTIME to a folder of yours`,
      );
    if ((found.mode & 0o077) !== 0) chmodSync(path, 0o700);
  } catch (e) {
    if (e instanceof CommandError) throw e;
    throw new CommandError(`cannot make the folder ${path}: ${(e as Error).message}`);
  }
}
