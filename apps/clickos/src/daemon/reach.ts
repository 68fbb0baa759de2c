/** Reaching the daemon from a command: the one that runs, or one that is started for it. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, ClientError } from "@clickos/client";
import { connect } from "@clickos/client/node";
import { CommandError } from "../failure.ts";
import { type DaemonPaths, daemonPaths, ownFolder } from "./paths.ts";

const startMs = 15_000;
const lookMs = 10;
/** A log that has got longer than this begins anew. */
const longestLog = 1024 * 1024;

/** Connects to the daemon; starts one in the background when none runs. @throws {CommandError} when it does not start. */
export async function reachDaemon(paths: DaemonPaths = daemonPaths()): Promise<Client> {
  const running = await findDaemon(paths);
  if (running) return running;
  ownFolder(dirname(paths.socket));
  const from = sizeOf(paths.log) > longestLog ? 0 : sizeOf(paths.log);
  const log = openSync(paths.log, from === 0 ? "w" : "a", 0o600);
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] as string, "daemon", "--on-demand"], {
    detached: true,
    stdio: ["ignore", log, log],
    env: process.env,
    cwd: "/",
  });
  closeSync(log);
  let ended: string | undefined;
  child.once("error", (e) => {
    ended = e.message;
  });
  child.once("exit", (code, signal) => {
    ended ??= `it ended with ${signal ?? `status ${code}`}`;
  });
  child.unref();
  for (const until = performance.now() + startMs; performance.now() < until; ) {
    const client = await findDaemon(paths);
    if (client) return client;
    if (ended !== undefined) {
      // Another command may have started one at the same time.
      const other = await findDaemon(paths);
      if (other) return other;
      const said = readFileSync(paths.log, "utf8").slice(from).trim();
      throw new CommandError(`the daemon did not start: ${said || ended}`);
    }
    await sleep(lookMs);
  }
  throw new CommandError(
    `the daemon does not answer on ${paths.socket} after ${startMs / 1000} s; ${paths.log} has what it said`,
  );
}

/** The daemon that runs, if one does. */
export async function findDaemon(paths: DaemonPaths = daemonPaths()): Promise<Client | undefined> {
  try {
    return await connect(paths.socket);
  } catch (e) {
    if (e instanceof ClientError && e.code === "CONNECT") {
      const { code } = e.cause as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ECONNREFUSED") return undefined;
    }
    throw e;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
