import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Router } from "@clickos/click-core";
import { connectControl, elements, ListenError, serveControl } from "@clickos/click-elements/node";
import { ConfigurationError } from "@clickos/click-language";
import { listenUnix } from "@clickos/unix-socket/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let dir = "";
let live: Server;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "unix-"));
  writeFileSync(join(dir, "file"), "precious");
  live = createServer((socket) => socket.on("error", () => {}).end("mine"));
  await listenUnix(live, join(dir, "live"));
});
afterEach(() => {
  live.close();
  rmSync(dir, { recursive: true });
});

const sockets = (name: string): string[] => [
  `ControlSocket(UNIX, ${name})`,
  `ChatterSocket(UNIX, ${name})`,
  `Socket(UNIX, ${name}) -> Discard`,
];

describe("an element that listens on a UNIX socket", () => {
  it("leaves a file of that name alone", async () => {
    const file = join(dir, "file");
    for (const config of sockets(file))
      await expect(Router.compile(config, { elements })).rejects.toThrow("bind: Address already in use");
    using router = Router.compileSync("Idle -> Discard", { elements });
    await expect(serveControl(router, { path: file })).rejects.toThrow(ListenError);
    expect(readFileSync(file, "latin1")).toBe("precious");
  });

  it("leaves another server's socket alone", async () => {
    const path = join(dir, "live");
    for (const config of sockets(path))
      await expect(Router.compile(config, { elements })).rejects.toThrow("bind: Address already in use");
    await expect(connectControl({ path })).rejects.toThrow();
    expect(live.listening && statSync(path).isSocket()).toBe(true);
  });

  it("refuses a name that is longer than a socket's may be", async () => {
    const long = join(dir, "x".repeat(120));
    for (const config of [...sockets(long), `Idle -> Socket(UNIX, ${long}, CLIENT true)`])
      expect(() => Router.compileSync(config, { elements })).toThrow(ConfigurationError);
    await expect(connectControl({ path: long })).rejects.toThrow("at most");
    using router = Router.compileSync("Idle -> Discard", { elements });
    await expect(serveControl(router, { path: long })).rejects.toThrow(ListenError);
  });

  it("is for its owner, and is gone when it closes", async () => {
    const path = join(dir, "own");
    using router = Router.compileSync("Idle -> Discard", { elements });
    const server = await serveControl(router, { path });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    server.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(() => statSync(path)).toThrow("ENOENT");
  });
});
