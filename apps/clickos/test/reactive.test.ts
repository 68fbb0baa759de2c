/** Domains that packets make, in the daemon: rules by topology and by API, exact accounts of packets, and what is kept. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elements } from "@clickos/click-elements/node";
import type { Client, ReactiveInfo } from "@clickos/client";
import { connect } from "@clickos/client/node";
import { createCapture, openCapture } from "@clickos/pcap/node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { domainTable } from "../src/commands/domains.ts";
import { reactiveTable } from "../src/commands/reactive.ts";
import { type Daemon, startDaemon } from "../src/daemon/daemon.ts";
import { applyTopology, removeGroup } from "../src/topology/apply.ts";
import { readTopology } from "../src/topology/read.ts";

const dir = mkdtempSync(join(tmpdir(), "clickos-reactive-"));
const at = (name: string): string => join(dir, name);
const paths = { socket: at("run/a.sock"), store: at("run/b.sock"), log: at("run/log"), state: at("state") };
let daemon: Daemon;
let client: Client;
const start = async (): Promise<void> => {
  daemon = await startDaemon({ elements, version: "0", paths, threads: 0 });
  client = await connect(paths.socket);
};
const stop = async (): Promise<void> => {
  client.close();
  await daemon.close();
};
beforeAll(start);
afterAll(async () => {
  await stop();
  rmSync(dir, { recursive: true });
});

/** A packet of UDP over IPv4 from a source, with a number in it. */
function packet(source: number, id: number): Uint8Array {
  const frame = new Uint8Array(60);
  frame.set([2, 9, 9, 9, 9, 9, 2, 1, 1, 1, source >> 8, source & 255, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17]);
  frame.set([10, 0, source >> 8, source & 255, 192, 0, 2, 1, 4, 0, 0, 53, 0, 26], 26);
  frame.set([id >> 8, id & 255], 42);
  return frame;
}
function capture(name: string, packets: readonly Uint8Array[]): void {
  const out = createCapture(at(name));
  for (const [i, each] of packets.entries()) out.write(each, BigInt(i) * 1000n);
  out.close();
}
function idsIn(name: string): number[] {
  const ids: number[] = [];
  const source = openCapture(at(name));
  for (let record = source.next(); record; record = source.next()) {
    const [high = 0, low = 0] = record.data.subarray(42);
    ids.push((high << 8) | low);
  }
  source.close();
  return ids;
}
const rules = (): Promise<readonly ReactiveInfo[]> => client.call("reactive.list", {});
async function until(holds: (rule: ReactiveInfo) => boolean): Promise<ReactiveInfo> {
  for (;;) {
    const [rule] = await rules();
    if (rule && holds(rule)) return rule;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const topology = `
switches:
  core: { ports: { out: "pcap:,out=${at("out.pcap")}" } }
  access: { ports: { users: "pcap:${at("in.pcap")}" } }
reactive:
  fw:
    per: source
    configuration: fw.click
    vifs: [ "bridge=access,antispoof=no", "bridge=core,antispoof=no,priority=3" ]
    set: { "p.color": 7 }
    ports: [ users ]
    idle: 60
    shells: 2
`;
const text =
  "FromDevice(0) -> SetIPAddress($SRC) -> p :: Paint(1) -> c :: Counter -> ToDevice(1); FromDevice(1) -> ToDevice(0);\n";
const up = async (): Promise<string[]> => {
  const told: string[] = [];
  await applyTopology(client, readTopology(at("edge.yaml")), (what) => told.push(what));
  return told;
};

it("a topology's rule makes a domain for each source, loses no packet, and ends idle ones", async () => {
  writeFileSync(at("edge.yaml"), topology);
  writeFileSync(at("fw.click"), text);
  const [sources, each] = [60, 5];
  const packets = Array.from({ length: sources * each }, (_, i) => packet(i % sources, i));
  capture("in.pcap", packets);
  const ended: string[] = [];
  const deaf = new AbortController();
  const events = client.stream("daemon.events", {}, { signal: deaf.signal });
  const listening = (async () => {
    for await (const { event, subject } of events) if (event === "domain.destroyed") ended.push(subject);
  })();
  expect(await up()).toEqual([
    "switch core created",
    "switch access created",
    "rule fw created, per source",
    expect.stringContaining("port core:out attached"),
    expect.stringContaining("port access:users attached"),
  ]);
  const all = await until(({ frames }) => frames.steered + frames.released === packets.length);
  expect(all).toMatchObject({ created: sources, failed: 0, switch: "access", group: "edge" });
  expect(all.frames).toMatchObject({ waiting: 0, lost: 0, queueFull: 0, tooManyKeys: 0, refused: 0 });
  const first = (await client.call("domain.list", {})).find(({ rule, key }) => rule === "fw" && key === "10.0.0.0");
  if (!first) throw new Error("there is no domain for the first source");
  expect(await client.call("handler.read", { domain: first.name, path: "p.color" })).toBe("7");
  expect(domainTable([first])).toContain("10.0.0.0");
  await expect(client.call("domain.checkpoint", { name: first.name })).rejects.toThrow("packets made it");
  await expect(client.call("switch.destroy", { name: "access" })).rejects.toThrow("the rule 'fw' makes domains");
  const again = { name: "fw", per: "vlan" as const, configuration: { file: "x", text }, vifs: [{ bridge: "core" }] };
  await expect(client.call("reactive.create", again)).rejects.toMatchObject({ code: "NAME_TAKEN" });
  expect(await client.call("daemon.metrics", {})).toMatch(
    /clickos_reactive_frames_total\{rule="fw",result="released"\} \d+/,
  );
  // What comes at another port makes nothing.
  capture("other.pcap", [packet(99, 1000)]);
  await client.call("switch.attach", { switch: "access", specification: `pcap:${at("other.pcap")}`, name: "other" });
  const access = async () => (await client.call("switch.list", {})).find(({ name }) => name === "access");
  while ((await access())?.ports.find(({ name }) => name === "other")?.inPackets !== 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect((await rules())[0]?.created).toBe(sources);
  await client.call("switch.detach", { switch: "access", port: "other" });
  // Applied again, nothing changes; after a change the rule is made anew.
  expect(await up()).toEqual([]);
  const later = packets.map((_, i) => packet(i % sources, packets.length + i));
  capture("later.pcap", later);
  writeFileSync(at("edge.yaml"), topology.replace("idle: 60", "idle: 0.2").replace("in.pcap", "later.pcap"));
  expect(await up()).toEqual([
    "rule fw destroyed",
    "port access:users detached",
    "rule fw created, per source",
    expect.stringContaining("port access:users attached"),
  ]);
  // Each is idle in the end; what comes late has another.
  const rest = await until(({ domains, frames }) => frames.steered + frames.released === later.length && domains === 0);
  expect(rest.created).toBe(rest.reaped);
  expect(rest).toMatchObject({ failed: 0, crashed: 0 });
  expect((await client.call("domain.list", {})).filter(({ rule }) => rule === "fw")).toEqual([]);
  expect(reactiveTable([rest])).toMatch(/fw +source +access +0 +0 +\d+ +\d+ +0 +300 +0 +0/);
  while (ended.length < sources + rest.reaped) await new Promise((resolve) => setTimeout(resolve, 5));
  deaf.abort();
  await listening;
  await client.call("switch.detach", { switch: "core", port: "out" });
  expect(idsIn("out.pcap").sort((a, b) => a - b)).toEqual([...packets, ...later].map((_, i) => i));
});

it("a rule is there again after the daemon's end, with domains for what comes then", async () => {
  // Nothing is idle for so long here.
  writeFileSync(at("edge.yaml"), topology.replace("in.pcap", "later.pcap"));
  await up();
  await stop();
  await start();
  expect(daemon.info.recovery.problems).toEqual([]);
  // The capture is played again.
  const back = await until(({ frames }) => frames.steered + frames.released === 300);
  expect(back).toMatchObject({ name: "fw", created: 60 });
  const [one] = (await client.call("domain.list", {})).filter(({ rule }) => rule === "fw");
  await client.call("domain.destroy", { name: one?.name ?? "" });
  expect((await rules())[0]?.domains).toBe(59);
  await client.call("domain.rename", { name: "fw.9", to: "nine" });
  expect(await removeGroup(client, "edge", () => {})).toBe(3);
  expect([await client.call("domain.list", {}), await client.call("switch.list", {}), await rules()]).toEqual([
    [],
    [],
    [],
  ]);
  expect(readFileSync(at("state/journal"), "utf8")).not.toContain('"domain/');
});

it("errors of rules have their places", async () => {
  writeFileSync(
    at("bad.yaml"),
    "switches: { a: }\nreactive:\n  r:\n    per: packet\n    configuration: x\n    vifs: [ b, 'bridge=a,vlan=x' ]\n    idel: 3\n",
  );
  expect(() => readTopology(at("bad.yaml"))).toThrow(
    /bad.yaml:4:10: .*"flow"[\s\S]*bad.yaml:6:16: .*vlan=x[\s\S]*bad.yaml:7:11: there is no 'idel' here/,
  );
  await client.call("switch.create", { name: "p", lookup: "patch" });
  const rule = {
    name: "r",
    per: "source" as const,
    configuration: { file: "r.click", text: "FromDevice(0) -> Discard" },
  };
  await expect(client.call("reactive.create", { ...rule, vifs: [{ bridge: "p" }] })).rejects.toThrow(
    "frames of switch 'p' cannot be steered",
  );
  await expect(client.call("reactive.create", { ...rule, vifs: [{ bridge: "nowhere" }] })).rejects.toMatchObject({
    code: "NO_SWITCH",
  });
  await expect(client.call("reactive.destroy", { name: "r" })).rejects.toMatchObject({ code: "NO_RULE" });
  await client.call("switch.create", { name: "a" });
  const wrong = {
    ...rule,
    configuration: { file: "r.click", text: "FromDevice(0) ->\n f :: IPFilter(deny src $SRC) -> Discard" },
  };
  await expect(client.call("reactive.create", { ...wrong, vifs: [{ bridge: "a" }] })).rejects.toMatchObject({
    code: "CONFIGURATION",
    diagnostics: [expect.objectContaining({ file: "r.click", line: 2 })],
  });
  for (const name of ["a", "p"]) await client.call("switch.destroy", { name });
});

it("ports have their options: VLANs keep domains apart", async () => {
  await client.call("switch.create", { name: "v", vlans: true });
  const counter = { file: "c.click", text: "FromDevice(0) -> c :: Counter -> Discard" };
  for (const access of [10, 20])
    await client.call("domain.create", {
      name: `d${access}`,
      configuration: counter,
      vifs: [{ bridge: "v", vlans: { access } }],
    });
  const tagged = [10, 10, 20, 30].map((vid, i) => {
    const frame = packet(1, i);
    return Uint8Array.of(
      255,
      255,
      255,
      255,
      255,
      255,
      ...frame.subarray(6, 12),
      0x81,
      0,
      0,
      vid,
      ...frame.subarray(12),
    );
  });
  capture("tagged.pcap", tagged);
  await client.call("switch.attach", {
    switch: "v",
    specification: `pcap:${at("tagged.pcap")}`,
    name: "nic",
    vlans: { trunk: [10, 20] },
  });
  const ports = async () =>
    Object.fromEntries((await client.call("switch.list", {})).flatMap((s) => s.ports).map((p) => [p.name, p]));
  while ((await ports()).nic?.inPackets !== 4) await new Promise((resolve) => setTimeout(resolve, 10));
  expect((await ports()).nic?.drops).toEqual({ otherVlan: 1 });
  const count = (domain: string): Promise<string> => client.call("handler.read", { domain, path: "c.count" });
  while ((await count("d10")) !== "2") await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await count("d20")).toBe("1");
  await expect(
    client.call("domain.create", {
      name: "x",
      configuration: counter,
      vifs: [{ bridge: "v", vlans: { access: 1, trunk: "all" } }],
    }),
  ).rejects.toThrow("an 'access' port of one VLAN or a 'trunk' of several");
});
