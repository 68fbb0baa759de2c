// The switch alone: nanoseconds a frame by length of frame, by frames in a batch, and by ports; CPU time, median of five. Every
// port sends to the station behind the next one.
//
//   npm run bench:switch
import { createSwitch } from "@clickos/vale";
import { batchOf, endlessPort, measure, reference } from "./rig.mjs";

const copyNs = reference(2_000_000);
console.log(`reference: copy of 64 bytes between pools of buffers, ${copyNs.toFixed(2)} ns\n`);

/** From station `from` to station `to`. */
function frame(to, from, length) {
  const bytes = new Uint8Array(length);
  bytes.set([2, 0, 0, 0, to >> 8, to & 255, 2, 0, 0, 0, from >> 8, from & 255, 8, 0]);
  return bytes;
}

/** Ports that share their sink's buffers, so that thousands of them have room. */
function run({ length = 64, burst = 256, ports = 2 }) {
  const sw = createSwitch();
  const model = endlessPort("model", [frame(0, 0, length)]);
  for (let p = 0; p < ports; p++) {
    const batch = batchOf([frame((p + 1) % ports, p, length)], burst, (length + 127) & -64);
    sw.attach({ ...model, name: `p${p}`, poll: () => batch });
  }
  // Everybody has spoken.
  sw.forward();
  const ns = measure(
    (n) => {
      for (let moved = 0; moved < n; ) moved += sw.forward();
    },
    Math.max(2_000_000, ports * burst * 4),
  );
  return `${ns.toFixed(1).padStart(8)}  ${(1000 / ns).toFixed(1).padStart(6)}  ${(ns / copyNs).toFixed(1).padStart(6)}`;
}

const head = "ns/frame    Mpps   ratio";
console.log(`bytes   ${head}`);
for (const length of [60, 64, 128, 256, 512, 1024, 1518]) console.log(`${String(length).padEnd(6)}${run({ length })}`);
console.log(`\nbatch   ${head}`);
for (const burst of [1, 2, 3, 4, 8, 16, 64, 256]) console.log(`${String(burst).padEnd(6)}${run({ burst })}`);
console.log(`\nports   ${head}`);
for (const ports of [2, 16, 128, 1000, 4000]) console.log(`${String(ports).padEnd(6)}${run({ ports, burst: 64 })}`);
