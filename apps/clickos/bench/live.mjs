// The benchmark of changes while packets flow: how long a VM with the flows of a NAT stands still when its configuration is replaced,
// when a trace begins and ends, and when it goes to another daemon, over its socket. Both daemons are processes of their own.
//
//   npm run bench:live [-- --flows N --rounds N]
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { connect } from "@clickos/client/node";
import { createCapture } from "@clickos/pcap/node";

const { values } = parseArgs({
  options: { flows: { type: "string", default: "10000" }, rounds: { type: "string", default: "30" } },
});
const [flows, rounds] = [Number(values.flows), Number(values.rounds)];
const command = fileURLToPath(new URL("../bin/clickos.js", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "clickos-live-"));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(q * list.length))];
function row(name, list) {
  const figures = [0.1, 0.5, 1].map((q) => quantile(list, q).toFixed(1).padStart(8));
  console.log(`${name.padEnd(52)} ${figures.join(" ")} ms`);
}

/** A UDP packet of a flow, in an Ethernet frame. */
function packet(flow) {
  const ip = [0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, flow >> 8, flow & 255, 8, 8, 8, 8];
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += (ip[i] << 8) | ip[i + 1];
  sum = ~((sum & 65535) + (sum >> 16)) & 65535;
  [ip[10], ip[11]] = [sum >> 8, sum & 255];
  const head = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, ...ip, 0x30, 0x39, 0, 53, 0, 26, 0, 0];
  return Uint8Array.from({ length: 60 }, (_, i) => head[i] ?? 0);
}

const children = [];
async function daemon(name) {
  const runtime = join(dir, name);
  const env = { ...process.env, CLICKOS_RUNTIME: runtime, CLICKOS_STATE: join(dir, `${name}-state`) };
  children.push(spawn(process.execPath, [command, "daemon", "--foreground"], { env, stdio: "ignore" }));
  const socket = join(runtime, "clickos.sock");
  for (const end = Date.now() + 20_000; ; await sleep(50)) {
    try {
      const client = await connect(socket);
      await client.call("switch.create", { name: "s", lookup: "patch" });
      return { client, socket };
    } catch (e) {
      if (Date.now() > end) throw e;
    }
  }
}
const nat = (between) => ({
  file: "nat.click",
  text: `FromDevice(0) -> c :: Counter -> Strip(14) -> CheckIPHeader
    -> rw :: IPRewriter(pattern 10.9.9.9 1024-65535 - - 0 0) -> ${between} Discard;`,
});

try {
  const [a, b] = [await daemon("a"), await daemon("b")];
  const vifs = [{ bridge: "s" }];
  await a.client.call("domain.create", { name: "nat", configuration: nat(""), vifs, memoryKiB: 16384 });
  const read = (path) => a.client.call("handler.read", { domain: "nat", path });
  // As many at a time as the rings of an interface take.
  for (let sent = 0; sent < flows; ) {
    const file = join(dir, "flows.pcap");
    const capture = createCapture(file);
    for (const end = Math.min(flows, sent + 200); sent < end; sent++) capture.write(packet(sent), BigInt(sent));
    capture.close();
    await a.client.call("switch.attach", { switch: "s", name: "in", specification: `pcap:${file}` });
    for (const end = Date.now() + 20_000; Number(await read("c.count")) < sent; await sleep(1))
      if (Date.now() > end) throw new Error(`${await read("c.count")} of ${sent} packets came in 20 s`);
    await a.client.call("switch.detach", { switch: "s", port: "in" });
  }
  console.log(`a NAT with ${await read("rw.nmappings")} flows, ${rounds} rounds: it stands still for`);
  console.log(`${"".padEnd(52)} ${["1 of 10", "median", "longest"].map((t) => t.padStart(8)).join(" ")}`);

  const config = [];
  for (let n = 0; n < rounds; n++) {
    const configuration = nat(n % 2 === 0 ? "more :: Counter ->" : "");
    config.push((await a.client.call("router.install", { domain: "nat", configuration })).pauseMs);
  }
  row("another configuration (clickos config)", config);

  const trace = [];
  for (let n = 0; n < rounds; n++) {
    const stream = a.client.stream("router.trace", { domain: "nat" });
    trace.push((await stream.next()).value.pauseMs);
    await stream.return();
  }
  row("the beginning of a trace (clickos trace)", trace);

  const migrate = [];
  for (let n = 0; n < rounds; n++) {
    const [from, to] = n % 2 === 0 ? [a, b] : [b, a];
    migrate.push((await from.client.call("domain.migrate", { name: "nat", to: to.socket })).pauseMs);
  }
  row("going to another daemon (clickos migrate)", migrate);
} finally {
  for (const child of children) {
    child.kill();
    await new Promise((resolve) => (child.exitCode === null ? child.once("exit", resolve) : resolve()));
  }
  rmSync(dir, { recursive: true });
}
// Connections to daemons that have ended.
process.exit();
