/** Socket elements of native Click and of ours talk to each other: with CLICK=/path/to/click. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "./built.ts";

const native = process.env.CLICK;
const ours = [process.execPath, fileURLToPath(new URL("../apps/clickos/bin/click.cjs", import.meta.url))];
const program = new URL("../apps/clickos/dist/click.cjs", import.meta.url);
const programs = { native: [native ?? ""], ours };
const dir = mkdtempSync(join(tmpdir(), "interop-"));
beforeAll(() => needsBuild(program));
afterAll(() => rmSync(dir, { recursive: true }));

/** What a configuration prints; it is ended after some seconds. */
function run(program: readonly string[], config: string): { readonly printed: Promise<string>; end(): void } {
  const [command = "", ...args] = program;
  const child = spawn(command, [...args, "-e", config], { timeout: 10_000, killSignal: "SIGKILL" });
  let printed = "";
  const hear = (data: Buffer): void => {
    printed += data.toString();
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  return {
    printed: new Promise((resolve) => child.on("close", () => resolve(printed))),
    end: () => void child.kill("SIGKILL"),
  };
}

/** A port that nobody has. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Sends until it hears five packets' worth of its own bytes again: the other side sends back what it gets. */
const client = (where: string): string =>
  `InfiniteSource(DATA "hello", LIMIT 5) -> Queue -> s :: Socket(${where}, CLIENT true) -> c :: Counter -> Discard;
   Script(label l, wait 0.02, goto l $(lt $(c.byte_count) 25), print c.byte_count, stop)`;
const server = (where: string): string => `s :: Socket(${where}) -> Queue -> s`;

describe.skipIf(!native)("Socket, by native Click and by ours", () => {
  const pairs = [
    ["native", "ours"],
    ["ours", "native"],
  ] as const;
  it.each(pairs.flatMap((pair) => ["TCP", "UDP", "UNIX"].map((type) => [...pair, type] as const)))(
    "%s serves %s over %s",
    async (serves, asks, type) => {
      const where = type === "UNIX" ? `UNIX, ${join(dir, serves)}` : `${type}, 127.0.0.1, ${await freePort()}`;
      const serving = run(programs[serves], server(where));
      try {
        // Until the server is there, streams refuse, and datagrams are lost.
        let printed = "";
        for (let tries = 0; tries < 20 && !/^25\n/m.test(printed); tries++) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          printed = await run(programs[asks], `${client(where)}; Script(wait 1, stop)`).printed;
        }
        expect(printed).toBe("25\n");
      } finally {
        serving.end();
        await serving.printed;
      }
    },
  );
});
