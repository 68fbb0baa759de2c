import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Router } from "@clickos/click-core";
import {
  ControlError,
  type ControlServer,
  connectControl,
  elements,
  ListenError,
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

async function rig(): Promise<{ router: Router; server: ControlServer; port: number }> {
  const router = await Router.compile(config, { elements });
  router.run();
  const server = await serveControl(router, { port: 0, host: "127.0.0.1" });
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
    await expect(client.write("s.switch", "9")).rejects.toMatchObject({ status: 520 });
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
    await expect(serveControl(router, { port, host: "127.0.0.1" })).rejects.toThrow("in use");
    const next = await serveControl(router, { port, host: "127.0.0.1", search: true });
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

  it("bounds lines, data and clients", async () => {
    const { port, server } = await rig();
    const line = raw(port);
    await line.until("\n");
    line.write("x".repeat(3 << 20));
    expect(await line.until("bytes\r\n")).toContain("500 A line of more than 1048576 bytes");
    const data = raw(port);
    data.write("WRITEDATA p.x 999999999\r\nREAD c.count\r\n");
    expect(await data.until("DATA 1\r\n3")).toContain("500 More than 16777216 bytes of data");
    const many = Array.from({ length: 300 }, () => raw(port));
    await many.at(-1)?.until("\n");
    expect(server.clients).toBeLessThanOrEqual(256);
    for (const client of many) client.destroy();
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
});
