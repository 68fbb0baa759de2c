// The data-path benchmark: nanoseconds and Mpps on one core for 64-byte frames, CPU time, median of five.
//
// Each line prints the ratio to a reference loop in the same run: a plain copy of the same frames between two
// pools of buffers, in one WebAssembly function. A ratio of 2 takes twice the copy's time.
//
//   npm run bench [-- --json FILE] [-- --only NAME,NAME] [-- --packets N]
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { createIxgbe, drive, driverMemory } from "@clickos/ixgbe-model";
import { createSwitch, frameMemory, patch } from "@clickos/vale";
import { createToolstack } from "@clickos/xl-fast";
import { benchElements, clocks, configurations, dropping, udpFrame } from "./configs.mjs";
import { measureMiddlebox } from "./measure-middlebox.mjs";
import { middleboxes } from "./middleboxes.mjs";
import { batchOf, endlessPort, measure, reference, station } from "./rig.mjs";

const { values: options } = parseArgs({
  options: { json: { type: "string" }, only: { type: "string" }, packets: { type: "string", default: "4000000" } },
});
const packets = Number(options.packets);
const only = options.only?.split(",");
const frameLength = 64;

async function inGuest(name) {
  const router = await Router.compile(configurations[name], {
    elements: { ...elements, ...benchElements },
    ...(clocks[name] ? { clock: clocks[name]() } : {}),
  });
  const ns = measure((n) => {
    router.write(/(Flow|Trace)Source/.test(configurations[name]) ? "s.count" : "s.reset", "0");
    router.write("s.limit", String(n));
    // A shaper may wait for a timer, which the clock passes at its next reading.
    do router.run();
    while (router.nextTimer !== undefined && Number(router.read("s.count")) < n);
  }, packets);
  const passed = Number(router.read("d.count"));
  // A shaper that is asked for the first time waits, and a burst finds its queue full.
  const counted = name in clocks || dropping.has(name);
  const dropped = counted ? router.drops().reduce((sum, { count }) => sum + Number(count), 0) : 0;
  if (passed + dropped !== packets * 7 || (name in clocks && dropped > 32))
    throw new Error(
      `${name}: ${passed} of ${packets * 7} packets came through: ${JSON.stringify(router.drops(), (_k, v) => (typeof v === "bigint" ? Number(v) : v))}`,
    );
  return ns;
}

/** A switch with two ports, behind each of which are so many stations that speak in turn with those of the other. */
async function switchAlone(stations) {
  const sw = createSwitch();
  const frames = (here, there) =>
    Array.from({ length: stations }, (_, i) => station(here * stations + ((i * 7) % stations), there * stations + i));
  const ports = [sw.attach(endlessPort("a", frames(0, 1))), sw.attach(endlessPort("b", frames(1, 0)))];
  sw.forward();
  const flooded = ports.reduce((sum, { taken }) => sum + taken, 0);
  let moved = 0;
  const ns = measure((n) => {
    for (let end = moved + n; moved < end; ) moved += sw.forward();
  }, packets);
  if (ports.reduce((sum, { taken }) => sum + taken, 0) - flooded !== moved)
    throw new Error("frames of the switch are lost");
  return ns;
}

/** From NIC to NIC through a VM, frames of a length in batches of 128; with `zeroCopy` the NICs use the VM's buffers. */
async function wholePath(length, zeroCopy = false) {
  const image = await linkImage({ file: "path", text: "FromDevice(0) -> ToDevice(1);" }, { elements, name: "path" });
  const toolstack = createToolstack({ elements });
  const rig = [0, 1].map((i) => {
    const nic = createIxgbe({ mac: `02:00:00:00:ff:0${i}`, dma: frameMemory(driverMemory) });
    const bridge = createSwitch({ name: `vale${i}`, lookup: patch() });
    bridge.attach(drive(nic, `nic${i}`, { zeroCopy }));
    return { nic, bridge };
  });
  await toolstack.create({ name: "path", image, vif: rig.map(({ bridge }) => ({ bridge })) });
  let left = 0;
  rig[1].nic.connect({
    receive(batch) {
      left += batch.count;
    },
  });
  const frame = new Uint8Array(length);
  frame.set(udpFrame().subarray(0, length));
  const batch = batchOf([frame], 128);
  const { hypervisor } = toolstack;
  let arrived = 0;
  const ns = measure((n) => {
    for (const end = arrived + n; arrived < end; ) {
      arrived += rig[0].nic.arrive(batch, 0);
      rig[0].bridge.forward();
      hypervisor.run();
      rig[1].bridge.forward();
    }
    while (rig[0].bridge.forward() || hypervisor.run() || rig[1].bridge.forward());
  }, packets);
  if (left !== arrived) throw new Error(`path: ${left} of ${arrived} frames came through`);
  return ns;
}

/**
 * From one VM to the next by a switch that joins the two: what domain 0 does of it. The frames go on through both VMs, and into
 * the first and out of the last by a port that touches slots only; what that takes is not counted.
 */
async function betweenGuests() {
  const image = await linkImage({ file: "path", text: "FromDevice(0) -> ToDevice(1);" }, { elements, name: "path" });
  const toolstack = createToolstack({ elements });
  const bridges = Array.from({ length: 3 }, (_, i) => createSwitch({ name: `b${i}`, lookup: patch() }));
  const batch = batchOf([udpFrame()], 128);
  let left = 0;
  bridges[0].attach({ ...endlessPort("source", [udpFrame()]), poll: () => batch });
  for (const k of [0, 1])
    await toolstack.create({
      name: `vm${k}`,
      image,
      vif: [{ bridge: bridges[k] }, { bridge: bridges[k + 1] }],
    });
  bridges[2].attach(endlessPort("drain", [udpFrame()])).poll = () => null;
  const { hypervisor } = toolstack;
  const samples = Array.from({ length: 7 }, () => {
    let time = 0n;
    let moved = 0;
    while (moved < packets / 4) {
      bridges[0].forward();
      hypervisor.run();
      const before = process.hrtime.bigint();
      moved += bridges[1].forward();
      time += process.hrtime.bigint() - before;
      hypervisor.run();
      left += bridges[2].forward();
    }
    return Number(time) / moved;
  });
  if (left === 0) throw new Error("hop: no frame left the second VM");
  return samples.slice(2).sort((a, b) => a - b)[2];
}

const copyNs = reference(packets);
const results = [];
const benchmarks = {
  ...Object.fromEntries(Object.keys(configurations).map((name) => [name, () => inGuest(name)])),
  switch2: () => switchAlone(1),
  learn64: () => switchAlone(32),
  path: () => wholePath(frameLength),
  path60: () => wholePath(60),
  path1514: () => wholePath(1514),
  patch64: () => wholePath(frameLength, true),
  patch1514: () => wholePath(1514, true),
  hop: betweenGuests,
};
console.log(`reference: copy of ${frameLength} bytes between pools of buffers, ${copyNs.toFixed(2)} ns\n`);
console.log("name           ns/packet     Mpps    ratio");
for (const [name, run] of Object.entries(benchmarks)) {
  if (only && !only.includes(name)) continue;
  const ns = await run();
  const result = {
    name,
    ns: Number(ns.toFixed(2)),
    mpps: Number((1000 / ns).toFixed(2)),
    ratio: Number((ns / copyNs).toFixed(2)),
  };
  results.push(result);
  console.log(
    `${name.padEnd(12)} ${ns.toFixed(1).padStart(11)} ${(1000 / ns).toFixed(1).padStart(8)} ${result.ratio.toFixed(1).padStart(8)}`,
  );
}
const boxes = Object.keys(middleboxes).filter((name) => !only || only.includes("middleboxes") || only.includes(name));
if (boxes.length > 0) console.log("\nmiddlebox           ns/packet     Mpps    ratio    lines    image");
for (const name of boxes) {
  const { ns, lines, imageBytes } = await measureMiddlebox(name, packets);
  const figures = {
    ns: Number(ns.toFixed(2)),
    mpps: Number((1000 / ns).toFixed(2)),
    ratio: Number((ns / copyNs).toFixed(2)),
  };
  results.push({ name: `middlebox ${name}`, ...figures, lines, imageBytes });
  console.log(
    `${name.padEnd(18)} ${ns.toFixed(1).padStart(10)} ${(1000 / ns).toFixed(1).padStart(8)} ${figures.ratio.toFixed(1).padStart(8)} ${String(lines).padStart(8)} ${`${(imageBytes / 1024).toFixed(1)} KB`.padStart(10)}`,
  );
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
