/** Signals to the commands: whole captures and a report, soon; at once the second time. Real commands, real signals. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  constants,
  createWriteStream,
  existsSync,
  mkdtempSync,
  openSync,
  read,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCapture, openCapture } from "@clickos/pcap/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";

const app = fileURLToPath(new URL("..", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "clickos-signals-"));
const at = (name: string): string => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true }));

interface Running {
  readonly child: ChildProcess;
  out: string;
  err: string;
  readonly end: Promise<{ status: number | null; signal: NodeJS.Signals | null }>;
}

function start(command: "clickos" | "click", ...args: string[]): Running {
  const child = spawn(
    process.execPath,
    [join(app, "bin", `${command}.${command === "click" ? "cjs" : "js"}`), ...args],
    {
      cwd: dir,
      env: { ...process.env, NO_COLOR: "1" },
    },
  );
  const running: Running = {
    child,
    out: "",
    err: "",
    end: new Promise((resolve) => child.once("close", (status, signal) => resolve({ status, signal }))),
  };
  child.stdout.on("data", (d) => {
    running.out += d;
  });
  child.stderr.on("data", (d) => {
    running.err += d;
  });
  return running;
}

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 10));
}
const size = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** Frames of a capture that is whole. */
function frames(path: string): number {
  const reader = openCapture(path);
  let count = 0;
  while (reader.next()) count++;
  expect(reader.problem).toBe(undefined);
  reader.close();
  return count;
}
const write = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};
/** A pipe with a capture of so many frames of 100 bytes in it, whose writer stays. */
function pipe(name: string, count: number): { path: string; release(): void } {
  const capture = at(`${name}.pcap`);
  const writer = createCapture(capture);
  for (let i = 0; i < count; i++) writer.write(new Uint8Array(100).fill(i), BigInt(i));
  writer.close();
  execFileSync("mkfifo", [at(name)]);
  const stream = createWriteStream(at(name));
  stream.on("error", () => {});
  stream.write(readFileSync(capture));
  return { path: at(name), release: () => stream.destroy() };
}

describe.skipIf(process.platform === "win32")("a signal (skipped on Windows)", () => {
  beforeAll(() => needsBuild(new URL("../dist/clickos.cjs", import.meta.url)));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`${signal} ends a run on a pipe that never ends, with its frames in whole captures`, async () => {
      const input = pipe(`run-${signal}`, 2000);
      const config = write(`run-${signal}.click`, "FromDevice(0) -> ToDevice(1);");
      const out = at(`run-${signal}.out.pcap`);
      const run = start("clickos", "run", config, "--in", `0=${input.path}`, "--out", `1=${out}`, "--json");
      // More than a buffer: so far the pipe was read.
      await until(() => size(out) > 65536);
      run.child.kill(signal);
      expect(await run.end).toEqual({ status: 0, signal: null });
      const [device] = JSON.parse(run.out).devices;
      expect(device.in).toBeGreaterThan(500);
      expect(frames(out)).toBe(JSON.parse(run.out).devices[1].out);
      input.release();
    });

    it(`${signal} ends the driver on a pipe, a dump in whole`, async () => {
      const input = pipe(`click-${signal}`, 2000);
      const out = at(`click-${signal}.out.pcap`);
      const run = start("click", "-e", `FromDump(${input.path}) -> c :: Counter -> ToDump(${out});`, "-h", "c.count");
      await until(() => size(out) > 65536);
      run.child.kill(signal);
      expect(await run.end).toEqual({ status: 0, signal: null });
      expect(frames(out)).toBe(Number(run.out));
      input.release();
    });

    it(`${signal} ends endless sources, in process and in a machine`, async () => {
      const config = write(`endless-${signal}.click`, "InfiniteSource -> c :: Counter -> ToDevice(0);");
      execFileSync(process.execPath, [join(app, "bin/clickos.js"), "build", config, "-o", at(`endless-${signal}.cos`)]);
      for (const args of [
        ["run", config, "--json", "--out"],
        ["boot", at(`endless-${signal}.cos`), "--json", "--nic"],
      ]) {
        const out = at(`endless-${signal}-${args[0]}.pcap`);
        const run = start("clickos", ...args, `0=${out}`);
        await until(() => size(out) > 65536);
        run.child.kill(signal);
        expect(await run.end).toEqual({ status: 0, signal: null });
        const report = JSON.parse(run.out);
        expect(frames(out)).toBe(args[0] === "run" ? report.devices[0].out : report.nics[0].tx);
        rmSync(out);
      }
    });

    it(`${signal} ends a command that waits for its standard input, a store, and a pipe that nothing comes from`, async () => {
      for (const args of [["check", "-"], ["fmt", "-"], ["flatten", "-"], ["graph", "-"], ["click"]]) {
        const waiting = start("clickos", ...args);
        // Nothing tells that it reads; a signal before that ends it likewise.
        await new Promise((resolve) => setTimeout(resolve, 300));
        waiting.child.kill(signal);
        expect([args, await waiting.end]).toEqual([args, { status: null, signal }]);
      }
      const store = start("clickos", "xenstored", "--socket", at(`store-${signal}`));
      await until(() => store.out.includes("XENSTORED_PATH"));
      store.child.kill(signal);
      expect(await store.end).toEqual({ status: 0, signal: null });
      expect(existsSync(at(`store-${signal}`))).toBe(false);
      execFileSync("mkfifo", [at(`silent-${signal}`)]);
      const config = write(`silent-${signal}.click`, "FromDevice(0) -> Discard;");
      const silent = at(`silent-${signal}`);
      const run = start("clickos", "run", config, "--in", `0=${silent}`);
      // Time begins with the first frame, and so does the router, so that nothing is printed. A pipe can be written to once it is
      // read from, which is after signals are caught.
      let writer = -1;
      await until(() => {
        try {
          writer = openSync(silent, constants.O_WRONLY | constants.O_NONBLOCK);
        } catch {
          // Nobody reads it yet.
        }
        return writer >= 0;
      });
      run.child.kill(signal);
      expect(await run.end).toEqual({ status: 0, signal: null });
      closeSync(writer);
    });
  }

  it("is not needed where a pipe ends: all of it is played, by every way", async () => {
    const config = write("ends.click", "FromDevice(0) -> ToDevice(1);");
    execFileSync(process.execPath, [join(app, "bin/clickos.js"), "build", config, "-o", at("ends.cos")]);
    const input = pipe("ends", 5000);
    input.release();
    const capture = at("ends.pcap");
    for (const [command, ...args] of [
      ["clickos", "run", config, "--in", "0=/dev/stdin", "--out", `1=${at("ends.out")}`],
      ["clickos", "boot", at("ends.cos"), "--nic", "0=/dev/stdin", "--nic", `1=${at("ends.out")}`],
      ["clickos", "run", write("d.click", `FromDump(/dev/stdin) -> ToDump(${at("ends.out")});`)],
      ["click", "-e", `FromDump(/dev/stdin, STOP true) -> ToDump(${at("ends.out")});`],
    ] as [string, ...string[]][]) {
      // A shell's pipe: Node's own are sockets, which have no path.
      execFileSync("sh", [
        "-c",
        `cat '${capture}' | '${process.execPath}' '${join(app, "bin", `${command}.${command === "click" ? "cjs" : "js"}`)}' "$@"`,
        "sh",
        ...args,
      ]);
      expect([args, frames(at("ends.out"))]).toEqual([args, 5000]);
      rmSync(at("ends.out"));
    }
  });

  it("finds whole files from their first byte on", async () => {
    const config = "InfiniteSource -> ToIPSummaryDump(first.sum, FIELDS wire_len)";
    for (let i = 0; i < 3; i++) {
      rmSync(at("first.sum"), { force: true });
      const click = start("click", "-e", config);
      // The moment that the file has anything in it.
      while (size(at("first.sum")) === 0) await new Promise((resolve) => setImmediate(resolve));
      click.child.kill("SIGTERM");
      expect(await click.end).toEqual({ status: 0, signal: null });
      expect(readFileSync(at("first.sum"), "latin1")).toMatch(/^!IPSummaryDump 1\.3\n!data wire_len\n(?:69\n)*$/);
    }
  });

  it("given twice ends a command at once, its captures whole", async () => {
    const out = at("twice.pcap");
    // The report is longer than what a pipe holds, and nobody reads it: the command cannot end by itself.
    const config = write("twice.click", `InfiniteSource -> ToDevice(0); // ${"long ".repeat(30_000)}\n`);
    execFileSync("mkfifo", [at("unread")]);
    // Opened twice: the command makes its end non-blocking, and with it whatever shares that opening.
    const unread = openSync(at("unread"), "r+");
    const reader = openSync(at("unread"), "r");
    const run = spawn(
      process.execPath,
      [join(app, "bin/clickos.js"), "run", config, "--read", "config", "--out", `0=${out}`],
      { stdio: ["ignore", unread, "ignore"] },
    );
    const end = new Promise((resolve) => run.once("exit", (status, signal) => resolve({ status, signal })));
    await until(() => size(out) > 65536);
    run.kill("SIGTERM");
    // The report begins once the captures are closed.
    const some = Buffer.alloc(1);
    expect(await new Promise((resolve) => read(reader, some, 0, 1, null, resolve))).toBe(null);
    run.kill("SIGTERM");
    expect(await end).toEqual({ status: null, signal: "SIGTERM" });
    closeSync(unread);
    closeSync(reader);
    expect(frames(out)).toBeGreaterThan(0);
  });
});
