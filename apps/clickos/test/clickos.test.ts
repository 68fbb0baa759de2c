import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { createCapture, openCapture } from "@clickos/pcap/node";
import { createSwitch } from "@clickos/vale";
import { createToolstack } from "@clickos/xl-fast";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { firewall } from "./firewall-model.ts";

const app = fileURLToPath(new URL("..", import.meta.url));
const command = join(app, "bin/clickos.js");
const office = join(app, "demo/office.pcap");
const config = join(app, "demo/firewall.click");
const dir = mkdtempSync(join(tmpdir(), "clickos-test-"));
const at = (name: string): string => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true }));
beforeAll(() => needsBuild(new URL("../dist/clickos.cjs", import.meta.url)));

function clickos(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    encoding: "utf8",
    cwd: dir,
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { status, stdout, stderr };
}
function ok(...args: string[]): string {
  const { status, stdout, stderr } = clickos(...args);
  const unsigned = `clickos: ${args[1]} is not signed; --trust DIR runs only what a key in DIR has signed\n`;
  // The office's traffic has a packet whose header is wrong; the first is told.
  const said = stderr.replace(/^\S+: IP header check failed: bad IP checksum\n/m, "");
  expect({ status, stderr: said }).toEqual({ status: 0, stderr: args[0] === "boot" ? unsigned : "" });
  return stdout;
}
function frames(path: string): Uint8Array[] {
  const reader = openCapture(path);
  const list: Uint8Array[] = [];
  for (let f = reader.next(); f; f = reader.next()) list.push(f.data.slice());
  expect(reader.problem).toBe(undefined);
  reader.close();
  return list;
}
/** Each packet with its time and its length on the wire. */
function records(path: string): string[] {
  const reader = openCapture(path);
  const list: string[] = [];
  for (let f = reader.next(); f; f = reader.next())
    list.push(`${f.timestampNs} ${f.originalLength} ${Buffer.from(f.data).toString("hex")}`);
  expect(reader.problem).toBe(undefined);
  reader.close();
  return list;
}
const write = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};

describe("the capture", () => {
  it("has what a real wire has", () => {
    const all = frames(office);
    const type = (f: Uint8Array): number => (f[12]! << 8) | f[13]!;
    const some = (p: (f: Uint8Array) => boolean): number => all.filter(p).length;
    expect(all.length).toBeGreaterThan(1000);
    for (const t of [0x0806, 0x0800, 0x8100, 0x86dd])
      expect(some((f) => f.length > 14 && type(f) === t)).toBeGreaterThan(5);
    for (const protocol of [1, 6, 17])
      expect(some((f) => type(f) === 0x0800 && f[23] === protocol)).toBeGreaterThan(50);
    expect(some((f) => type(f) === 0x0800 && (((f[20]! << 8) | f[21]!) & 0x3fff) !== 0)).toBeGreaterThan(10);
  });

  it("is what its script makes", () => {
    execFileSync(process.execPath, [join(app, "../../scripts/make-capture.mjs"), at("again.pcap")]);
    expect(readFileSync(at("again.pcap"))).toEqual(readFileSync(office));
  });

  const tshark = spawnSync("tshark", ["--version"]).status === 0;
  it.skipIf(!tshark)("is sound to tshark but for its malformed frames (skipped where tshark is not installed)", () => {
    const wrong = execFileSync(
      "tshark",
      [
        "-r",
        office,
        "-o",
        "ip.check_checksum:TRUE",
        "-o",
        "tcp.check_checksum:TRUE",
        "-o",
        "udp.check_checksum:TRUE",
        "-Y",
        "tcp.checksum.status==0 || udp.checksum.status==0 || icmp.checksum.status==0 || icmpv6.checksum.status==0 || ip.checksum.status==0 || _ws.malformed",
        "-T",
        "fields",
        "-e",
        "frame.number",
      ],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
    );
    // The frames meant to be bad: at most seven kinds, six times.
    expect(wrong.trim().split("\n").length).toBeLessThanOrEqual(42);
  });
});

describe("the firewall", () => {
  const expected = (): Uint8Array[] => frames(office).flatMap((f) => firewall(f) ?? []);

  it("as a VM passes exactly what the plain model passes, in order, byte for byte", () => {
    const image = at("fw.cos");
    ok("build", config, "-o", image);
    const report = JSON.parse(ok("boot", image, "--nic", `0=${office}`, "--nic", `1=${at("vm.pcap")}`, "--json"));
    const model = expected();
    expect(frames(at("vm.pcap"))).toEqual(model);
    const all = frames(office).length;
    expect(report.nics).toMatchObject([
      { device: 0, rx: all, tx: 0 },
      { device: 1, rx: 0, tx: model.length },
    ]);
    // Every frame is accounted for; `other` is a Discard, which the rest went to.
    const dropped = Object.values(report.drops as Record<string, number>).reduce((a, b) => a + b, 0);
    const other = frames(office).filter(
      (f) => f.length < 14 || ![0x0800, 0x0806].includes((f[12]! << 8) | f[13]!),
    ).length;
    expect(dropped + other + model.length).toBe(all);
    expect(report.drops["fw: rule 1: deny src net 10.66.0.0/16"]).toBeGreaterThan(0);
    expect(report.boot.totalUs).toBeGreaterThan(0);
    expect(report.boot.phases.length).toBeGreaterThan(3);
    expect(report.image).toMatchObject({
      bytes: readFileSync(image).length,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(report.domain.residentBytes).toBeGreaterThan(4096);
  });

  it("in process passes the same, and reads handlers", () => {
    const {
      status,
      stdout: out,
      stderr,
    } = clickos(
      "run",
      config,
      "--in",
      `0=${office}`,
      "--out",
      `1=${at("run.pcapng")}`,
      "--read",
      "passed.count",
      "--read",
      "arp.count",
    );
    // The first packet whose header is wrong is told.
    expect([status, stderr]).toEqual([0, "check: IP header check failed: bad IP checksum\n"]);
    const model = expected();
    expect(frames(at("run.pcapng"))).toEqual(model);
    const arp = model.filter((f) => f[13] === 6).length;
    expect(out).toContain(`passed.count: ${model.length - arp}`);
    expect(out).toContain(`arp.count: ${arp}`);
  });

  it("builds to the same bytes twice, under 64 KB", () => {
    ok("build", config, "-o", at("a.cos"));
    ok("build", config, "-o", at("b.cos"), "--json");
    expect(readFileSync(at("a.cos"))).toEqual(readFileSync(at("b.cos")));
    expect(readFileSync(at("a.cos")).length).toBeLessThan(64 * 1024);
  });

  it("boots twenty times in one process", async () => {
    const image = await linkImage(
      { file: "firewall.click", text: readFileSync(config, "utf8") },
      { elements, name: "fw" },
    );
    for (let i = 0; i < 20; i++) {
      const xl = createToolstack({ elements });
      const vm = await xl.create({
        name: "fw",
        image: image.bytes,
        vif: ["a", "b"].map((name) => ({ bridge: createSwitch({ name }) })),
      });
      expect(vm.domain.state).toBe("running");
      xl.destroy("fw");
    }
  });

  it("the demo tells the whole story", () => {
    const out = ok("demo", "--dir", at("demo"));
    for (const part of [
      "Build:",
      "Inspect:",
      "Boot:",
      "Filter:",
      "deny ip frag",
      "passed",
      at("demo/passed.pcap"),
      "what to try next",
    ])
      expect(out).toContain(part);
    expect(frames(at("demo/passed.pcap"))).toEqual(expected());
  });

  it("works with learning bridges too, which keep frames for their own side", () => {
    ok("build", write("wire.click", "FromDevice(0) -> ToDevice(1);"), "-o", at("wire.cos"));
    const report = JSON.parse(
      ok("boot", at("wire.cos"), "--nic", `0=${office}`, "--nic", `1=${at("l.pcap")}`, "--learning", "--json"),
    );
    expect(report.nics[1].tx + Object.values(report.drops as Record<string, number>).reduce((a, b) => a + b, 0)).toBe(
      report.nics[0].rx,
    );
    expect(report.drops["vale0: destination behind the port of entry"]).toBeGreaterThan(0);
  });
});

describe("other commands", () => {
  it("inspect shows the manifest, the symbol table and the configuration", () => {
    const built = ok("build", config, "-o", at("i.cos"), "--name", "wall");
    const digest = createHash("sha256")
      .update(readFileSync(at("i.cos")))
      .digest("hex");
    expect(built).toContain(`sha256 ${digest}\n`);
    expect(ok("inspect", at("i.cos"))).toMatch(
      /^wall {2}[\s\S]*what the image says of itself[\s\S]*code +the same as its configuration compiles to here[\s\S]*fw +IPFilter +0x/,
    );
    const manifest = JSON.parse(ok("inspect", at("i.cos"), "--json"));
    expect(manifest).toMatchObject({
      manifest: expect.stringMatching(/^what the image says of itself; /),
      sha256: digest,
      contentSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      name: "wall",
      vifs: [{ device: 0 }, { device: 1 }],
      config: { file: "firewall.click" },
    });
    expect(manifest.router.elements.find((e: { name: string }) => e.name === "fw")).toMatchObject({
      className: "IPFilter",
    });
    expect(ok("inspect", at("i.cos"), "--config").trim()).toBe(readFileSync(config, "utf8").trim());
  });

  it("boot both plays and records where an interface does both", () => {
    // What it boots is built first.
    const echo = write("echo.click", "FromDevice(0) -> EtherMirror -> c :: Counter -> ToDevice(0);");
    const result = clickos("boot", echo, "--nic", `0=${office},${at("echoed.pcap")}`, "--read", "c.count");
    const { length } = frames(office).filter((f) => f.length >= 14);
    expect(result).toMatchObject({ status: 0, stderr: "", stdout: expect.stringMatching(`\nc\\.count: ${length}\n$`) });
    expect(frames(at("echoed.pcap")).length).toBe(length);
  });

  it("run prints what elements print, and reads and writes dumps", () => {
    const file = write(
      "dump.click",
      `FromDump(${office}, STOP true) -> p :: Print(x, 4) -> c :: Counter -> ToDump(${at("dumped.pcap")});`,
    );
    const { status, stderr, stdout } = clickos("run", file, "--read", "c.count");
    expect(status).toBe(0);
    expect(stderr.split("\n").length - 1).toBe(frames(office).length);
    expect(stdout).toContain(`c.count: ${frames(office).length}`);
    // The dump has nanoseconds where the capture has microseconds: the packets and their times are the same.
    expect(records(at("dumped.pcap"))).toEqual(records(office));
  });

  it("the examples build, and the router routes", () => {
    const examples = join(app, "../../examples");
    for (const file of readdirSync(examples).filter((f) => f.endsWith(".click")))
      ok("build", join(examples, file), "-o", at("example.cos"));
    const out = ok("run", join(examples, "router.click"), "--in", `0=${office}`, "--out", `1=${at("routed.pcap")}`);
    expect(out).toContain("bad IP checksum");
    expect(frames(at("routed.pcap")).every((f) => f[12] === 8 && f[13] === 6 && f[21] === 1)).toBe(true);
  });

  it("a switch asks a configuration where frames go", () => {
    const { stdout, stderr } = spawnSync(process.execPath, [join(app, "../../examples/switch-lookup.mjs")], {
      encoding: "utf8",
    });
    expect([stdout, stderr]).toEqual(["web: 2 frames, names: 1\nthe configuration counted 2 and 1\n", ""]);
  });

  it("help names every command", () => {
    const help = ok("--help");
    for (const name of ["run", "build", "inspect", "boot", "demo"])
      expect(help).toMatch(new RegExp(`^  ${name} `, "m"));
  });
});

describe("bad input", () => {
  it("a configuration's mistakes are shown together, with line and caret", () => {
    const file = write(
      "bad.click",
      "Idle -> Queue -> Unqueue -> Queue(-3) -> Discard;\nFromDevice(0) ->\n  Contr -> Discard;\nFromDevice(0) -> Conter -> Discard;\n",
    );
    for (const args of [
      ["run", file],
      ["build", file, "-o", at("x.cos")],
    ]) {
      const { status, stderr, stdout } = clickos(...args);
      expect([status, stdout]).toEqual([1, ""]);
      for (const part of [
        /bad\.click:3: undeclared element 'Contr'\n {2}3:3 \| {3}Contr -> Discard;\n {6}\| {3}\^\n {2}hint: did you mean 'Counter'\?/,
        /bad\.click:4: undeclared element 'Conter'\n.*\n.*\n {2}hint: did you mean 'Counter'\?/,
      ])
        expect(stderr).toMatch(part);
      // What is said of the router comes when its text is right.
      expect(stderr).not.toContain("CAPACITY");
    }
    expect(existsSync(at("x.cos"))).toBe(false);
  });

  it("a truncated or corrupt image is refused", () => {
    ok("build", config, "-o", at("good.cos"));
    const bytes = readFileSync(at("good.cos"));
    writeFileSync(at("cut.cos"), bytes.subarray(0, 5000));
    const changed = Buffer.from(bytes);
    changed[300]! ^= 1;
    writeFileSync(at("changed.cos"), changed);
    writeFileSync(at("text.cos"), "not an image");
    for (const [name, message] of [
      ["cut", /cut off/],
      ["changed", /corrupt/],
      ["text", /not a VM image/],
      ["absent", /No such file or directory/],
    ] as const) {
      for (const verb of ["inspect", "boot"]) {
        const { status, stderr, stdout } = clickos(verb, at(`${name}.cos`));
        expect([status, stdout]).toEqual([1, ""]);
        expect(stderr).toMatch(message);
        expect(stderr).toMatch(/^clickos: /);
      }
    }
  });

  it("a truncated capture is processed up to the cut, and then it is said", () => {
    const bytes = readFileSync(office);
    writeFileSync(at("short.pcap"), bytes.subarray(0, bytes.length - 10));
    const whole = frames(office)
      .slice(0, -1)
      .flatMap((f) => firewall(f) ?? []);
    ok("build", config, "-o", at("t.cos"));
    const boot = clickos("boot", at("t.cos"), "--nic", `0=${at("short.pcap")}`, "--nic", `1=${at("short-vm.pcap")}`);
    const run = clickos("run", config, "--in", `0=${at("short.pcap")}`, "--out", `1=${at("short-run.pcap")}`);
    for (const { status, stderr } of [boot, run]) {
      expect(status).toBe(1);
      expect(stderr).toMatch(/short\.pcap: after frame \d+, at byte \d+: the file is truncated in a frame/);
    }
    expect(frames(at("short-vm.pcap"))).toEqual(whole);
    expect(frames(at("short-run.pcap"))).toEqual(whole);
  });

  it("files that cannot be read, or are not what they should be", () => {
    ok("build", config, "-o", at("f.cos"));
    for (const [args, message] of [
      [["run", at("none.click")], /cannot read .*none\.click: No such file or directory/],
      [["run", dir], /Is a directory/],
      [["run", config, "--in", `0=${at("none.pcap")}`], /cannot read .*none\.pcap: No such file or directory/],
      [["run", config, "--in", `0=${config}`], /neither a pcap nor a pcapng/],
      [["run", config, "--in", `5=${office}`], /uses no device 5; it uses [01], [01]/],
      [["boot", at("f.cos"), "--nic", `9=${office}`], /no interface 9; it has 0, 1/],
      [["run", config, "--read", "fw.nothing", "--in", `0=${office}`], /no 'fw.nothing' handler/],
      [["run", config, "--in", `zero=${office}`], /uses no device zero; it uses 0, 1/],
    ] as const) {
      const { status, stderr } = clickos(...args);
      expect([args, status]).toEqual([args, 1]);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/ {4}at /);
    }
  });

  it("commands that are called wrongly have a status of their own", () => {
    for (const [args, message] of [
      [["run", config, "--in", "zero"], /expected DEVICE=FILE/],
      [["run", config, "--until", "soon"], /expected a time/],
      [["run", config, "--fast", "--realtime"], /cannot be used with/],
      [["check", config, "novalue"], /expected NAME=VALUE/],
      [["frobnicate"], /unknown command/],
      [["build", config], /required option/],
    ] as const) {
      const { status, stderr } = clickos(...args);
      expect([args, status]).toEqual([args, 2]);
      expect(stderr).toMatch(message);
    }
  });

  it("a program that asked for JSON gets it, whatever is wrong", () => {
    const failure = (...args: string[]): unknown => {
      const { status, stdout } = clickos(...args, "--json");
      return { status, ...(JSON.parse(stdout) as object) };
    };
    expect(failure("run", config, "--bogus")).toMatchObject({ status: 2, error: { code: "USAGE" } });
    expect(failure("inspect", at("none.cos"))).toMatchObject({
      status: 1,
      error: { message: expect.stringMatching(/none\.cos: No such file or directory/) },
    });
    expect(failure("run", write("two.click", "Idle -> Nosuch; Idle -> Nothing;"))).toMatchObject({
      status: 1,
      error: { code: "BAD_CONFIGURATION", diagnostics: [{ line: 1 }, { line: 1 }] },
    });
  });

  it.skipIf(!existsSync("/dev/full"))(
    "a full disk is told, with its name (skipped where there is no /dev/full)",
    () => {
      ok("build", config, "-o", at("d.cos"));
      const byCommand = /cannot write \/dev\/full: No space left on device/;
      const byElement = /'ToDump@2 :: ToDump':\n {2}\/dev\/full: No space left on device\n/;
      for (const [args, told] of [
        [["build", config, "-o", "/dev/full"], byCommand],
        [["run", config, "--in", `0=${office}`, "--out", "1=/dev/full"], byCommand],
        [["boot", at("d.cos"), "--nic", `0=${office}`, "--nic", "1=/dev/full"], byCommand],
        [["run", write("full.click", `FromDump(${office}, STOP true) -> ToDump(/dev/full);`)], byElement],
      ] as const) {
        const { status, stderr } = clickos(...args);
        expect([args, status]).toEqual([args, 1]);
        expect(stderr).toMatch(told);
      }
    },
  );

  it("frames longer than a virtual interface carries are dropped and counted; in process they pass", () => {
    const writer = createCapture(at("long.pcap"));
    for (const length of [60, 9000, 1514, 1900, 61]) writer.write(new Uint8Array(length).fill(length), 1n);
    writer.close();
    const file = write("pass.click", "FromDevice(0) -> ToDevice(1);");
    ok("build", file, "-o", at("pass.cos"));
    const report = JSON.parse(
      ok("boot", at("pass.cos"), "--nic", `0=${at("long.pcap")}`, "--nic", `1=${at("long-vm.pcap")}`, "--json"),
    );
    expect(frames(at("long-vm.pcap")).map((f) => f.length)).toEqual([60, 1514, 1900, 61]);
    expect(Object.values(report.drops as Record<string, number>).reduce((a, b) => a + b, 0)).toBe(1);
    const jumbo = (mtu: string) => {
      const nics = ["--nic", `0=${at("long.pcap")}`, "--nic", `1=${at(`long-${mtu}.pcap`)}`];
      const { drops } = JSON.parse(ok("boot", at("pass.cos"), ...nics, "--mtu", mtu, "--json"));
      return [frames(at(`long-${mtu}.pcap`)).map((f) => f.length), drops];
    };
    expect(jumbo("9000")).toEqual([[60, 9000, 1514, 1900, 61], {}]);
    expect(jumbo("1500")).toEqual([[60, 1514, 61], { "nic0: frame too long": 2 }]);
    for (const mtu of ["9001", "67", "1e3", "big", ""]) {
      const { status, stderr } = clickos("boot", at("pass.cos"), "--mtu", mtu);
      expect([status, stderr]).toEqual([2, expect.stringContaining("expected a number of bytes from 68 to 9000")]);
    }
    const run = JSON.parse(
      ok("run", file, "--in", `0=${at("long.pcap")}`, "--out", `1=${at("long-run.pcap")}`, "--json"),
    );
    expect(frames(at("long-run.pcap")).map((f) => f.length)).toEqual([60, 9000, 1514, 1900, 61]);
    expect(run.drops).toEqual([]);
  });
});
