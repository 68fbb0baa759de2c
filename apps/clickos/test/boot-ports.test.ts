/** The ports of a VM's interfaces and NICs on their switches, by `clickos boot --vif` and `--nic-port`. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCapture, openCapture } from "@clickos/pcap/node";
import { InvalidArgumentError } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { laneSwitches } from "../src/lane-switches.ts";
import { nicPorts, vifPorts } from "../src/port-specifications.ts";

const command = fileURLToPath(new URL("../bin/clickos.js", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "clickos-ports-"));
const at = (name: string): string => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true }));

const station = (n: number): number[] => (n === 0 ? Array<number>(6).fill(255) : [2, 0, 0, 0, 0, n]);
const frame = (to: number, from: number, tag: number[] = []): Uint8Array => {
  const bytes = new Uint8Array(100);
  bytes.set([...station(to), ...station(from), ...tag, 0x88, 0xb5]);
  return bytes;
};
function capture(name: string, frames: readonly Uint8Array[]): string {
  const writer = createCapture(at(name));
  frames.forEach((data, i) => {
    writer.write(data, BigInt(i) * 1000n);
  });
  writer.close();
  return at(name);
}
function framesOf(path: string): Uint8Array[] {
  const reader = openCapture(path);
  const list: Uint8Array[] = [];
  for (let f = reader.next(); f; f = reader.next()) list.push(f.data.slice());
  reader.close();
  return list;
}
function clickos(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [command, ...args], { encoding: "utf8", cwd: dir });
}
/** Boots an image that passes frames on, and gives the report. */
function boot(...args: string[]): { drops: Record<string, number>; hops: { name: string; packets: number }[] } {
  const { stdout, status, stderr } = clickos("boot", "wire.cos", "--json", ...args);
  expect([status, stderr]).toEqual([0, expect.stringContaining("not signed")]);
  return JSON.parse(stdout);
}

beforeAll(() => {
  needsBuild(new URL("../dist/clickos.cjs", import.meta.url));
  writeFileSync(at("wire.click"), "FromDevice(0) -> c :: Counter -> ToDevice(1); FromDevice(1) -> ToDevice(0)");
  expect(clickos("build", "wire.click", "-o", "wire.cos").status).toBe(0);
});

describe("clickos boot", () => {
  it("joins a VM that knows no VLANs to a trunk", () => {
    const input = capture("tagged.pcap", [
      frame(0, 1, [0x81, 0, 0x60, 10]),
      frame(0, 2, [0x81, 0, 0, 11]),
      frame(0, 3),
      frame(0, 4, [0x81, 0, 0, 10]),
    ]);
    const { drops } = boot(
      ...["--nic", `0=${input}`, "--nic", "1=,untagged.pcap", "--nic-port", "0=trunk=10:20", "--vif", "0=vlan=10"],
    );
    const out = framesOf(at("untagged.pcap"));
    expect(out.map((f) => [f[11], f[12], f[13], f.length])).toEqual([
      [1, 0x88, 0xb5, 96],
      [4, 0x88, 0xb5, 96],
    ]);
    expect(drops).toEqual({ "vale0: from nic0 in none of its VLANs": 2 });
  });

  it("limits what enters, and says so by port", () => {
    const input = capture("many.pcap", [...Array(40).fill(frame(0, 1)), ...Array(20).fill(frame(9, 1))]);
    const nics = ["--nic", `0=${input}`, "--nic", "1=,out.pcap", "--mtu", "100"];
    expect(boot(...nics, "--nic-port", "0=rate-in=8,burst=1000").drops).toEqual({
      "vale0: from nic0, beyond its rate": 50,
    });
    expect(
      boot(...nics, "--vif", "1=rate-out=8,burst=500,priority=3", "--vif", "0=rate-out=8,burst=1500").drops,
    ).toEqual({
      "vale0: to vif1.0, beyond its rate": 45,
    });
    expect(boot(...nics, "--nic-port", "0=broadcast=7,unknown=3").drops).toEqual({
      "vale0: from nic0, beyond its limit of broadcasts": 33,
      "vale0: from nic0, beyond its limit of unknown destinations": 17,
    });
  });

  it("puts interfaces on one switch, where isolated ones do not reach each other", () => {
    const input = capture("lan.pcap", [frame(0, 1), frame(0, 1)]);
    const nics = ["--nic", `0=${input}`, "--nic", "1=,lan-out.pcap"];
    const shared = boot(...nics, "--vif", "0=bridge=lan,isolated=vm", "--vif", "1=bridge=lan,isolated=vm");
    const packets = (name: string): number | undefined => shared.hops.find((h) => h.name === name)?.packets;
    // From NIC 0 to both interfaces and NIC 1; what either interface sends comes to the NICs, and not to the other one.
    expect([packets("lan → vif1.0"), packets("lan → vif1.1"), packets("vif1.0 → lan"), packets("lan → nic1")]).toEqual([
      2, 2, 2, 6,
    ]);
  });

  it.each([
    [["--vif", "0=vlan"], 2, "'vlan' has a value"],
    [["--vif", "7=vlan=1"], 1, "no interface 7; it has 0, 1"],
    [["--vif", "0=vlan=9000"], 1, "VLAN 9000"],
    [["--nic-port", "1=priority=9"], 1, "the port of NIC 1: a priority of 9"],
  ])("refuses %j", (args, status, message) => {
    const result = clickos("boot", "wire.cos", ...args);
    expect([result.status, result.stderr]).toEqual([status, expect.stringContaining(message)]);
  });
});

describe("what is said of a port", () => {
  const vif = (text: string): unknown => vifPorts(`3=${text}`).get(3);
  it("is what the switch knows by other names", () => {
    expect(vif("bridge=lan,mac=02:00:00:00:00:09,rate=10Mb/s,trunk=10:20,native=30,pcp=5,isolated,priority=7")).toEqual(
      {
        bridge: "lan",
        mac: "02:00:00:00:00:09",
        rate: "10Mb/s",
        options: { vlans: { trunk: [10, 20], native: 30, priority: 5 }, isolated: true, priority: 7 },
      },
    );
    expect(vif("trunk=all,isolated=x,broadcast=5,rate-in=1.5G,rate-out=20k,burst=3000")).toEqual({
      options: {
        vlans: { trunk: "all" },
        isolated: "x",
        floodLimits: { broadcast: 5 },
        rateLimits: { entering: 1.5e9, leaving: 20_000, burst: 3000 },
      },
    });
  });
  it.each([
    "",
    "vlan=",
    "vlan=x",
    "native=3",
    "pcp=1",
    "trunk=1,2",
    "trunk=a",
    "rate-in=10MB",
    "unknown=-1",
    "isolated=",
  ])("is not '%s'", (text) => {
    expect(() => nicPorts(`0=${text}`)).toThrow(InvalidArgumentError);
  });
  it("makes a switch look at frames only where it has to", () => {
    const looks = (text: string): boolean =>
      laneSwitches([3, 4], { vifPorts: vifPorts(`3=${text}`) }).get(3)?.byAddress ?? false;
    expect(["rate-in=5", "priority=1", "isolated", "vlan=7", "unknown=1", "bridge=vale4"].map(looks)).toEqual([
      ...[false, false, true, true, true, true],
    ]);
  });
});
