/** What tests need of the machine: network namespaces, programs. Each says why it is not there. */
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";

/** Runs a command; its output. */
export function sh(command: string, ...words: string[]): string {
  return execFileSync(command, words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 20_000 });
}

/** The same while the event loop goes on; what it printed, however it ended. */
export function run(command: string, ...words: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(command, words, { timeout: 25_000 }, (_error, out, err) => resolve(out + err));
  });
}

/** Runs a command in a network namespace. */
export function inside(namespace: string, ...words: string[]): string {
  return sh("ip", "netns", "exec", namespace, ...words);
}

/** Why there can be no interfaces of our own here; `undefined` where there can. */
export function noNetwork(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root";
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
  } catch {
    return "needs /dev/net/tun";
  }
  const name = `clickos-probe-${process.pid}`;
  const made = spawnSync("ip", ["netns", "add", name]);
  if (made.error) return "needs the program ip";
  if (made.status !== 0) return "may not make network namespaces";
  spawnSync("ip", ["netns", "del", name]);
  return spawnSync("ping", ["-V"]).error ? "needs the program ping" : undefined;
}

/** Why a program cannot be used. */
export function noProgram(name: string, ...words: string[]): string | undefined {
  return spawnSync(name, words.length > 0 ? words : ["--version"], { stdio: "ignore" }).error
    ? `needs the program ${name}`
    : undefined;
}

let counter = 0;
/** A name that no other test has: 15 bytes at most, as interfaces have. */
export function uniqueName(prefix: string): string {
  return `${prefix}${process.pid.toString(36)}${(counter++).toString(36)}`;
}
