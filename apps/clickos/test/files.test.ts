/** Nobody's file is lost: outputs that are inputs, disks that are full, readers that go away. Real commands. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCapture, openCapture } from "@clickos/pcap/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";

const app = fileURLToPath(new URL("..", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "clickos-files-"));
const at = (name: string): string => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true }));
const tool = (command: string): string =>
  `'${process.execPath}' '${join(app, "bin", `${command}.${command === "click" ? "cjs" : "js"}`)}'`;

/** A line of shell in the folder; `clickos` and `click` are the commands. */
function sh(line: string): { status: number | null; stdout: string; stderr: string } {
  const functions = `clickos() { ${tool("clickos")} "$@"; }; click() { ${tool("click")} "$@"; };`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", `${functions} ${line}`], {
    cwd: dir,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}
function refused(line: string, message: RegExp): void {
  const { status, stderr } = sh(line);
  expect([line, status, stderr]).toEqual([line, 1, expect.stringMatching(message)]);
  expect(stderr).not.toMatch(/ {4}at /);
}
function capture(name: string, count: number): Buffer {
  const writer = createCapture(at(name));
  for (let i = 0; i < count; i++) writer.write(new Uint8Array(100).fill(i), BigInt(i));
  writer.close();
  return readFileSync(at(name));
}

describe.skipIf(process.platform === "win32")("files (skipped on Windows)", () => {
  beforeAll(() => needsBuild(new URL("../dist/clickos.cjs", import.meta.url)));
  writeFileSync(at("pass.click"), "FromDevice(0) -> ToDevice(1);\n");
  const bytes = capture("in.pcap", 100);

  it("an output that is an input, by whatever name, is refused before anything is touched", () => {
    symlinkSync("in.pcap", at("link.pcap"));
    linkSync(at("in.pcap"), at("hard.pcap"));
    symlinkSync("new.pcap", at("dangling.pcap"));
    expect(sh("clickos build pass.click -o pass.cos").status).toBe(0);
    const [config, image] = [readFileSync(at("pass.click")), readFileSync(at("pass.cos"))];
    for (const out of ["in.pcap", "link.pcap", "hard.pcap", `${dir}/./in.pcap`]) {
      refused(`clickos run pass.click --in 0=in.pcap --out 1=${out}`, /would be overwritten/);
      refused(`clickos boot pass.cos --nic 0=in.pcap --nic 1=${out}`, /would be overwritten/);
      // Whichever comes first.
      refused(`click -e 'FromDump(in.pcap) -> ToDump(${out});'`, /would be overwritten/);
      refused(`click -e 'Idle -> ToDump(${out}); FromDump(in.pcap) -> Discard;'`, /would be overwritten/);
      refused(`click -e 'FromDump(in.pcap) -> ToIPSummaryDump(${out});'`, /would be overwritten/);
      refused(`click -q -e 'FromDump(in.pcap) -> Discard;' -o ${out}`, /would be overwritten/);
    }
    refused("clickos run pass.click --in 0=in.pcap --out 1=/dev/fd/3 3<>in.pcap", /would be overwritten/);
    refused("clickos run pass.click --in 0=in.pcap --out 1=pass.click", /also the configuration/);
    refused("clickos build pass.click -o pass.click", /also the configuration/);
    refused("clickos graph pass.click -o pass.click", /also the configuration/);
    refused("click -q pass.click -o pass.click", /also the configuration/);
    refused("clickos boot pass.cos --nic 0=in.pcap --nic 1=pass.cos", /also the image/);
    for (const [one, other] of [
      ["new.pcap", "./new.pcap"],
      ["new.pcap", "dangling.pcap"],
    ])
      refused(`clickos run pass.click --out 0=${one} --out 1=${other}`, /also the output/);
    expect(existsSync(at("new.pcap"))).toBe(false);
    expect(readFileSync(at("in.pcap"))).toEqual(bytes);
    expect(readFileSync(at("pass.click"))).toEqual(config);
    expect(readFileSync(at("pass.cos"))).toEqual(image);
    // Some forty processes.
  }, 120_000);

  it("a device may be named as often as one likes", () => {
    expect(sh("clickos run pass.click --out 0=/dev/null --out 1=/dev/null").status).toBe(0);
  });

  it("a file that is written anew keeps its mode, and its links lead to it", () => {
    writeFileSync(at("real.click"), "Idle->Discard;");
    chmodSync(at("real.click"), 0o640);
    symlinkSync("real.click", at("alias.click"));
    expect(sh("clickos fmt -w alias.click").status).toBe(0);
    expect(readFileSync(at("real.click"), "utf8")).not.toBe("Idle->Discard;");
    expect(statSync(at("real.click")).mode & 0o777).toBe(0o640);
    expect(readFileSync(at("alias.click"))).toEqual(readFileSync(at("real.click")));
    expect(readdirSync(dir).filter((name) => name.startsWith(".clickos-"))).toEqual([]);
  });

  // A limit on the size of files stands for a full disk: it, too, writes a part and then refuses.
  const full = "trap '' XFSZ; ulimit -f";
  it("a disk that fills up leaves an existing file as it was, and captures of whole records", () => {
    writeFileSync(at("many.click"), `${"Idle->Discard;".repeat(400)}`);
    const before = readFileSync(at("many.click"));
    refused(`${full} 2; clickos fmt -w many.click`, /cannot write many\.click: /);
    expect(readFileSync(at("many.click"))).toEqual(before);
    expect(readdirSync(dir).filter((name) => name.startsWith(".clickos-"))).toEqual([]);
    capture("big.pcap", 5000);
    for (const [line, out] of [
      ["clickos run pass.click --in 0=big.pcap --out 1=cut.pcap", "cut.pcap"],
      ["clickos run pass.click --in 0=big.pcap --out 1=cut.pcapng", "cut.pcapng"],
      ["click -e 'FromDump(big.pcap, STOP true) -> ToDump(cut.dump)'", "cut.dump"],
    ] as const) {
      refused(`${full} 100; ${line}`, new RegExp(`cannot write ${out}: .*\\(after \\d+ frames\\)`));
      const reader = openCapture(at(out));
      let count = 0;
      while (reader.next()) count++;
      expect([reader.problem, count > 100 && count < 5000]).toEqual([undefined, true]);
      reader.close();
    }
  });

  it.skipIf(!existsSync("/dev/full"))("a full device is told, by every command (skipped without /dev/full)", () => {
    for (const line of [
      "clickos check --json pass.click >/dev/full",
      "clickos explain --list >/dev/full",
      "clickos --version >/dev/full",
      "click --help >/dev/full",
      "click -e 'Idle -> Discard' -q -h list >/dev/full",
      "clickos click -e 'Idle -> Discard' -q -h list >/dev/full",
    ])
      refused(line, /cannot write the output: No space left on device/);
    refused("clickos graph pass.click -o /dev/full", /cannot write \/dev\/full: No space left on device/);
    refused("click -q -e 'Idle -> Discard' -o /dev/full", /^\/dev\/full: No space left on device$/m);
    refused(
      "click -e 'FromDump(in.pcap, STOP true) -> ToDump(/dev/full)'",
      /^\s*\/dev\/full: No space left on device$/m,
    );
  });

  it("a reader of the output that goes away ends the command quietly, its captures whole", () => {
    const { stderr, stdout } = sh(
      "click -e 'InfiniteSource -> t :: Tee; t[0] -> ToDump(gone.pcap); t[1] -> IPReflector :: Null -> ToIPSummaryDump(-, BAD_PACKETS true)' | head -1; echo $PIPESTATUS",
    );
    expect([stderr, stdout.split("\n").at(-2)]).toEqual(["", "0"]);
    const reader = openCapture(at("gone.pcap"));
    let count = 0;
    while (reader.next()) count++;
    expect([reader.problem, count > 0]).toEqual([undefined, true]);
    reader.close();
  });

  it("what is not there, or is not what it should be, is told without a stack", () => {
    for (const line of [
      "click none.click",
      `click ${dir}`,
      "click -e 'FromDump(none.pcap) -> Discard'",
      "click -e 'Idle -> ToDump(/dev/null/x)'",
      "click -q -e 'Idle -> Discard' -o none/out",
      "clickos check none.click",
      "clickos demo --dir pass.click/x",
      "clickos xenstored --socket none/socket",
      "clickos graph pass.click -o none/x",
    ])
      refused(line, /./);
  });

  it("what a file holds does not steer the terminal", () => {
    writeFileSync(at("evil.click"), "\x1b]0;owned\x07Idle -> \x9b2J\u202eNothing;\n");
    for (const line of [
      "clickos check evil.click",
      "clickos run evil.click",
      "clickos build evil.click -o x",
      "click evil.click",
    ]) {
      const { status, stdout, stderr } = sh(line);
      expect([line, status]).toEqual([line, 1]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(stdout + stderr).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
    }
  });

  it("a small address space is a message where a machine's memory cannot be had", () => {
    expect(sh("clickos build pass.click -o small.cos").status).toBe(0);
    const { status, stderr } = sh("ulimit -v 8000000; clickos boot small.cos --nic 0=in.pcap");
    // A line that nobody has signed the image, and the message.
    if (status !== 0) expect([status, stderr.split("\n").length]).toEqual([1, 3]);
  });
});
