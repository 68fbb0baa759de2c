// Rewriters as they are set up: specifications, keywords, handlers, named patterns and mappers.
import { counts, each, inside, reads, rewriting, server, settled, simulated, tables, tcp, udp } from "../rewriting.mjs";

/** @type {import("../probe.mjs").Probe[]} */
const specifications = each(
  [
    "",
    "drop",
    "drop x",
    "discard",
    "pass",
    "pass x",
    "pass 1",
    "pass -1",
    "nochange 0",
    "passthrough 0 1",
    "keep",
    "keep 0",
    "keep x 0",
    "keep 0 x",
    "keep 0 1",
    "keep 1 0",
    "keep 0 0 0",
    "pattern",
    "pattern 0 0",
    "pattern 1.2.3.4 0 0",
    "pattern - - 0 0",
    "pattern - - - - 0 0",
    "pattern x - - - 0 0",
    "pattern - x - - 0 0",
    "pattern - - x - 0 0",
    "pattern - - - x 0 0",
    "pattern - - - - x 0",
    "pattern - - - - 0 x",
    "pattern - - - - 1 0",
    "pattern - - - - 0 1",
    "pattern - - - - - 0 0",
    "pattern - 0 - - 0 0",
    "pattern - 65536 - - 0 0",
    "pattern - 5-4 - - 0 0",
    "pattern - 0-65535 - - 0 0",
    "pattern - 5 - 0 0 0",
    "pattern 1.2.3.4-1.2.3.3 - 0 0",
    "pattern 1.2.3.0/24 - 0 0",
    "pattern 1.2.3.7/24# 9.9.9.9 0 0",
    "pattern 1.2.3.0/30 - 0 0",
    "pattern 1.2.3.5/31 - 0 0",
    "pattern 1.2.3.5/32? - 0 0",
    "pattern 0/0 - 0 0",
    "pattern 1.2.3.4-1.2.3.9? - 0 0",
    "pattern 1.2.3.4# - 0 0",
    "pattern - - 5-9# 0 0",
    "pattern 1.2.3.4 5# - - 0 0",
    "pattern 1.2.3.4-1.2.3.6 7-9 - - 0 0",
    "pattern 1.2.3.4-1.2.3.6 7 - - 0 0",
    "pattern 1.2.3.0/24 www - http 0 0",
    "xpattern - - 0 0",
    "foo",
    "i",
    "i x",
    "nosuch 0 0",
    "pattern 255.255.255.0/255.0.255.0 - 0 0",
    "pattern -# - - - 0 0",
    "pattern 1.2.3.4-1.2.3.4 - 0 0",
    "pattern 1.1.1.1-255.255.255.255 - 0 0",
    "pattern 1.1.1.1/1 - 0 0",
    "pattern 0.0.0.0 - 0 0",
    "pattern 1.2.3.4 0x10-0x20 - 0b11 0 0",
    "pattern me 5-6 me - 0 0",
    "pattern me-1.2.3.99 - 0 0",
  ],
  (text) => `the specification '${text}'`,
  (text) => ({
    config: `AddressInfo(me 1.2.3.4); i :: Idle -> rw :: IPRewriter(${text}) -> Discard; Script(stop)`,
    args: reads("patterns"),
  }),
);

const keywords = each(
  [
    "TIMEOUT x",
    "TIMEOUT 1.5",
    "TIMEOUT 99999999999",
    "TCP_TIMEOUT -1",
    "TCP_GUARANTEE 1m",
    "CAPACITY x",
    "CAPACITY -1",
    "CAPACITY 0",
    "CAPACITY 99999999999",
    "CAPACITY i",
    "MAPPING_CAPACITY rw",
    "CAPACITY 5, MAPPING_CAPACITY 7",
    "REAP_TIME 5",
    "REAP_INTERVAL 0",
    "DST_ANNO x",
    "REPLY_ANNO 99",
    "REPLY_ANNO PAINT",
    "FOO 5",
    "UDP_TIMEOUT x, TCP_TIMEOUT y, REAP_INTERVAL z",
  ],
  (text) => `with ${text}`,
  (text) => ({
    config: `i :: Idle -> rw :: IPRewriter(drop, ${text}) -> Discard; Script(stop)`,
    args: reads("capacity", "config"),
  }),
);

const classes = [
  "IPRewriter",
  "UDPRewriter",
  "TCPRewriter",
  "IPAddrRewriter",
  "IPAddrPairRewriter",
  "ICMPPingRewriter",
];

/** @type {import("../probe.mjs").Probe[]} */
const everyClass = classes.flatMap((name) => [
  {
    name: `${name}'s handlers`,
    config: `Idle -> rw :: ${name}(drop); rw -> Discard; Script(stop)`,
    args: reads("handlers"),
  },
  {
    name: `${name} without arguments`,
    config: `Idle -> rw :: ${name}; rw -> Discard; Script(stop)`,
  },
  {
    name: `${name}'s keywords of other classes`,
    config: ["TIMEOUT 5", "UDP_TIMEOUT 5", "TCP_TIMEOUT 5", "STREAMING_TIMEOUT 5", "DST_ANNO true", "GUARANTEE 1"]
      .map((keyword) => `Idle -> ${name}(drop, ${keyword}) -> Discard;`)
      .join(" "),
  },
]);

/** @type {import("../probe.mjs").Probe[]} */
const named = [
  {
    name: "IPRewriterPatterns' mistakes",
    config:
      "IPRewriterPatterns(a 1.2.3.4 5-6 - -, a - -, b, c x -, , d - - - - -, e a, f nosuch); Idle -> IPRewriter(pattern a 0 0) -> Discard; Script(stop)",
  },
  {
    name: "a name for a pattern, and a name for that",
    config:
      "p :: IPRewriterPatterns(a 1.2.3.4 5-6 - -, e a, pattern - -); Idle -> rw :: IPRewriter(pattern e 0 0) -> Discard; Idle -> r2 :: IPRewriter(pattern pattern 0 0) -> Discard; Script(stop)",
    args: ["-h", "rw.patterns", "-h", "p.handlers", "-h", "r2.pattern0"],
  },
  {
    name: "a pattern's name counts in its compound",
    config:
      "elementclass A { IPRewriterPatterns(a 1.2.3.4 5-6 - -); input -> rw :: IPRewriter(pattern a 0 0) -> output } Idle -> a :: A -> Discard; Idle -> IPRewriter(pattern a 0 0) -> Discard; Script(stop)",
  },
  {
    name: "inputs that share a pattern share what is next",
    config: rewriting(
      "IPRewriter(pattern p 0 1, pattern p 1 0)",
      [1, 2, 3, 4].map((port) => [udp(inside, port, port & 1 ? server : "8.8.4.4", 53), port & 1]),
      { before: "IPRewriterPatterns(p 9.9.9.9 5000-5010# - -);" },
    ),
    args: [...simulated, ...tables, ...counts],
  },
  {
    name: "IPRewriterPatterns has no ports",
    config: "Idle -> IPRewriterPatterns -> Discard",
  },
  {
    name: "RoundRobinIPMapper's mistakes",
    config:
      "rr :: RoundRobinIPMapper; r2 :: RoundRobinIPMapper(- - 0 0); r3 :: RoundRobinIPMapper(- - 0, x, keep 0 0, - - 0 9, - - - - - - - 0 0, - - x 0)",
  },
  {
    name: "RoundRobinIPMapper's outputs are the rewriter's",
    config:
      "rr :: RoundRobinIPMapper(- - 0 0, - - 9 0, - - 0 9); Idle -> rw :: IPRewriter(rr) -> Discard; Script(stop)",
    args: reads("patterns"),
  },
  {
    name: "RoundRobinIPMapper takes its patterns in turn",
    config: rewriting(
      "IPRewriter(rr, drop)",
      [
        ...[1, 2, 3, 4, 5].map((port) => [udp(inside, port, server, 80)]),
        [udp("7.7.7.2", 80, inside, 2), 1],
        [tcp(inside, 1, server, 80)],
        [udp(inside, 1, server, 80)],
      ],
      { before: "rr :: RoundRobinIPMapper(- - 7.7.7.1 - 0 1, - - 7.7.7.2 - 1 0, - - 7.7.7.3 8080 0 0);" },
    ),
    args: [...simulated, ...tables, ...counts],
  },
  {
    name: "RoundRobinIPMapper passes over a pattern that is full",
    config: rewriting(
      "IPRewriter(rr, drop)",
      [1, 2, 3, 4, 5, 6].map((port) => [udp(inside, port, server, 80)]),
      {
        before:
          "rr :: RoundRobinIPMapper(9.9.9.9 5000-5000# - - 0 1, p 1 0); IPRewriterPatterns(p 9.9.9.8 6000-6001# - -);",
      },
    ),
    args: [...simulated, ...tables, ...counts],
  },
];

/** @type {import("../probe.mjs").Probe[]} */
const hashed = [
  {
    name: "SourceIPHashMapper's mistakes",
    config:
      "rr :: SourceIPHashMapper; r2 :: SourceIPHashMapper(5 6); r3 :: SourceIPHashMapper(5 6, - - 0 0 0); r4 :: SourceIPHashMapper(5, - - 0 0 0, - - 0 0 1); r5 :: SourceIPHashMapper(0 5, - - 0 0 0, - - 0 0 1); r6 :: SourceIPHashMapper(5 x, - - 0 0 0, - - 0 0 1); r7 :: SourceIPHashMapper(5 5, - - 0 0 x, 5, - - 0 0 -1, - - 0 7)",
  },
  {
    name: "SourceIPHashMapper's outputs are the rewriter's",
    config:
      "sh :: SourceIPHashMapper(3 1, - - 0 0 0, - - 9 0 1); Idle -> rw :: IPRewriter(sh) -> Discard; Script(stop)",
    args: reads("patterns"),
  },
  ...[
    ["1 1", [0, 1]],
    ["3 7", [1, 2, 5]],
    ["10 -5", [0, 1, 2, 3, 4]],
    ["100 0xbadbee", [0, 3, 4]],
    ["7 0", [2, 1, 0]],
    ["64 12345", [0, 1, 2, 3]],
  ].map(([seed, ids]) => ({
    name: `SourceIPHashMapper(${seed}) for servers ${ids.join(" ")}`,
    config: rewriting(
      "IPRewriter(sh, drop)",
      Array.from({ length: 40 }, (_, i) => [udp(`${(i * 37) % 224}.${i * 5}.${i}.${(i * 91) % 256}`, 5, server, 80)]),
      {
        before: `sh :: SourceIPHashMapper(${seed}, ${ids.map((id, i) => `- - 7.7.7.${i} - 0 1 ${id}`).join(", ")});`,
        every: 0.01,
      },
    ),
    args: [...simulated, ...reads("size")],
  })),
];

const errorMaps = each(
  ["", "x", "i", "rw:x", "rw:5", "rw:0 nosuch:0", "rw:-3", "rw, FOO 5", "rw, DST_ANNO 7", '""', "rw rw:1"],
  (text) => `ICMPRewriter(${text})`,
  (text) => ({
    config: `i :: Idle -> rw :: IPRewriter(keep 0 1); rw[0] -> Discard; rw[1] -> Discard; Idle -> ir :: ICMPRewriter(${text}) -> Discard; Script(stop)`,
    args: ["-h", "ir.handlers"],
  }),
);

/** @type {import("../probe.mjs").Probe[]} */
export const probes = settled([...specifications, ...keywords, ...everyClass, ...named, ...hashed, ...errorMaps], {
  meant: {
    "with UDP_TIMEOUT x, TCP_TIMEOUT y, REAP_INTERVAL z":
      "Click reads the keywords in three steps and stops after the first in which some are wrong; ours tells of all",
  },
  anyOrder: ["RoundRobinIPMapper takes its patterns in turn", "RoundRobinIPMapper passes over a pattern that is full"],
});
