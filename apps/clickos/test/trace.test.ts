/** Packets that are followed through routers of domains, and tapped between their elements, over the daemon. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elements } from "@clickos/click-elements/node";
import type { Client, TraceStep } from "@clickos/client";
import { connect } from "@clickos/client/node";
import { createCapture } from "@clickos/pcap/node";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TraceLines } from "../src/commands/trace.ts";
import { type Daemon, startDaemon } from "../src/daemon/daemon.ts";
import { changesBetween, packetText } from "../src/daemon/packet-fields.ts";

let dir: string;
let daemon: Daemon;
let client: Client;
const paths = (home: string) => ({
  socket: join(home, "run", "clickos.sock"),
  store: join(home, "run", "xenstored.sock"),
  log: join(home, "run", "daemon.log"),
  state: join(home, "state"),
});

/** A UDP packet from 10.0.0.1 to a port of 8.8.8.8, in an Ethernet frame. */
function packet(port: number): Uint8Array {
  const ip = [0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 8, 8, 8, 8];
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += ((ip[i] as number) << 8) | (ip[i + 1] as number);
  sum = ~((sum & 65535) + (sum >> 16)) & 65535;
  ip[10] = sum >> 8;
  ip[11] = sum & 255;
  const head = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, ...ip, 0x30, 0x39, port >> 8, port & 255, 0, 26, 0, 0];
  return Uint8Array.from({ length: 60 }, (_, i) => head[i] ?? 0);
}
const text = `FromDevice(0) -> c :: Counter -> s :: Strip(14) -> CheckIPHeader
    -> f :: IPFilter(deny dst port 9, allow all) -> rw :: IPRewriter(pattern 10.9.9.9 1024-65535 - - 0 0)
    -> dec :: DecIPTTL -> u :: Unstrip(14) -> t :: Tee -> q :: Queue(1000) -> d :: Counter -> ToDevice(0);
  t[1] -> x :: Discard;`;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "clickos-trace-"));
  daemon = await startDaemon({ elements, version: "0.1.0", paths: paths(dir), threads: 0 });
  client = await connect(paths(dir).socket);
});
afterAll(async () => {
  client.close();
  await daemon.close();
  rmSync(dir, { recursive: true });
});
beforeEach(async () => {
  await client.call("switch.create", { name: "s", lookup: "patch" });
  await client.call("domain.create", {
    name: "nat",
    configuration: { file: "nat.click", text },
    vifs: [{ bridge: "s" }],
  });
});
afterEach(async () => {
  for (const { name } of await client.call("domain.list", {})) await client.call("domain.destroy", { name });
  await client.call("switch.destroy", { name: "s" });
});

let plays = 0;
/** Plays frames to the switch, instead of those before. */
async function play(...frames: Uint8Array[]): Promise<void> {
  const file = join(dir, `in${plays++}.pcap`);
  const capture = createCapture(file);
  for (const [i, frame] of frames.entries()) capture.write(frame, BigInt(i));
  capture.close();
  const [found] = await client.call("switch.list", {});
  if (found?.ports.some(({ name }) => name === "in")) await client.call("switch.detach", { switch: "s", port: "in" });
  await client.call("switch.attach", { switch: "s", name: "in", specification: `pcap:${file},out=${file}.out` });
}
const read = (path: string): Promise<string> => client.call("handler.read", { domain: "nat", path });
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 5000; !(await holds()); )
    if (Date.now() > end) throw new Error(`waited 5 s for ${holds}`);
}
const reconfigured = async (): Promise<boolean> => {
  // Whoever asks next waits for what is put back.
  const steps = client.stream("router.trace", { domain: "nat", count: 1 });
  const first = await steps.next();
  await steps.return?.(undefined);
  return !first.done;
};

describe("a trace", () => {
  it("says what every packet passed, what changed, where it ended and why; no packet is lost by it", async () => {
    const steps: TraceStep[] = [];
    for await (const step of client.stream("router.trace", { domain: "nat", filter: "udp port 53 or 9", count: 2 })) {
      steps.push(step);
      if (step.step === "started") await play(packet(80), packet(53), packet(9), packet(53), packet(123));
    }
    const lines = new TraceLines();
    const shown = steps.slice(1).flatMap((s) =>
      lines.of(s).map((l) =>
        l
          .replace(/ +\+[\d.]+ .s/, "")
          .replace(/ {2,}/g, "  ")
          .trim(),
      ),
    );
    const of = (name: string): string[] =>
      shown.filter((l) => l.startsWith(`${name} `)).map((l) => l.slice(name.length).trim());
    const ethernet = "ethernet 02:00:00:00:00:02 > 02:00:00:00:00:01";
    expect(of("1")).toEqual([
      `FromDevice@1 -> c  ${ethernet}, ipv4 10.0.0.1 > 8.8.8.8, udp 12345 > 53, 60 bytes`,
      "c -> s",
      `s -> CheckIPHeader@4  - ${ethernet}, length 60 → 46`,
      "CheckIPHeader@4 -> f",
      "f -> rw",
      expect.stringMatching(/^rw -> dec {2}ipv4\.checksum 0x\w+ → 0x\w+, ipv4\.source 10\.0\.0\.1 → 10\.9\.9\.9$/),
      expect.stringMatching(/^dec -> u {2}ipv4\.ttl 64 → 63, ipv4\.checksum 0x\w+ → 0x\w+$/),
      `u -> t  + ${ethernet}, length 46 → 60`,
      "t[1] -> x",
      "x: ended by Discard",
    ]);
    expect(of("1.1")).toEqual(["t -> q", "q -> d", "d -> ToDevice@12", "ToDevice@12: sent by device 0"]);
    expect(of("2").at(-1)).toBe("f: dropped: rule 1: deny dst port 9");
    expect(of("3")).toEqual([]);
    expect(lines.summary.split(", ").sort()).toEqual(["1 dropped", "1 ended", "1 sent", "2 packets"]);
    await until(async () => (await read("d.count")) === "4");
    expect(await read("c.count")).toBe("5");
    expect(await read("x.count")).toBe("4");
  });

  it("says who holds a packet still, and ends with its client, its router and its domain", async () => {
    const held = "FromDevice(0) -> c :: Counter -> q :: Queue -> u :: Unqueue(ACTIVE false) -> x :: Discard";
    await client.call("router.install", { domain: "nat", configuration: { file: "held.click", text: held } });
    const steps: TraceStep[] = [];
    const trace = client.stream("router.trace", { domain: "nat", count: 1 });
    for await (const step of trace) {
      steps.push(step);
      if (step.step === "started") await play(packet(53));
    }
    expect(steps.at(-1)).toEqual({ step: "held", packet: 1, copy: 0, element: "q" });
    // A client that goes away.
    const other = await connect(paths(dir).socket);
    const left = other.stream("router.trace", { domain: "nat" });
    await left.next();
    await expect(client.stream("router.trace", { domain: "nat" }).next()).rejects.toThrow(/recorded already/);
    other.close();
    await until(async () => reconfigured().catch(() => false));
    // A packet that was there before is followed from where it is.
    const last = client.stream("router.trace", { domain: "nat", filter: "dst host 8.8.8.8" });
    await last.next();
    await client.call("handler.write", { domain: "nat", path: "u.active", value: "true" });
    expect((await last.next()).value).toMatchObject({ step: "passed", from: { element: "q" }, to: { element: "u" } });
    expect((await last.next()).value).toMatchObject({ step: "passed", from: { element: "u" } });
    expect((await last.next()).value).toMatchObject({ step: "dropped", element: "x", reason: null });
    await client.call("domain.checkpoint", { name: "nat" });
    await expect(last.next()).rejects.toThrow(/'nat' is saved/);
    const gone = client.stream("router.trace", { domain: "nat" });
    await gone.next();
    await client.call("domain.destroy", { name: "nat" });
    await expect(gone.next()).rejects.toThrow(/destroyed/);
    await expect(client.stream("router.trace", { domain: "nat" }).next()).rejects.toMatchObject({ code: "NO_DOMAIN" });
  });

  it("refuses what makes no sense", async () => {
    const code = (filter: string): Promise<unknown> => client.stream("router.trace", { domain: "nat", filter }).next();
    await expect(code("udp prt 53")).rejects.toMatchObject({ code: "BAD_PATTERN" });
    const tap = (element: string, port: number, direction?: "in" | "out"): Promise<unknown> =>
      client.stream("element.tap", { domain: "nat", element, port, direction }).next();
    await expect(tap("none", 0)).rejects.toMatchObject({ code: "NO_ELEMENT" });
    await expect(tap("t", 2)).rejects.toThrow(/'t' has 1 inputs and 2 outputs.* no in- or output 2/);
    await expect(tap("x", 0, "out")).rejects.toMatchObject({ code: "NO_PORT" });
  });

  it("ends with the daemon, and is at home in small domains", async () => {
    const home = join(dir, "second");
    const second = await startDaemon({ elements, version: "0.1.0", paths: paths(home), threads: 0 });
    const its = await connect(paths(home).socket);
    await its.call("domain.create", { name: "idle", configuration: { file: "i.click", text: "Idle -> Discard" } });
    const trace = its.stream("router.trace", { domain: "idle" });
    await trace.next();
    const end = trace.next();
    await Promise.all([second.close(), expect(end).rejects.toThrow()]);
    its.close();
  });
});

describe("a tap on a port of an element", () => {
  it("has what passes there, as it is there", async () => {
    const seen = async (element: string, port: number, direction?: "in" | "out") => {
      const stream = client.stream("element.tap", { domain: "nat", element, port, direction, filter: "udp" });
      const found: { bytes: Buffer; isIp: boolean }[] = [];
      expect((await stream.next()).value).toEqual({ frames: [], lost: 0 });
      await play(packet(53), packet(9), packet(80));
      for await (const { frames } of stream) {
        found.push(...frames.map(({ data, isIp }) => ({ bytes: Buffer.from(data, "base64"), isIp })));
        if (found.length >= (element === "f" ? 3 : 2)) break;
      }
      return found;
    };
    const before = await seen("f", 0, "in");
    expect(before.map(({ bytes, isIp }) => [bytes.length, isIp, bytes[23]])).toEqual(
      [53, 9, 80].map((p) => [46, true, p]),
    );
    const after = await seen("dec", 0);
    expect(after.map(({ bytes }) => [bytes[8], bytes[23]])).toEqual([53, 80].map((p) => [63, p]));
    const ended = await seen("x", 0);
    expect(ended.map(({ bytes, isIp }) => [bytes.length, isIp])).toEqual([60, 60].map((n) => [n, false]));
    await until(async () => (await read("c.count")) === "9");
  });
});

describe("what differs between two looks at a packet", () => {
  const look = (bytes: Uint8Array, network?: number) => ({ bytes, length: bytes.length, network });
  it("has names of fields, of headers inside of others, and of bytes behind them", () => {
    const frame = packet(53);
    const other = packet(53);
    other[50] = 7;
    expect(changesBetween(look(frame), look(other))).toEqual([{ field: "payload[8]", from: "00", to: "07" }]);
    const outer = Uint8Array.from([...frame.subarray(14, 34), ...frame.subarray(14)]);
    outer[9] = 4;
    expect(changesBetween(look(frame.subarray(14), 0), look(outer, 0)).map(({ field }) => field)).toEqual([
      "ipv4.protocol",
      "ipv4#2",
      "length",
    ]);
    expect(packetText(look(new Uint8Array(5)))).toBe("5 bytes");
    const tagged = Uint8Array.from([...frame.subarray(0, 12), 0x81, 0, 0x60, 5, ...frame.subarray(12)]);
    expect(changesBetween(look(frame), look(tagged)).map(({ field }) => field)).toEqual([
      "ethernet.etherType",
      "vlan",
      "length",
    ]);
  });
});
