import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createXenStore, encodeMessage, MessageType } from "@clickos/xenstore";
import { type StoreServer, serve } from "@clickos/xenstore/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const dir = mkdtempSync(join(tmpdir(), "xenstore-"));
const path = join(dir, "socket");
const store = createXenStore();
let server: StoreServer;
beforeAll(async () => {
  server = await serve(store, { path });
});
afterAll(async () => {
  await server.close();
  rmSync(dir, { recursive: true });
});

describe("the socket", () => {
  it("is one server's", async () => {
    await expect(serve(store, { path })).rejects.toMatchObject({ name: "UnixSocketError", code: "IN_USE" });
    await expect(serve(store, { path: join(dir, "no/such") })).rejects.toThrow("cannot listen");
  });

  it("closes on a client that breaks the protocol, and forgets what it had", async () => {
    const socket = connect(path);
    socket.write(encodeMessage({ type: MessageType.WATCH, requestId: 1, transactionId: 0, payload: "/\0t\0" }));
    await new Promise((resolve) => socket.once("data", resolve));
    expect(store.statistics.watches).toBe(1);
    const bad = new Uint8Array(16).fill(0xff);
    socket.write(bad);
    await new Promise((resolve) => socket.once("close", resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([store.statistics.watches, server.clients]).toEqual([0, 0]);
  });

  it("serves two hundred clients with a transaction each", async () => {
    const one = async (n: number): Promise<void> => {
      const socket = connect(path);
      let got = Buffer.alloc(0);
      const answer = async (): Promise<string> => {
        for (;;) {
          const length = got.length >= 16 ? got.readUInt32LE(12) : -1;
          if (length >= 0 && got.length >= 16 + length) {
            const payload = got.subarray(16, 16 + length).toString("latin1");
            expect(got.readUInt32LE(0)).not.toBe(MessageType.ERROR);
            got = got.subarray(16 + length);
            return payload;
          }
          got = Buffer.concat([got, await new Promise<Buffer>((resolve) => socket.once("data", resolve))]);
        }
      };
      const ask = (type: number, payload: string, transactionId = 0): Promise<string> => {
        socket.write(encodeMessage({ type, requestId: 1, transactionId, payload }));
        return answer();
      };
      for (let round = 0; round < 5; round++) {
        const t = Number.parseInt(await ask(MessageType.TRANSACTION_START, "\0"), 10);
        await ask(MessageType.WRITE, `/clients/${n}/round\0${round}`, t);
        expect(await ask(MessageType.READ, `/clients/${n}/round\0`, t)).toBe(String(round));
        await ask(MessageType.TRANSACTION_END, "T\0", t);
      }
      socket.destroy();
    };
    await Promise.all(Array.from({ length: 200 }, (_, n) => one(n)));
    expect(store.directory("/clients").length).toBe(200);
    store.rm("/clients");
  });
});

const has = ((): boolean => {
  try {
    execFileSync("xenstore-exists", ["/"], {
      env: { ...process.env, XENSTORED_PATH: "/nonexistent" },
      stdio: "ignore",
    });
    return true;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code !== "ENOENT";
  }
})();

/** The programs of Debian's xenstore-utils, pointed at the socket. */
describe.skipIf(!has)(`xenstore-utils${has ? "" : " (not installed here: apt-get install xenstore-utils)"}`, () => {
  const env = { ...process.env, XENSTORED_PATH: path };
  const run = (command: string, ...args: string[]): Promise<{ out: string; status: number }> =>
    new Promise((resolve) => {
      execFile(command, args, { env, timeout: 10_000 }, (e, out) =>
        resolve({ out, status: e ? ((e as { code?: number }).code ?? 255) : 0 }),
      );
    });

  it("write, read, list and remove", async () => {
    expect((await run("xenstore-write", "/u/a", "1", "/u/b/c", "two words")).status).toBe(0);
    expect(store.read("/u/b/c")).toBe("two words");
    expect(await run("xenstore-read", "/u/a", "/u/b/c")).toEqual({ out: "1\ntwo words\n", status: 0 });
    expect((await run("xenstore-read", "/u/none")).status).not.toBe(0);
    expect((await run("xenstore-list", "/u")).out).toBe("a\nb\n");
    expect((await run("xenstore-exists", "/u/a")).status).toBe(0);
    expect((await run("xenstore-exists", "/u/none")).status).not.toBe(0);
    expect((await run("xenstore-ls", "/u")).out).toBe('a = "1"\nb = ""\n c = "two words"\n');
    expect((await run("xenstore-rm", "/u/b")).status).toBe(0);
    expect(store.directory("/u")).toEqual(["a"]);
  });

  it("change and show permissions", async () => {
    store.write("/p/x", "");
    expect((await run("xenstore-chmod", "/p/x", "r0", "b7")).status).toBe(0);
    expect(store.getPermissions("/p/x")).toEqual(["r0", "b7"]);
    expect((await run("xenstore-ls", "-p", "/p")).out).toMatch(/x = "" [ .]+\(r0,b7\)/);
  });

  it("list what is too long for one message", async () => {
    for (let i = 0; i < 800; i++) store.write(`/long/name-${i}`, "");
    expect((await run("xenstore-list", "/long")).out.trim().split("\n").length).toBe(800);
    store.rm("/long");
  });

  it("watch", async () => {
    store.write("/w/x", "");
    const watch = spawn("xenstore-watch", ["-n", "3", "/w"], { env });
    let out = "";
    watch.stdout.on("data", (d) => {
      out += d;
    });
    const ended = new Promise((resolve) => watch.on("exit", resolve));
    const end = performance.now() + 5000;
    while (store.statistics.watches === 0 && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 5));
    store.write("/w/x", "1");
    store.write("/w/y", "2");
    await ended;
    expect(out).toBe("/w\n/w/x\n/w/y\n");
  });
});
