/** What a kernel leaves to a card, made good: TCP between two kernels, by a packet socket on a veth pair and a TAP device. */
import { openPacketSocket, openTap } from "@clickos/netdev";
import { runLoop } from "@clickos/run-loop";
import { createSwitch } from "@clickos/vale";
import { afterEach, expect, it } from "vitest";
import { until } from "./ports.ts";
import { inside, noNetwork, run, sh, uniqueName } from "./system.ts";

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

function space(): string {
  const name = uniqueName("cns");
  sh("ip", "netns", "add", name);
  undo.push(() => sh("ip", "netns", "del", name));
  return name;
}

const bytes = 8_000_000;
const serve = `
  const data = require("node:crypto").randomBytes(${bytes});
  const server = require("node:net").createServer((socket) => {
    console.log(require("node:crypto").createHash("sha256").update(data).digest("hex"));
    socket.end(data, () => server.close());
  });
  server.listen(7000, "10.233.1.1");`;
const fetch = `
  const hash = require("node:crypto").createHash("sha256");
  require("node:net").connect(7000, "10.233.1.1").on("data", (d) => hash.update(d))
    .on("end", () => console.log(hash.digest("hex")));`;

const why = noNetwork();
it.skipIf(why)(`segments and checksums of a veth pair are completed${why ? ` (skipped: ${why})` : ""}`, async () => {
  const [sender, receiver] = [space(), space()];
  const [near, far, tap] = [uniqueName("cov"), uniqueName("cov"), uniqueName("cot")];
  sh("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", sender);
  sh("ip", "link", "set", near, "up");
  inside(sender, "ip", "addr", "add", "10.233.1.1/24", "dev", far);
  inside(sender, "ip", "link", "set", far, "up");
  const sw = createSwitch();
  const ports = [openPacketSocket(near, { name: "veth" }), openTap(tap, { name: "tap" })];
  for (const port of ports) sw.attach(port);
  sh("ip", "link", "set", tap, "netns", receiver);
  inside(receiver, "ip", "addr", "add", "10.233.1.2/24", "dev", tap);
  inside(receiver, "ip", "link", "set", tap, "up");
  const abort = new AbortController();
  const loop = runLoop([sw], { signal: abort.signal });
  undo.push(async () => {
    abort.abort();
    await loop;
    for (const port of ports) sw.detach(port);
  });

  const server = run("ip", "netns", "exec", sender, process.execPath, "-e", serve);
  await until(() => inside(sender, "cat", "/proc/net/tcp").includes(":1B58"));
  const got = await run("ip", "netns", "exec", receiver, process.execPath, "-e", fetch);
  expect(got).toMatch(/^[0-9a-f]{64}\n$/);
  expect(got).toBe(await server);
  // Far fewer frames were read than there were segments, and none was dropped for what it was.
  expect(Object.keys(ports[0]?.drops ?? {}).filter((reason) => !/no room/.test(reason))).toEqual([]);
  expect(sw.stats.ports.veth?.inBytes).toBeGreaterThan(bytes);
  expect(inside(sender, "ip", "-s", "link", "show", "dev", far)).toContain(far);
});
