import {
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listenUnix, maximumPath } from "@clickos/unix-socket/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let folder: string;
const servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "us-"));
});
afterEach(async () => {
  for (const s of servers.splice(0)) await new Promise((resolve) => s.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string): string => join(folder, name);
const server = (word = "hello"): Server => {
  // Who only looks whether somebody is there hangs up at once.
  const s = createServer((socket) => socket.on("error", () => {}).end(word));
  servers.push(s);
  return s;
};
const close = (s: Server): Promise<void> => new Promise((resolve) => s.close(() => resolve()));
const ask = (path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = "";
    connect(path)
      .on("data", (d) => {
        text += d;
      })
      .on("end", () => resolve(text))
      .on("error", reject);
  });
const code = (code: string): object => expect.objectContaining({ name: "UnixSocketError", code });

describe("a server on a path", () => {
  it("answers there, for its owner only, leaves nothing beside it, and takes its socket along", async () => {
    const s = server();
    await listenUnix(s, at("s"));
    expect(await ask(at("s"))).toBe("hello");
    expect([lstatSync(at("s")).mode & 0o777, readdirSync(folder)]).toEqual([0o600, ["s"]]);
    await close(s);
    expect(readdirSync(folder)).toEqual([]);
    const open = server();
    await listenUnix(open, at("open"), { mode: 0o666 });
    expect(lstatSync(at("open")).mode & 0o777).toBe(0o666);
  });

  it("never takes the place of a file, a folder or a link", async () => {
    writeFileSync(at("file"), "precious");
    symlinkSync(at("nowhere"), at("link"));
    for (const path of [at("file"), at("link"), folder])
      await expect(listenUnix(server(), path)).rejects.toThrow(code("NOT_A_SOCKET"));
    expect([readFileSync(at("file"), "utf8"), readdirSync(folder)]).toEqual(["precious", ["file", "link"]]);
  });

  it("never takes a live server's path, and leaves that one working", async () => {
    await listenUnix(server("first"), at("s"));
    await expect(listenUnix(server("second"), at("s"))).rejects.toThrow(code("IN_USE"));
    expect(await ask(at("s"))).toBe("first");
  });

  it("replaces the socket of a server that is gone", async () => {
    const gone = server();
    await listenUnix(gone, at("s"));
    linkSync(at("s"), at("kept"));
    await close(gone);
    renameSync(at("kept"), at("s"));
    await listenUnix(server("next"), at("s"));
    expect(await ask(at("s"))).toBe("next");
  });

  it("leaves alone at its end what is at its path by then", async () => {
    const s = server();
    await listenUnix(s, at("s"));
    rmSync(at("s"));
    writeFileSync(at("s"), "somebody else's");
    await close(s);
    expect(readFileSync(at("s"), "utf8")).toBe("somebody else's");
  });

  it("leaves a socket that is to stay, which the next server replaces", async () => {
    const s = server();
    await listenUnix(s, at("stays"), { stays: true });
    await new Promise((resolve) => s.close(resolve));
    expect(lstatSync(at("stays")).isSocket()).toBe(true);
    await listenUnix(server(), at("stays"));
  });

  it("refuses a path that the system would cut, or that cannot be", async () => {
    const long = at("x".repeat(maximumPath));
    await expect(listenUnix(server(), long)).rejects.toThrow(code("PATH_TOO_LONG"));
    await expect(listenUnix(server(), at("none/s"))).rejects.toThrow(code("CANNOT_LISTEN"));
    const fits = at("y".repeat(maximumPath - Buffer.byteLength(folder) - 1));
    await listenUnix(server("long"), fits);
    expect(await ask(fits)).toBe("long");
  });

  it("lets one of two who start at the same time have the path", async () => {
    const results = await Promise.allSettled(["a", "b"].map((word) => listenUnix(server(word), at("s"))));
    expect(results.map((r) => r.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(["a", "b"]).toContain(await ask(at("s")));
  });
});
