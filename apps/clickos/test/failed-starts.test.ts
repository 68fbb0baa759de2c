/** Domains that could not be made: why is told by the API, the command's text, the console, the store and the events. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { element } from "@clickos/click-core/element";
import { elements as library } from "@clickos/click-elements/node";
import { linkImage } from "@clickos/click-image";
import type { Client, DomainDefinition } from "@clickos/client";
import { connect } from "@clickos/client/node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Daemon, startDaemon } from "../src/daemon/daemon.ts";
import type { DaemonPaths } from "../src/daemon/paths.ts";
import { failureText, UsageError } from "../src/failure.ts";

/** Divides by zero as it boots. */
const FaultyAtBoot = element({
  name: "FaultyAtBoot",
  ports: "1/1",
  processing: "a/a",
  init(c) {
    c.store32(4096 * 13, c.i32(1).divU(c.load32(0)));
  },
  action() {},
});
const elements = { ...library, FaultyAtBoot };

const dir = mkdtempSync(join(tmpdir(), "clickos-failed-"));
const paths: DaemonPaths = {
  socket: join(dir, "run", "clickos.sock"),
  store: join(dir, "run", "xenstored.sock"),
  log: join(dir, "run", "daemon.log"),
  state: join(dir, "state"),
};
let daemon: Daemon;
let client: Client;
const events: string[] = [];

async function start(): Promise<void> {
  daemon = await startDaemon({ elements, version: "0.1.0", paths, threads: 0, memoryKiB: 64 * 1024 });
  client = await connect(paths.socket);
}
beforeAll(async () => {
  await start();
  await client.call("switch.create", { name: "vale0" });
  await client.call("domain.create", { name: "taken" });
  void (async () => {
    for await (const { event, subject, detail } of client.stream("daemon.events", {}))
      if (event === "domain.failed") events.push(`${subject}: ${detail}`);
  })().catch(() => {});
  await client.call("domain.list", {});
});
afterAll(async () => {
  client.close();
  await daemon.close();
  rmSync(dir, { recursive: true });
});

/** A node of the daemon's store, over its socket as Xen's tools read it (XS_READ, xs_wire.h); `undefined` where there is none. */
function storeRead(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectSocket({ path: paths.store });
    const request = Buffer.alloc(16 + path.length + 1);
    request.writeUInt32LE(2, 0);
    request.writeUInt32LE(path.length + 1, 12);
    request.write(path, 16);
    socket.write(request);
    let answer = Buffer.alloc(0);
    socket.on("data", (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      if (answer.length < 16 || answer.length < 16 + answer.readUInt32LE(12)) return;
      socket.destroy();
      resolve(answer.readUInt32LE(0) === 2 ? answer.subarray(16).toString() : undefined);
    });
  });
}
const consoleOf = async (name: string): Promise<string> => (await client.call("domain.console", { name })).text;

const mirror = { file: "m.click", text: "FromDevice(0) -> EtherMirror -> ToDevice(0)" };
const failures: readonly [what: string, code: string, why: RegExp, definition: () => Promise<DomainDefinition>][] = [
  [
    "a configuration with an error",
    "CONFIGURATION",
    /bad\.click:1: undeclared element 'Conter'/,
    async () => ({
      name: "bad-config",
      configuration: { file: "bad.click", text: "FromDevice(0) -> Conter -> Discard" },
    }),
  ],
  [
    "bytes that are no image",
    "NOT_AN_IMAGE",
    /not a VM image/,
    async () => ({ name: "no-image", image: Buffer.from("text").toString("base64") }),
  ],
  [
    "an image that is damaged",
    "CORRUPT",
    /the image is corrupt/,
    async () => {
      const { bytes } = await linkImage(mirror, { elements, name: "m" });
      bytes[300]! ^= 1;
      return { name: "bad-image", image: Buffer.from(bytes).toString("base64") };
    },
  ],
  [
    "more memory than there is",
    "NO_MEMORY",
    /'large' asks for 524288 KiB where \d+ of 65536 are free/,
    async () => ({ name: "large", memoryKiB: 512 * 1024 }),
  ],
  [
    "a name that another has",
    "NAME_TAKEN",
    /a domain named 'taken' exists already/,
    async () => ({ name: "taken", configuration: mirror, vifs: [{ bridge: "vale0" }] }),
  ],
  [
    "a guest that crashes as it boots",
    "CRASHED",
    /'crashing' crashed while it booted: .*, in f :: FaultyAtBoot, crash\.click:1:9/,
    async () => ({
      name: "crashing",
      configuration: { file: "crash.click", text: "Idle -> f :: FaultyAtBoot -> Discard" },
    }),
  ],
  [
    "a switch that is not there",
    "NO_SWITCH",
    /no switch named 'vale9'; .*vale0/,
    async () => ({ name: "nowhere", configuration: mirror, vifs: [{ bridge: "vale9" }] }),
  ],
  [
    "interfaces other than the configuration's",
    "BAD_VIFS",
    /'lone' has 1 interfaces \(devices 0\), 0 given/,
    async () => ({ name: "lone", configuration: mirror }),
  ],
];

it.each(failures)("%s", async (_what, code, why, define) => {
  const definition = await define();
  const { name } = definition;
  const problem = await client.call("domain.create", definition).catch((e) => e);
  expect(problem.code).toBe(code);
  expect(failureText(problem)).toMatch(why);
  // Not a mistake in how the command was called: its status is 1.
  expect(problem).not.toBeInstanceOf(UsageError);
  expect(await storeRead(`/tool/clickos/failed/${name}`)).toBe(problem.message);
  expect(await consoleOf(name)).toContain(problem.message);
  expect(events.at(-1)).toBe(`${name}: ${problem.message}`);
  let followed = "";
  const ending = new AbortController();
  for await (const { text } of client.stream("domain.follow", { name }, { signal: ending.signal })) {
    followed += text;
    if (followed.includes(problem.message)) ending.abort();
  }
  expect(followed).toContain(problem.message);
  // Nothing is left of it.
  expect((await client.call("domain.list", {})).map((d) => d.name)).toEqual(["taken"]);
});

it("is forgotten once there is a domain of the name", async () => {
  const name = "bad-config";
  await client.call("domain.create", { name });
  expect(await storeRead(`/tool/clickos/failed/${name}`)).toBeUndefined();
  expect(await consoleOf(name)).toBe("");
  await client.call("domain.destroy", { name });
  await expect(client.call("domain.console", { name })).rejects.toMatchObject({ code: "NO_DOMAIN" });
});

it("attachments that are not there are told, and by the next daemon too", async () => {
  const missing = { switch: "vale0", name: "in", specification: `pcap:${join(dir, "none.pcap")}` };
  const problem = await client.call("switch.attach", missing).catch((e) => e);
  expect(failureText(problem)).toMatch(/^clickos: .*none\.pcap: No such file or directory/);
  const out = join(dir, "sub");
  mkdirSync(out);
  await client.call("switch.attach", { ...missing, specification: `pcap:,out=${join(out, "out.pcap")}` });
  client.close();
  await daemon.close();
  rmSync(out, { recursive: true });
  await start();
  expect(daemon.info.recovery.problems).toEqual([
    expect.stringMatching(/^port 'in' of switch 'vale0': .*out\.pcap: No such file or directory/),
  ]);
  const [{ ports }] = (await client.call("switch.list", {})) as unknown as [
    { ports: readonly { name: string; problem?: string }[] },
  ];
  expect(ports.find(({ name }) => name === "in")?.problem).toMatch(/No such file or directory/);
});
