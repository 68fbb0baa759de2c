// What cores are good for: VMs on threads of their own, the switch on another, against everything on one thread.
// Wall-clock time, 64-byte frames, median of five. A ratio of 2 is twice as fast as one thread.
//
//   npm run bench:cores [-- --json FILE] [-- --ms N]
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { createHypervisor } from "@clickos/hypervisor/node";
import { createSwitch, FrameBatch, patch } from "@clickos/vale";
import { createToolstack } from "@clickos/xl-fast";
import { udpFrame } from "./configs.mjs";

const { values: options } = parseArgs({
  options: { json: { type: "string" }, ms: { type: "string", default: "400" } },
});
const ms = Number(options.ms);
/** Something to do for a packet without an Ethernet header: its checksum, many times over. */
const check = (times) => Array.from({ length: times }, () => "CheckIPHeader ->").join(" ");

/** A port that always has frames and takes all that come. */
function endless(frame) {
  const batch = new FrameBatch(new ArrayBuffer(64 * 2112));
  for (let i = 0; i < 64; i++) {
    batch.offsets[i] = i * 2112;
    batch.lengths[i] = frame.length;
    batch.memory.bytes.set(frame, i * 2112);
  }
  batch.count = 64;
  return {
    name: "endless",
    taken: 0,
    waiting: 0,
    poll() {
      return this.waiting > 0 ? batch : null;
    },
    release() {
      this.waiting -= 64;
    },
    deliver(_batch, _list, count) {
      this.taken += count;
      return count;
    },
    flush() {},
  };
}

const hex = [...udpFrame().subarray(14)].map((b) => b.toString(16).padStart(2, "0")).join("");
const source = `InfiniteSource(DATA \\<${hex}>)`;
const turn = () => new Promise((resolve) => setImmediate(resolve));
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

/** Millions of packets a second that two VMs make and filter, on the pCPUs given. */
async function making(pcpus) {
  const hypervisor = createHypervisor({ pcpus: 2 });
  const xl = createToolstack({ elements, hypervisor });
  const image = await linkImage(
    { file: "make", text: `${source} -> ${check(20)} c :: Counter -> Discard` },
    { elements, name: "make" },
  );
  const vms = await Promise.all(pcpus.map((pcpu, i) => xl.create({ name: `vm${i}`, image, pcpu })));
  const count = () => vms.reduce((sum, vm) => sum + Number(vm.read("c.count")), 0);
  const samples = [];
  for (let i = 0; i < 7; i++) {
    const [from, start] = [count(), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, ms));
    samples.push((count() - from) / (performance.now() - start) / 1000);
  }
  await hypervisor.close();
  return median(samples.slice(2));
}

/** Millions of packets a second through switch, VM, and switch: the VM on pCPU 0, this thread, or on one of its own. */
async function forwarding(pcpu, work) {
  const hypervisor = createHypervisor({ pcpus: pcpu });
  const xl = createToolstack({ elements, hypervisor });
  const image = await linkImage(
    { file: "fwd", text: `FromDevice(0) -> ${work} ToDevice(1)` },
    { elements, name: "fwd" },
  );
  const bridges = [0, 1].map((i) => createSwitch({ name: `vale${i}`, lookup: patch() }));
  const ports = bridges.map((bridge) => bridge.attach(endless(udpFrame())));
  await xl.create({ name: "fwd", image, pcpu, vif: bridges.map((bridge) => ({ bridge })) });
  const samples = [];
  let sent = 0;
  for (let i = 0; i < 7; i++) {
    const [from, start] = [ports[1].taken, performance.now()];
    while (performance.now() - start < ms) {
      for (let k = 0; k < 200; k++) {
        // Never more on the way than a ring holds.
        if (sent - ports[1].taken <= 128) {
          ports[0].waiting = 64;
          sent += 64;
        }
        bridges[0].forward();
        hypervisor.run();
        bridges[1].forward();
      }
      await turn();
    }
    samples.push((ports[1].taken - from) / (performance.now() - start) / 1000);
  }
  await hypervisor.close();
  return median(samples.slice(2));
}

const results = [];
const line = (name, one, more, what) => {
  results.push({
    name,
    one: Number(one.toFixed(2)),
    more: Number(more.toFixed(2)),
    ratio: Number((more / one).toFixed(2)),
  });
  console.log(
    `${name.padEnd(10)} ${one.toFixed(2).padStart(10)} ${more.toFixed(2).padStart(12)} ${(more / one).toFixed(2).padStart(8)}  ${what}`,
  );
};
console.log(`${availableParallelism()} cores; millions of packets a second\n`);
console.log("name       one thread  two threads    ratio");
line("making", await making([1, 1]), await making([1, 2]), "two VMs that make packets and check them twenty times");
const heavy = `Strip(14) -> ${check(8)} Unstrip(14) ->`;
line(
  "light",
  await forwarding(0, ""),
  await forwarding(1, ""),
  "the switch on one, a VM that only forwards on the other",
);
line("heavy", await forwarding(0, heavy), await forwarding(1, heavy), "the same with a VM that has much to do");
if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
