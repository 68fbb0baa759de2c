/** Images whose code does not come back: the command does. Real commands, real images. */
import { spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCapture, openCapture } from "@clickos/pcap/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { type Looping, loopingImages } from "./looping-images.ts";

const app = fileURLToPath(new URL("..", import.meta.url));
const command = join(app, "bin/clickos.js");
const dir = mkdtempSync(join(tmpdir(), "clickos-watchdog-"));
const at = (name: string): string => join(dir, name);
const env = { ...process.env, NO_COLOR: "1" };
beforeAll(() => needsBuild(new URL("../dist/clickos.cjs", import.meta.url)));
afterAll(() => rmSync(dir, { recursive: true }));

function boot(image: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [command, "boot", image, ...args], { encoding: "utf8", cwd: dir, env });
}
function frames(path: string): number {
  const reader = openCapture(path);
  let count = 0;
  while (reader.next()) count++;
  expect(reader.problem).toBe(undefined);
  reader.close();
  return count;
}

describe("boot of an image that loops", () => {
  let looping: Looping;
  beforeAll(async () => {
    looping = await loopingImages();
    const writer = createCapture(at("in.pcap"));
    for (let i = 0; i < 1000; i++) writer.write(new Uint8Array(100).fill(i), BigInt(i));
    writer.close();
  });
  const both = ["--nic", "0=in.pcap", "--nic", "1=out.pcap"];

  it("in boot ends with a report of the watchdog", () => {
    writeFileSync(at("boot.cos"), looping.boot);
    const { status, stdout, stderr } = boot("boot.cos", ...both);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^clickos: 'loop' crashed while it booted: watchdog: the vCPU ran for \d+ ms without a pause$/m,
    );
    expect(stderr).not.toMatch(/ {4}at /);
  });

  it("after some frames ends likewise; what came out before is in a whole capture", async () => {
    writeFileSync(at("vcpu.cos"), await looping.vcpu(200));
    const { status, stdout, stderr } = boot("vcpu.cos", ...both);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^clickos: domain 'loop' crashed: watchdog: the vCPU ran for \d+ ms without a pause/m);
    expect(stderr).not.toMatch(/ {4}at /);
    expect(frames(at("out.pcap"))).toBeGreaterThanOrEqual(200);
    expect(frames(at("out.pcap"))).toBeLessThan(1000);
  });

  it("in a start function is refused before it runs", () => {
    writeFileSync(at("start.cos"), looping.start);
    expect(WebAssembly.validate(looping.start)).toBe(true);
    const { status, stdout, stderr } = boot("start.cos");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("not code that a guest may have: a section 8");
    expect(stderr).not.toMatch(/ {4}at /);
  });

  it.skipIf(process.platform === "win32")("can be interrupted meanwhile (skipped on Windows)", async () => {
    writeFileSync(at("signal.cos"), looping.boot);
    const child = spawn(process.execPath, [command, "boot", "signal.cos"], { cwd: dir, env });
    let said = "";
    await new Promise<void>((resolve) => {
      child.stderr.on("data", (d) => {
        said += d;
        if (said.includes("is not signed")) resolve();
      });
    });
    const end = new Promise((resolve) => child.once("close", (status, signal) => resolve(signal ?? status)));
    // The second one ends it at once, whatever the image does; but for that the watchdog would, with status 1.
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill("SIGINT");
    expect(["SIGINT", 1]).toContain(await end);
  });
});

describe("boot on a thread", () => {
  it("passes what it passes on the command's own, frame by frame, also where two interfaces interleave", () => {
    // Frames of two wires through one queue, fewer places than a burst of each has; three copies, some of which are lost.
    const text =
      "FromDevice(0) -> q :: Queue(50); FromDevice(1) -> q; q -> Unqueue -> t :: Tee(3) -> ToDevice(2); t[1] -> ToDevice(2); t[2] -> Queue(20) -> ToDevice(3);";
    writeFileSync(at("mix.click"), text);
    const pair = generateKeyPairSync("ed25519");
    writeFileSync(at("key.pem"), pair.privateKey.export({ type: "pkcs8", format: "pem" }));
    mkdirSync(at("trust"));
    writeFileSync(at("trust/me.pem"), pair.publicKey.export({ type: "spki", format: "pem" }));
    const args = ["build", "mix.click", "-o", "mix.cos", "--sign", "key.pem"];
    expect(spawnSync(process.execPath, [command, ...args], { cwd: dir, env }).status).toBe(0);
    for (const [device, count] of [
      [0, 700],
      [1, 500],
    ] as const) {
      const writer = createCapture(at(`mix${device}.pcap`));
      for (let i = 0; i < count; i++) writer.write(new Uint8Array(60 + (i % 40)).fill(i + device), BigInt(i));
      writer.close();
    }
    const nics = [0, 1].map((n) => `${n}=mix${n}.pcap`).concat([2, 3].map((n) => `${n}=mix${n}.pcap`));
    const results = [["--trust", "trust"], [], []].map((trust) => {
      const { status, stdout } = boot("mix.cos", ...trust, "--json", ...nics.flatMap((nic) => ["--nic", nic]));
      expect(status).toBe(0);
      const { boot: timeline, ...report } = JSON.parse(stdout);
      const phases: string[] = timeline.phases.map((p: { name: string }) => p.name);
      expect(phases.includes("thread")).toBe(trust.length === 0);
      return { report, out: [2, 3].map((n) => readFileSync(at(`mix${n}.pcap`)).toString("hex")) };
    });
    const [trusted, ...others] = results;
    expect(trusted?.report.nics.map((n: { rx: number }) => n.rx)).toEqual([700, 500, 0, 0]);
    expect(trusted?.report.nics[2].tx).toBeGreaterThan(100);
    expect(Object.keys(trusted?.report.drops).length).toBeGreaterThan(0);
    expect(trusted?.report.domain.state).toBe("running");
    for (const other of others) expect(other).toEqual(trusted);
  });
});
