/** Network namespaces, TAP devices and QEMU guests for tests of the command; why there are none here. */
import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export function sh(command: string, ...words: string[]): string {
  return execFileSync(command, words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 20_000 });
}
/** Runs a command while the event loop goes on; all that it printed. */
export function run(command: string, ...words: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(command, words, { timeout: 60_000, maxBuffer: 1 << 24 }, (_error, out, err) => resolve(out + err));
  });
}

/** Why there can be no interfaces of our own; `undefined` where there can. */
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

/** Why there can be no QEMU guest. */
export function noGuest(): string | undefined {
  const { error, stdout } = spawnSync("qemu-system-x86_64", ["-netdev", "help"], { encoding: "utf8" });
  if (error) return "needs the program qemu-system-x86_64";
  return /^stream$/m.test(stdout) ? undefined : "needs a QEMU with -netdev stream: 7.2 or later";
}

let counter = 0;
/** A name that no other test has, of at most 15 bytes. */
export function uniqueName(prefix: string): string {
  return `${prefix}${process.pid.toString(36)}${(counter++).toString(36)}`;
}

export async function until(holds: () => unknown, timeoutMs = 30_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !holds(); ) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A command of ours that runs until it is told to end. */
export class Running {
  output = "";
  errors = "";
  private readonly child: ChildProcess;
  private readonly ended: Promise<number | null>;

  constructor(program: "clickos.js" | "click.cjs", ...words: string[]) {
    const path = fileURLToPath(new URL(`../bin/${program}`, import.meta.url));
    this.child = spawn(process.execPath, [path, ...words], { env: { ...process.env, NO_COLOR: "1" } });
    this.child.stdout?.on("data", (text) => {
      this.output += text;
    });
    this.child.stderr?.on("data", (text) => {
      this.errors += text;
    });
    this.ended = new Promise((resolve) => this.child.once("close", resolve));
  }
  /** Interrupts it; its exit status. */
  async interrupt(): Promise<number | null> {
    this.child.kill("SIGINT");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 20_000);
    const status = await this.ended;
    clearTimeout(timer);
    return status;
  }
}

/** A namespace with one of our TAP devices in it, up, with an address. */
export async function enter(tap: string, address: string): Promise<string> {
  const space = uniqueName("cns");
  await until(() => existsSync(`/sys/class/net/${tap}`));
  sh("ip", "netns", "add", space);
  sh("ip", "link", "set", tap, "netns", space);
  sh("ip", "-n", space, "addr", "add", address, "dev", tap);
  sh("ip", "-n", space, "link", "set", tap, "up");
  return space;
}

/** A QEMU process whose network card's boot ROM is the guest. */
export function guest(mac: string, ...netdev: string[]): ChildProcess {
  const display = ["-display", "none", "-serial", "none", "-monitor", "none", "-m", "32"];
  // When there is nothing to boot it begins anew.
  const boot = ["-boot", "order=n,reboot-timeout=500"];
  const words = [...display, ...boot, ...netdev, "-device", `virtio-net-pci,netdev=n,mac=${mac}`];
  return spawn("qemu-system-x86_64", words, { stdio: "ignore" });
}
