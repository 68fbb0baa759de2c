/** The daemon in process: its API, what hostile clients do to it, and what it has back after its end. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { element } from "@clickos/click-core/element";
import { elements as library } from "@clickos/click-elements/node";
import type { Client, ClientError } from "@clickos/client";
import { connect } from "@clickos/client/node";
import { createCapture } from "@clickos/pcap/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Daemon, startDaemon } from "../src/daemon/daemon.ts";
import type { DaemonPaths } from "../src/daemon/paths.ts";

/** Divides by zero for a frame whose first byte is 0xee. */
const Faulty = element({
  name: "Faulty",
  ports: "1/1",
  processing: "a/a",
  action(c, packet) {
    const first = c.load8(packet.data);
    c.if(first.eq(0xee), () => c.store8(packet.data, c.i32(1).divU(c.load8(packet.data).sub(first))));
  },
});
const elements = { ...library, Faulty };

let dir: string;
let paths: DaemonPaths;
let daemon: Daemon;
let client: Client;
const open: { close(): unknown }[] = [];

async function start(): Promise<void> {
  daemon = await startDaemon({ elements, version: "0.1.0", paths, threads: 0 });
  client = await connect(paths.socket);
}
async function stop(): Promise<void> {
  client.close();
  await daemon.close();
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "clickos-daemon-"));
  paths = {
    socket: join(dir, "run", "clickos.sock"),
    store: join(dir, "run", "xenstored.sock"),
    log: join(dir, "run", "daemon.log"),
    state: join(dir, "state"),
  };
  await start();
});
afterEach(async () => {
  for (const each of open.splice(0)) each.close();
  await stop();
  rmSync(dir, { recursive: true });
});

const counter = {
  file: "count.click",
  text: "FromDevice(0) -> c :: Counter -> q :: Queue(100) -> d :: Discard(ACTIVE false);",
};
const codeOf = (what: Promise<unknown>): Promise<string> =>
  what.then(
    () => "succeeded",
    (e: ClientError) => e.code,
  );

/** A capture with so many frames, from one station to all. */
function capture(frames: number, first = 0xff): string {
  const path = join(dir, `frames${frames}.pcap`);
  const out = createCapture(path);
  for (let i = 0; i < frames; i++) {
    const frame = new Uint8Array(60).fill(first, 0, 6);
    frame.set([2, 0, 0, 0, 9, 9, 8, 0], 6);
    frame[20] = i;
    out.write(frame, BigInt(i) * 1_000_000n);
  }
  out.close();
  return path;
}
async function until<T>(what: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await what();
    if (holds(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
const count = (name: string): Promise<string> => client.call("handler.read", { domain: name, path: "c.count" });

describe("the daemon", () => {
  it("has shells ready for what is created again", async () => {
    await client.call("switch.create", { name: "vale0" });
    const phases = async (name: string): Promise<string[]> => {
      const { timeline } = await client.call("domain.create", {
        name,
        configuration: counter,
        vifs: [{ bridge: "vale0" }],
      });
      return timeline.phases.map((phase) => phase.name);
    };
    expect(await phases("a")).toContain("domain");
    expect(await phases("b")).toContain("domain");
    let n = 0;
    await until(
      () => phases(`c${n++}`),
      (list) => list.includes("shell"),
    );
    expect((await client.call("domain.list", {})).every(({ name }) => /^[abc]/.test(name))).toBe(true);
  });

  it("makes, shows, steers and ends domains", async () => {
    await client.call("switch.create", { name: "vale0" });
    const { domain, timeline } = await client.call("domain.create", {
      name: "one",
      configuration: counter,
      vifs: [{ bridge: "vale0", mac: "02:00:00:00:00:07" }],
    });
    expect(domain).toMatchObject({
      name: "one",
      state: "running",
      pcpu: 0,
      vifs: [{ device: 0, bridge: "vale0", mac: "02:00:00:00:00:07", port: `vif${domain.id}.0` }],
      routers: [{ number: 0, status: "Running", elements: 4 }],
    });
    expect(timeline.phases.length).toBeGreaterThan(3);
    await client.call("switch.attach", { switch: "vale0", specification: `pcap:${capture(50)}`, name: "in" });
    expect(
      await until(
        () => count("one"),
        (n) => n === "50",
      ),
    ).toBe("50");
    const [{ ports }] = (await client.call("switch.list", {})) as unknown as [{ ports: readonly object[] }];
    expect(ports).toMatchObject([
      { name: `vif${domain.id}.0`, peer: "one device 0", kind: "vif", outPackets: 50 },
      { name: "in", kind: "attachment", inPackets: 50 },
    ]);
    await client.call("domain.rename", { name: "one", to: "uno" });
    await client.call("domain.pause", { name: "uno" });
    expect(await client.call("domain.list", {})).toMatchObject([{ name: "uno", state: "paused" }]);
    await client.call("domain.unpause", { name: "uno" });
    expect(await client.call("domain.share", { name: "uno", cap: 50 })).toEqual({ weight: 256, cap: 50 });
    const text = await client.call("daemon.metrics", {});
    expect(text).toContain('clickos_element_count_total{domain="uno",router="0",element="c",handler="count"} 50\n');
    expect(text.endsWith("# EOF\n")).toBe(true);
    expect(await codeOf(client.call("switch.destroy", { name: "vale0" }))).toBe("IN_USE");
    await client.call("domain.destroy", { name: "uno" });
    await client.call("switch.destroy", { name: "vale0" });
    expect(await client.call("domain.list", {})).toEqual([]);
    expect(readdirSync(join(paths.state, "images"))).toEqual([]);
  });

  it("says what is wrong, each in its way", async () => {
    await client.call("switch.create", { name: "vale0" });
    const create = (definition: object) => client.call("domain.create", definition as never);
    await create({ name: "taken" });
    const wrong = await create({
      name: "bad",
      configuration: { file: "bad.click", text: "FromDevice(0) -> Conter -> Discard" },
    }).catch((e) => e);
    expect(wrong.code).toBe("CONFIGURATION");
    expect(wrong.diagnostics).toMatchObject([
      { file: "bad.click", line: 1, column: 18, hint: "did you mean 'Counter'?" },
    ]);
    expect(await codeOf(create({ name: "taken" }))).toBe("NAME_TAKEN");
    expect(await codeOf(create({ name: "../etc" }))).toBe("BAD_PARAMS");
    expect(await codeOf(create({ name: "x", image: "AAAA" }))).toBe("NOT_AN_IMAGE");
    expect(await codeOf(create({ name: "x", configuration: counter }))).toBe("BAD_VIFS");
    expect(await codeOf(create({ name: "x", configuration: counter, vifs: [{ bridge: "vale9" }] }))).toBe("NO_SWITCH");
    expect(await codeOf(create({ name: "x", memoryKiB: 1e9 }))).toBe("BAD_PARAMS");
    expect(await codeOf(create({ name: "x", colour: "red" }))).toBe("BAD_PARAMS");
    expect(await codeOf(client.call("domain.get", { name: "none" }))).toBe("NO_DOMAIN");
    expect(await codeOf(client.call("domain.pin", { name: "taken", pcpu: 7 }))).toBe("NO_PCPU");
    expect(await codeOf(client.call("handler.read", { domain: "taken", path: "c.count" }))).toBe("NOT_RUNNING");
    expect(await codeOf(client.call("switch.attach", { switch: "vale0", specification: "nonsense:1" }))).toBe(
      "BAD_SPECIFICATION",
    );
    expect(await codeOf(client.call("no.method" as never, {} as never))).toBe("NO_METHOD");
    expect((await client.call("domain.list", {})).map((d) => d.name)).toEqual(["taken"]);
    expect(readdirSync(join(paths.state, "images"))).toEqual([]);
  });

  it("runs routers in shells, and has watches follow them", async () => {
    await client.call("switch.create", { name: "vale0" });
    await client.call("domain.create", { name: "shell", vifs: [{ bridge: "vale0" }] });
    await client.call("router.install", { domain: "shell", configuration: counter });
    const seen: string[] = [];
    const ending = new AbortController();
    const watching = (async () => {
      const stream = client.stream("handler.watch", { domain: "shell", paths: ["c.count"] }, { signal: ending.signal });
      for await (const { value } of stream) seen.push(value);
    })();
    await client.call("switch.attach", { switch: "vale0", specification: `pcap:${capture(7)}` });
    await until(
      async () => seen,
      (s) => s.includes("7"),
    );
    const other = { file: "b.click", text: `${counter.text} // another` };
    await client.call("router.install", { domain: "shell", configuration: other });
    expect(await client.call("router.configuration", { domain: "shell" })).toMatchObject({ text: other.text });
    expect(
      await codeOf(
        client.call("router.install", { domain: "shell", configuration: { file: "b.click", text: "x ::" } }),
      ),
    ).toBe("CONFIGURATION");
    expect(await client.call("router.list", { domain: "shell" })).toMatchObject([{ number: 0, status: "Running" }]);
    ending.abort();
    await watching;
    await client.call("router.stop", { domain: "shell" });
    expect(await client.call("router.list", { domain: "shell" })).toEqual([
      { number: 0, status: "Halted", elements: 0 },
    ]);
    await client.call("router.start", { domain: "shell" });
    await client.call("router.remove", { domain: "shell" });
    expect(await codeOf(client.call("router.start", { domain: "shell" }))).toBe("NO_ROUTER");
  });

  it("keeps which routers were stopped and removed, those of images too", async () => {
    await client.call("switch.create", { name: "vale0" });
    const list = () => client.call("router.list", { domain: "one" });
    await client.call("domain.create", { name: "one", configuration: counter, vifs: [{ bridge: "vale0" }] });
    await client.call("router.stop", { domain: "one" });
    expect(await until(list, (l) => l.length > 0)).toEqual([{ number: 0, status: "Halted", elements: 0 }]);
    await stop();
    await start();
    expect(await list()).toMatchObject([{ number: 0, status: "Halted" }]);
    await client.call("router.start", { domain: "one" });
    expect(await list()).toMatchObject([{ number: 0, status: "Running", elements: 4 }]);
    await client.call("router.stop", { domain: "one" });
    await until(list, ([router]) => router?.status === "Halted");
    await client.call("router.remove", { domain: "one" });
    await stop();
    await start();
    expect(await list()).toEqual([]);
    expect(await codeOf(client.call("router.start", { domain: "one" }))).toBe("NO_ROUTER");
    await client.call("router.install", { domain: "one", configuration: counter });
    expect(await list()).toMatchObject([{ number: 0, status: "Running" }]);
  });

  it("has no domain back that was destroyed while its state was kept", async () => {
    await client.call("domain.create", { name: "gone" });
    const kept = codeOf(client.call("domain.checkpoint", { name: "gone" }));
    await client.call("domain.destroy", { name: "gone" });
    expect(["NO_DOMAIN", "NOT_RUNNING", "succeeded"]).toContain(await kept);
    await stop();
    await start();
    expect(await client.call("domain.list", {})).toEqual([]);
    expect(readdirSync(join(paths.state, "checkpoints"))).toEqual([]);
  });

  it("answers any number of requests that are sent at once", async () => {
    const lists = await Promise.all(Array.from({ length: 2000 }, () => client.call("domain.list", {})));
    expect(lists.every((list) => list.length === 0)).toBe(true);
  });

  it("has everything back: domains from their images, from checkpoints, shells with their routers, and what failed", async () => {
    await client.call("switch.create", { name: "vale0" });
    await client.call("switch.attach", { switch: "vale0", specification: `pcap:${capture(20)}`, name: "in" });
    const vifs = [{ bridge: "vale0" }];
    await client.call("domain.create", { name: "kept", configuration: counter, vifs });
    await client.call("domain.create", { name: "shell", vifs });
    await client.call("router.install", { domain: "shell", configuration: counter });
    await client.call("domain.clone", { name: "kept", to: "twin" });
    await client.call("handler.write", { domain: "kept", path: "d.active", value: "true" });
    await client.call("domain.checkpoint", { name: "kept" });
    await client.call("domain.pause", { name: "twin" });
    const before = await client.call("domain.list", {});
    await stop();
    // An image that is gone is a domain that cannot be made.
    await start();
    const after = await client.call("domain.list", {});
    const plain = (list: typeof before) =>
      list.map(({ name, state, routers, memoryKiB }) => ({ name, state, routers, memoryKiB }));
    expect(plain(after)).toEqual(plain(before));
    expect(daemon.info.recovery.problems).toEqual([]);
    expect(await client.call("handler.read", { domain: "kept", path: "d.active" })).toBe("true");
    await stop();
    for (const file of readdirSync(join(paths.state, "checkpoints"))) rmSync(join(paths.state, "checkpoints", file));
    await start();
    expect(daemon.info.recovery.problems).toEqual([expect.stringContaining("domain 'kept'")]);
    expect(await client.call("domain.get", { name: "kept" })).toMatchObject({ state: "failed" });
    expect(await codeOf(client.call("domain.pause", { name: "kept" }))).toBe("BAD_STATE");
    await client.call("domain.destroy", { name: "kept" });
    await client.call("domain.create", { name: "kept", configuration: counter, vifs });
  });

  it("saves whole files, restores them, and keeps a domain that it cannot write", async () => {
    await client.call("switch.create", { name: "vale0" });
    await client.call("domain.create", { name: "a", configuration: counter, vifs: [{ bridge: "vale0" }], weight: 99 });
    const path = join(dir, "a.vm");
    writeFileSync(path, "precious");
    expect(await codeOf(client.call("domain.save", { name: "a", path: join(dir, "none", "a.vm") }))).toBe("ENOENT");
    expect(await client.call("domain.get", { name: "a" })).toMatchObject({ state: "running" });
    await client.call("domain.save", { name: "a", path });
    expect(await client.call("domain.list", {})).toEqual([]);
    const { domain } = await client.call("domain.restore", { path });
    expect(domain).toMatchObject({ name: "a", weight: 99, vifs: [{ bridge: "vale0" }] });
    const bytes = readFileSync(path);
    bytes[bytes.length - 100]! ^= 1;
    writeFileSync(path, bytes);
    expect(await codeOf(client.call("domain.restore", { path, name: "b" }))).toBe("BAD_FILE");
    expect(readdirSync(dir).filter((f) => f.endsWith(".new"))).toEqual([]);
  });

  it("starts what crashes again, and tells it", async () => {
    const events: string[] = [];
    const ending = new AbortController();
    const listening = (async () => {
      for await (const { event, subject } of client.stream("daemon.events", {}, { signal: ending.signal }))
        events.push(`${event} ${subject}`);
    })();
    await client.call("daemon.metrics", {});
    await client.call("switch.create", { name: "vale0" });
    await client.call("domain.create", {
      name: "phoenix",
      onCrash: "restart",
      configuration: { file: "p.click", text: "FromDevice(0) -> c :: Counter -> f :: Faulty -> Discard" },
      vifs: [{ bridge: "vale0", antiSpoof: false }],
    });
    const port = { switch: "vale0", name: "in" };
    await client.call("switch.attach", { ...port, specification: `pcap:${capture(1, 0xee)}` });
    const again = await until(
      () => client.call("domain.get", { name: "phoenix" }),
      ({ restarts, state }) => restarts === 1 && state === "running",
    );
    expect(again.routers).toMatchObject([{ number: 0 }]);
    expect(await count("phoenix")).toBe("0");
    ending.abort();
    await listening;
    expect(events.filter((e) => e.includes("phoenix"))).toEqual([
      "domain.created phoenix",
      "router.halted phoenix/0",
      "domain.crashed phoenix",
      "domain.restarted phoenix",
    ]);
  });

  it("is one for a folder and a socket", async () => {
    await expect(startDaemon({ elements, version: "0", paths })).rejects.toMatchObject({ code: "IN_USE" });
    const other = { ...paths, socket: join(dir, "run", "other.sock"), store: join(dir, "run", "other-store.sock") };
    await expect(startDaemon({ elements, version: "0", paths: other })).rejects.toMatchObject({ code: "IN_USE" });
    const elsewhere = { ...other, state: join(dir, "other-state") };
    const second = await startDaemon({ elements, version: "0", paths: elsewhere, threads: 0 });
    await second.close();
    expect(existsSync(other.socket)).toBe(false);
  });

  it("refuses a journal that is damaged, and changes nothing", async () => {
    await client.call("switch.create", { name: "vale0" });
    await client.call("switch.create", { name: "vale1" });
    const copy = join(dir, "copy");
    cpSync(paths.state, copy, { recursive: true, filter: (from) => !from.endsWith("lock") });
    const journal = join(copy, "journal");
    const bytes = readFileSync(journal);
    bytes[30]! ^= 0x40;
    writeFileSync(journal, bytes);
    mkdirSync(join(dir, "run2"));
    const other = { ...paths, socket: join(dir, "run2", "a"), store: join(dir, "run2", "b"), state: copy };
    await expect(startDaemon({ elements, version: "0", paths: other, threads: 0 })).rejects.toThrow(
      /journal, line 2: it is damaged/,
    );
    expect(readFileSync(journal).equals(bytes)).toBe(true);
  });
});

describe("clients that mean harm", () => {
  function raw(): Promise<Socket & { text: string }> {
    return new Promise((resolve) => {
      const socket = connectSocket({ path: paths.socket }) as Socket & { text: string };
      socket.text = "";
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        socket.text += bytes;
      });
      open.push({ close: () => socket.destroy() });
      socket.once("connect", () => resolve(socket));
    });
  }
  const answered = (socket: { text: string }, lines: number) =>
    until(
      async () => socket.text.split("\n").length - 1,
      (n) => n >= lines,
    );

  it("get errors, and others their answers", async () => {
    const socket = await raw();
    socket.write(
      '{"jsonrpc":"2.0","id":1,"method":"domain.list"}\n{"broken\n[]\n{"jsonrpc":"2.0","id":{},"method":1}\n',
    );
    await answered(socket, 4);
    const answers = socket.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    answers.sort((a, b) => (a.id === null ? 1 : 0) - (b.id === null ? 1 : 0));
    expect(answers.map(({ id, result, error }) => [id, result, error?.code])).toEqual([
      [1, [], undefined],
      [null, undefined, -32700],
      [null, undefined, -32600],
      [null, undefined, -32600],
    ]);
    const proto = await raw();
    proto.write(
      '{"jsonrpc":"2.0","id":1,"method":"constructor"}\n{"jsonrpc":"2.0","id":2,"method":"__proto__","params":{}}\n',
    );
    await answered(proto, 2);
    expect(proto.text.match(/NO_METHOD/g)).toHaveLength(2);
    expect(await client.call("domain.list", {})).toEqual([]);
  });

  it("are let go when a line does not end, or is no text", async () => {
    const socket = await raw();
    const gone = new Promise((resolve) => socket.once("close", resolve));
    socket.write("{");
    const piece = Buffer.alloc(1 << 20, 0x20);
    for (let i = 0; i < 17; i++) socket.write(piece);
    await gone;
    const other = await raw();
    const closed = new Promise((resolve) => other.once("close", resolve));
    other.write(Buffer.from([0x7b, 0xff, 0xfe, 0x0a]));
    await closed;
    expect(await client.call("domain.list", {})).toEqual([]);
  });

  it("that do not read are not read from, and lose items of their streams only", async () => {
    const slow = await raw();
    slow.pause();
    for (let i = 0; i < 200; i++) slow.write(`{"jsonrpc":"2.0","id":${i},"method":"daemon.metrics"}\n`);
    const many = await Promise.all(Array.from({ length: 50 }, () => connect(paths.socket)));
    await Promise.all(many.map((each, i) => each.call("switch.create", { name: `s${i}` })));
    expect((await client.call("switch.list", {})).length).toBe(50);
    for (const each of many) each.close();
    const rss = process.memoryUsage.rss();
    expect(rss).toBeLessThan(2e9);
  });

  it("find HTTP on the same socket", async () => {
    const socket = await raw();
    socket.write("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(
      async () => socket.text,
      (t) => t.endsWith("# EOF\n"),
    );
    expect(socket.text).toMatch(/^HTTP\/1.1 200 OK\r\ncontent-type: application\/openmetrics-text/i);
    const rpc = await raw();
    const body = '{"jsonrpc": "2.0",\n "id": 1, "method": "domain.list"}';
    rpc.write(`POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await until(
      async () => rpc.text,
      (t) => t.includes('"result":[]'),
    );
    const lost = await raw();
    lost.write("GET /etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(
      async () => lost.text,
      (t) => t.startsWith("HTTP/1.1 404"),
    );
  });
});
