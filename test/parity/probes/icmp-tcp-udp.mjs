// Elements for ICMP, TCP and UDP.
import { readsOf, refusals, source } from "../packets.mjs";

const print = "Print(MAXLENGTH 128, PRINTANNO true)";
const header = (length, protocol, rest = "0001000040") =>
  `450000${length.toString(16).padStart(2, "0")}${rest}${protocol}0000 0a000001 0a000002`;
/** A packet whose header checksum is set and whose header is marked. */
const packet = (hex, limit) => `${source(hex, limit)} -> SetIPChecksum -> MarkIPHeader`;
const echo = (hex, limit) => packet(`${header(20 + hex.replaceAll(" ", "").length / 2, "01")} ${hex}`, limit);

/** @type {import("../probe.mjs").Probe[]} */
const responder = [
  ...Object.entries({
    "a request": "0800 f7fd 0001 0001",
    "a request with data": "0800 1234 0001 0001 61626364 65",
    "a request of zeros": "0800 f7ff 0000 0000",
    "a request of zeros with data": "0800 f7ff 0000 0000 0000 0000",
    "a request with a code": "0807 f7f6 0001 0001",
    "a reply": "0000 fffd 0001 0001",
    "a timestamp request": "0d00 f2fd 0001 0001",
    "a request that is cut": "0800 f7fe 0001",
    "a request without a sequence number's end": "0800 f7fe 0001 00",
  }).map(([name, hex]) => ({
    name: `ICMPPingResponder: ${name}`,
    config: `${echo(hex)} -> Paint(9) -> r :: ICMPPingResponder -> ${print} -> Discard; r [1] -> Print(other) -> Discard`,
    args: ["--simtime"],
  })),
  {
    name: "ICMPPingResponder: a fragment with options",
    config: `${packet(`4600 0020 0001 6000 40010000 0a000001 0a000002 01010101 0800f7fd00010001`)} -> r :: ICMPPingResponder -> ${print} -> Discard`,
    args: ["--simtime", ...readsOf("r", "handlers")],
  },
  {
    name: "ICMPPingResponder drops what is no request where output 1 is not connected",
    config: `${packet(`${header(28, "11")} 0401003500080000`)} -> ICMPPingResponder -> ${print} -> Discard`,
  },
  ...refusals("ICMPPingResponder", ["", "1"]),
];

/** @type {import("../probe.mjs").Probe[]} */
const encapsulation = [
  ...["1.0.0.1, 2.0.0.2", "1.0.0.1, 2.0.0.2, IDENTIFIER 258", "SRC 1.0.0.1, DST 2.0.0.2"].map((args) => ({
    name: `ICMPPingEncap(${args})`,
    config: `${source("616263", 3)} -> Paint(4) -> e :: ICMPPingEncap(${args}) -> ${print} -> Discard`,
    args: readsOf("e", "src", "dst", "handlers"),
  })),
  {
    name: "ICMPPingEncap: no data",
    config: `${source("")} -> ICMPPingEncap(1.0.0.1, 2.0.0.2) -> ${print} -> Discard`,
  },
  {
    name: "ICMPPingEncap's numbers leave 0 out",
    config: `InfiniteSource(DATA a, LIMIT 65537, STOP true, BURST 1000) -> ICMPPingEncap(1.0.0.1, 2.0.0.2) -> c :: Counter
      -> s :: Switch(0); s [0] -> Discard; s [1] -> ${print} -> Discard;
      Script(label x, wait 0.0001, goto x $(lt $(c.count) 65000))`,
    args: ["-h", "c.count"],
  },
  {
    name: "ICMPPingEncap's addresses may be written",
    config: `Idle -> e :: ICMPPingEncap(1.0.0.1, 2.0.0.2) -> Discard;
      Script(write e.src 3.0.0.3, write e.dst 4.0.0.4, read e.src, read e.dst, read e.config, write e.src x, write e.dst, read e.src, stop)`,
  },
  ...refusals("ICMPPingEncap", [
    "",
    "1.0.0.1",
    "x, 2.0.0.2",
    "1.0.0.1, 2.0.0.2, 3",
    "1.0.0.1, 2.0.0.2, IDENTIFIER 65536",
    "1.0.0.1, 2.0.0.2, IDENTIFIER -1",
  ]),
];

const pings = (args, { then = "Discard", rest = "" } = {}) =>
  `p :: ICMPPingSource(1.0.0.1, 2.0.0.2${args && `, ${args}`}) -> ${print} -> ${then}; ${rest}`;
/** A way there and back that takes a time. */
const loop = (args, delay = 0.01) =>
  `p :: ICMPPingSource(1.0.0.1, 2.0.0.2${args && `, ${args}`}) -> IPPrint(TIMESTAMP false) -> ICMPPingResponder -> DelayShaper(0) -> Null -> p;`.replace(
    "DelayShaper(0) -> Null",
    `Queue -> DelayUnqueue(${delay}) -> SetTimestamp`,
  );

/** @type {import("../probe.mjs").Probe[]} */
const sources = [
  {
    name: "ICMPPingSource sends one a second",
    config: pings("", { rest: "Script(wait 3.5, stop)" }),
    args: ["--simtime", ...readsOf("p", "count", "active", "src", "dst", "handlers")],
  },
  {
    name: "ICMPPingSource stops at LIMIT",
    config: pings("LIMIT 3, INTERVAL 0.5, IDENTIFIER 258, DATA abcde, STOP true"),
    args: ["--simtime", ...readsOf("p", "count")],
  },
  {
    name: "ICMPPingSource with LIMIT 0",
    config: pings("LIMIT 0, STOP true", { rest: "Script(wait 2, stop)" }),
    args: ["--simtime", ...readsOf("p", "count")],
  },
  {
    name: "ICMPPingSource that is not active",
    config: pings("ACTIVE false", {
      rest: "Script(wait 2, read p.count, read p.active, write p.active true, wait 1.5, read p.count, write p.active false, wait 3, read p.count, write p.active x, stop)",
    }),
    args: ["--simtime"],
  },
  {
    name: "ICMPPingSource's handlers are written",
    config: pings("LIMIT 1", {
      rest: `Script(wait 2.5, read p.count, write p.limit 3, wait 5, read p.count, write p.reset_counts, read p.count, write p.interval 0.1, wait 2, read p.count,
        write p.src 9.9.9.9, write p.dst 8.8.8.8, read p.src, read p.dst, read p.config, write p.limit 4, wait 2, read p.count,
        write p.limit x, write p.interval x, write p.interval -1, write p.src x, write p.dst x, read p.limit, read p.interval, stop)`,
    }),
    args: ["--simtime"],
  },
  {
    name: "ICMPPingSource that is pulled",
    config: `p :: ICMPPingSource(1.0.0.1, 2.0.0.2, LIMIT 3, STOP true) -> TimedSink(0.5); Script(wait 4, stop)`,
    args: ["--simtime", ...readsOf("p", "count", "handlers")],
  },
  {
    name: "ICMPPingSource that is pulled has no INTERVAL and no MIRROR",
    config: `p :: ICMPPingSource(1.0.0.1, 2.0.0.2, LIMIT 3, INTERVAL 2, STOP true) -> TimedSink(0.5);`,
    args: ["--simtime", ...readsOf("p", "count")],
  },
  {
    name: "ICMPPingSource that is pulled cannot mirror",
    config: "ICMPPingSource(1.0.0.1, 2.0.0.2, MIRROR true) -> TimedSink(0.5);",
  },
  {
    name: "ICMPPingSource reports replies",
    config: `${loop("LIMIT 3, DATA abc")} Script(wait 5, read p.summary, read p.rtt_min, read p.rtt_avg, read p.rtt_max, stop)`,
    args: ["--simtime", ...readsOf("p", "handlers")],
  },
  {
    name: "ICMPPingSource need not report replies",
    config: `${loop("LIMIT 3, VERBOSE false", 1.5)} Script(wait 5, stop)`,
    args: ["--simtime", ...readsOf("p", "summary", "rtt_min", "rtt_avg", "rtt_max", "count")],
  },
  {
    name: "ICMPPingSource mirrors replies",
    config: `${loop("LIMIT 1, MIRROR true, DATA abc", 0.5)} Script(wait 4.2, stop)`,
    args: ["--simtime", ...readsOf("p", "summary", "count")],
  },
  {
    name: "ICMPPingSource: replies that come twice, and none",
    config: `p :: ICMPPingSource(1.0.0.1, 2.0.0.2, LIMIT 4) -> ICMPPingResponder -> t :: Tee -> Queue -> DelayUnqueue(0.3) -> SetTimestamp -> p;
      t [1] -> s :: RoundRobinSwitch; s [0] -> Queue -> DelayUnqueue(0.7) -> SetTimestamp -> p; s [1] -> Discard; Script(wait 8, stop)`,
    args: ["--simtime", ...readsOf("p", "summary", "rtt_min", "rtt_avg", "rtt_max")],
  },
  {
    name: "ICMPPingSource: other packets are no replies",
    config: `p :: ICMPPingSource(1.0.0.1, 2.0.0.2, LIMIT 2, IDENTIFIER 1) -> Discard; n :: Null -> p;
      ${echo("0000 fffd 0001 0001").replace(", STOP true", "")} -> n; ${echo("0000 fffd 0100 0001").replace(", STOP true", "")} -> n; ${echo("0800 fffd 0100 0001").replace(", STOP true", "")} -> n;
      ${echo("0000 fffd 0100 00").replace(", STOP true", "")} -> n; Script(wait 4, stop)`,
    args: ["--simtime", ...readsOf("p", "summary", "rtt_min", "rtt_avg", "rtt_max")],
  },
  {
    name: "ICMPPingSource: a reply without a timestamp",
    config: `p :: ICMPPingSource(1.0.0.1, 2.0.0.2, LIMIT 2, IDENTIFIER 1) -> Discard;
      TimedSource(2.5, DATA \\<${header(28, "01")}0000fffd01000001>, LIMIT 1) -> MarkIPHeader -> p; Script(wait 4, stop)`,
    args: ["--simtime", ...readsOf("p", "summary", "rtt_min", "rtt_avg", "rtt_max")],
  },
  ...refusals(
    "ICMPPingSource",
    [
      "",
      "1.0.0.1",
      "x, 2.0.0.2",
      "1.0.0.1, 2.0.0.2, 3",
      "1.0.0.1, 2.0.0.2, INTERVAL x",
      "1.0.0.1, 2.0.0.2, INTERVAL 0.0001",
      "1.0.0.1, 2.0.0.2, IDENTIFIER 65536",
      "1.0.0.1, 2.0.0.2, LIMIT x",
      "1.0.0.1, 2.0.0.2, ACTIVE x",
      "1.0.0.1, 2.0.0.2, DATA a b",
    ],
    { before: "" },
  ),
  {
    name: "ICMPSendPings is an earlier name",
    config: "p :: ICMPSendPings(1.0.0.1, 2.0.0.2, LIMIT 2, STOP true) -> Print(MAXLENGTH 128) -> Discard",
    args: ["--simtime", ...readsOf("p", "count", "class")],
  },
];

const rewriter = (specs, rest = "", outputs = 2) =>
  `rw :: ICMPPingRewriter(${specs}); ${Array.from({ length: outputs }, (_, i) => `rw [${i}] -> Print(out${i}, MAXLENGTH 128, PRINTANNO true) -> Discard;`).join(" ")} ${rest}`;
const from = (hex, to, limit = 1) => `${echo(hex, limit).replace(", STOP true", "")} -> ${to};`;
const back = (hex, to) => {
  const length = 20 + hex.replaceAll(" ", "").length / 2;
  return `TimedSource(0.5, DATA \\<${header(length, "01").replace("0a000001 0a000002", "0a000002 09090909")} ${hex}>, LIMIT 1) -> SetIPChecksum -> MarkIPHeader -> ${to};`;
};
const all = readsOf(
  "rw",
  "table",
  "table_size",
  "mapping_failures",
  "size",
  "capacity",
  "patterns",
  "pattern0",
  "pattern1",
);
const mapped = "pattern 9.9.9.9 5000 - - 0 1, drop";

/** The order of a rewriter's table is that of Click's hash table. */
const sorted = (text) => text.replace(/(?:^\(.* => .*\n)+/gm, (lines) => lines.split("\n").sort().join("\n"));

/** @type {import("../probe.mjs").Probe[]} */
const rewriting = [
  {
    name: "ICMPPingRewriter rewrites requests, and replies back",
    config: rewriter(
      mapped,
      `${from("0800 f7fd 0001 0001 6162", "rw")} ${back("0000 ec75 1388 0001 6162", "[1] rw")} Script(wait 1, stop)`,
    ),
    args: ["--simtime", ...all],
  },
  {
    name: "ICMPPingRewriter keeps an identifier that is in its range",
    config: rewriter(
      "pattern 9.9.9.9 1-100 - - 0 1, drop",
      `${from("0800 f7fd 0001 0001", "rw")} Idle -> [1] rw; Script(wait 1, stop)`,
    ),
    args: ["--simtime", ...all],
  },
  {
    name: "ICMPPingRewriter keeps flows as they are",
    config: rewriter(
      "keep 0 1, drop",
      `${from("0800 f7fd 0001 0001", "rw", 2)} ${back("0000 ec75 0001 0001", "[1] rw")} Script(wait 1, stop)`,
    ),
    args: ["--simtime", ...all],
  },
  {
    name: "ICMPPingRewriter drops and passes",
    config: rewriter(
      "drop, pass 1",
      `${from("0800 f7fd 0001 0001", "rw")} ${from("0800 f7fd 0001 0001", "[1] rw")} ${from("0000 f7fd 0001 0001", "[1] rw")} ${from("0d00 f7fd 0001 0001", "[1] rw")} ${from("0d00 f7fd 0001 0001", "rw")} Script(wait 1, stop)`,
    ),
    args: ["--simtime", ...all],
  },
  {
    name: "ICMPPingRewriter: a request of zeros",
    config: rewriter(
      "pattern - 0 - - 0 1, drop".replace("- 0 -", "10.0.0.1 - -"),
      `${from("0800 f7ff 0000 0000", "rw")} Idle -> [1] rw; Script(wait 1, stop)`,
    ),
    args: ["--simtime", ...all],
  },
  {
    name: "ICMPPingRewriter: a message cut after its identifier",
    config: rewriter(
      mapped,
      `${from("0800 f7fd 0001", "rw")} ${from("0800 f7fd 00", "rw")} Idle -> [1] rw; Script(wait 1, stop)`,
    ),
    args: ["--simtime", ...all],
  },
  {
    name: "ICMPPingRewriter: the annotation may stay",
    config: rewriter(
      `${mapped}, DST_ANNO false, REPLY_ANNO 7`,
      `${from("0800 f7fd 0001 0001 6162", "Paint(5, 7) -> rw")} ${back("0000 ec75 1388 0001 6162", "[1] rw")} Script(wait 1, stop)`,
    ),
    args: ["--simtime", ...all],
  },
  {
    name: "ICMPPingRewriter: flows are due",
    config: rewriter(
      `${mapped}, TIMEOUT 10, GUARANTEE 2, REAP_INTERVAL 3`,
      `${from("0800 f7fd 0001 0001 6162", "rw")} Idle -> [1] rw; Script(wait 1, read rw.table, wait 8, read rw.size, wait 4, read rw.size, read rw.table, stop)`,
    ),
    args: ["--simtime"],
  },
  {
    name: "ICMPPingRewriter's handlers",
    config: rewriter(
      mapped,
      `${from("0800 f7fd 0001 0001 6162", "rw")} Idle -> [1] rw; Script(wait 1, read rw.size, write rw.clear, read rw.size, write rw.capacity 5, read rw.capacity, read rw.nmappings, read rw.mappings, stop)`,
    ),
    args: ["--simtime", ...readsOf("rw", "handlers")],
  },
  {
    name: "ICMPRewriter asks an ICMPPingRewriter",
    config: rewriter(
      mapped,
      `${from("0800 f7fd 0001 0001 6162", "rw")} Idle -> [1] rw;
      TimedSource(0.5, DATA \\<45000038000100004001 0000 08080808 09090909 0b00 0000 00000000 4500001e000100003f01 0000 09090909 0a000002 0800 e475 1388 0001>, LIMIT 1)
        -> SetIPChecksum -> MarkIPHeader -> ICMPRewriter(rw) -> Print(error, MAXLENGTH 128) -> Discard; Script(wait 1, stop)`,
    ),
    args: ["--simtime"],
  },
  {
    name: "ICMPPingRewriter's specifications may be written",
    config: rewriter(
      mapped,
      `${from("0800 f7fd 0001 0001 6162", "rw")} Idle -> [1] rw; Script(wait 1, read rw.size, write rw.pattern0 pattern 7.7.7.7 - - - 1 0, read rw.size, read rw.patterns, write rw.pattern1 pass 1, read rw.pattern1, write rw.pattern1 x, stop)`,
    ),
    args: ["--simtime"],
  },
  ...refusals("ICMPPingRewriter", ["", "drop", "drop, drop", "pass, CAPACITY 0", "drop, TIMEOUT x", "pass, NOSUCH 1"]),
];

export const probes = [
  ...responder,
  ...encapsulation,
  ...sources,
  ...rewriting.map((probe) => ({ ...probe, mask: sorted })),
];
