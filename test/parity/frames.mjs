// Sends malformed frames through every element class by the native program and by ours, and compares what leaves, what is said
// and how the run ends.
//
//   CLICK=/path/to/click npm run parity:frames [-- CLASS… --frames N --seed N]
//
// The exit status is 1 where something differs. Configurations that end the native program are left out, with their names.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createCapture, openCapture } from "@clickos/pcap/node";
import { hostileFrame } from "../fuzz/frames.mjs";
import { graphs } from "../fuzz/graphs.mjs";
import { random } from "../hostile/random.mjs";
import { ours } from "./areas.mjs";

const { values, positionals } = parseArgs({
  options: { frames: { type: "string", default: "400" }, seed: { type: "string", default: "1" } },
  allowPositionals: true,
});
const native = process.env.CLICK;
if (!native) {
  console.error("the native program is needed: CLICK=/path/to/click");
  process.exit(2);
}

/** Graphs that differ by design: what they do is by chance, or there are no rules for it. */
const differing = [
  [/^(Random|Force(TCP|UDP)\/|.*RED\/|CoDel)/, "what they do is by chance"],
  [/^(IP|TCP|UDP|IPAddr|IPAddrPair|ICMPPing)Rewriter\//, "ports and addresses are drawn by chance"],
  [/^TCPReflector\//, "sequence numbers are drawn by chance"],
  [/^(From|To)Host\//, "there is no such device"],
  [
    /^(DecIP6HLIM|ICMP6Error|IP6Mirror)\/checked|^(MarkIPCE|Set(TCP|UDP)Checksum|StoreIPAddress)\/ip/,
    "native reads headers that nobody checked",
  ],
  [/^StoreIPAddress\//, "native takes an address of zeros at the start of the packet for one of its IP header"],
  [/^AggregatePacketCounter\//, "native warns at its end that there were no numbered packets"],
  [/^UDPIPEncap\//, "native does not initialize whether there is a checksum"],
  [/^(Unstrip|StripIPHeader|StripToNetworkHeader|IPFragmenter)\/ether/, "native reads memory that is not the packet's"],
  [
    /^(ICMPError\/(ether|ip)|(IPFragmenter|IPGWOptions)\/)/,
    "native takes headers that lie about their lengths at their word",
  ],
  [/^(To|From)(Device|Dump|IPSummaryDump)|Socket/, "its files are compared elsewhere"],
  [/^TimedSink|Shaper|Rated|Delay|TimeSorted/, "simulated time is compared elsewhere"],
  [/^(IP)?Print|^Script/, "what it prints is compared elsewhere"],
];

const folder = mkdtempSync(join(tmpdir(), "click-frames-"));
const inputs = 4;
for (let i = 0; i < inputs; i++) {
  const r = random(Number(values.seed) * inputs + i + 1);
  const file = createCapture(join(folder, `in${i}.pcap`));
  for (let n = 0; n < Number(values.frames); ) {
    const frame = hostileFrame(r);
    // Native asserts that a header that MarkIPHeader marks is in the packet's buffer.
    if (frame.length < 80 || frame.length > 1600) continue;
    file.write(frame, 1_000_000_000_000_000_000n + BigInt(n++) * 137_000n);
  }
  file.close();
}

function framesOf(path) {
  // Where the program was ended there is no capture, or an empty file.
  if (!existsSync(path) || statSync(path).size === 0) return [];
  const reader = openCapture(path);
  const frames = [];
  for (let frame = reader.next(); frame; frame = reader.next()) frames.push(Buffer.from(frame.data).toString("hex"));
  reader.close();
  return frames;
}

/** One run: how it ended, what it said, and what left. */
function run(command, text, outputs) {
  for (let i = 0; i < outputs; i++) rmSync(join(folder, `out${i}.pcap`), { force: true });
  writeFileSync(join(folder, "x.click"), text);
  const [program, ...args] = [...command, "--simtime", "x.click", "-h", "*.drops", "-h", "*.count", "-h", "*.length"];
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "latin1", timeout: 60_000 });
  // Native says where it had to copy packets to get room.
  const said = stderr.split("\n").filter((line) => !line.startsWith("expensive Packet"));
  const left = Array.from({ length: outputs }, (_, i) => framesOf(join(folder, `out${i}.pcap`)));
  return { status, said: said.slice(0, 8).join("\n"), stdout, left };
}

function differences(a, b) {
  const list = ["status", "said", "stdout"].flatMap((key) =>
    a[key] === b[key]
      ? []
      : [`${key}:\n    native ${String(a[key]).slice(0, 400)}\n    ours   ${String(b[key]).slice(0, 400)}`],
  );
  a.left.forEach((frames, port) => {
    const other = b.left[port];
    const at = frames.findIndex((frame, i) => frame !== other[i]);
    if (at < 0 && frames.length === other.length) return;
    const first = at < 0 ? frames.length : at;
    list.push(
      `output ${port}: ${frames.length} and ${other.length} frames, from ${first} on\n    native ${frames[first]}\n    ours   ${other[first]}`,
    );
  });
  return list;
}

let [same, different] = [0, 0];
const left = new Map();
const leave = (name, why) => left.set(why, [...(left.get(why) ?? []), name]);
for (const [name, { text }] of Object.entries(graphs)) {
  if (!name.includes("/") || (positionals.length > 0 && !positionals.includes(name.split("/")[0]))) continue;
  const by = differing.find(([pattern]) => pattern.test(name));
  if (by) {
    leave(name, by[1]);
    continue;
  }
  let outputs = 0;
  const configuration = text
    .replace(/FromDevice\((\d)\)/g, "FromDump(in$1.pcap, STOP true)")
    .replace(
      /-> (Unqueue -> )?Discard/g,
      (_, unqueue = "") => `-> ${unqueue}ToDump(out${outputs++}.pcap, SNAPLEN 0, ENCAP ETHER)`,
    );
  const theirs = run([native], configuration, outputs);
  if (theirs.status === null) leave(name, "it ends the native program");
  else if (/unknown element class/.test(theirs.said)) leave(name, "native has no such class");
  else {
    const list = differences(theirs, run(ours, configuration, outputs));
    if (list.length === 0) same++;
    else {
      different++;
      console.log(`${name}\n  ${list.join("\n  ")}\n`);
    }
  }
}
rmSync(folder, { recursive: true });
for (const [why, names] of left) console.log(`left out, ${why}: ${names.join(" ")}`);
console.log(`${same} graphs are the same, ${different} differ`);
process.exit(different > 0 ? 1 : 0);
