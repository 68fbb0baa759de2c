/** Names that read as numbers, which Node takes for ports where a path is given as a text alone. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listenUnix } from "@clickos/unix-socket/node";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

// The name that a socket is made under has digits only, which happens to one in a hundred.
vi.mock("node:crypto", async (original) => ({
  ...(await original<typeof import("node:crypto")>()),
  randomBytes: () => Buffer.from("0457526872", "hex"),
}));

const here = process.cwd();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "us-"));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(here);
  rmSync(folder, { recursive: true, force: true });
});

it("a server listens on them, in the folder that it is in, and keeps them from a second one", async () => {
  const server = createServer((socket) => socket.on("error", () => {}).end("hello"));
  await listenUnix(server, "8080");
  try {
    expect(readdirSync(".")).toEqual(["8080"]);
    const said = await new Promise<string>((resolve, reject) => {
      connect({ path: "8080" })
        .on("data", (d) => resolve(String(d)))
        .on("error", reject);
    });
    expect(said).toBe("hello");
    await expect(listenUnix(createServer(), "8080")).rejects.toMatchObject({ code: "IN_USE" });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  expect(readdirSync(".")).toEqual([]);
});
