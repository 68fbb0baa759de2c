// IPRewriter and its kin, patterns and mappers, ICMPRewriter.

/** The Internet checksum over some bytes. */
function checksum(bytes, start = 0) {
  let sum = start;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
const address = (text) => text.split(".").map(Number);
const be16 = (n) => [n >>> 8, n & 255];
const be32 = (n) => [...be16(n >>> 16), ...be16(n & 0xffff)];
const hex = (bytes) => Buffer.from(bytes).toString("hex");

/** An IP packet. */
function ip(protocol, from, to, payload, { fragment = 0, id = 1 } = {}) {
  const header = [0x45, 0, ...be16(20 + payload.length), ...be16(id), ...be16(fragment), 64, protocol, 0, 0];
  const bytes = [...header, ...address(from), ...address(to)];
  bytes.splice(10, 2, ...be16(checksum(bytes)));
  return [...bytes, ...payload];
}
/** A TCP or UDP packet with a right checksum. */
function withPorts(protocol, from, to, header, at, options) {
  const pseudo = [...address(from), ...address(to), 0, protocol, ...be16(header.length)];
  const sum = checksum([...pseudo, ...header, ...(header.length & 1 ? [0] : [])]);
  return ip(protocol, from, to, header.with(at, sum >>> 8).with(at + 1, sum & 255), options);
}
const tcp = (from, sport, to, dport, { flags = 2, data = [], seq = 1, ack = 0, protocol = 6, ...options } = {}) => {
  const header = [...be16(sport), ...be16(dport), ...be32(seq), ...be32(ack), 0x50, flags, 32, 0, 0, 0, 0, 0, ...data];
  return withPorts(protocol, from, to, header, 16, options);
};
const udp = (from, sport, to, dport, { data = [1, 2, 3, 4], plain = false, ...options } = {}) => {
  const header = [...be16(sport), ...be16(dport), ...be16(8 + data.length), 0, 0, ...data];
  return plain ? ip(17, from, to, header, options) : withPorts(17, from, to, header, 6, options);
};
const icmp = (from, to, type, rest, options) => {
  const message = [type, 0, 0, 0, ...rest];
  const sum = checksum(message);
  return ip(1, from, to, message.with(2, sum >>> 8).with(3, sum & 255), options);
};
const ping = (from, to, id, type = 8, options = {}) => icmp(from, to, type, [...be16(id), 0, 1], options);
/** An ICMP error about a packet. */
const about = (from, to, packet, { type = 3, bytes = 28 } = {}) =>
  icmp(from, to, type, [0, 0, 0, 0, ...packet.slice(0, bytes)]);

/**
 * A rewriter whose packets come one a second, each to an input; `then` is what the script does in the end. All outputs are printed.
 */
function rewriting(
  spec,
  packets,
  { outputs = 2, inputs = 2, then = "", before = "", more = "", every = 1, mark = "" } = {},
) {
  const sources = packets.map(
    ([bytes, input = 0], i) =>
      `s${i} :: InfiniteSource(DATA \\<${hex(bytes)}>, LIMIT 1, ACTIVE false)${mark} -> in${input};`,
  );
  const ins = Array.from({ length: inputs }, (_, i) => `in${i} :: MarkIPHeader -> [${i}] rw; Idle -> in${i};`);
  const outs = Array.from({ length: outputs }, (_, i) => `rw[${i}] -> Print(out${i}, 100) -> Discard;`);
  const steps = packets.map((_, i) => `write s${i}.active true, wait ${every}`);
  return `${before} rw :: ${spec}; ${more} ${ins.join(" ")} ${outs.join(" ")}\n${sources.join("\n")}
    Script(${[...steps, ...(then ? [then] : []), "stop"].join(", ")})`;
}
const simulated = ["--simtime"];
const reads = (...handlers) => handlers.flatMap((handler) => ["-h", `rw.${handler}`]);
const counts = reads("size", "table_size", "mapping_failures", "patterns", "capacity");
const tables = reads("tcp_table", "udp_table");
const nat = "pattern 9.9.9.9 5000-5010# - - 0 1";
const [inside, other, server] = ["10.0.0.1", "10.0.0.2", "8.8.8.8"];
const outside = "9.9.9.9";

/** One probe for each text. */
const each = (texts, name, config) => texts.map((text) => ({ name: name(text), ...config(text) }));

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

/** A client's FTP command, and what else goes on in its connection: through an FTPPortMapper to a TCPRewriter. */
const ftp = (packets, { data = "rw", more = "", keywords = "pattern 9.9.9.9 5000-5010# - - 0 1", args = [] } = {}) => ({
  config: rewriting(
    `TCPRewriter(${keywords}, drop)`,
    packets.map((packet) => (packet[0] === 0x45 ? [packet, 9] : packet)),
    {
      more: `${more} in9 :: MarkIPHeader -> ftp :: FTPPortMapper(rw, ${data}, 0) -> [0] rw;`,
    },
  ),
  args: [...simulated, ...reads("table", "size"), ...args],
});
const bytesOf = (text) => [...Buffer.from(text)];
const command = (text, seq, more = {}) =>
  tcp(inside, 1234, server, 21, { flags: 24, data: bytesOf(text), seq, ack: 500, ...more });
/** What the server says. */
const answer = (ack, { data = [1], seq = 500, ...more } = {}) => [
  tcp(server, 21, outside, 5000, { flags: 24, data, seq, ack, ...more }),
  1,
];
const syn = tcp(inside, 1234, server, 21, { seq: 99 });

/** @type {import("../probe.mjs").Probe[]} */
const transfers = [
  {
    name: "FTPPortMapper's arguments",
    config:
      "i :: Idle -> rw :: IPRewriter(drop) -> Discard; Idle -> ad :: IPAddrRewriter(drop) -> Discard; Idle -> FTPPortMapper -> rw; Idle -> FTPPortMapper(i, rw, 0) -> rw; Idle -> FTPPortMapper(rw, i, 0) -> rw; Idle -> FTPPortMapper(ad, ad, 0) -> rw; Idle -> FTPPortMapper(rw, ad, 1) -> rw; Idle -> FTPPortMapper(rw, ad, -1) -> rw; Idle -> FTPPortMapper(nosuch, rw, x, y) -> rw",
  },
  {
    name: "FTPPortMapper without its rewriter downstream",
    config: "Idle -> rw :: IPRewriter(drop) -> Discard; Idle -> f :: FTPPortMapper(rw, rw, 0) -> Discard; Script(stop)",
    args: ["-h", "f.handlers"],
  },
  {
    name: "a PORT command gets longer, and shorter",
    ...ftp([
      syn,
      command("PORT 10,0,0,1,3,9\r\n", 100),
      answer(122),
      command("NOOP\r\n", 119),
      answer(125),
      command("port  10,0,0,1,200,100\r\nx", 125),
      command("NOOP\r\n", 150),
      answer(172),
    ]),
  },
  {
    name: "a PORT command of the same length",
    ...ftp([syn, command("PORT 10,0,0,1,19,9\r\n", 100), command("NOOP\r\n", 120)]),
  },
  {
    name: "PORT commands again and again",
    ...ftp(
      [
        syn,
        ...Array.from({ length: 12 }, (_, i) => command(`PORT 1,0,0,1,3,${i}\n`, 100 + 20 * i)),
        command("NOOP\r\n", 400),
        command("NOOP\r\n", 300),
        answer(430),
        answer(320),
        tcp(server, 20, outside, 5003, { flags: 2 }),
      ].map((packet) => packet),
    ),
  },
  {
    name: "a PORT command that comes again",
    ...ftp([
      syn,
      command("PORT 1,0,0,1,3,9\r\n", 100),
      command("PORT 1,0,0,1,3,9\r\n", 100),
      command("NOOP\r\n", 118),
      command("PORT 1,0,0,1,3,8\r\n", 90),
      command("NOOP\r\n", 118),
    ]),
  },
  {
    name: "what is no PORT command",
    ...ftp([
      syn,
      ...[
        "PORT",
        "PORT ",
        "PORT 1,2,3,4,5\r\n",
        "PORT 1,2,3,4,5,6",
        "PORT 1,2,3,4,5,6,7\r\n",
        "PORT 1,2,3,4,5,256\r\n",
        "PORT 256,2,3,4,5,6\r\n",
        "PORT 1,2,3,4,5,6x\r\n",
        "PORT1,2,3,4,5,6\r\n",
        "PASV\r\n",
        "XPORT 1,2,3,4,5,6\r\n",
        "",
      ].map((text) => command(text, 100)),
      command("PORT ,,,,,\r\n", 200),
      command("PORT 4294967297,0,0,1,3,9\n", 300),
    ]),
  },
  {
    name: "a PORT command of an unknown connection",
    ...ftp([command("PORT 10,0,0,1,3,9\r\n", 100)]),
  },
  {
    name: "data connections in another rewriter",
    ...ftp([syn, command("PORT 10,0,0,1,3,9\r\n", 100)], {
      data: "other",
      more: "Idle -> other :: IPRewriter(pattern 5.5.5.5 7000-7001# - - 0 0) -> Discard;",
      args: ["-h", "other.tcp_table", "-h", "other.udp_table"],
    }),
  },
  {
    name: "data connections that get no mapping",
    ...ftp([syn, command("PORT 10,0,0,1,3,9\r\n", 100)], {
      data: "other",
      more: "Idle -> other :: IPRewriter(pass 0) -> Discard;",
      args: ["-h", "other.tcp_table"],
    }),
  },
  {
    name: "sequence numbers that wrap around",
    ...ftp([
      tcp(inside, 1234, server, 21, { seq: 0xfffffff0 }),
      command("PORT 1,0,0,1,3,9\r\n", 0xfffffff1),
      command("NOOP\r\n", 3),
      answer(6),
      command("NOOP\r\n", 0x40000010),
      command("NOOP\r\n", 0x80000010),
      answer(0x80000014),
    ]),
  },
  {
    name: "what is acknowledged selectively",
    ...ftp([
      syn,
      command("PORT 1,0,0,1,3,9\r\n", 100),
      ...[
        [1, 1, 5, 10, ...be32(105), ...be32(140)],
        [5, 18, ...be32(105), ...be32(140), ...be32(140), ...be32(160), 1, 1],
        [1, 5, 10, ...be32(105), ...be32(140), 0],
        [1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 9],
        [8, 10, 0, 0, 0, 5, 0, 0, 0, 9, 5, 10, ...be32(125), ...be32(140)],
        [5, 11, ...be32(105), ...be32(140), 0, 0],
        [5, 40, ...be32(105), ...be32(140), 0, 0],
      ].map((options) => {
        const segment = [
          ...[...be16(21), ...be16(5000), ...be32(500), ...be32(125), ((20 + options.length) / 4) << 4, 16],
          ...[32, 0, 0, 0, 0, 0, ...options],
        ];
        return [withPorts(6, server, outside, segment, 16), 1];
      }),
    ]),
  },
];

const errorMaps = each(
  ["", "x", "i", "rw:x", "rw:5", "rw:0 nosuch:0", "rw:-3", "rw, FOO 5", "rw, DST_ANNO 7", '""', "rw rw:1"],
  (text) => `ICMPRewriter(${text})`,
  (text) => ({
    config: `i :: Idle -> rw :: IPRewriter(keep 0 1); rw[0] -> Discard; rw[1] -> Discard; Idle -> ir :: ICMPRewriter(${text}) -> Discard; Script(stop)`,
    args: ["-h", "ir.handlers"],
  }),
);

/** Errors about packets that a rewriter has made, to an ICMPRewriter beside it. */
const errorsAbout = (spec, packets, errors, { maps = "rw", keywords = "", outputs = 1 } = {}) =>
  rewriting(spec, [...packets.map((packet) => [packet]), ...errors.map((packet) => [packet, 9])], {
    more: `in9 :: MarkIPHeader -> ir :: ICMPRewriter(${maps}${keywords}); ${Array.from({ length: outputs }, (_, i) => `ir[${i}] -> Print(err${i}, 100) -> Discard;`).join(" ")}`,
  });

/** @type {import("../probe.mjs").Probe[]} */
const errors = [
  {
    name: "errors about flows of TCP and UDP",
    config: errorsAbout(
      `IPRewriter(${nat}, drop)`,
      [tcp(inside, 1234, server, 80), udp(inside, 1234, server, 53)],
      [
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80)),
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80), { bytes: 40, type: 11 }),
        about("7.7.7.7", outside, udp(outside, 5001, server, 53), { bytes: 40, type: 4 }),
        about("7.7.7.7", outside, udp(outside, 5001, server, 53, { plain: true }), { type: 12 }),
        about("7.7.7.7", "7.7.7.8", udp(outside, 5001, server, 53), { type: 5 }),
        about("7.7.7.7", inside, udp(server, 53, inside, 1234)),
      ],
    ),
    args: simulated,
  },
  {
    name: "errors that are dropped",
    config: errorsAbout(
      `IPRewriter(${nat}, drop)`,
      [tcp(inside, 1234, server, 80)],
      [
        about("7.7.7.7", outside, tcp(outside, 5001, server, 80)),
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80), { type: 8 }),
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80), { bytes: 19 }),
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80), { bytes: 24 }),
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80, { fragment: 5 })),
        about("7.7.7.7", outside, udp(outside, 5000, server, 80)),
        udp("7.7.7.7", 1, outside, 2),
      ],
    ),
    args: simulated,
  },
  {
    name: "errors leave on the output that replies do",
    config: errorsAbout(
      `IPRewriter(${nat}, drop)`,
      [tcp(inside, 1234, server, 80)],
      [
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80)),
        about("7.7.7.7", inside, tcp(server, 80, inside, 1234)),
      ],
      { maps: "rw:1", outputs: 3 },
    ),
    args: simulated,
  },
  {
    name: "errors about pings",
    config: errorsAbout(
      "ICMPPingRewriter(pattern 9.9.9.9 1024-1030# - - 0 1, drop)",
      [ping(inside, server, 0x1234)],
      [
        about("7.7.7.7", outside, ping(outside, server, 1024)),
        about("7.7.7.7", outside, ping(outside, server, 1025)),
        about("7.7.7.7", outside, ping(outside, server, 1024), { bytes: 26 }),
        about("7.7.7.7", outside, ping(outside, server, 1024, 0)),
        about("7.7.7.7", outside, udp(outside, 1024, server, 1025)),
      ],
    ),
    args: simulated,
  },
  {
    name: "errors about flows of a UDPRewriter",
    config: errorsAbout(
      `UDPRewriter(${nat}, drop)`,
      [tcp(inside, 1234, server, 80)],
      [
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80)),
        about("7.7.7.7", outside, udp(outside, 5000, server, 80)),
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80, { protocol: 33 })),
      ],
    ),
    args: simulated,
  },
  {
    name: "errors about an address's packets",
    config: errorsAbout(
      "IPAddrRewriter(pattern 9.9.9.9 - 0 1, drop)",
      [tcp(inside, 1234, server, 80)],
      [
        about("7.7.7.7", outside, tcp(outside, 1234, server, 80)),
        about("7.7.7.7", outside, ip(50, outside, server, [1, 2, 3, 4, 5, 6, 7, 8])),
      ],
    ),
    args: simulated,
  },
  {
    name: "errors about two addresses' packets",
    config: errorsAbout(
      "IPAddrPairRewriter(pattern 9.9.9.9 - 0 1, drop)",
      [tcp(inside, 1234, server, 80)],
      [
        about("7.7.7.7", outside, tcp(outside, 1234, server, 80)),
        about("7.7.7.7", outside, ip(50, outside, server, [1, 2, 3, 4, 5, 6, 7, 8])),
      ],
    ),
    args: simulated,
  },
];

const all = [
  ...specifications,
  ...keywords,
  ...everyClass,
  ...passing,
  ...lifetimes,
  ...kin,
  ...named,
  ...hashed,
  ...transfers,
  ...errorMaps,
  ...errors,
];

/** Names of probes, and why ours differs in them. */
const meant = new Map([
  [
    "errors about an address's packets",
    "Click's puts zeros for the other address and the ports of the packet that an error is about",
  ],
  ["errors about two addresses' packets", "Click's puts zeros for the ports of the packet that an error is about"],
  [
    "a packet that is its own reply",
    "a packet that is its own reply goes the way of the first packet here each time; in Click the flow's later packets are replies",
  ],
]);

/** Where flows were used after later ones came, or went, the order of Click's table tells of that; ours does not remember it. */
const anyOrder = new Set([
  "a new flow whose replies were another's",
  "the flow that is due first makes room, none while it is guaranteed",
  "the flow that is due first makes room, none guaranteed",
  "the capacity is written",
  "IPAddrRewriter: all that an address sends",
  "IPAddrPairRewriter: what two addresses send each other",
  "RoundRobinIPMapper takes its patterns in turn",
  "RoundRobinIPMapper passes over a pattern that is full",
  "a PORT command gets longer, and shorter",
  "a PORT command of the same length",
  "PORT commands again and again",
  "a PORT command that comes again",
  "what is no PORT command",
]);
const inOrder = (text) =>
  text.replace(/(?:.* => .*\n)+/g, (table) => `${table.trimEnd().split("\n").sort().join("\n")}\n`);

const asked = all.map((probe) => {
  const differs = meant.get(probe.name);
  return { ...probe, ...(differs ? { differs } : {}), ...(anyOrder.has(probe.name) ? { mask: inOrder } : {}) };
});

/** @type {import("../probe.mjs").Probe[]} */
export const probes = asked;
