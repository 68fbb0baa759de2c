// The switch alone: nanoseconds a frame by length of frame, by frames in a batch, by ports, and by lookup; CPU time, median of five.
// Every port sends to the station behind the next one. Names of parts limit what is measured.
//
//   npm run bench:switch
//   npm run bench:switch -- batch lookup
import { compileLookup } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { createSwitch, fiveTupleLookup, moduleLookup, prefixLookup, staticLookup } from "@clickos/vale";
import { batchOf, endlessPort, measure, reference } from "./rig.mjs";

const copyNs = reference(2_000_000);
console.log(`reference: copy of 64 bytes between pools of buffers, ${copyNs.toFixed(2)} ns\n`);

/** From station `from` to station `to`. */
function frame(to, from, length) {
  const bytes = new Uint8Array(length);
  bytes.set([2, 0, 0, 0, to >> 8, to & 255, 2, 0, 0, 0, from >> 8, from & 255, 8, 0]);
  return bytes;
}

/** A batch for each port in turn. */
const toNext = ({ length = 64, burst = 256, ports = 2 }) =>
  Array.from({ length: ports }, (_, p) => batchOf([frame((p + 1) % ports, p, length)], burst, (length + 127) & -64));

/** Ports that share their sink's buffers, so that thousands of them have room; those without a batch send nothing. */
function run(batches, lookup) {
  const sw = createSwitch(lookup ? { lookup } : {});
  const model = endlessPort("model", [frame(0, 0, batches[0].lengths[0])]);
  for (const [p, batch] of batches.entries()) sw.attach({ ...model, name: `p${p}`, poll: () => batch });
  // Everybody has spoken.
  sw.forward();
  const sending = batches.filter((batch) => batch);
  const ns = measure(
    (n) => {
      for (let moved = 0; moved < n; ) moved += sw.forward();
    },
    Math.max(2_000_000, sending.length * sending[0].count * 4),
  );
  const { drops, ports } = sw.stats;
  if (drops.nobody + drops.hairpin + drops.runt + ports.p0.refused > 0)
    throw new Error("frames of the switch are lost");
  return `${ns.toFixed(1).padStart(8)}  ${(1000 / ns).toFixed(1).padStart(6)}  ${(ns / copyNs).toFixed(1).padStart(6)}`;
}

const head = "ns/frame    Mpps   ratio";
const wanted = process.argv.slice(2);
/** One table: `rows` are names and what is measured for each. */
function part(name, rows) {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  const width = Math.max(name.length, ...rows.map(([row]) => String(row).length)) + 2;
  console.log(`${name.padEnd(width)}${head}`);
  for (const [row, value] of rows) console.log(`${String(row).padEnd(width)}${value()}`);
  console.log();
}

/** Packets of 256 flows to 256 addresses, with a tag if it is wanted. */
function packets(version, isTagged) {
  return Array.from({ length: 256 }, (_, i) => {
    const to = version === 4 ? [10, i, 0, 1] : [0x20, 1, 0xd, 0xb8, i, ...Array(10).fill(0), 1];
    const header =
      version === 4
        ? [8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, i, 2, ...to]
        : [0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 17, 64, ...to, ...to];
    const bytes = new Uint8Array(64);
    bytes.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, ...(isTagged ? [0x81, 0, 0, 10] : []), ...header, i, i, 0, 53]);
    return bytes;
  });
}
/** From port 0 to the others. */
const fromFirst = (frames, ports = 2) => [batchOf(frames, 256, 128), ...Array(ports - 1).fill(undefined)];

part(
  "bytes",
  [60, 64, 128, 256, 512, 1024, 1518].map((length) => [length, () => run(toNext({ length }))]),
);
part(
  "batch",
  [1, 2, 3, 4, 8, 16, 64, 256].map((burst) => [burst, () => run(toNext({ burst }))]),
);
part(
  "ports",
  [2, 16, 128, 1000, 4000].map((ports) => [ports, () => run(toNext({ ports, burst: 64 }))]),
);
const addresses = Array.from({ length: 1000 }, (_, i) => ({
  address: `02:00:00:00:${(i >> 8).toString(16).padStart(2, "0")}:${(i & 255).toString(16).padStart(2, "0")}`,
  port: i === 1 ? "p1" : "p2",
}));
const prefixes = Array.from({ length: 256 }, (_, i) => [
  { prefix: `10.${i}.0.0/16`, port: "p1" },
  { prefix: `2001:db8:${(i << 8).toString(16)}::/40`, port: "p1" },
]).flat();
const click = async (text) => moduleLookup(await compileLookup(text, { elements }));
const toFirst = await click("FromDevice(0) -> ToDevice(1)");
const byRules = await click(
  "FromDevice(0) -> Strip(14) -> MarkIPHeader -> c :: IPClassifier(tcp port 80, dst net 10.128.0.0/9 and udp, -); c [0], c [1], c [2] -> ToDevice(1)",
);
part("lookup", [
  ["static", () => run(fromFirst(packets(4)), staticLookup({ table: addresses }))],
  ["static, tagged", () => run(fromFirst(packets(4, true)), staticLookup({ table: addresses }))],
  ["five-tuple", () => run(fromFirst(packets(4), 3), fiveTupleLookup({ group: ["p1", "p2"] }))],
  ["five-tuple, IPv6", () => run(fromFirst(packets(6), 3), fiveTupleLookup({ group: ["p1", "p2"] }))],
  ["prefix", () => run(fromFirst(packets(4)), prefixLookup({ table: prefixes }))],
  ["prefix, IPv6", () => run(fromFirst(packets(6)), prefixLookup({ table: prefixes }))],
  ["Click, a wire", () => run(fromFirst(packets(4)), toFirst)],
  ["Click, IPClassifier", () => run(fromFirst(packets(4)), byRules)],
]);
