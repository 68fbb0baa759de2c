import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Router } from "@clickos/click-core";
import {
  ControlError,
  type ControlOptions,
  type ControlServer,
  connectControl,
  elements,
  ListenError,
  parseControlAddress,
  serveControl,
} from "@clickos/click-elements/node";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";

const config = `c :: Counter; InfiniteSource(LIMIT 3) -> c -> Discard; s :: Switch(0); Idle -> s -> Discard;
  p :: Script(TYPE PROXY, returnq "<$args>")`;
const open: { close(): void }[] = [];
afterEach(() => {
  for (const thing of open.splice(0)) thing.close();
});

async function rig(options: ControlOptions = {}): Promise<{ router: Router; server: ControlServer; port: number }> {
  const router = await Router.compile(config, { elements });
  router.run();
  const server = await serveControl(router, { port: 0 }, options);
  open.push(router, server);
  return { router, server, port: server.port };
}

/** A client that sends text as it is, and gives back what it got when the answer ends so. */
function raw(port: number): Socket & { got: string; until(end: string): Promise<string> } {
  const socket = connect(port, "127.0.0.1");
  open.push({ close: () => socket.destroy() });
  socket.setEncoding("latin1");
  const client = Object.assign(socket, {
    got: "",
    async until(end: string) {
      while (!client.got.includes(end)) await new Promise((resolve) => socket.once("data", resolve));
      return client.got;
    },
  });
  socket.on("data", (d) => {
    client.got += d;
  });
  socket.on("error", () => {});
  return client;
}

describe("the control socket", () => {
  it("is driven by somebody who types", async () => {
    const { port } = await rig();
    const client = raw(port);
    await client.until("\n");
    for (const ch of "read c.count\r\nWrite c.reset\r\nREAD c.count\r\nquit\r\n") {
      client.write(ch);
      if (ch === "\n") await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await client.until("Goodbye!\r\n")).replace(/\r/g, "")).toBe(
      "Click::ControlSocket/1.3\n200 Read handler 'c.count' OK\nDATA 1\n3200 Write handler 'c.reset' OK\n200 Read handler 'c.count' OK\nDATA 1\n0200 Goodbye!\n",
    );
  });

  it("is driven by a library, many requests at once", async () => {
    const { port } = await rig();
    const client = await connectControl({ port });
    open.push(client);
    expect(await client.read("c.count")).toBe("3");
    expect(await client.read("p.any", "1\r\n2 3")).toBe("<1\r\n2 3>");
    await client.write("c.reset");
    expect(await Promise.all(Array.from({ length: 500 }, () => client.read("c.count")))).toEqual(
      new Array(500).fill("0"),
    );
    expect([await client.check("c.count", "read"), await client.check("c.count", "write")]).toEqual([true, false]);
    await expect(client.read("d.count")).rejects.toMatchObject({ status: 510 });
    await expect(client.write("s.switch", "x")).rejects.toMatchObject({ status: 520 });
    await expect(client.read("two words")).rejects.toBeInstanceOf(ControlError);
    client.close();
    await expect(client.read("c.count")).rejects.toMatchObject({ status: 0 });
  });

  it("listens on a socket's file, and says when it cannot", async () => {
    const dir = mkdtempSync(join(tmpdir(), "control-"));
    const { router, port } = await rig();
    const server = await serveControl(router, { path: join(dir, "s") });
    open.push(server);
    const client = await connectControl({ path: join(dir, "s") });
    expect(await client.read("c.class")).toBe("Counter");
    client.close();
    await expect(serveControl(router, { path: join(dir, "no/s") })).rejects.toBeInstanceOf(ListenError);
    await expect(serveControl(router, { port })).rejects.toThrow("in use");
    const next = await serveControl(router, { port, search: true });
    open.push(next);
    expect(next.port).toBeGreaterThan(port);
    rmSync(dir, { recursive: true });
  });

  it("outlives clients that send anything at all", async () => {
    const { port } = await rig();
    const good = await connectControl({ port });
    open.push(good);
    const word = fc.constantFrom(
      "READ",
      "WRITE",
      "READDATA",
      "WRITEDATA",
      "READUNTIL",
      "LLRPC",
      "HELP",
      "c.count",
      "p.x",
      "-1",
      "5",
      "99999999999",
      "\r\n",
      "\n",
      " ",
      "\0",
      "DATA",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(word, fc.string({ maxLength: 40 })), { maxLength: 40 }), async (words) => {
        const client = raw(port);
        client.write(`${words.join(" ")}\r\n`, "latin1");
        expect(await good.read("c.count")).toBe("3");
        client.destroy();
      }),
      { numRuns: 60 },
    );
  });

  it("bounds lines and data", async () => {
    const { port } = await rig();
    const line = raw(port);
    await line.until("\n");
    line.write("x".repeat(3 << 20));
    expect(await line.until("bytes\r\n")).toContain("500 A line of more than 65536 bytes");
    const data = raw(port);
    data.write(`WRITEDATA p.x 2000000\r\n${"x".repeat(2_000_000)}READ c.count\r\n`);
    expect(await data.until("DATA 1\r\n3")).toContain("521 Data too large for write handler 'p.x'");
  });

  it("serves 256 clients, and says to others that there are too many", async () => {
    const { port, server } = await rig();
    const many = Array.from({ length: 300 }, () => raw(port));
    const first = await Promise.all(many.map(async (client) => (await client.until("\n")).split("\r\n")[0]));
    const served = many.filter((_, i) => first[i] === "Click::ControlSocket/1.3");
    expect(served).toHaveLength(256);
    expect(first.filter((line) => line?.startsWith("500 Too many connections"))).toHaveLength(44);
    expect(server.clients).toBe(256);
    for (const client of served) client.write("READ c.count\r\n");
    for (const client of served) expect(await client.until("DATA 1\r\n3")).not.toBe("");
    // A client that leaves makes room for one.
    served[0]?.end();
    await new Promise((resolve) => served[0]?.once("close", resolve));
    expect(await raw(port).until("\n")).toBe("Click::ControlSocket/1.3\r\n");
  });

  it("is not held up by a client that does not read", async () => {
    const { port } = await rig();
    const slow = raw(port);
    await slow.until("\n");
    slow.pause();
    const request = "READ classes\r\n".repeat(20_000);
    slow.write(request);
    const good = await connectControl({ port });
    open.push(good);
    for (let i = 0; i < 50; i++) expect(await good.read("c.count")).toBe("3");
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(400 << 20);
    // And when it reads again, it gets all its answers.
    slow.resume();
    const classes = await good.read("classes");
    const whole = `200 Read handler 'classes' OK\r\nDATA ${classes.length}\r\n${classes}`.length * 20_000;
    while (slow.got.length < whole) await new Promise((resolve) => slow.once("data", resolve));
    expect(slow.got.length).toBe("Click::ControlSocket/1.3\r\n".length + whole);
  }, 30_000);

  it("listens to this machine only, unless an address is asked for", async () => {
    const { port } = await rig();
    // Another address of this machine reaches a socket that listens on all addresses, and no loopback one.
    const elsewhere = connect(port, "127.0.0.2");
    open.push({ close: () => elsewhere.destroy() });
    await new Promise((resolve) => elsewhere.once("error", resolve));
    expect(parseControlAddress("7777")).toEqual({ port: 7777, search: false });
    expect(parseControlAddress("0.0.0.0:7777+")).toEqual({ port: 7777, search: true, host: "0.0.0.0" });
    expect(parseControlAddress("[::1]:7777")).toEqual({ port: 7777, search: false, host: "::1" });
    for (const text of ["", "+", "77777", "a:1", "1.2.3:4", "1.2.3.4", "[::1]", "::1:7", "1".repeat(100_000)])
      expect(parseControlAddress(text)).toBeUndefined();
    using router = await Router.compile("s :: ControlSocket(TCP, 127.0.0.2:0); t :: ControlSocket(TCP, 0)", {
      elements,
    });
    while (router.read("s.port") === "0" || router.read("t.port") === "0")
      await new Promise((resolve) => setTimeout(resolve, 5));
    const here = await connectControl({ port: Number(router.read("t.port")) });
    open.push(here, await connectControl({ port: Number(router.read("s.port")), host: "127.0.0.2" }));
    await expect(connectControl({ port: Number(router.read("t.port")), host: "127.0.0.2" })).rejects.toThrow();
  });

  it("gives the place of a client that has long asked for nothing to one that comes", async () => {
    const { port, server } = await rig({ limits: { clients: 3, idleMs: 50 } });
    const idle = await Promise.all([connectControl({ port }), connectControl({ port })]);
    const busy = await connectControl({ port });
    open.push(busy, ...idle);
    const early = raw(port);
    expect(await early.until("\r\n")).toContain("500 Too many connections");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await busy.read("c.count")).toBe("3");
    const late = await Promise.all([connectControl({ port }), connectControl({ port })]);
    open.push(...late);
    for (const client of [busy, ...late]) expect(await client.read("c.count")).toBe("3");
    for (const client of idle) await expect(client.read("c.count")).rejects.toThrow("closed");
    expect(server.clients).toBe(3);
  });

  it("bounds what unfinished requests hold in all, and still serves small ones", async () => {
    const { port } = await rig({ limits: { unfinishedBytes: 1 << 20 } });
    const held = [raw(port), raw(port)];
    for (const client of held) {
      await client.until("\n");
      client.write(`WRITEDATA p.x 600000\r\n${"x".repeat(1000)}`);
    }
    expect(await held[1]?.until("later\r\n")).toContain("500 Other clients' data takes all the room there is");
    const good = await connectControl({ port });
    open.push(good);
    expect(await good.read("p.x", "y".repeat(60_000))).toBe(`<${"y".repeat(60_000)}>`);
    held[0]?.destroy();
    await new Promise((resolve) => held[0]?.once("close", resolve));
    await good.read("c.count");
    await good.write("p.x", "z".repeat(600_000));
  });

  it("ends a client that does not read once unread answers take all the room, and serves the others", async () => {
    const { port, server } = await rig({ limits: { unreadBytes: 1 << 20, unreadMs: 100 } });
    const greedy = Array.from({ length: 8 }, () => raw(port));
    for (const client of greedy) {
      await client.until("\n");
      client.pause();
      for (let i = 0; i < 400; i++) client.write(`READDATA p.x 60000\r\n${"x".repeat(60_000)}`);
    }
    const good = await connectControl({ port });
    open.push(good);
    for (let i = 0; i < 20; i++) expect(await good.read("c.count")).toBe("3");
    expect(server.clients).toBeGreaterThan(0);
  }, 60_000);

  it("answers what a client asked before it closed its side", async () => {
    const { port } = await rig();
    const client = raw(port);
    client.end("READ c.count\r\n".repeat(500));
    await new Promise((resolve) => client.once("close", resolve));
    expect(client.got.match(/DATA 1\r\n3/g)?.length).toBe(500);
  });

  it("hands large answers over whole, however many bytes come at a time", async () => {
    const { router, port } = await rig();
    const client = await connectControl({ port });
    open.push(client);
    const text = "0123456789abcdef".repeat(4000);
    expect(await client.read("p.x", text)).toBe(`<${text}>`);
    expect(await Promise.all([client.read("p.x", text), client.read("c.count"), client.read("p.x", "")])).toEqual([
      `<${text}>`,
      router.read("c.count"),
      "<>",
    ]);
  });

  it("has a client that does not believe whatever answers it", async () => {
    for (const answer of [
      "x".repeat(3 << 20),
      `200-${"y\r\n200-".repeat(200_000)}`,
      "200 OK\r\nDATA x\r\n".padEnd(100),
    ]) {
      const server = createServer((socket) => {
        socket.on("error", () => {});
        socket.write("Click::ControlSocket/1.3\r\n");
        socket.once("data", () => socket.write(answer));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const client = await connectControl({ port: (server.address() as { port: number }).port });
      open.push(client, server);
      await expect(client.read("a.b")).rejects.toBeInstanceOf(ControlError);
    }
  });
});
