// Flows through rewriters: what becomes of packets, how long flows stay, and which kinds of them there are.
import {
  counts,
  hex,
  inside,
  ip,
  nat,
  other,
  outside,
  ping,
  reads,
  rewriting,
  server,
  settled,
  simulated,
  tables,
  tcp,
  udp,
} from "../rewriting.mjs";

/** @type {import("../probe.mjs").Probe[]} */
const passing = [
  {
    name: "flows of TCP and UDP, and their replies",
    config: rewriting(`IPRewriter(${nat}, drop)`, [
      [tcp(inside, 1234, server, 80)],
      [udp(inside, 1234, server, 53)],
      [tcp(server, 80, outside, 5000, { flags: 18 }), 1],
      [udp(server, 53, outside, 5001), 1],
      [tcp(inside, 1234, server, 80, { flags: 16, data: [1, 2, 3] })],
    ]),
    args: [...simulated, ...tables, ...counts],
  },
  {
    name: "a flow keeps its own port where it can",
    config: rewriting("IPRewriter(pattern 9.9.9.9 1200-1300 - - 0 1, drop)", [
      [tcp(inside, 1234, server, 80)],
      [tcp(inside, 1235, server, 80)],
      [udp(inside, 1234, server, 80)],
    ]),
    args: [...simulated, ...tables],
  },
  {
    name: "all ports are taken",
    config: rewriting("IPRewriter(pattern 9.9.9.9 5000-5001# - - 0 1, drop)", [
      ...[1, 2, 3, 4].map((port) => [udp(inside, port, server, 53)]),
      [udp(inside, 5, "8.8.4.4", 53)],
    ]),
    args: [...simulated, ...tables, ...counts],
  },
  {
    name: "three words, and two",
    config: rewriting("IPRewriter(pattern 9.9.9.9 7.7.7.7 5000-5001# 0 1, pattern 6.6.6.6-6.6.6.7# - 1 0)", [
      [udp(inside, 1, server, 53)],
      [tcp(inside, 2, server, 80), 1],
      [tcp(other, 2, server, 80), 1],
      [tcp(other, 3, server, 80), 1],
      [tcp("10.0.0.3", 2, server, 80), 1],
    ]),
    args: [...simulated, ...tables, ...counts],
  },
  {
    name: "a range of ports from 0, and an address's range with ports",
    config: rewriting("IPRewriter(pattern - 0-3# - - 0 1, pattern 6.6.6.6-6.6.6.7# - - - 1 0)", [
      [udp(inside, 1, server, 53)],
      [udp(inside, 2, server, 53)],
      [tcp(inside, 2, server, 80), 1],
      [tcp(other, 2, server, 80), 1],
    ]),
    args: [...simulated, ...tables, ...counts],
  },
  ...["9.9.9.9 1024-65535 - -", "9.9.9.9 2000-2003? - -", "0.0.0.1-255.255.255.254 - - -"].map((ports) => ({
    name: `what is drawn after RandomSeed: ${ports}`,
    config: rewriting(
      `IPRewriter(pattern ${ports} 0 1, drop)`,
      [...[1, 2, 3].map((port) => [udp(inside, port, server, 53)])],
      {
        more: "RandomSeed(7);",
      },
    ),
    args: [...simulated, ...tables],
  })),
  {
    name: "what is changed of the destination",
    config: rewriting("IPRewriter(pattern - - 7.7.7.7 8080 0 1, keep 1 0)", [
      [tcp(inside, 1, server, 80)],
      [tcp("7.7.7.7", 8080, inside, 1), 1],
      [udp(inside, 1, server, 80), 1],
      [udp(server, 80, inside, 1)],
    ]),
    args: [...simulated, ...tables],
  },
  {
    name: "other protocols, fragments and short packets",
    config: rewriting("IPRewriter(keep 0 0, pass 1)", [
      ...[0, 1].flatMap((input) =>
        [
          ip(50, inside, server, [1, 2, 3, 4, 5, 6, 7, 8]),
          udp(inside, 1, server, 2, { fragment: 3 }),
          udp(inside, 1, server, 2, { fragment: 0x2000 }),
          ip(17, inside, server, [0, 1, 0, 2, 0, 7, 0]),
          ip(6, inside, server, [0, 1, 0, 2, 0, 0, 0, 0]),
          ip(33, inside, server, [0, 1, 0, 2, 0, 0, 0, 0]),
        ].map((packet) => [packet, input]),
      ),
    ]),
    args: [...simulated, ...tables],
  },
  {
    name: "a segment that ends before its checksum, and one that ends behind it",
    config: rewriting(`IPRewriter(${nat}, drop)`, [
      ...[8, 16, 17, 18, 19, 20].map((length) => [
        ip(6, inside, server, tcp(inside, 7, server, 80).slice(20, 20 + length)),
      ]),
    ]),
    args: [...simulated, ...tables],
  },
  {
    name: "a datagram without a checksum",
    config: rewriting(`IPRewriter(${nat}, drop)`, [[udp(inside, 7, server, 80, { plain: true })]]),
    args: simulated,
  },
  {
    name: "a new flow whose replies were another's",
    config: rewriting("IPRewriter(pattern 9.9.9.9 77 - - 0 1, keep 1 0)", [
      [udp(inside, 1, server, 53)],
      [udp(other, 2, server, 53)],
      [udp(inside, 1, server, 53)],
      [udp(server, 53, outside, 77), 1],
    ]),
    args: [...simulated, ...tables, ...counts],
  },
  {
    name: "a packet that is its own reply",
    config: rewriting("IPRewriter(drop, keep 1 0)", [
      [udp(server, 5, server, 5), 1],
      [udp(server, 5, server, 5), 1],
    ]),
    args: [...simulated, ...tables, ...counts],
  },
  {
    name: "an input without a mapping drops, passes or discards",
    config: rewriting(
      "IPRewriter(drop, discard, pass 1)",
      [0, 1, 2].map((input) => [udp(inside, 1, server, 2), input]),
      {
        inputs: 3,
      },
    ),
    args: [...simulated, ...counts],
  },
  {
    name: "annotations",
    config: rewriting(
      "IPRewriter(pattern 9.9.9.9 77 - - 0 1, drop, REPLY_ANNO PAINT)",
      [[udp(inside, 1, server, 53)], [udp(server, 53, outside, 77), 1]],
      { mark: " -> Paint(5)", more: "out :: CheckPaint(5) -> Print(painted) -> Discard;", outputs: 1 },
    ).replace("Script(", "rw[1] -> Paint(6, ANNO 1) -> out; Script("),
    args: simulated,
  },
];

/** @type {import("../probe.mjs").Probe[]} */
const lifetimes = [
  {
    name: "flows go when the table is looked through",
    config: rewriting(
      `IPRewriter(${nat}, drop, UDP_TIMEOUT 10, TCP_NODATA_TIMEOUT 20, REAP_INTERVAL 15)`,
      [[tcp(inside, 1, server, 80)], [udp(inside, 1, server, 53)]],
      {
        then: "print rw.size, wait 8, print rw.udp_table, wait 4, print rw.udp_table, wait 5, print rw.size, print rw.udp_table, print rw.tcp_table, wait 15, print rw.size",
      },
    ),
    args: [...simulated, ...counts],
  },
  {
    name: "each state of a TCP flow has its time",
    config: rewriting("IPRewriter(keep 0 1, drop, TCP_TIMEOUT 1000, TCP_NODATA_TIMEOUT 500, TCP_DONE_TIMEOUT 100)", [
      [tcp(inside, 1, server, 80)],
      [tcp(inside, 2, server, 80, { flags: 16, data: [1] })],
      [tcp(server, 80, inside, 2, { flags: 16, data: [1] }), 1],
      [tcp(inside, 3, server, 80, { flags: 17 })],
      [tcp(inside, 4, server, 80, { flags: 17 })],
      [tcp(server, 80, inside, 4, { flags: 17 }), 1],
      [tcp(inside, 5, server, 80, { flags: 4 })],
      [tcp(inside, 6, server, 80, { flags: 4 })],
      [tcp(inside, 6, server, 80, { flags: 2 })],
    ]),
    args: [...simulated, ...reads("tcp_table")],
  },
  {
    name: "a UDP flow that streams",
    config: rewriting("IPRewriter(keep 0 1, drop, UDP_TIMEOUT 100, UDP_STREAMING_TIMEOUT 200, UDP_GUARANTEE 0)", [
      ...[0, 0, 0].map((input) => [udp(inside, 1, server, 53), input]),
      [udp(inside, 2, server, 53)],
      [udp(server, 53, inside, 2), 1],
      [udp(inside, 2, server, 53)],
    ]),
    args: [...simulated, ...reads("udp_table")],
  },
  {
    name: "the flow that is due first makes room, none while it is guaranteed",
    config: rewriting(
      `IPRewriter(${nat}, drop, CAPACITY 2, UDP_GUARANTEE 3)`,
      [1, 2, 3, 4, 5, 6].map((port) => [udp(inside, port, server, 53)]),
      { every: 1.2 },
    ),
    args: [...simulated, ...tables, ...counts],
  },
  {
    name: "the flow that is due first makes room, none guaranteed",
    config: rewriting(
      `IPRewriter(${nat}, drop, CAPACITY 2, UDP_GUARANTEE 0, TCP_GUARANTEE 0)`,
      [1, 2, 1, 3, 1, 4].map((port) => [udp(inside, port, server, 53)]),
    ),
    args: [...simulated, ...tables, ...counts],
  },
  {
    name: "no capacity",
    config: rewriting("IPRewriter(keep 0 1, drop, CAPACITY 0)", [[udp(inside, 1, server, 53)]]),
    args: [...simulated, ...counts],
  },
  {
    name: "the capacity is written",
    config: rewriting(
      `IPRewriter(${nat}, drop)`,
      [1, 2, 3, 4].map((port) => [udp(inside, port, server, 53)]),
      {
        then: 'write rw.capacity 2, print rw.udp_table, write rw.capacity x, write rw.capacity, write rw.capacity "1 2", print rw.capacity, write rw.capacity 0x10, print rw.capacity, write rw.clear, print rw.size',
      },
    ),
    args: [...simulated, ...counts],
  },
  {
    name: "two rewriters share a capacity",
    config: rewriting(
      `IPRewriter(${nat}, pass 1, CAPACITY 3, UDP_GUARANTEE 0)`,
      [1, 2, 3, 4].map((port) => [udp(inside, port, server, 53), port & 1 ? 0 : 1]),
      {
        more: "two :: UDPRewriter(keep 0 0, MAPPING_CAPACITY rw, GUARANTEE 0) -> Print(two, 28) -> Discard;",
        then: "print two.size, print two.capacity, print two.table, print rw.udp_table, write two.capacity 1, print rw.capacity, print two.table_size, print rw.table_size, print rw.size",
      },
    ).replace("rw[1] -> Print(out1, 100) -> Discard;", "rw[1] -> two;"),
    args: [...simulated, ...counts],
  },
  {
    name: "a pattern is written",
    config: rewriting(`IPRewriter(${nat}, drop)`, [[udp(inside, 1, server, 53)], [udp(inside, 1, server, 53)]], {
      then: "write rw.pattern0 foo, write rw.pattern1 keep 0 9, print rw.patterns, write rw.pattern0 keep 1 0, print rw.patterns, print rw.size, write s9.active true, wait 1, print rw.udp_table, read rw.pattern0, read rw.pattern1",
      more: `s9 :: InfiniteSource(DATA \\<${hex(udp(inside, 3, server, 53))}>, LIMIT 1, ACTIVE false) -> in0;`,
    }),
    args: [...simulated, ...counts],
  },
  {
    name: "what a flow becomes",
    config: rewriting(`IPRewriter(${nat}, drop)`, [[tcp(inside, 1234, server, 80)]], {
      then: "print $(rw.tcp_lookup 10.0.0.1 1234 8.8.8.8 80), print $(rw.tcp_lookup 8.8.8.8 http 9.9.9.9 5000), print $(rw.tcp_lookup 1.1.1.1 1 1.1.1.1 1), print $(rw.tcp_lookup 10.0.0.1), print $(rw.tcp_lookup x y z 70000), print $(rw.tcp_lookup 10.0.0.1 1234 8.8.8.8 80 5)",
    }),
    args: simulated,
  },
  {
    name: "older names of handlers",
    config: rewriting(`IPRewriter(${nat}, drop)`, [[tcp(inside, 1234, server, 80)], [udp(inside, 7, server, 53)]]),
    args: [...simulated, ...reads("tcp_mappings", "udp_mappings", "nmappings")],
  },
  {
    name: "many flows in the order of the table",
    config: rewriting(
      "IPRewriter(pattern 9.9.9.9 5000-6000# - - 0 1, drop)",
      Array.from({ length: 80 }, (_, i) => [udp(`10.0.${i % 7}.${i}`, 1000 + i * 37, server, 53 + (i % 3))]),
      { every: 0.01 },
    ),
    args: [...simulated, ...reads("udp_table", "size")],
  },
];

/** @type {import("../probe.mjs").Probe[]} */
const kin = [
  {
    name: "UDPRewriter: one flow for TCP, UDP and DCCP",
    config: rewriting(`UDPRewriter(${nat}, pass 1)`, [
      [udp(inside, 1, server, 53)],
      [tcp(inside, 1, server, 53)],
      [tcp(inside, 1, server, 53, { protocol: 33 })],
      [tcp(server, 53, outside, 5000), 1],
      [ip(50, inside, server, [0, 1, 0, 53, 0, 0, 0, 0])],
      [ip(50, inside, server, [0, 1, 0, 53, 0, 0, 0, 0]), 1],
      [ip(6, inside, server, [0, 1, 0, 53, 0, 0, 0, 0, 9, 9])],
    ]),
    args: [...simulated, ...reads("table", "size")],
  },
  {
    name: "UDPRewriter's times",
    config: rewriting("UDPRewriter(keep 0 1, drop, UDP_TIMEOUT 50, TIMEOUT 100, STREAMING_TIMEOUT 200, GUARANTEE 2)", [
      [udp(inside, 1, server, 53)],
      [udp(inside, 2, server, 53)],
      [udp(server, 53, inside, 2), 1],
      [udp(inside, 2, server, 53)],
    ]),
    args: [...simulated, ...reads("table", "mappings", "size")],
  },
  {
    name: "TCPRewriter: TCP alone",
    config: rewriting(`TCPRewriter(${nat}, pass 1)`, [
      [udp(inside, 1, server, 53)],
      [tcp(inside, 1, server, 53)],
      [udp(inside, 1, server, 53), 1],
      [tcp(server, 53, outside, 5000, { flags: 4 }), 1],
    ]),
    args: [...simulated, ...reads("table", "mappings", "size")],
  },
  {
    name: "TCPRewriter's lookup",
    config: rewriting(`TCPRewriter(${nat}, drop)`, [[tcp(inside, 1234, server, 80)]], {
      then: "print $(rw.lookup 10.0.0.1 1234 8.8.8.8 80), print $(rw.lookup 10.0.0.1 1 8.8.8.8 80), print $(rw.lookup 10.0.0.1)",
    }),
    args: simulated,
  },
  {
    name: "IPAddrRewriter: all that an address sends",
    config: rewriting("IPAddrRewriter(pattern 9.9.9.1-9.9.9.2# - 0 1, drop)", [
      [udp(inside, 1, server, 53)],
      [tcp(inside, 2, "8.8.4.4", 80)],
      [ping(other, server, 7)],
      [udp("10.0.0.3", 1, server, 53)],
      [udp(server, 53, "9.9.9.1", 1), 1],
      [tcp("7.7.7.7", 53, "9.9.9.2", 1), 1],
      [udp(server, 53, "9.9.9.3", 1), 1],
      [udp(inside, 1, server, 53, { fragment: 5 })],
      [ip(6, inside, server, [1, 2, 3])],
      [udp(inside, 1, server, 53, { plain: true })],
    ]),
    args: [...simulated, ...reads("table", "size", "mapping_failures")],
  },
  {
    name: "IPAddrRewriter does not change more",
    config: rewriting(
      "IPAddrRewriter(pattern 9.9.9.1 8.8.8.9 0 1, pattern 9.9.9.1 77 - - 0 1, keep 1 0)",
      [[udp(inside, 1, server, 53)], [udp(inside, 1, server, 53), 1], [udp(inside, 1, server, 53), 2]],
      { inputs: 3 },
    ),
    args: [...simulated, ...reads("table", "size", "mapping_failures")],
  },
  {
    name: "IPAddrPairRewriter: what two addresses send each other",
    config: rewriting("IPAddrPairRewriter(pattern 9.9.9.1-9.9.9.2# - 0 1, pattern - 7.7.7.7 1 0, REPLY_ANNO PAINT)", [
      [udp(inside, 1, server, 53)],
      [tcp(inside, 2, server, 80)],
      [udp(inside, 1, "8.8.4.4", 53)],
      [ping(other, server, 7)],
      [udp("10.0.0.3", 1, server, 53)],
      [udp(server, 53, "9.9.9.1", 1), 1],
      [tcp("8.8.4.4", 53, "9.9.9.1", 1)],
      [tcp("8.8.4.4", 53, "9.9.9.77", 1), 1],
    ]),
    args: [...simulated, ...reads("table", "size", "mapping_failures")],
  },
  {
    name: "IPAddrPairRewriter does not change ports",
    config: rewriting("IPAddrPairRewriter(pattern 9.9.9.1 77 - - 0 1, pattern - - - 77 0 1)", [
      [udp(inside, 1, server, 53)],
      [udp(inside, 1, server, 53), 1],
    ]),
    args: [...simulated, ...reads("table", "size", "mapping_failures")],
  },
  {
    name: "ICMPPingRewriter: requests and replies",
    config: rewriting("ICMPPingRewriter(pattern 9.9.9.9 1024-1030# - - 0 1, drop)", [
      [ping(inside, server, 0x1234)],
      [ping(other, server, 0x1234)],
      [ping(server, outside, 1024, 0), 1],
      [ping(server, outside, 1025, 0), 1],
      [ping(server, outside, 1026, 0), 1],
      [ping(inside, server, 0x1234)],
      [ping(inside, server, 0xffff)],
      [ping(inside, server, 0x00ff)],
    ]),
    args: [...simulated, ...reads("table", "size", "mapping_failures")],
  },
  {
    name: "ICMPPingRewriter gives no identifier twice",
    config: rewriting("ICMPPingRewriter(pattern 9.9.9.9 1024-1025# - - 0 1, drop)", [
      [ping(inside, server, 1030)],
      [ping(other, server, 1031)],
      [ping("10.0.0.3", server, 1032)],
      [ping(server, outside, 1024, 0), 1],
    ]),
    args: [...simulated, ...reads("size")],
  },
  {
    name: "ICMPPingRewriter: what is no echo message",
    config: rewriting("ICMPPingRewriter(keep 0 0, pass 1)", [
      ...[0, 1].flatMap((input) =>
        [
          udp(inside, 1, server, 53),
          ping(inside, server, 1, 13),
          ping(inside, server, 1, 0),
          ping(inside, server, 1, 8, { fragment: 5 }),
          ip(1, inside, server, [8, 0, 0, 0, 1]),
        ].map((packet) => [packet, input]),
      ),
      [ip(1, inside, server, [8, 0, 0, 0, 1, 1])],
      [ip(1, inside, server, [8, 0, 0xf6, 0xff, 1, 0])],
    ]),
    args: [...simulated, ...reads("table", "size")],
  },
  {
    name: "ICMPPingRewriter keeps an identifier and changes the destination",
    config: rewriting("ICMPPingRewriter(pattern - - 7.7.7.7 - 0 1, keep 1 0)", [
      [ping(inside, server, 9)],
      [ping("7.7.7.7", inside, 9, 0), 1],
      [ping(other, server, 9), 1],
      [ping(server, other, 9, 0)],
    ]),
    args: [...simulated, ...reads("table")],
  },
];

/** A gateway's rewriting, with the shape of Click's own example: packets of many kinds go both ways. */
const gateway = {
  name: "a gateway with a server inside, and FTP",
  config: rewriting(
    "IPRewriter(pattern to_world 0 1, pattern to_server 1 0, pattern to_server 1 1, pass 0, pass 2)",
    [
      [tcp(inside, 50123, server, 80)],
      [tcp(server, 80, outside, 50123, { flags: 18 }), 1],
      [tcp("7.7.7.7", 60000, outside, 22), 1],
      [tcp("10.0.0.10", 22, "10.0.0.254", 60000, { flags: 18 }), 3],
      [udp("7.7.7.7", 53, outside, 60001), 4],
      [tcp(inside, 60002, "10.0.0.254", 80), 2],
      [tcp("10.0.0.10", 80, "10.0.0.254", 60002, { flags: 18 }), 3],
      [tcp(inside, 51000, server, 21, { seq: 99 }), 9],
      [tcp(inside, 51000, server, 21, { flags: 24, seq: 100, data: [...Buffer.from("PORT 10,0,0,1,200,1\r\n")] }), 9],
      [tcp(inside, 51000, server, 21, { flags: 16, seq: 121 }), 9],
      [tcp(server, 20, outside, 51201), 1],
      [tcp(server, 21, outside, 51000, { flags: 16, ack: 120 }), 8],
    ],
    {
      inputs: 5,
      outputs: 3,
      before: `IPRewriterPatterns(to_world ${outside} 50000-65535 - -, to_server 10.0.0.254 50000-65535 10.0.0.10 -);`,
      more: `in9 :: MarkIPHeader -> FTPPortMapper(tcp_rw, rw, 0) -> [0] tcp_rw :: TCPRewriter(pattern to_world 0 1, drop);
        in8 :: MarkIPHeader -> [1] tcp_rw; tcp_rw[0] -> Print(ftp0, 100) -> Discard; tcp_rw[1] -> Print(ftp1, 100) -> Discard;`,
    },
  ),
  args: [...simulated, ...tables, ...counts, "-h", "tcp_rw.table"],
};

/** @type {import("../probe.mjs").Probe[]} */
export const probes = settled([...passing, ...lifetimes, ...kin, gateway], {
  meant: {
    "a packet that is its own reply":
      "it goes the way of the first packet here each time; in Click the flow's later packets are replies",
    "ICMPPingRewriter gives no identifier twice":
      "Click does not see that an identifier is taken, and the third host gets the first one's replies",
  },
  anyOrder: [
    "a new flow whose replies were another's",
    "the flow that is due first makes room, none while it is guaranteed",
    "the flow that is due first makes room, none guaranteed",
    "the capacity is written",
    "IPAddrRewriter: all that an address sends",
    "IPAddrPairRewriter: what two addresses send each other",
    "a gateway with a server inside, and FTP",
  ],
});
