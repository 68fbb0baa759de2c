/**
 * Listening on a path.
 *
 * The socket is made under a name of its own beside the path, gets its mode, and is then linked to the path, which fails when
 * anything is there: nothing is ever replaced, and nobody can connect before the mode is right. It also keeps Node, which
 * removes the name that it has bound, whatever is there by then, from removing what somebody else has put at the path.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, linkSync, lstatSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { UnixSocketError } from "./error.ts";

/** Bytes of a path: `sun_path` of `sockaddr_un` less its final zero, on Linux and elsewhere. */
export const maximumPath: number = process.platform === "linux" ? 107 : 103;
/** Of a name that a socket is made under. */
const temporaryBytes = 5;
/** A server that takes no connection for so long is there all the same. */
const answerMs = 1000;

export interface ListenUnixOptions {
  /** Who may connect; its owner when absent. */
  readonly mode?: number;
  /** The socket's file stays when the server closes. */
  readonly stays?: boolean;
}

/**
 * Has a server listen on a path; its socket goes when the server closes, unless it is to stay or something else is there by
 * then. A socket whose server is gone is replaced.
 *
 * @throws {UnixSocketError} The path is as it was.
 */
export async function listenUnix(server: Server, path: string, options: ListenUnixOptions = {}): Promise<void> {
  // With its folder, be it `.`: a name that reads as a number is a port to Node.
  const temporary = `${dirname(path)}/.${randomBytes(temporaryBytes).toString("hex")}`;
  const longest = Math.max(Buffer.byteLength(path), Buffer.byteLength(temporary));
  if (longest > maximumPath)
    throw new UnixSocketError(
      "PATH_TOO_LONG",
      `cannot listen on ${path}: a socket's path has at most ${maximumPath} bytes, this one needs ${longest}`,
    );
  if (path.includes("\0")) throw new UnixSocketError("CANNOT_LISTEN", "cannot listen on a path with a zero byte");
  await checkPath(path);
  await listen(server, temporary, path);
  try {
    chmodSync(temporary, options.mode ?? 0o600);
    const own = lstatSync(temporary);
    await take(temporary, path);
    if (!options.stays) server.once("close", () => remove(path, own));
  } catch (e) {
    server.close();
    throw e instanceof UnixSocketError ? e : cannot(path, e);
  } finally {
    unlinkSync(temporary);
  }
}

function cannot(path: string, e: unknown): UnixSocketError {
  return new UnixSocketError("CANNOT_LISTEN", `cannot listen on ${path}: ${(e as Error).message}`, { cause: e });
}

function listen(server: Server, name: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (e: Error): void => reject(cannot(path, e));
    server.once("error", failed);
    server.listen(name, () => {
      server.off("error", failed);
      resolve();
    });
  });
}

/** Gives the socket its name. Who took the path since it was looked at keeps it. */
async function take(temporary: string, path: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      linkSync(temporary, path);
      return;
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 2) throw e;
    }
    const dead = await checkPath(path);
    if (dead) remove(path, dead);
  }
}

interface Identity {
  readonly dev: number;
  readonly ino: number;
}

/** Removes a file if it is still the one that is meant. */
function remove(path: string, { dev, ino }: Identity): void {
  try {
    const now = lstatSync(path);
    if (now.dev === dev && now.ino === ino) unlinkSync(path);
  } catch {
    // It is gone already.
  }
}

/** What is at the path: nothing, or a socket whose server is gone. @throws {UnixSocketError} when it is anything else. */
async function checkPath(path: string): Promise<Identity | undefined> {
  let found: ReturnType<typeof lstatSync>;
  try {
    found = lstatSync(path);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cannot(path, e);
  }
  if (!found.isSocket())
    throw new UnixSocketError("NOT_A_SOCKET", `cannot listen on ${path}: a file is there that is no socket`);
  if (!(await isDead(path)))
    throw new UnixSocketError("IN_USE", `cannot listen on ${path}: another server listens there`);
  return found;
}

/**
 * Whether a socket's server is gone. Only a refusal says that nobody listens; anything else may be a server that is busy, or of
 * another kind. It takes a second at most.
 */
export function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const done = (dead: boolean): void => {
      socket.destroy();
      clearTimeout(timer);
      resolve(dead);
    };
    const timer = setTimeout(() => done(false), answerMs);
    socket.once("connect", () => done(false));
    socket.once("error", (e: NodeJS.ErrnoException) => done(e.code === "ECONNREFUSED" || e.code === "ENOENT"));
  });
}
