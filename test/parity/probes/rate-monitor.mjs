// IPRateMonitor: its rates, its table, its bound of memory, its handlers; CompareBlock, and what pulls in bursts.
import { readsOf, refusals, source } from "../packets.mjs";

const ip = (from, to, length = 28) =>
  `4500${length.toString(16).padStart(4, "0")} 00000000 40110000 ${from} ${to} 00010002 00080000`;
const [a, b, c] = ["0a000001", "0a000102", "c0a80001"];
/** So many packets a second, in simulated time. */
const rated = (hex, rate, limit = -1) => `RatedSource(DATA \\<${hex}>, RATE ${rate}, LIMIT ${limit})`;
const monitor = (name, before, args, instructions, after = "Discard") => ({
  name: `IPRateMonitor ${name}`,
  config: `RandomSeed(3); ${before} -> MarkIPHeader -> m :: IPRateMonitor(${args}) -> ${after}; Script(${instructions}, stop)`,
  args: ["--simtime"],
});

const rates = [
  {
    ...monitor(
      "splits where rates are high",
      rated(ip(a, b), 1000, 3000),
      "PACKETS, 1, 50",
      "read m.look, read m.mem, read m.memmax, read m.thresh, wait 1, read m.look, read m.mem, wait 1.5, read m.look, wait 1, read m.look, wait 2, read m.look, read m.mem, write m.reset, read m.mem, read m.look",
    ),
    args: ["--simtime", ...readsOf("m", "handlers")],
  },
  monitor(
    "counts bytes",
    rated(ip(a, b, 1500), 100, 300),
    "BYTES, 1, 10000",
    "wait 1, read m.look, wait 1, read m.look, read m.mem",
  ),
  monitor(
    "knows several addresses",
    `i :: ${rated(ip(a, b), 300)} -> t :: Tee(2) -> n :: Null; t [1] -> StoreIPAddress(10.0.1.7, 12) -> n; ${rated(ip(c, b), 40)} -> n; n`,
    "PACKETS, 1, 60",
    "wait 1, read m.look, wait 0.3, read m.look, read m.mem",
  ),
  monitor(
    "counts some packets",
    rated(ip(a, b), 1000),
    "PACKETS, 0.25, 400",
    "read m.thresh, wait 1, read m.look, wait 1, read m.look",
  ),
  monitor(
    "counts no packets",
    rated(ip(a, b), 1000),
    "PACKETS, 0, 400",
    "read m.thresh, wait 1, read m.look, read m.mem",
  ),
  monitor("without a threshold", rated(ip(a, b), 10), "PACKETS, 1, 0", "wait 1, read m.look, read m.mem"),
  monitor(
    "with a threshold below nothing",
    rated(ip(a, b), 10),
    "PACKETS, 1, -5",
    "read m.thresh, wait 1, read m.look, read m.mem",
  ),
  monitor(
    "keeps a bound",
    `RandomSource(LENGTH 28) -> RatedUnqueue(10) -> Discard; ${rated(ip(a, b), 2000)} -> SetRandIPAddress(0.0.0.0/0) -> StoreIPAddress(12)`,
    "PACKETS, 1, 1, 100",
    "wait 1, read m.mem, wait 1, read m.mem, wait 3, read m.mem",
  ),
  monitor(
    "annotates",
    rated(ip(a, b), 400, 60),
    "PACKETS, 1, 50",
    "wait 0.4",
    "Print(m, 0, PRINTANNO true) -> Discard",
  ),
  monitor(
    "need not annotate",
    rated(ip(a, b), 400, 20),
    "PACKETS, 1, 50, 0, false",
    "wait 0.4",
    "Print(m, 0, PRINTANNO true) -> Discard",
  ),
  {
    name: "IPRateMonitor with two directions",
    config: `RandomSeed(3); ${rated(ip(a, b), 500, 700)} -> MarkIPHeader -> m :: IPRateMonitor(PACKETS, 1, 50) -> Discard; ${rated(ip(b, a), 200, 300)} -> MarkIPHeader -> [1] m [1] -> Discard; Script(wait 1, read m.look, wait 2, read m.look, stop)`,
    args: ["--simtime"],
  },
  {
    name: "IPRateMonitor that is pulled",
    config: `RandomSeed(3); ${rated(ip(a, b), 500, 700)} -> MarkIPHeader -> Queue -> m :: IPRateMonitor(PACKETS, 1, 50) -> TimedSink(0.005); Script(wait 1, read m.look, wait 2, read m.look, stop)`,
    args: ["--simtime"],
  },
  monitor(
    "folds what has gone quiet",
    `${rated(ip(a, b), 1000, 1000)} -> n :: Null; ${rated(ip(c, b), 20)} -> n; n`,
    "PACKETS, 1, 50",
    "wait 1, read m.look, wait 1, read m.look, wait 1, read m.look, wait 2, read m.look, read m.mem",
  ),
  monitor(
    "stays on a level",
    rated(ip(a, b), 1000),
    "PACKETS, 1, 50",
    'wait 1, read m.look, writeq m.anno_level "10.0.0.1, 1, 1", read m.look, read m.mem, wait 0.9, read m.look, wait 0.5, read m.look, read m.mem',
  ),
  monitor(
    "stays on the first level",
    rated(ip(a, b), 1000),
    "PACKETS, 1, 50",
    'wait 1, writeq m.anno_level "10.0.0.1, 0, 1", read m.mem, wait 0.9, read m.look, writeq m.anno_level "10.0.0.1, 3, 1", writeq m.anno_level "11.0.0.1, 0, 1", wait 0.5, read m.look, read m.mem',
  ),
  monitor(
    "is written wrongly",
    "Idle",
    "PACKETS, 1, 50",
    'write m.anno_level x, writeq m.anno_level "1.2.3.4, x, 1", writeq m.anno_level "1.2.3.4, 4, 1", writeq m.anno_level "1.2.3.4, 1, 0", writeq m.anno_level "x, 1, 1", write m.memmax x, writeq m.memmax "1, 2", write m.memmax, write m.memmax 5, read m.memmax, write m.memmax 0, read m.memmax, write m.memmax -5, read m.memmax, write m.memmax 101, read m.memmax',
  ),
  ...refusals("IPRateMonitor", [
    "",
    "PACKETS",
    "x, 1, 1",
    "packets, 1.5, 1",
    "PACKETS, x, 1",
    "PACKETS, -1, 1",
    "BYTES, 0.5, x",
    "BYTES, 1, 100, x",
    "BYTES, 1, 100, -5",
    "BYTES, 1, 100, 5, x",
    "BYTES, 1, 100, 5, true, 7",
    "BYTES, 70000, 1",
    '"PACKETS x", 1, 1',
    "TYPE bytes, RATIO 1, THRESH 5, MEMORY 0, ANNO false",
  ]),
  ...["BYTES, 0.5, -100", "BYTES, 1, 100, 5", "BYTES, 1, 100, 5000000000", "PACKETS, 0.333, 100"].map((args) => ({
    name: `IPRateMonitor(${args})`,
    config: `Idle -> m :: IPRateMonitor(${args}) -> Discard; Script(stop)`,
    args: readsOf("m", "thresh", "memmax", "mem", "config"),
  })),
];

const block = (forward, reverse, args) => ({
  name: `CompareBlock(${args}) of rates ${forward} and ${reverse}`,
  config: `${source("00")} -> SetAnnoByte(20, ${forward}) -> SetAnnoByte(24, ${reverse}) -> b :: CompareBlock(${args}) -> Print(0) -> Discard; b [1] -> Print(1) -> Discard`,
  args: readsOf("b", "handlers", "fwd_weight", "rev_weight", "config"),
});
const blocks = [
  block(11, 5, "1, 2, 10"),
  block(11, 6, "1, 2, 10"),
  block(10, 5, "1, 1, 10"),
  block(5, 11, "3, 1, 10"),
  block(0, 0, "2, 1, 0"),
  block(0, 0, "2, -1, -1"),
  {
    name: "CompareBlock is written",
    config:
      "Idle -> b :: CompareBlock(5, 2, 100) -> Discard; b [1] -> Discard; Script(write b.fwd_weight 7, read b.fwd_weight, write b.rev_weight x, write b.rev_weight 1 2, write b.fwd_weight, read b.config, stop)",
  },
  ...refusals("CompareBlock", ["", "1, 2", "x, 1, 1", "1, 1, x", "1, 2, 3, 4"], {
    after: "-> Discard; e [1] -> Discard",
  }),
];

/** What leaves, and when. */
const bursts = (element, script = "wait 1", rate = 100, limit = 40) => ({
  name: `${element} of ${limit} packets, ${rate} a second, ${script}`,
  config: `RatedSource(x, RATE ${rate}, LIMIT ${limit}) -> q :: Queue -> u :: ${element} -> SetTimestamp -> c :: Counter -> Print(TIMESTAMP true) -> Discard; Script(${script}, stop)`,
  args: ["--simtime", ...readsOf("u", "handlers", "config"), ...readsOf("c", "count")],
  mask: (text) => text.replace(/(\d\.\d{3})\d+:/g, "$1:"),
});
const unqueues = [
  bursts("TimedUnqueue(0.05)"),
  bursts("TimedUnqueue(50ms, 2)"),
  bursts("TimedUnqueue(0.0504, 100)"),
  bursts("TimedUnqueue(0.2)", "wait 1", 2, 3),
  bursts("Burster(0.1)"),
  bursts("Burster(0.1, 3)"),
  ...["TimedUnqueue", "Burster"].flatMap((name) =>
    refusals(name, ["", "x", "-1", "1, 0", "1, -1", "1, x", "1, 2, 3", "INTERVAL 1, BURST 2", "5000000"], {
      before: "Idle -> Queue ->",
    }),
  ),
];

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [...rates, ...blocks, ...unqueues];
