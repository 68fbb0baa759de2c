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

const checked = (name, hex, args = "", mark = "MarkIPHeader ->") =>
  `${source(hex, 2)} -> SetIPChecksum -> ${mark} c :: ${name}(${args}) -> Print(good) -> Discard; c [1] -> Print(bad) -> Discard`;
const alone = (name, hex, args = "") =>
  `${source(hex, 2)} -> MarkIPHeader -> c :: ${name}(${args}) -> Print(good, MAXLENGTH 100) -> Discard`;
const udpOf = (rest, length = 28) => `${header(length, "11")} ${rest}`;
const tcpOf = (rest, length = 40) => `${header(length, "06")} ${rest}`;
const goodTcp = "04010050 11111111 22222222 50020000 0000 0000";
const routed = "4700 0024 0001 0000 4011 0000 0a000001 0a000002 830704 05050505 00 0401003500080000";
const routedTcp =
  "4700 0030 0001 0000 4006 0000 0a000001 0a000002 890704 05050505 00 04010050 11111111 22222222 50020000 00000000";

/** Click's CheckICMPHeader counts from what stood in memory before. */
const uncounted = (text) => text.replace(/^\d+(\t(?:not ICMP|bad packet length|bad ICMP checksum))$/gm, "?$1");

/** @type {import("../probe.mjs").Probe[]} */
const checks = [
  ...Object.entries({
    "an echo request": ["CheckICMPHeader", `${header(28, "01")} 0800f7fd00010001`],
    "a wrong checksum": ["CheckICMPHeader", `${header(28, "01")} 0800f7fc00010001`],
    "a short message": ["CheckICMPHeader", `${header(27, "01")} 0800f7fd000100`],
    "an error": [
      "CheckICMPHeader",
      `${header(56, "01")} 0304 fcfb 00000000 ${header(28, "11").replaceAll(" ", "")} 0000000000000000`,
    ],
    "an error that is too short": [
      "CheckICMPHeader",
      `${header(55, "01")} 0304 fcfb 00000000 ${header(28, "11").replaceAll(" ", "")} 00000000000000`,
    ],
    "a timestamp request": ["CheckICMPHeader", `${header(40, "01")} 0d00 f2fd 0001 0001 00000000 00000000 00000000`],
    "a timestamp request of another length": [
      "CheckICMPHeader",
      `${header(44, "01")} 0d00 f2fd 0001 0001 00000000 00000000 00000000 00000000`,
    ],
    "an information request": ["CheckICMPHeader", `${header(28, "01")} 0f00 f0fd 0001 0001`],
    "an information request of another length": ["CheckICMPHeader", `${header(32, "01")} 0f00 f0fd 0001 0001 00000000`],
    "an unknown type": ["CheckICMPHeader", `${header(28, "01")} 6300 9cff 0000 0000`],
    "another protocol": ["CheckICMPHeader", udpOf("0401003500080000")],
    "a segment": ["CheckTCPHeader", tcpOf(goodTcp.replace("50020000 0000", "50020000 1c1f"))],
    "a segment with a wrong checksum": ["CheckTCPHeader", tcpOf(goodTcp)],
    "a header that is too short": ["CheckTCPHeader", tcpOf(goodTcp.replace("5002", "4002"))],
    "a header that is longer than the segment": ["CheckTCPHeader", tcpOf(goodTcp.replace("5002", "6002"))],
    "a segment that is cut": ["CheckTCPHeader", tcpOf(goodTcp.slice(0, -2))],
    "less than a header": ["CheckTCPHeader", tcpOf(goodTcp.slice(0, -12), 34)],
    "no segment": ["CheckTCPHeader", udpOf("0401003500080000")],
    "a datagram without a checksum": ["CheckUDPHeader", udpOf("0401003500080000")],
    "a datagram with a checksum": ["CheckUDPHeader", udpOf("040100350008e79a")],
    "a datagram with a wrong checksum": ["CheckUDPHeader", udpOf("040100350008e79b")],
    "a datagram that is too short": ["CheckUDPHeader", udpOf("0401003500070000")],
    "a datagram that is too long": ["CheckUDPHeader", udpOf("0401003500090000")],
    "a datagram that is cut": ["CheckUDPHeader", udpOf("04010035000800", 27)],
    "no datagram": ["CheckUDPHeader", tcpOf(goodTcp)],
  }).flatMap(([name, [element, hex]]) => [
    {
      name: `${element}: ${name}`,
      config: checked(element, hex, "DETAILS true"),
      args: readsOf("c", "drops", "drop_details", "handlers"),
    },
    {
      name: `${element}: ${name}, told each time`,
      config: alone(element, hex, "VERBOSE true"),
      args: readsOf("c", "drops", "handlers"),
    },
  ]),
  ...["CheckICMPHeader", "CheckTCPHeader", "CheckUDPHeader"].flatMap((element) => [
    {
      name: `${element} without a marked header`,
      config: checked(element, udpOf("0401003500080000"), "DETAILS true", ""),
      args: readsOf("c", "drop_details"),
    },
    ...refusals(element, ["", "true", "VERBOSE x", "DETAILS 2", "DETAILS true, VERBOSE true"]),
  ]),
];

const setting = (name, hex, args = "") =>
  `${source(hex, 2)} -> MarkIPHeader -> e :: ${name}(${args}) -> Print(good, MAXLENGTH 100) -> Discard`;

/** @type {import("../probe.mjs").Probe[]} */
const sums = [
  ...Object.entries({
    "a segment": [tcpOf(goodTcp)],
    "a segment with data of an odd length": [tcpOf(`${goodTcp} 616263`, 43)],
    "padding behind the packet": [tcpOf(`${goodTcp} 616263`, 40)],
    "a source route": [routedTcp],
    "a packet that is cut": [tcpOf(goodTcp.slice(0, -2))],
    "less than a header": [tcpOf(goodTcp.slice(0, -12), 34)],
    "a header that is too short": [tcpOf(goodTcp.replace("5002", "4002")), "true"],
    "a header that is too long": [tcpOf(goodTcp.replace("5002", "f002")), "true"],
    "a header that is too long in a fragment": [
      tcpOf(goodTcp.replace("5002", "f002")).replace("00010000", "00012000"),
      "true",
    ],
    "a header that is too long, and stays so": [tcpOf(goodTcp.replace("5002", "f002")), "FIXOFF false"],
  }).map(([name, [hex, args]]) => ({
    name: `SetTCPChecksum: ${name}`,
    config: setting("SetTCPChecksum", hex, args),
    args: readsOf("e", "handlers"),
  })),
  ...refusals("SetTCPChecksum", ["", "x", "true, 1"]),
  ...Object.entries({
    "a datagram": [udpOf("0401003500080000")],
    "a datagram with data of an odd length": [udpOf("04010035000b1234 616263", 31)],
    "padding behind the datagram": [udpOf("0401003500081234 616263", 31)],
    "a source route": [routed],
    "a fragment": [udpOf("0401003500080000").replace("00010000", "00012000")],
    "a later fragment": [udpOf("0401003500080000").replace("00010000", "00010001")],
    "a datagram that is too long": [udpOf("0401003500090000")],
    "a datagram that is cut": [udpOf("04010035000800", 27)],
    "a datagram of length 0": [udpOf("0401003500000000")],
  }).flatMap(([name, [hex]]) => [
    { name: `SetUDPChecksum: ${name}`, config: setting("SetUDPChecksum", hex), args: readsOf("e", "handlers") },
    {
      name: `SetUDPChecksum with another output: ${name}`,
      config: `${setting("SetUDPChecksum", hex)}; e [1] -> Print(bad) -> Discard`,
    },
  ]),
  ...refusals("SetUDPChecksum", ["", "1"]),
  ...[
    "1.0.0.1, 1234, 2.0.0.2, 53",
    "1.0.0.1, 1234, 2.0.0.2, 53, false",
    "1.0.0.1, 65535, 2.0.0.2, 53, true, 2",
    "SRC 1.0.0.1, SPORT 5, DST 2.0.0.2, DPORT domain, CHECKSUM true, INTERVAL 1",
  ].map((args) => ({
    name: `DynamicUDPIPEncap(${args})`,
    config: `${source("616263", 5)} -> e :: DynamicUDPIPEncap(${args}) -> ${print} -> Discard`,
    args: readsOf("e", "handlers"),
  })),
  ...refusals("DynamicUDPIPEncap", [
    "",
    "1.0.0.1, 1, 2.0.0.2",
    "1.0.0.1, 1, x, 1",
    "1.0.0.1, 1, 2.0.0.2, 1, x",
    "1.0.0.1, 1, 2.0.0.2, 1, true, x",
    "1.0.0.1, 70000, 2.0.0.2, 1",
  ]),
  ...[
    "1.0.0.1, 2.0.0.2, unreachable",
    "1.0.0.1, 2.0.0.2, unreachable, port",
    "1.0.0.1, 2.0.0.2, 3, 9",
    "1.0.0.1, 2.0.0.2, echo, 0, IDENTIFIER 258",
    "1.0.0.1, 2.0.0.2, echo-reply, IDENTIFIER 7",
    "1.0.0.1, 2.0.0.2, timestamp, IDENTIFIER 7",
    "1.0.0.1, 2.0.0.2, inforeq, IDENTIFIER 7",
    "1.0.0.1, 2.0.0.2, maskreq, IDENTIFIER 7",
    "1.0.0.1, 2.0.0.2, redirect, host",
    "SRC 1.0.0.1, DST 2.0.0.2, TYPE 255, CODE 255",
  ].map((args) => ({
    name: `ICMPIPEncap(${args})`,
    // Click says where it has to copy a packet for more room.
    mask: (text) => text.replace(/^expensive Packet::push.*\n/gm, ""),
    config: `${source("616263", 2)} -> e :: ICMPIPEncap(${args}) -> ${print} -> Discard`,
    args: readsOf("e", "src", "dst", "handlers"),
  })),
  ...refusals("ICMPIPEncap", [
    "",
    "1.0.0.1, 2.0.0.2",
    "1.0.0.1, 2.0.0.2, x",
    "1.0.0.1, 2.0.0.2, 256",
    "1.0.0.1, 2.0.0.2, -1",
    "1.0.0.1, 2.0.0.2, 3, x",
    "1.0.0.1, 2.0.0.2, 3, 256",
    "1.0.0.1, 2.0.0.2, 3, -1",
    "1.0.0.1, 2.0.0.2, echo, port",
    "1.0.0.1, 2.0.0.2, 3, 3, 3",
    "1.0.0.1, 2.0.0.2, 3, IDENTIFIER 65536",
  ]),
  {
    name: "ICMPIPEncap's addresses may be written",
    config: `Idle -> e :: ICMPIPEncap(1.0.0.1, 2.0.0.2, echo) -> Discard;
      Script(write e.src 3.0.0.3, write e.dst 4.0.0.4, read e.src, read e.dst, write e.src x, stop)`,
  },
];

const segment = (flags, data = "", offset = "5") => {
  const length = 40 + data.length / 2;
  return tcpOf(`04010050 11111111 22222222 ${offset}0${flags}0000 0000 0000 ${data}`, length);
};
/** @type {import("../probe.mjs").Probe[]} */
const reflections = [
  ...Object.entries({
    "a segment with data": segment("10", "616263"),
    "a segment with data to be pushed": segment("18", "616263"),
    "a FIN": segment("11"),
    "a FIN with data": segment("11", "6162"),
    "a FIN alone": segment("01"),
    "an acknowledgment": segment("10"),
    "a RST": segment("04"),
    "a RST with data": segment("14", "6162"),
    "a SYN and ACK": segment("12"),
    "a SYN and FIN": segment("03"),
    "a SYN that is for ECN": segment("c2"),
    options: segment("10", "0101010161", "6"),
    "flags without data": segment("20"),
    "a packet that is cut": segment("10").slice(0, -2),
    "a header that is longer than the packet": segment("10").replace("45", "4f"),
  }).map(([name, hex]) => ({
    name: `TCPReflector: ${name}`,
    config: `${source(hex)} -> r :: TCPReflector -> ${print} -> Discard`,
    args: readsOf("r", "handlers"),
  })),
  {
    name: "TCPReflector: a SYN, whose number is drawn",
    config: `${source(segment("02"))} -> TCPReflector -> CheckIPHeader -> CheckTCPHeader -> IPClassifier(syn && ack) -> Print(answer, 28) -> Discard`,
    mask: (text) => text.replace(/(00500401 )[0-9a-f]{8}/g, "$1????????").replace(/(answer: {3}40 \| .{36}).*/, "$1"),
  },
  {
    name: "TCPReflector: numbers drawn after RandomSeed",
    config: `RandomSeed(7); ${source(segment("02"))} -> TCPReflector -> ${print} -> Discard`,
  },
  ...refusals("TCPReflector", ["", "1"]),
];

const fast = (args, rest = "", first = 42) =>
  `f :: FastUDPSource(${args}) -> Truncate(${first}) -> TimedSink(0.01) ; ${rest}`.replace(
    "-> TimedSink",
    `-> Print(MAXLENGTH ${first}, PRINTANNO true) -> TimedSink`,
  );
const fastAddresses = "1:1:1:1:1:1, 1.0.0.1, 1234, 2:2:2:2:2:2, 2.0.0.2, 53";
/** @type {import("../probe.mjs").Probe[]} */
const fastSources = [
  {
    name: "FastUDPSource makes packets of one kind",
    config: fast(`0, 3, 60, ${fastAddresses}, false`, "Script(wait 0.1, read f.count, read f.rate, stop)"),
    args: ["--simtime", ...readsOf("f", "handlers")],
  },
  {
    name: "FastUDPSource has a rate",
    config: fast(
      `50, 5, 60, ${fastAddresses}, false`,
      "Script(wait 0.055, read f.count, wait 0.2, read f.count, stop)",
    ),
    args: ["--simtime"],
  },
  {
    name: "FastUDPSource changes its ports",
    config: fast(
      `0, -1, 60, ${fastAddresses}, false, 2`,
      "Script(wait 0.055, read f.count, write f.reset, wait 0.025, read f.count, stop)",
    ),
    args: ["--simtime"],
  },
  {
    name: "FastUDPSource need not be active",
    config: fast(
      `0, -1, 60, ${fastAddresses}, false, 0, false`,
      "Script(wait 0.055, read f.count, write f.active true, wait 0.025, read f.count, write f.active false, wait 0.1, read f.count, write f.active x, stop)",
    ),
    args: ["--simtime"],
  },
  {
    name: "FastUDPSource's handlers are written",
    config: fast(
      `0, 2, 60, ${fastAddresses}, false, 0`,
      "Script(wait 0.055, read f.count, read f.rate, write f.limit 4, wait 0.05, read f.count, write f.limit -1, wait 0.025, write f.limit x, write f.rate x, write f.rate 4200000000, write f.reset, read f.count, stop)",
    ),
    args: ["--simtime"],
  },
  ...refusals(
    "FastUDPSource",
    [
      "",
      `0, 3, 60, ${fastAddresses}, x`,
      `x, 3, 60, ${fastAddresses}`,
      `0, x, 60, ${fastAddresses}`,
      `0, 3, x, ${fastAddresses}`,
      `0, 3, 60, ${fastAddresses}, true, x`,
      `0, 3, 60, ${fastAddresses}, true, 1, x`,
      `0, 3, 60, ${fastAddresses}, true, 1, true, 5`,
      `0, 3, 60, x, 1.0.0.1, 1234, 2:2:2:2:2:2, 2.0.0.2, 53`,
      `0, 3, 60, 1:1:1:1:1:1, x, 1234, 2:2:2:2:2:2, 2.0.0.2, 53`,
    ],
    { before: "", after: "-> Discard" },
  ),
  {
    name: "FastUDPSource: short packets",
    config: `f :: FastUDPSource(0, 1, 20, ${fastAddresses}, false) -> Truncate(42) -> Print(MAXLENGTH 42) -> TimedSink(0.01); Script(wait 0.1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "FastUDPSource: a rate that is too large",
    differs: "Click calls it an error and goes on",
    config: `f :: FastUDPSource(4200000000, 1, 60, ${fastAddresses}, false) -> Discard; Script(stop)`,
  },
];

export const probes = [
  ...responder,
  ...encapsulation,
  ...sources,
  ...checks.map((probe) => ({ ...probe, mask: uncounted })),
  ...sums,
  ...reflections,
  ...fastSources,
  ...rewriting.map((probe) => ({ ...probe, mask: sorted })),
];
