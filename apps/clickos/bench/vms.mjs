// The benchmark of many VMs: how long one takes from its image to its first packet, how many are made in a second, what an idle one
// costs in memory and time, and whether everything comes back when they are gone. All VMs are on one switch, on the caller's thread or, with
// `--pcpus`, on others.
//
//   npm run bench:vms [-- --vms N --shells N --pcpus N]
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { elements } from "@clickos/click-elements";
import { linkImage, loadImage } from "@clickos/click-image";
import { createHypervisor } from "@clickos/hypervisor/node";
import { createSwitch, learningBridge, steeredLookup } from "@clickos/vale";
import { createReactive, createToolstack } from "@clickos/xl-fast";

const { values } = parseArgs({
  options: {
    vms: { type: "string", default: "10000" },
    shells: { type: "string", default: "200" },
    pcpus: { type: "string", default: "0" },
  },
});
const count = Number(values.vms);
const configuration = "FromDevice(0) -> EtherMirror -> c :: Counter -> ToDevice(0)";

/** KiB of this process: resident, and of the kernel's tables for its address space. What is garbage goes first. */
async function memory() {
  for (let n = 0; n < 3; n++) {
    globalThis.gc?.();
    // The engine frees the memory of what it has collected on threads of its own.
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const status = readFileSync("/proc/self/status", "utf8");
  const kib = (field) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN);
  return { resident: kib("VmRSS"), tables: kib("VmPTE"), virtual: kib("VmSize") };
}
/** CPU microseconds of the process so far. */
function cpuUs() {
  const { user, system } = process.cpuUsage();
  return user + system;
}
const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(q * list.length))];
const row = (name, value, unit = "") => console.log(`${name.padEnd(64)} ${String(value).padStart(12)} ${unit}`);

const pcpus = Number(values.pcpus);
const hypervisor = createHypervisor({ pcpus });
const xl = createToolstack({ elements, hypervisor });
const bridge = createSwitch({ name: "vale0" });
const outside = bridge.attach("outside");
const image = await loadImage(
  (await linkImage({ file: "mirror.click", text: configuration }, { elements, name: "mirror" })).bytes,
);

const macOf = (id) => [2, 0, 0, id >> 8, id & 255, 0];
function frameFor(id) {
  const frame = new Uint8Array(60);
  frame.set([...macOf(id), 2, 1, 1, 1, 1, 1, 8, 0]);
  return frame;
}
/** Sends a VM a packet and waits for it. */
async function echo(vm) {
  outside.send([frameFor(vm.domain.id)]);
  const end = performance.now() + 10_000;
  while (outside.pending === 0) {
    if (performance.now() > end) throw new Error(`'${vm.name}' does not answer: ${JSON.stringify(vm.domain.crash)}`);
    const moved = bridge.forward() > 0;
    if (!hypervisor.run() && !moved && pcpus > 0) await hypervisor.idle(1);
  }
  outside.receive();
}
const make = (n) => xl.create({ name: `vm${n}`, image, vif: [{ bridge }] });
/** Boots VMs in shells that were prepared for the image. */
async function shellBoots() {
  const shells = Math.min(Number(values.shells), count);
  if (shells === 0) return;
  await xl.keepShells({ count: shells, image });
  const list = [];
  // Others are made in turns of the event loop, of which these are none.
  for (let n = 0; n < shells; n++) {
    const at = performance.now();
    await echo(await make(`-shell${n}`));
    list.push((performance.now() - at) * 1000);
  }
  const { phases } = xl.get(`vm-shell${shells - 1}`).timeline;
  row(
    `from a shell: create to first packet, median of ${shells}, and 1 of 10`,
    `${quantile(list, 0.5).toFixed(0)} ${quantile(list, 0.1).toFixed(0)}`,
    "µs",
  );
  row(
    "  of the last: shell, connect, store",
    ["shell", "connect", "store"].map((p) => phases.find(({ name }) => name === p)?.us.toFixed(0)).join(" "),
    "µs",
  );
  await xl.keepShells({ count: 0, image });
  for (let n = 0; n < shells; n++) xl.destroy(`vm-shell${n}`);
}
/** VMs created at once, with what `createMany` is given. */
async function bulk() {
  const c = cpuUs();
  const at = performance.now();
  const made = await xl.createMany(
    Array.from({ length: part }, (_, n) => ({ name: `vm-bulk${n}`, image, vif: [{ bridge }] })),
  );
  row(
    `created in a second in bulk, ${made.filter((vm) => !(vm instanceof Error)).length} VMs`,
    (part / ((performance.now() - at) / 1000)).toFixed(0),
  );
  row("  CPU time for each", ((cpuUs() - c) / part).toFixed(0), "µs");
  for (let n = 0; n < part; n++) xl.destroy(`vm-bulk${n}`);
}

/** VMs that packets make: a packet of each of so many sources at once, and back again; then their VMs end. */
async function reactive() {
  const name = "reactive";
  const steered = createSwitch({ name, lookup: steeredLookup(learningBridge()) });
  const users = steered.attach("users");
  const rule = await createReactive(
    { toolstack: xl, elements },
    {
      name,
      per: "source",
      configuration: {
        file: "mirror.click",
        text: "FromDevice(0) -> EtherMirror -> c :: Counter -> Paint($VLAN) -> ToDevice(0)",
      },
      vif: [{ bridge: steered, antiSpoof: false }],
      limit: part,
      ratePerSecond: 1e6,
    },
  );
  let back = 0;
  const run = async () => {
    for (let sent = 0; back < part; ) {
      const some = Array.from({ length: Math.min(64, part - sent) }, (_, i) => packetOf(sent + i));
      if (some.length > 0) sent += users.send(some);
      while (hypervisor.run() || steered.forward() > 0);
      back += users.receive().length;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const c = cpuUs();
  const at = performance.now();
  await run();
  row(
    `a VM for each of ${part} sources, with its packet, in a second`,
    (part / ((performance.now() - at) / 1000)).toFixed(0),
  );
  row("  CPU time for each", ((cpuUs() - c) / part).toFixed(0), "µs");
  const { created, failed, queueFull, lost } = rule.stats;
  if (created !== part || failed + queueFull + lost > 0) throw new Error(JSON.stringify(rule.stats));
  const end = performance.now();
  await rule.close();
  row("  ended in a second", (part / ((performance.now() - end) / 1000)).toFixed(0));
}
/** A packet of UDP over IPv4 from a source that has a number. */
function packetOf(source) {
  const frame = new Uint8Array(60);
  frame.set([2, 9, 9, 9, 9, 9, 2, 1, 1, 1, 1, 1, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0]);
  frame.set([10, 0, source >> 8, source & 255, 192, 0, 2, 1, 4, 0, 0, 53, 0, 26], 26);
  return frame;
}

// The switch knows the sender, and everything has been compiled.
for (let n = 0; n < Math.min(50, count); n++) await echo(await make(`-warm${n}`));
for (let n = 0; n < Math.min(50, count); n++) xl.destroy(`vm-warm${n}`);

const before = await memory();
await shellBoots();
const boot = [];
/** CPU microseconds for each VM, of the first part and of the last. */
const cpu = [];
const part = Math.min(500, count);
const begun = cpuUs();
const began = performance.now();
for (let n = 0; n < count; n++) {
  if (n === part) cpu.push((cpuUs() - begun) / part);
  const c = n === count - part ? cpuUs() : 0;
  const at = performance.now();
  const vm = await make(n);
  await echo(vm);
  boot.push((performance.now() - at) * 1000);
  if (n === count - part) cpu.push(c);
}
const seconds = (performance.now() - began) / 1000;
const cpuLast = (cpuUs() - cpu.pop()) / part;
const cpuFirst = cpu[0] ?? cpuLast;
const last = xl.get(`vm${count - 1}`).timeline;
row("VMs", count);
row("  each boots on", pcpus === 0 ? "the caller's thread" : `one of ${pcpus} pCPUs' threads`);
row("create to first packet, median", quantile(boot, 0.5).toFixed(0), "µs");
row(
  "  of the first, and of the last 500",
  `${quantile(boot.slice(0, part), 0.5).toFixed(0)} ${quantile(boot.slice(-part), 0.5).toFixed(0)}`,
  "µs",
);
row("  1 of 10, and 99 of 100 within", `${quantile(boot, 0.1).toFixed(0)} ${quantile(boot, 0.99).toFixed(0)}`, "µs");
row("  CPU time, mean of the first, and of the last 500", `${cpuFirst.toFixed(0)} ${cpuLast.toFixed(0)}`, "µs");
for (const { name } of last.phases) {
  const list = Array.from(
    { length: part },
    (_, i) => xl.get(`vm${count - part + i}`).timeline.phases.find((p) => p.name === name).us,
  );
  row(
    `  ${name}, median, and 1 of 10 within`,
    `${quantile(list, 0.5).toFixed(0)} ${quantile(list, 0.1).toFixed(0)}`,
    "µs",
  );
}
row("created in a second, each with its packet", (count / seconds).toFixed(0));
const full = await memory();
row("resident for each VM", ((full.resident - before.resident) / count).toFixed(1), "KiB");
row("  tables of the kernel's beside it", ((full.tables - before.tables) / count).toFixed(1), "KiB");
row("address space", (full.virtual / 2 ** 30).toFixed(1), "TiB");
const read = xl.get("vm0");
const reads = [];
for (let i = 0; i < 20; i++) {
  const handler = performance.now();
  for (let n = 0; n < 1000; n++) read.read("c.count");
  reads.push(performance.now() - handler);
}
row("handler read, in process, the fastest thousand of twenty", Math.min(...reads).toFixed(2), "µs");
const idle = cpuUs();
const idleBegan = performance.now();
for (let end = idleBegan + 3000; performance.now() < end; ) {
  while (hypervisor.run() || bridge.forward() > 0);
  await hypervisor.idle(100);
}
row("idle, of a core", ((cpuUs() - idle) / 10 / (performance.now() - idleBegan)).toFixed(2), "%");
await bulk();
await reactive();
const listBegan = performance.now();
const listed = xl.list();
row(
  `list of ${listed.length}, ${listed.filter((v) => v.vifs === 1).length} with one interface`,
  (performance.now() - listBegan).toFixed(1),
  "ms",
);
const destroyBegan = performance.now();
for (let n = 0; n < count; n++) xl.destroy(`vm${n}`);
row("destroyed in a second", (count / ((performance.now() - destroyBegan) / 1000)).toFixed(0));
const after = await memory();
row(
  "resident before, with all, and after",
  `${[before, full, after].map((m) => (m.resident / 1024).toFixed(0)).join(" ")}`,
  "MiB",
);
await hypervisor.close();
