// The benchmark of the daemon, over its sockets as commands and Xen's tools use them: how long a handler's read takes, what a daemon
// needs after `kill -9` until it has all domains back, whether a configuration of a megabyte is installed through the store, and how long
// many clients need that reconfigure as many VMs at once. Each figure has its aim beside it.
//
//   npm run bench:daemon [-- --vms N]
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { connect } from "@clickos/client/node";

const { values } = parseArgs({ options: { vms: { type: "string", default: "200" } } });
const vms = Number(values.vms);
const command = fileURLToPath(new URL("../bin/clickos.js", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "clickos-bench-"));
const env = { ...process.env, CLICKOS_RUNTIME: join(dir, "run"), CLICKOS_STATE: join(dir, "state") };
const row = (name, value, unit, aim) =>
  console.log(`${name.padEnd(62)} ${value.padStart(10)} ${unit.padEnd(3)} ${aim && `aim: ${aim}`}`.trimEnd());
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

let daemon;
/** Starts the daemon's process, and connects to it. */
async function start() {
  daemon = spawn(process.execPath, [command, "daemon", "--foreground", "--threads", "0"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await new Promise((resolve) =>
    daemon.stdout.once("data", (text) => resolve(String(text).split("\n"))),
  );
  if (!line.startsWith("listening on ")) throw new Error(line);
  return connect(join(dir, "run", "clickos.sock"));
}
async function kill() {
  const gone = new Promise((resolve) => daemon.once("exit", resolve));
  daemon.kill("SIGKILL");
  await gone;
}

/** A client of the store's socket: requests of xs_wire.h, each awaited. Numbers of requests are Xen's. */
function store(path) {
  const socket = connectSocket({ path });
  const waiting = [];
  let bytes = Buffer.alloc(0);
  socket.on("data", (piece) => {
    bytes = Buffer.concat([bytes, piece]);
    while (bytes.length >= 16 && bytes.length >= 16 + bytes.readUInt32LE(12)) {
      const end = 16 + bytes.readUInt32LE(12);
      const [type, body] = [bytes.readUInt32LE(0), bytes.subarray(16, end).toString()];
      bytes = bytes.subarray(end);
      const { resolve, reject } = waiting.shift();
      if (type === 16) reject(new Error(body));
      else resolve(body);
    }
  });
  const ask = (type, body) => {
    const request = Buffer.alloc(16 + Buffer.byteLength(body));
    request.writeUInt32LE(type, 0);
    request.writeUInt32LE(request.length - 16, 12);
    request.write(body, 16);
    socket.write(request);
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  };
  return {
    read: (path) => ask(2, `${path}\0`),
    write: (path, value) => ask(11, `${path}\0${value}`),
    close: () => socket.destroy(),
  };
}
/** Resolves when a domain's router runs that was asked for in the store. */
async function runs(client, nodes, domain, router) {
  while ((await client.call("router.list", { domain })).length === 0) {
    const error = await nodes.read(`${router}/error`).catch(() => undefined);
    if (error !== undefined) throw new Error(error);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const text = "FromDevice(0) -> EtherMirror -> c :: Counter -> ToDevice(0)";
const definition = (name) => ({
  name,
  configuration: { file: "mirror.click", text },
  vifs: [{ bridge: "vale0" }],
});

try {
  let client = await start();
  await client.call("switch.create", { name: "vale0" });
  for (let n = 0; n < 100; n++) await client.call("domain.create", definition(`vm${n}`));

  const reads = [];
  for (let n = 0; n < 5000; n++) {
    const at = performance.now();
    await client.call("handler.read", { domain: "vm0", path: "c.count" });
    reads.push((performance.now() - at) * 1000);
  }
  row("handler read through the daemon's socket, median", median(reads).toFixed(0), "µs", "≤ 100 µs");
  const { id } = await client.call("domain.get", { name: "vm0" });
  const nodes = store(client.daemon.store);
  const router = `/local/domain/${id}/data/clickos/0`;
  const stored = [];
  for (let n = 0; n < 2000; n++) {
    const at = performance.now();
    await nodes.write(`${router}/control/read/c/count`, "");
    await nodes.read(`${router}/elements/c/count`);
    stored.push((performance.now() - at) * 1000);
  }
  row("handler through the store's socket, a write and a read", median(stored).toFixed(0), "µs", "≤ 50 µs");
  nodes.close();
  client.close();

  const back = [];
  for (let round = 0; round < 5; round++) {
    await kill();
    const at = performance.now();
    client = await start();
    const list = await client.call("domain.list", {});
    const total = performance.now() - at;
    const { recovery } = client.daemon;
    if (list.length !== 100 || recovery.problems.length > 0) throw new Error(`${list.length}: ${recovery.problems}`);
    back.push([recovery.milliseconds, total]);
    if (round < 4) client.close();
  }
  row("100 VMs back after kill -9, in the daemon, median", median(back.map(([own]) => own)).toFixed(0), "ms", "< 1 s");
  row("  with the start of its process", median(back.map(([, total]) => total)).toFixed(0), "ms", "");
  for (let n = 0; n < 100; n++) await client.call("domain.destroy", { name: `vm${n}` });

  // A megabyte of comments and a chain of elements: what is long in it is the text.
  const filler = `// ${"a line of a long configuration ".repeat(3)}\n`;
  const long = `${text};\n${filler.repeat(Math.ceil(2 ** 20 / filler.length))}`;
  const { domain } = await client.call("domain.create", { name: "long", vifs: [{ bridge: "vale0" }] });
  const writer = store(client.daemon.store);
  const place = `/local/domain/${domain.id}/data/clickos/0`;
  const began = performance.now();
  for (let i = 0; i * 2048 < long.length; i++)
    await writer.write(`${place}/config/${i}`, long.slice(i * 2048, (i + 1) * 2048));
  await writer.write(`${place}/status`, "Running");
  await runs(client, writer, "long", place);
  const installed = performance.now() - began;
  const kept = await client.call("router.configuration", { domain: "long" });
  if (kept.text !== long) throw new Error("the configuration is not the one that was installed");
  row(`a configuration of ${long.length} bytes installed through the store`, installed.toFixed(0), "ms", "it installs");
  writer.close();
  await client.call("domain.destroy", { name: "long" });

  for (let n = 0; n < vms; n++) await client.call("domain.create", definition(`vm${n}`));
  const clients = await Promise.all(Array.from({ length: vms }, () => connect(join(dir, "run", "clickos.sock"))));
  const cpu = async () =>
    Number(/^clickos_process_cpu_seconds_total (\S+)$/m.exec(await client.call("daemon.metrics", {}))?.[1]);
  const before = await cpu();
  const changing = performance.now();
  const results = await Promise.all(
    clients.map((each, n) =>
      each.call("router.install", {
        domain: `vm${n}`,
        configuration: { file: "changed.click", text: text.replace("Counter", `Counter -> Paint(${n % 200})`) },
      }),
    ),
  );
  const seconds = (performance.now() - changing) / 1000;
  row(`${vms} clients reconfigure ${vms} VMs, each otherwise`, seconds.toFixed(2), "s", "< 3 s");
  row("  CPU time of the daemon for each", ((((await cpu()) - before) * 1000) / vms).toFixed(1), "ms", "");
  const pauses = results.map((result) => result?.pauseMs ?? Number.NaN);
  row(
    "  a VM stands still, median and most",
    `${median(pauses).toFixed(1)} ${Math.max(...pauses).toFixed(1)}`,
    "ms",
    "",
  );
  for (const each of clients) each.close();
  client.close();
} finally {
  await kill();
  rmSync(dir, { recursive: true });
}
