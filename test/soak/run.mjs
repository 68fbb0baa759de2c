/**
 * `npm run soak -- --seconds N --seed N`: what a host does all day, without a pause: VMs of ever other configurations come,
 * move, are saved, restored, cloned and go, one of them crashes now and then, routers in process are swapped, clients of the
 * store come and go, beside three VMs with traffic. The process's resident memory must not grow while that goes on, and the
 * three must lose nothing. Ends with 1 where either fails.
 */
import { parseArgs } from "node:util";
import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { createHypervisor } from "@clickos/hypervisor/node";
import { createSwitch, learningBridge, patch } from "@clickos/vale";
import { createSession, createXenStore } from "@clickos/xenstore";
import { createToolstack } from "@clickos/xl-fast";
import { neighbour, neighbourOn } from "../hostile/neighbours.mjs";
import { random } from "../hostile/random.mjs";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "600" }, seed: { type: "string", default: "1" } },
});
const number = (name, text) => {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`soak: --${name} takes a number, not '${text}'`);
  process.exit(2);
};
const seconds = number("seconds", values.seconds);
const r = random(number("seed", values.seed));

/** The first part of the run fills caches and pools; what is resident after it is compared with what is at the end. */
const settled = 0.3;
/** How much more may be resident at the end: what a collection that has not been yet leaves behind. */
const allowedMiB = 24;

const worker = new URL("../../packages/hypervisor/dist/pcpu-worker.js", import.meta.url);
const hypervisor = createHypervisor({ pcpus: 1, worker, watchdogMs: 500 });
const store = createXenStore();
const xl = createToolstack({ elements, hypervisor, store });
const bridge = createSwitch({ name: "tenants", lookup: learningBridge({ sticky: true }) });
const neighbours = [
  await neighbour(xl, elements, "here", "FromDevice(0) -> Counter -> ToDevice(1)", 0),
  await neighbour(xl, elements, "there", "FromDevice(0) -> Queue(300) -> ToDevice(1)", 1),
  await neighbourOn(bridge, xl, elements, "beside"),
];

const turn = () => new Promise((resolve) => setImmediate(resolve));
const done = { "VMs created": 0, saved: 0, cloned: 0, moved: 0, crashed: 0, "routers swapped": 0, "store clients": 0 };
let made = 0;

/** A configuration that nobody had before. */
const configuration = () =>
  `FromDevice(0) -> IPFilter(${Array.from({ length: 1 + r.below(20) }, () => `deny src host 10.${r.below(256)}.${r.below(256)}.${r.below(256)} && dst port ${r.below(65536)}`).join(", ")}, allow all) -> Counter -> Queue(${10 + r.below(200)}) -> ToDevice(0); // ${made}`;

/** Frames to and fro, for so many turns. */
async function traffic(turns, ports = []) {
  for (let i = 0; i < turns; i++) {
    hypervisor.run();
    for (const n of neighbours) n.turn(true);
    bridge.forward();
    for (const port of ports) {
      port.send([Uint8Array.from({ length: 60 + r.below(1000) }, (_, at) => (at < 12 ? 2 : at))]);
      port.receive();
    }
    await turn();
  }
}

/** One VM's life: a way that VMs go, chosen at random. */
async function life() {
  const name = `vm${++made}`;
  const own = createSwitch({ name, lookup: patch() });
  const port = own.attach("outside");
  const vif = [{ bridge: own }];
  const image = await linkImage({ file: `${name}.click`, text: configuration() }, { elements, name });
  let vm = await xl.create({ name, image: r.once(2) ? image : image.bytes, vif, pcpu: r.below(2) });
  done["VMs created"]++;
  await traffic(4, [port]);
  own.forward();
  switch (r.below(6)) {
    case 0: {
      const bytes = await xl.save(name);
      done.saved++;
      vm = await xl.restore(bytes, { vif, pcpu: r.below(2) });
      await traffic(2, [port]);
      break;
    }
    case 1: {
      const copy = await xl.clone(name, {
        name: `${name}b`,
        vif: [{ bridge: createSwitch({ name: "b", lookup: patch() }) }],
      });
      done.cloned++;
      await traffic(2, [port]);
      xl.destroy(copy.name);
      break;
    }
    case 2:
      await hypervisor.move(vm.domain.id, 1 - vm.domain.statistics.pcpu);
      done.moved++;
      await traffic(2, [port]);
      break;
    case 3:
      // A guest that crashed stays until somebody has looked at it.
      vm.domain.shutdown("crash");
      done.crashed++;
      void vm.domain.crash;
      void vm.domain.console;
      break;
    case 4:
      vm.read("Counter@3.count");
      vm.drops();
      break;
  }
  xl.destroy(name);
}

/** A router in process that becomes another one. */
async function swap() {
  const router = await Router.compile(
    `f :: InfiniteSource(LIMIT 100) -> Queue(${1 + r.below(100)}) -> Unqueue -> Discard`,
    {
      elements,
      reconfigurable: true,
    },
  );
  router.run(4);
  router.write("hotconfig", `f :: InfiniteSource(LIMIT ${r.below(1000)}) -> Counter -> Discard`);
  router.run(4);
  router.close();
  done["routers swapped"]++;
}

/** A client of the store, as its socket serves them. */
function storeClient() {
  const session = createSession(store, { domain: 0, send: () => 0 });
  const message = (type, body) => {
    const bytes = new Uint8Array(16 + body.length);
    new DataView(bytes.buffer).setUint32(0, type, true);
    new DataView(bytes.buffer).setUint32(12, body.length, true);
    for (let i = 0; i < body.length; i++) bytes[16 + i] = body.charCodeAt(i);
    return bytes;
  };
  session.receive(message(4, `/local/domain/${r.below(9)}\0token${r.next()}\0`));
  session.receive(message(11, `/soak/${r.below(50)}\0${"x".repeat(r.below(2000))}`));
  session.receive(message(6, "\0"));
  while (session.resume(0) === "more");
  session.close();
  done["store clients"]++;
}

const samples = [];
const started = performance.now();
const elapsed = () => (performance.now() - started) / 1000;
const mib = (bytes) => Math.round(bytes / 2 ** 20);
let problem;
try {
  for (let shown = 0; elapsed() < seconds; ) {
    await life();
    if (r.once(3)) await swap();
    storeClient();
    const now = elapsed();
    const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
    samples.push({ now, rss });
    if (now - shown < Math.max(1, seconds / 20)) continue;
    shown = now;
    console.log(
      `${String(Math.round(now)).padStart(5)} s  resident ${mib(rss)} MiB  heap ${mib(heapUsed)}  external ${mib(external)}  buffers ${mib(arrayBuffers)}  VMs ${made}`,
    );
  }
  const end = performance.now() + 5000;
  while (neighbours.some((n) => n.received < n.sent) && performance.now() < end) {
    hypervisor.run();
    for (const n of neighbours) n.turn(false);
    bridge.forward();
    await turn();
  }
} catch (e) {
  problem = e;
}

/** The middle of what was resident in a part of the run: single samples go up and down with the collector. */
function resident(from, to) {
  const part = samples.filter(({ now }) => now >= from * seconds && now <= to * seconds).map(({ rss }) => rss);
  return part.sort((a, b) => a - b)[part.length >> 1] ?? 0;
}
const [early, late] = [resident(settled, settled + 0.2), resident(0.8, 1)];
for (const [what, n] of Object.entries(done)) console.log(`${String(n).padStart(9)}  ${what}`);
for (const { name, sent, lost } of neighbours) console.log(`  ${name.padEnd(8)} sent ${sent}  lost ${lost}`);
console.log(`resident: ${mib(early)} MiB once settled, ${mib(late)} MiB at the end`);
const wrong = [];
if (problem) wrong.push(`failed: ${problem.stack ?? problem}`);
if (late - early > allowedMiB * 2 ** 20) wrong.push(`resident memory has grown by ${mib(late - early)} MiB`);
for (const n of neighbours) if (n.lost !== 0 || n.sent === 0) wrong.push(`'${n.name}' lost ${n.lost} of ${n.sent}`);
if (hypervisor.domains.length !== neighbours.length) wrong.push(`${hypervisor.domains.length} domains are left`);
for (const line of wrong) console.error(`soak: ${line}`);
await hypervisor.close();
process.exit(wrong.length > 0 ? 1 : 0);
