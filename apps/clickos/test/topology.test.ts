/** Topologies, taps, completion and the table of `top`, over a daemon in process. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elements } from "@clickos/click-elements/node";
import type { Client, DomainInfo } from "@clickos/client";
import { connect } from "@clickos/client/node";
import { createCapture } from "@clickos/pcap/node";
import { Command } from "commander";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { addCompletion, candidates } from "../src/commands/completion.ts";
import { addDomains } from "../src/commands/domains.ts";
import { addRouters } from "../src/commands/routers.ts";
import { addSwitches } from "../src/commands/switches.ts";
import { addTap } from "../src/commands/tap.ts";
import { topTable } from "../src/commands/top.ts";
import { addTrace } from "../src/commands/trace.ts";
import { type Daemon, startDaemon } from "../src/daemon/daemon.ts";
import { applyTopology, removeGroup } from "../src/topology/apply.ts";
import { readTopology } from "../src/topology/read.ts";

const dir = mkdtempSync(join(tmpdir(), "clickos-topology-"));
const at = (name: string): string => join(dir, name);
let daemon: Daemon;
let client: Client;

beforeAll(async () => {
  const paths = { socket: at("run/a.sock"), store: at("run/b.sock"), log: at("run/log"), state: at("state") };
  daemon = await startDaemon({ elements, version: "0", paths, threads: 0 });
  client = await connect(paths.socket);
});
afterAll(async () => {
  client.close();
  await daemon.close();
  rmSync(dir, { recursive: true });
});

const file = at("edge.yaml");
const topology = `
switches:
  outside: { ports: { in: "pcap:${at("in.pcap")}" } }
  inside:
    lookup: patch
    ports:
      out: { attach: "pcap:,out=${at("out.pcap")}", mtu: 1500 }
domains:
  fw:
    configuration: fw.click
    vifs: [ "bridge=outside,antispoof=no", inside ]
    memory: 8MiB
    on_crash: restart
`;
const frames = 30;
const configuration = "FromDevice(0) -> c :: Counter -> ToDevice(1); FromDevice(1) -> Discard;\n";

beforeEach(() => {
  writeFileSync(file, topology);
  writeFileSync(at("fw.click"), configuration);
  const capture = createCapture(at("in.pcap"));
  for (let i = 0; i < frames; i++) {
    const frame = new Uint8Array(60).fill(0xff, 0, 6);
    frame.set([2, 0, 0, 0, 9, 9, 8, 0, i], 6);
    capture.write(frame, BigInt(i) * 1000n);
  }
  capture.close();
});

async function up(): Promise<string[]> {
  const told: string[] = [];
  await applyTopology(client, readTopology(file), (what) => told.push(what));
  return told;
}
async function count(wanted: string): Promise<void> {
  while ((await client.call("handler.read", { domain: "fw", path: "c.count" })) !== wanted)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("a topology", () => {
  it("comes up whole, and is changed in place when it is applied again", async () => {
    expect(await up()).toEqual([
      "switch outside created",
      "switch inside created",
      expect.stringMatching(/^domain fw created \(\d+\)$/),
      expect.stringContaining("port outside:in attached to pcap:"),
      expect.stringContaining("port inside:out attached to pcap:,out="),
    ]);
    await count(String(frames));
    const { id } = await client.call("domain.get", { name: "fw" });
    expect(await up()).toEqual([]);
    writeFileSync(at("fw.click"), `// another\n${configuration}`);
    expect(await up()).toEqual(["domain fw runs fw.click anew"]);
    expect(await up()).toEqual([]);
    expect((await client.call("domain.get", { name: "fw" })).id).toBe(id);
    writeFileSync(file, topology.replace("8MiB", "12MiB").replace("mtu: 1500", "mtu: 1600"));
    expect(await up()).toEqual([
      "domain fw destroyed",
      "port inside:out detached",
      expect.stringMatching(/^domain fw created/),
      expect.stringContaining("port inside:out attached"),
    ]);
    writeFileSync(file, "name: edge\nswitches: { outside: }\n");
    expect(await up()).toEqual(["domain fw destroyed", "port outside:in detached", "switch inside destroyed"]);
    expect(await removeGroup(client, "edge", () => {})).toBe(1);
    expect(await client.call("switch.list", {})).toEqual([]);
  });

  it("takes nothing that is not its own, and nothing when a file is missing", async () => {
    await client.call("switch.create", { name: "outside" });
    await expect(up()).rejects.toThrow("a switch named 'outside' is there already, and is not of the topology 'edge'");
    await client.call("switch.destroy", { name: "outside" });
    rmSync(at("fw.click"));
    await expect(up()).rejects.toThrow(/fw.click/);
    expect(await client.call("switch.list", {})).toEqual([]);
  });

  it("says all that is wrong, with its places", () => {
    const complaints = (text: string): string[] => {
      writeFileSync(file, text);
      try {
        readTopology(file);
      } catch (e) {
        return (e as Error).message.replaceAll(`${file}:`, "").split("\n").sort();
      }
      return [];
    };
    expect(
      complaints(`switches:
  a: {lookup: magic}
domains:
  fw:
    confguration: x
    vifs: ["bridge=a,mca=1"]
  "no name": {image: x.cos}
`),
    ).toEqual([
      expect.stringMatching(/^2:15: .*"learning"\|"patch"/),
      "5:19: there is no 'confguration' here",
      expect.stringMatching(/^6:12: interface 'bridge=a,mca=1': no key 'mca'/),
      expect.stringMatching(/^7:14: a name has letters/),
    ]);
    expect(complaints("domains:\n  fw: { image: a.cos, vifs: [nowhere] }\n")).toEqual([
      "2:30: there is no switch 'nowhere' in this file",
    ]);
    expect(complaints("domains:\n  fw: { vifs: [] }\n")).toEqual([
      "2:7: a domain has a configuration or an image: one of them",
    ]);
    expect(complaints("a:\n - b\nc: [\n")[0]).toMatch(/^\d:\d: /);
    expect(complaints("a: &x [1]\nb: [*x, *x]")[0]).toMatch(/there is no 'a'/);
  });
});

describe("a tap", () => {
  it("gives the frames that pass a port, and leaves no port behind", async () => {
    await client.call("switch.create", { name: "s" });
    await client.call("domain.create", {
      name: "sink",
      configuration: { file: "sink.click", text: "FromDevice(0) -> c :: Counter -> Discard;" },
      vifs: [{ bridge: "s" }],
    });
    const [{ port }] = (await client.call("domain.get", { name: "sink" })).vifs as unknown as [{ port: string }];
    const stream = client.stream("port.tap", { switch: "s", port, snapLength: 20 });
    const seen: { length: number; bytes: Buffer }[] = [];
    const first = stream.next();
    await client.call("switch.list", {});
    await client.call("switch.attach", { switch: "s", specification: `pcap:${at("in.pcap")}`, name: "in" });
    for (let next = await first; seen.length < frames; next = await stream.next()) {
      for (const { length, data } of next.value.frames) seen.push({ length, bytes: Buffer.from(data, "base64") });
      if (seen.length >= frames) break;
    }
    expect(seen.map(({ length, bytes }) => [length, bytes.length, bytes[14]])).toEqual(
      Array.from({ length: frames }, (_, i) => [60, 20, i]),
    );
    await stream.return?.(undefined);
    expect(Object.keys((await client.call("switch.list", {}))[0]!.ports.map((p) => p.name))).toHaveLength(2);
    await expect(client.stream("port.tap", { switch: "s", port: "none" }).next()).rejects.toMatchObject({
      code: "NO_PORT",
    });
    await client.call("domain.destroy", { name: "sink" });
    await client.call("switch.destroy", { name: "s" });
  });
});

describe("completion", () => {
  it("knows commands, options, domains, switches, ports and handlers", async () => {
    const program = new Command("clickos");
    for (const add of [addDomains, addRouters, addSwitches, addTap, addTrace, addCompletion]) add(program);
    const words = (...given: string[]): Promise<string[]> => candidates(program, given, client);
    await client.call("switch.create", { name: "s" });
    await client.call("switch.attach", { switch: "s", specification: "loopback:", name: "echo" });
    await client.call("domain.create", {
      name: "one",
      configuration: { file: "i.click", text: "i :: Idle -> d :: Discard" },
    });
    expect(await words("")).toEqual(expect.arrayContaining(["list", "read", "switch"]));
    expect(await words("")).not.toContain("complete");
    expect(await words("switch", "")).toEqual(["create", "destroy", "list", "attach", "detach"]);
    expect(await words("list", "--")).toEqual(["--json", "--long", "--help"]);
    expect(await words("console", "")).toEqual(["one"]);
    expect(await words("read", "one", "d.")).toContain("d.count");
    expect(await words("write", "one", "d.")).not.toContain("d.count");
    expect(await words("switch", "detach", "s", "")).toEqual(["echo"]);
    expect(await words("clone", "one", "--vif", "")).toEqual(["s"]);
    expect(await words("trace", "")).toEqual(["one"]);
    expect(await words("tap", "")).toEqual(["s:echo", "one:"]);
    expect(await words("tap", "one:")).toEqual(["one:i:0", "one:d:0"]);
    await client.call("domain.destroy", { name: "one" });
    await client.call("switch.destroy", { name: "s" });
  });
});

it("the table of top has the busiest first, with rates since the sample before", () => {
  const domain = (name: string, runTimeNs: number): DomainInfo => ({
    id: name.length,
    name,
    state: "running",
    memoryKiB: 1024,
    pcpu: 1,
    weight: 256,
    cap: 0,
    onCrash: "preserve",
    runTimeNs,
    slices: 1,
    createdAt: 0,
    restarts: 0,
    routers: [],
    vifs: [{ device: 0, port: name, bridge: "s", mac: "" }],
  });
  const port = (name: string, packets: number) => ({
    name,
    peer: "",
    kind: "vif" as const,
    inPackets: packets,
    inBytes: 0,
    outPackets: 2 * packets,
    outBytes: 0,
    drops: { noRoom: 3 },
  });
  const sample = (ms: number, a: number, b: number, packets: number) => ({
    ms,
    domains: [domain("a", a), domain("bb", b)],
    switches: [{ name: "s", lookup: "learning", drops: {}, ports: [port("a", packets), port("bb", 0)] }],
  });
  const text = topTable(sample(2000, 100e6, 900e6, 5000), sample(1000, 0, 400e6, 1000));
  expect(text.split("\n").map((line) => line.replace(/ +/g, " ").trim())).toEqual([
    "2 domains, 2 running; 1 switch",
    "name id state pCPU CPU % KiB received sent dropped",
    "bb 2 running 1 50.0 1024 0 p/s 0 p/s 3",
    "a 1 running 1 10.0 1024 8.00 kp/s 4.00 kp/s 3",
  ]);
});
