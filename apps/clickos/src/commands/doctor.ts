/** `clickos doctor`: what this machine lets one do, what is wrong with it, and what ended programs have left behind. */
import { accessSync, constants, existsSync, lstatSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { isDead } from "@clickos/unix-socket/node";
import type { Command } from "commander";
import { daemonPaths } from "../daemon/paths.ts";
import { findDaemon } from "../daemon/reach.ts";
import { print, printJson } from "../print.ts";
import { table } from "../table.ts";

/** How something is: as it should be, missing with a loss that is named, or wrong. */
export interface Finding {
  readonly what: string;
  readonly state: "ok" | "limited" | "wrong";
  readonly detail: string;
}

const leastNode = [20, 19] as const;
const leastFreeMiB = 64;

/** A file that a program left behind; what it is. */
interface Leftover {
  readonly path: string;
  readonly what: string;
}

async function leftovers(): Promise<Leftover[]> {
  const { socket, store, state } = daemonPaths();
  const found: Leftover[] = [];
  for (const path of [socket, store, join(state, "lock")])
    if (existsSync(path) && lstatSync(path).isSocket() && (await isDead(path)))
      found.push({ path, what: "a socket that nobody listens on" });
  for (const folder of [state, join(state, "images"), join(state, "checkpoints")])
    if (existsSync(folder))
      for (const name of readdirSync(folder))
        if (/^\.clickos-[0-9a-f]{12}$|^journal\.new$/.test(name))
          found.push({ path: join(folder, name), what: "a file that was not written to its end" });
  return found;
}

function attempt(what: string, detail: string, loss: string, test: () => void): Finding {
  try {
    test();
    return { what, state: "ok", detail };
  } catch {
    return { what, state: "limited", detail: loss };
  }
}

/** Whether a package is installed. */
function isThere(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

async function examine(): Promise<Finding[]> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const paths = daemonPaths();
  const findings: Finding[] = [];
  const add = (what: string, state: Finding["state"], detail: string): void =>
    void findings.push({ what, state, detail });
  const recent = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1]);
  if (!recent) add("Node", "wrong", `${process.version}; ${leastNode.join(".")} or later is needed`);
  else if (major < 22)
    add("Node", "limited", `${process.version}; from 22 on, frames move between two memories at once, which is faster`);
  else add("Node", "ok", process.version);
  findings.push(
    attempt(
      "threads",
      "domains run on threads, with a watchdog",
      "no shared memory: domains run on the daemon's thread only",
      () => {
        new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
      },
    ),
  );
  const koffi = isThere("koffi");
  add(
    "koffi",
    koffi ? "ok" : "limited",
    koffi ? "system calls can be made" : "not installed: no TAP devices and packet sockets; npm install koffi",
  );
  findings.push(
    attempt(
      "TAP devices",
      "/dev/net/tun can be opened",
      "/dev/net/tun cannot be opened: run as root, or have an administrator give access",
      () => accessSync("/dev/net/tun", constants.R_OK | constants.W_OK),
    ),
  );
  const root = process.getuid?.() === 0;
  add(
    "rights",
    root ? "ok" : "limited",
    root ? "root: interfaces can be made and captured" : "an ordinary user: af_packet: needs CAP_NET_RAW",
  );
  for (const folder of [dirname(paths.socket), paths.state]) {
    if (!existsSync(folder)) {
      add(folder, "ok", "made when a daemon starts");
      continue;
    }
    const { bavail, bsize } = statfsSync(folder);
    const free = (bavail * bsize) / 1024 / 1024;
    const { mode, uid } = lstatSync(folder);
    if (uid !== process.getuid?.()) add(folder, "wrong", "belongs to another user");
    else if ((mode & 0o077) !== 0) add(folder, "wrong", "others may read it: chmod 700");
    else if (free < leastFreeMiB) add(folder, "wrong", `${free.toFixed(0)} MiB free`);
    else add(folder, "ok", `${free.toFixed(0)} MiB free`);
  }
  try {
    const client = await findDaemon(paths);
    if (!client) add("daemon", "ok", "none runs; commands start one when they need it");
    else {
      const { pid, recovery } = client.daemon;
      const domains = await client.call("domain.list", {});
      client.close();
      const ill = domains
        .filter(({ state }) => state === "crashed" || state === "failed")
        .map(({ name, state }) => `${name} ${state}`);
      if (ill.length + recovery.problems.length > 0) add("daemon", "wrong", [...ill, ...recovery.problems].join("; "));
      else add("daemon", "ok", `process ${pid}, ${domains.length} domains`);
    }
  } catch (e) {
    add("daemon", "wrong", (e as Error).message);
  }
  return findings;
}

export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description(
      "say what this machine lets one do, what is wrong, and what was left behind; status 1 when something is",
    )
    .option("--clean", "remove what was left behind")
    .option("--json", "print it as JSON")
    .action(async (options: { clean?: boolean; json?: boolean }) => {
      const findings = await examine();
      const left = await leftovers();
      if (options.clean) for (const { path } of left) rmSync(path, { force: true });
      if (options.json) printJson({ findings, leftovers: left, cleaned: options.clean === true });
      else {
        print(
          table(
            findings.map(({ what, state, detail }) => [what, state, detail]),
            "",
          ),
        );
        for (const { path, what } of left)
          print(`${path}  ${what}${options.clean ? ": removed" : "; --clean removes it"}`);
      }
      if (findings.some(({ state }) => state === "wrong") || (left.length > 0 && !options.clean)) process.exitCode = 1;
    });
}
