/** Domains that move from one daemon to another while packets flow; both are in process. */
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectTcp, createServer, type Server, type Socket as TcpSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elements } from "@clickos/click-elements/node";
import type { Client } from "@clickos/client";
import { connect } from "@clickos/client/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Daemon, startDaemon } from "../src/daemon/daemon.ts";
import { message, preface } from "../src/daemon/migration/messages.ts";

interface Side {
  readonly daemon: Daemon;
  readonly client: Client;
  readonly socket: string;
  /** Where frames are to be sent for it. */
  readonly port: number;
}

const configuration = {
  file: "nat.click",
  text: `FromDevice(0) -> c :: Counter -> Strip(14) -> CheckIPHeader
    -> rw :: IPRewriter(pattern 10.9.9.9 1024-65535 - - 0 0) -> Unstrip(14) -> q :: Queue(1000) -> ToDevice(1);`,
};
let dir: string;
let sides: Side[];
/** What frames for both sides come from, and what both send to. */
let source: Socket;
let sink: Socket;
let got: string[];
const open: { close(): unknown }[] = [];
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !holds(); await turn())
    if (Date.now() > end) throw new Error(`waited 10 s for ${holds}; ${got.length} frames came`);
}
async function bound(): Promise<Socket> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return socket;
}
async function side(name: string): Promise<Side> {
  const home = join(dir, name);
  const paths = {
    socket: join(home, "run", "clickos.sock"),
    store: join(home, "run", "xenstored.sock"),
    log: join(home, "run", "daemon.log"),
    state: join(home, "state"),
  };
  const migrations = { host: "127.0.0.1", port: 0 };
  const daemon = await startDaemon({ elements, version: "0.1.0", paths, threads: 0, migrations });
  const client = await connect(paths.socket);
  const probe = await bound();
  const { port } = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  for (const bridge of ["inside", "outside"]) await client.call("switch.create", { name: bridge, lookup: "patch" });
  const attach = (bridge: string, specification: string): Promise<unknown> =>
    client.call("switch.attach", { switch: bridge, name: "wire", specification });
  await attach("inside", `udp:127.0.0.1:${source.address().port},local=127.0.0.1:${port}`);
  await attach("outside", `udp:127.0.0.1:${sink.address().port},local=127.0.0.1:0`);
  return { daemon, client, socket: paths.socket, port };
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "clickos-migrate-"));
  source = await bound();
  sink = await bound();
  got = [];
  sink.on("message", (frame) => got.push(frame.subarray(26, 36).toString("hex")));
  sides = [await side("a"), await side("b")];
});
afterEach(async () => {
  for (const each of open.splice(0)) each.close();
  for (const { client, daemon } of sides) {
    client.close();
    await daemon.close();
  }
  source.close();
  sink.close();
  rmSync(dir, { recursive: true });
});

function packet(flow: number): Uint8Array {
  const ip = [0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, flow >> 8, flow & 255, 8, 8, 8, 8];
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += ((ip[i] as number) << 8) | (ip[i + 1] as number);
  sum = ~((sum & 65535) + (sum >> 16)) & 65535;
  ip[10] = sum >> 8;
  ip[11] = sum & 255;
  const head = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, ...ip, 0x30, 0x39, 0, 53, 0, 26, 0, 0];
  return Uint8Array.from({ length: 60 }, (_, i) => head[i] ?? 0);
}
const create = (client: Client): Promise<unknown> =>
  client.call("domain.create", {
    name: "nat",
    configuration,
    vifs: [{ bridge: "inside" }, { bridge: "outside" }],
    memoryKiB: 8192,
    tag: "kept",
  });
const read = ({ client }: Side, path: string): Promise<string> => client.call("handler.read", { domain: "nat", path });

describe("a domain that moves to another daemon", () => {
  it("keeps its state, and no packet is lost that either side was sent", async () => {
    const [a, b] = sides as [Side, Side];
    await create(a.client);
    let to = a.port;
    let sent = 0;
    /** Those that came to the first daemon once the domain had left. */
    let late = 0;
    let flows = true;
    const traffic = (async () => {
      for (; flows; await turn()) {
        // As many as sockets take.
        while (sent - got.length - late < 64) source.send(packet(sent++ % 500), to, "127.0.0.1");
      }
      await until(() => got.length === sent - late);
    })();
    await until(() => got.length >= 1500);
    const moved = await a.client.call("domain.migrate", { name: "nat", to: `127.0.0.1:${b.daemon.migrationsPort}` });
    to = b.port;
    expect(moved.pauseMs).toBeGreaterThan(0);
    const inside = (await a.client.call("switch.list", {})).find(({ name }) => name === "inside");
    late = Object.values(inside?.drops ?? {}).reduce((sum, n) => sum + n, 0);
    const before = sent;
    await until(() => got.length >= before + 500);
    flows = false;
    await traffic;
    expect(got.length).toBe(sent - late);
    expect(new Set(got).size).toBe(500);
    expect([await read(b, "c.count"), await read(b, "rw.nmappings")]).toEqual([String(sent - late), "500"]);
    expect(await a.client.call("domain.list", {})).toEqual([]);
    expect(await b.client.call("domain.get", { name: "nat" })).toMatchObject({ state: "running", tag: "kept" });
    // Back by the other way, under another name.
    await b.client.call("domain.migrate", { name: "nat", to: a.socket, as: "again" });
    expect(await a.client.call("domain.list", {})).toMatchObject([{ name: "again", state: "running" }]);
    expect(await a.client.call("handler.read", { domain: "again", path: "c.count" })).toBe(String(sent - late));
  });

  it("goes on where it is, whatever the other side says or does", async () => {
    const [a, b] = sides as [Side, Side];
    await create(a.client);
    const works = async (): Promise<void> => {
      const { length } = got;
      source.send(packet(7), a.port, "127.0.0.1");
      await until(() => got.length > length);
      expect(await a.client.call("domain.list", {})).toMatchObject([{ name: "nat", state: "running" }]);
    };
    const why = (to: string, more: object = {}): Promise<string> =>
      a.client.call("domain.migrate", { name: "nat", to, ...more }).then(
        () => "moved",
        (e: Error) => e.message,
      );
    await works();
    expect(await why(join(dir, "nobody.sock"))).toMatch(/no daemon answers/);
    expect(await why(b.socket, { vifs: [{ bridge: "elsewhere" }, { bridge: "outside" }] })).toMatch(
      /the other daemon refuses it: .*elsewhere/,
    );
    await b.client.call("domain.create", { name: "nat" });
    expect(await why(b.socket)).toMatch(/'nat' exists already/);
    await works();
    // One that ends the connection, or talks nonsense, once it has been told so much.
    for (const [bytes, answer] of [
      [100, undefined],
      [3000, Buffer.from([message.ready, 0, 0, 0, 255])],
      [60_000, Buffer.from([message.refused, 2, 0, 0, 0, 123, 34])],
    ] as const) {
      const server = await listening((socket) => {
        let seen = 0;
        let isReady = false;
        socket.on("data", ({ length }) => {
          seen += length;
          if (!isReady && bytes > 5000) socket.write(Buffer.from([message.ready, 0, 0, 0, 0]));
          isReady = true;
          if (seen < bytes) return;
          if (answer) socket.write(answer);
          else socket.destroy();
        });
      });
      expect(await why(`127.0.0.1:${(server.address() as { port: number }).port}`)).not.toBe("moved");
      await works();
    }
  });

  it("stands still where it is when the other side was given it and does not say that it has it", async () => {
    const [a] = sides as [Side];
    await create(a.client);
    const server = await listening((socket) => {
      const say = (type: number): unknown => socket.write(Buffer.from([type, 0, 0, 0, 0]));
      let said = 0;
      socket.on("data", (data) => {
        if (said++ === 0) say(message.ready);
        if (data.includes('"timeNs"')) say(message.prepared);
        const ends = (type: number): boolean => data.subarray(-5).equals(Buffer.from([type, 0, 0, 0, 0]));
        if (ends(message.rehearse)) say(message.ready);
        if (ends(message.go)) socket.destroy();
      });
    });
    const to = `127.0.0.1:${(server.address() as { port: number }).port}`;
    await expect(a.client.call("domain.migrate", { name: "nat", to })).rejects.toThrow(
      /stands still here; look whether/,
    );
    expect(await a.client.call("domain.list", {})).toMatchObject([{ name: "nat", state: "paused" }]);
    source.send(packet(7), a.port, "127.0.0.1");
    await a.client.call("domain.unpause", { name: "nat" });
    await until(() => got.length === 1);
  });

  it("is not made of anything that is no domain", async () => {
    const [, b] = sides as [Side, Side];
    const port = b.daemon.migrationsPort as number;
    const say = (...parts: Uint8Array[]): Promise<string> =>
      new Promise((resolve) => {
        const socket = connectTcp(port, "127.0.0.1");
        let text = "";
        socket.on("data", (d) => {
          text += d.toString("latin1");
        });
        socket.on("close", () => resolve(text));
        socket.on("error", () => {});
        socket.write(Buffer.concat([Buffer.from(preface), ...parts]));
        setTimeout(() => socket.end(), 50);
      });
    const json = (type: number, value: unknown): Buffer => {
      const body = Buffer.from(JSON.stringify(value));
      const header = Buffer.from([type, 0, 0, 0, 0]);
      header.writeUInt32LE(body.length, 1);
      return Buffer.concat([header, body]);
    };
    const good = { settings: { name: "x" }, devices: [], routers: [], pages: 1 };
    const frames = (frame: number, size = 4100): Buffer => {
      const body = Buffer.alloc(size);
      body.writeUInt32LE(frame);
      return Buffer.concat([Buffer.from([message.frames, size & 255, size >> 8, 0, 0]), body]);
    };
    expect(await say(Buffer.from([message.hello, 255, 255, 255, 255]))).toMatch(/4294967295 bytes/);
    expect(await say(json(message.hello, { ...good, pages: 1e9 }))).toContain("MIGRATION");
    expect(await say(json(message.hello, { ...good, settings: { name: "../x" } }))).toContain("MIGRATION");
    expect(await say(json(message.hello, { ...good, routers: [0] }), json(message.image, "no"))).toContain(
      "NOT_AN_IMAGE",
    );
    expect(await say(json(message.hello, good), frames(99))).toContain("frame 99 of 16");
    expect(await say(json(message.hello, good), frames(0, 4099))).toContain("4099 bytes of frames");
    expect(await say(json(message.hello, good), json(message.stopped, { timeNs: "-1" }))).toContain("MIGRATION");
    // One that is there, and that nobody said is to go on.
    expect(await say(json(message.hello, good), json(message.stopped, { timeNs: "5" }))).toContain("A");
    expect(await b.client.call("domain.list", {})).toEqual([]);
  });
});

async function listening(handler: (socket: TcpSocket) => void): Promise<Server> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(server);
  return server;
}
