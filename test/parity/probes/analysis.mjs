// Aggregates: what numbers packets, and what counts, filters and holds them by their numbers.

/** A summary dump of packets, a line each. */
const dump = (fields, ...lines) => `!IPSummaryDump 1.3\n!data ${fields}\n${lines.join("\n")}\n`;
const packets = dump(
  "timestamp ip_src sport ip_dst dport ip_proto ip_tos ip_ttl tcp_flags payload_len",
  "1.0 10.0.0.1 1000 10.0.0.2 80 T 3 64 S 0",
  "2.0 10.0.0.2 80 10.0.0.1 1000 T 0 60 SA 0",
  "3.0 10.0.0.3 53 10.0.0.4 53 U 255 1 - 20",
  "4.0 192.168.3.4 7 10.0.0.4 9 U 16 128 - 40",
  "5.0 1.2.3.4 - 4.3.2.1 - I 8 255 - 8",
  "6.0 10.0.0.1 1000 10.0.0.2 80 T 3 64 FA 100",
);
const source = (file = "in", more = "") => `FromIPSummaryDump(${file}, STOP true${more})`;
const files = { in: packets };

/** The aggregates that an element gives packets. */
const aggregates = (element, config = {}) => ({
  name: `${element} numbers packets`,
  config: `${source()} -> e :: ${element} -> ToIPSummaryDump(-, FIELDS timestamp aggregate paint)`,
  files,
  ...config,
});
const fields = [
  ...["ip vers", "ip hl", "ip tos", "ip dscp", "ip ecn", "ip len", "ip id", "ip off", "ip rf", "ip df", "ip mf"],
  ...["ip fragoff", "ip ttl", "ip proto", "ip sum", "ip src", "ip dst", "ip sport", "udp sport", "udp dport"],
  ...["udp len", "udp sum", "tcp sport", "tcp dport", "tcp seq", "tcp ackno", "tcp hl", "tcp flags", "tcp ack"],
  ...["tcp win", "tcp urp", "icmp type", "icmp code", "icmp sum", "tcpudp sport", "tcpudp dport", "ip src/8"],
  ...["ip[8:2]", "ip[12]", "ip[12,1]", '"ip[12, 1]"', "ip{96-103}", "ip{96:8}", "ip src & 0xFF0000", "ip[0-1]"],
  ...["ip src & 0xFF000000", "ip tos & 3", "ip src {4-7}", "ip src[1]", "ip src[1:2]/3", "ip src [ 1 : 1 ] / 3"],
  ...["transp sport", "transp [0:2]", "payload [0:2]", "payload[0:2]", "tcp[0]", "tcp [0:4]", "tcp [4:4]"],
  ...["ip proto 6 [0]", "ip proto6 sport", "ip proto 300 [0]", "ip proto 600 [0]", "ip proto 46 [0]", "ip dst/33"],
  ...["ip src/0", "ip{0:33}", "ip{0:32}", "ip[0:8]", "foo", "ip foo", "ip frag", "ip src x", "ip src & 0"],
  ...["ip src & 5", "ip src & 0x1FFFFFFFF", "ip{2:0}", "ip[5000]", "ip[1-2]", "ip vers hl", "ip[-1]", "ip[+1]"],
  ...["ip[0x10]", "ip[010]", "ip[08]", "ip{9000:8}", "tcp flags {3}", "tcp flags/2", "ip[1", "ip src [5", "6 [0]"],
  ...["TCP sport", "ip{31:2}", "ip[20000]", "ip{100000:3}", "ip", "ip proto x", "sctp sport", "ip src/4 & 3"],
  ...["ip off & 0x1fff", "transp{0:16}", "icmp [1]", "udp len/3", "gre [0:2]", "ip src&255"],
];

/** Packets between two addresses, and others. */
const pairs = dump(
  "timestamp ip_src ip_dst",
  ...["1 1.0.0.1 2.0.0.2", "2 2.0.0.2 1.0.0.1", "3 1.0.0.1 3.0.0.3", "4 1.0.0.1 2.0.0.2", "4.5 3.0.0.3 1.0.0.1"],
  ...["7 2.0.0.2 1.0.0.1", "8 9.0.0.1 9.0.0.1", "8.9 1.0.0.1 3.0.0.3", "10 9.0.0.1 9.0.0.1", "11.1 2.0.0.2 1.0.0.1"],
);

/** What an element lets through, and what leaves on output 1. */
const first = (text, script = "read a.class") => ({
  name: `${text}: ${script}`,
  config:
    `${source()} -> ${text} -> ToIPSummaryDump(-, FIELDS timestamp aggregate count wire_len first_timestamp); ` +
    `a[1] -> Paint(1) -> ToIPSummaryDump(-, HEADER false, FIELDS timestamp aggregate paint); DriverManager(wait, ${script})`,
  files,
});

const saidTwice = new Set(["transp sport", "ip foo", "ip frag", "ip[-1]", "ip[08]", "ip[1", "sctp sport"]);

const counts = (name, args, script, more = {}) => ({
  name: `AggregateCounter: ${name}`,
  config: `${source()} -> AggregateIP(ip src) -> a :: AggregateCounter(${args}) -> Discard; DriverManager(wait, ${script})`,
  files,
  ...more,
});

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  {
    name: "AggregateCounter: banner and calls in quotes",
    config: `Idle -> a :: AggregateCounter(BANNER foo, COUNT_STOP 5) -> Discard; Script(${[
      "read a.banner",
      "read a.config",
      "write a.banner bar",
      "read a.banner",
      "read a.config",
      'write a.banner ""',
      "read a.banner",
      'write a.aggregate_call "5 a.stop"',
      "read a.aggregate_call",
      "read a.config",
      "read a.count_call",
      'write a.count_call "7 a.freeze true"',
      "read a.count_call",
      "write a.count_call x",
      "read a.count_call",
      'write a.count_call ""',
      "read a.count_call",
      'write a.aggregate_call "3 nosuch"',
      "read a.aggregate_call",
      'write a.aggregate_call "4 a.nosuch x"',
      "read a.aggregate_call",
      "read a.config",
      "stop",
    ].join(", ")})`,
  },
  {
    name: "AggregateCounter: banner and calls that are written",
    config: `Idle -> a :: AggregateCounter(BANNER foo, COUNT_STOP 5) -> Discard; Script(${[
      "write a.banner bar",
      "read a.banner",
      "read a.config",
      "write a.banner",
      "read a.banner",
      "write a.aggregate_call 5 a.stop",
      "read a.aggregate_call",
      "read a.config",
      "read a.count_call",
      "write a.count_call 7 a.freeze true",
      "read a.count_call",
      "write a.count_call x",
      "read a.count_call",
      "write a.count_call",
      "read a.count_call",
      "write a.aggregate_call 3 nosuch",
      "read a.aggregate_call",
      "write a.aggregate_call 4 a.nosuch x",
      "read a.aggregate_call",
      "write a.aggregate_call 6 stop",
      "read a.aggregate_call",
      "write a.aggregate_call 6 b.stop",
      "read a.aggregate_call",
      "read a.config",
      "write a.write_text_file -",
      "stop",
    ].join(", ")})`,
  },
  ...fields.map((field) => ({
    name: `field ${field}`,
    config: `${source()} -> a :: AggregateIP(${field}) -> ToIPSummaryDump(-, FIELDS aggregate)`,
    args: ["-h", "a.header", "-h", "a.bit_offset", "-h", "a.bit_length", "-h", "a.field"],
    files,
    ...(saidTwice.has(field) ? { differs: "Click prints what is left of the text before it says what is wrong" } : {}),
  })),
  aggregates("AggregateIP(ip src, INCREMENTAL true)"),
  aggregates("AggregateIP(ip src/16, INCREMENTAL true)"),
  aggregates("AggregateIP(ip src/8, UNSHIFT_IP_ADDR true)"),
  aggregates("AggregateIP(ip dst{3:7}, UNSHIFT_IP_ADDR true)"),
  aggregates("AggregateIP(ip tos, UNSHIFT_IP_ADDR true)"),
  aggregates("AggregateIP"),
  aggregates("AggregateIP(ip src, 5)"),
  aggregates("AggregateIP(ip src, INCREMENTAL x)"),
  {
    name: "AggregateIP: what does not have the field leaves on output 1",
    config: `${source()} -> a :: AggregateIP(tcp sport) -> Discard; a[1] -> ToIPSummaryDump(-, FIELDS timestamp aggregate)`,
    files,
  },
  {
    name: "AggregateIP: later fragments",
    config: `${source()} -> a :: AggregateIP(udp sport) -> ToIPSummaryDump(-, FIELDS aggregate); a[1] -> ToIPSummaryDump(-, FIELDS ip_fragoff)`,
    files: {
      in: dump(
        "ip_src sport ip_dst dport ip_proto ip_fragoff payload_len",
        "1.0.0.1 5 2.0.0.2 6 U 0+ 64",
        "1.0.0.1 - 2.0.0.2 - U 72 64",
      ),
    },
  },
  {
    name: "AggregateIP in a pull context",
    config: `${source()} -> Queue -> a :: AggregateIP(ip ttl) -> ToIPSummaryDump(-, FIELDS aggregate); a[1] -> Discard; DriverManager(wait 0.1s)`,
    args: ["--simtime"],
    files,
  },
  {
    name: "AggregateIP: packets without an IP header",
    config:
      "InfiniteSource(LIMIT 3, STOP true) -> a :: AggregateIP(ip src) -> Print(ok) -> Discard; a[1] -> Print(bad) -> Discard",
  },
  {
    name: "AggregateIP: fields at the end of a packet",
    config:
      "InfiniteSource(DATA \\<45000017 00000000 01110000 01020304 05060708 aabbcc>, LIMIT 1, STOP true) -> MarkIPHeader -> t :: Tee;" +
      't[0] -> a :: AggregateIP("ip[16:3]") -> Print(in) -> Discard; a[1] -> Print(out) -> Discard;' +
      't[1] -> b :: AggregateIP("ip[20:1]") -> Print(in) -> Discard; b[1] -> Print(out) -> Discard',
  },
  aggregates("AggregateLength"),
  aggregates("AggregateLength(IP true)"),
  aggregates("AggregateLength(5)"),
  aggregates("Unstrip(14) -> AggregateLength(IP true)"),
  {
    name: "AggregateLength: no IP header",
    config: "InfiniteSource(LIMIT 1, STOP true) -> AggregateLength(IP true) -> Print(in) -> Discard",
  },
  {
    name: "AggregateLength: extra length",
    config: `${source()} -> AggregateLength -> ToIPSummaryDump(-, FIELDS aggregate ip_len)`,
    files: { in: dump("ip_src ip_len payload_len", "1.0.0.1 500 -", "1.0.0.1 500 480") },
  },
  ...["", "0", "8", "9", "-1", "x", "1", "2, INCREMENTAL true", "BITS 3", "3, true", "8, INCREMENTAL true"].map(
    (text) => aggregates(`Paint(213) -> AggregateIP(ip ttl) -> AggregatePaint(${text})`),
  ),

  counts("text file", "", "write a.write_text_file -, read a.nagg, read a.count"),
  counts("ASCII file", "", "write a.write_ascii_file -"),
  counts("packed file", "", "write a.write_file out", { outputs: ["out"] }),
  counts("file of addresses", "", "write a.write_ip_file out", { outputs: ["out"] }),
  counts("file of parts", "", "write a.write_pdf_file -"),
  counts("bytes", "BYTES true", "write a.write_text_file -, read a.count"),
  counts("IP bytes", "BYTES true, IP_BYTES true", "write a.write_text_file -, read a.count"),
  counts("banner", "BANNER foo", "write a.write_text_file -, read a.banner"),
  counts("banner that ends with a new line", 'BANNER "foo bar\\<0A>"', "write a.write_text_file -, read a.banner"),
  counts(
    "banner by its handler",
    "",
    'write a.banner foo, read a.banner, write a.write_text_file -, write a.banner "a b", read a.banner, write a.banner, read a.banner, write a.write_text_file -',
  ),
  counts("counts of counts", "", "write a.counts_pdf, write a.write_text_file -, read a.nagg, read a.count"),
  counts(
    "counts of counts again",
    "",
    "write a.reaggregate_counts, write a.reaggregate_counts, write a.write_text_file -, read a.nagg, read a.count",
  ),
  counts(
    "clear",
    "",
    "write a.clear, read a.nagg, read a.count, write a.write_text_file -, write a.counts_pdf, write a.write_text_file -",
  ),
  counts("AGGREGATE_FREEZE", "AGGREGATE_FREEZE 2", "write a.write_ip_file -, read a.freeze, read a.aggregate_call"),
  counts("AGGREGATE_FREEZE 0", "AGGREGATE_FREEZE 0", "write a.write_ip_file -, read a.freeze, read a.count"),
  counts("AGGREGATE_STOP", "AGGREGATE_STOP 2", "write a.write_ip_file -, read a.active, read a.aggregate_call"),
  counts("COUNT_FREEZE", "COUNT_FREEZE 2", "write a.write_ip_file -, read a.freeze, read a.count_call"),
  counts("COUNT_STOP", "COUNT_STOP 3", "write a.write_ip_file -, read a.active, read a.count_call, read a.count"),
  counts("bytes to stop at", "BYTES true, COUNT_STOP 100", "read a.count, read a.active"),
  counts("AGGREGATE_CALL", "AGGREGATE_CALL 2 a.clear", "write a.write_ip_file -, read a.aggregate_call, read a.nagg"),
  counts("AGGREGATE_CALL that freezes", "AGGREGATE_CALL 3 a.freeze true", "write a.write_ip_file -, read a.nagg"),
  counts("AGGREGATE_CALL of a file", "AGGREGATE_CALL 2 a.write_ip_file -", "read a.nagg"),
  counts("COUNT_CALL", "COUNT_CALL 3 a.clear", "write a.write_ip_file -, read a.count_call"),
  counts("COUNT_CALL with a value", "COUNT_CALL 3  a.freeze  true ", "read a.freeze, read a.count_call"),
  counts(
    "both calls before they are made",
    "AGGREGATE_CALL 30 a.clear, COUNT_CALL 0x40 a.banner  x y",
    "read a.aggregate_call, read a.count_call",
  ),
  counts(
    "calls that are written",
    "",
    "write a.aggregate_call 30 a.stop 5, read a.aggregate_call, write a.count_call 70 a.stop, read a.count_call",
  ),
  counts(
    "calls that are taken back",
    "AGGREGATE_STOP 30, COUNT_FREEZE 40",
    "write a.aggregate_call, read a.aggregate_call, write a.count_call, read a.count_call",
  ),
  counts(
    "calls in the place of others",
    "AGGREGATE_STOP 30, COUNT_FREEZE 40",
    "write a.aggregate_call 31 a.clear, read a.aggregate_call, write a.count_call 50 a.clear, read a.count_call, write a.write_ip_file -",
  ),
  ...["x", "3", "3 foo", "3 a.foo", '""', "-1 a.stop", "3 a.count"].flatMap((text) => [
    counts(`aggregate_call ${text}`, "", `write a.aggregate_call ${text}`),
    counts(`count_call ${text}`, "", `write a.count_call ${text}`),
  ]),
  ...[
    "AGGREGATE_FREEZE 1, AGGREGATE_STOP 3",
    "COUNT_FREEZE 1, COUNT_STOP 3",
    "AGGREGATE_FREEZE 1, AGGREGATE_CALL 3 a.stop",
    "AGGREGATE_CALL x a.stop",
    "AGGREGATE_CALL 3",
    "AGGREGATE_CALL 3 foo",
    "AGGREGATE_CALL 3 b.stop",
    "AGGREGATE_CALL 3 a.foo",
    "COUNT_CALL x",
    "COUNT_CALL 3 a.count",
    "AGGREGATE_STOP x",
    "COUNT_STOP -1",
    "BYTES 3",
    'AGGREGATE_CALL ""',
    "AGGREGATE_CALL 3 stop",
    "5",
    "AGGREGATE_STOP 4294967295",
    "AGGREGATE_STOP 4294967296",
  ].map((text) => ({
    name: `AggregateCounter(${text})`,
    config: `Idle -> a :: AggregateCounter(${text}) -> Discard; DriverManager(stop)`,
    args: ["-h", "a.aggregate_call", "-h", "a.count_call"],
  })),
  {
    name: "AggregateCounter: files and flags that are wrong",
    config:
      'Idle -> a :: AggregateCounter -> Discard; DriverManager(write a.write_text_file, write a.write_text_file "", ' +
      "write a.write_text_file /nonexistent/x, write a.write_file a b, write a.freeze x, write a.active x, write a.freeze, write a.freeze yes, read a.freeze, " +
      "write a.active no, read a.active, write a.stop 5, read a.active)",
    outputs: ["a b"],
  },
  {
    name: "AggregateCounter: an input that is frozen, and a second output",
    config:
      `${source()} -> AggregateIP(ip proto) -> s :: Switch(0); s[0] -> a :: AggregateCounter; s[1] -> [1]a; ` +
      "a -> ToIPSummaryDump(-, FIELDS timestamp, HEADER false) -> Script(TYPE PACKET, write s.switch 1) -> Discard; a[1] -> ToIPSummaryDump(-, FIELDS ip_proto, HEADER false); DriverManager(wait, write a.write_text_file -)",
    files,
  },
  {
    name: "AggregateCounter in a pull context",
    config: `${source()} -> AggregateIP(ip proto) -> Queue -> a :: AggregateCounter -> Discard; DriverManager(wait, wait 0.1s, write a.write_text_file -)`,
    args: ["--simtime"],
    files,
  },
  {
    name: "AggregateCounter: packets that stand for several",
    config:
      `${source("in", ", MULTIPACKET false")} -> AggregateIP(ip src) -> a :: AggregateCounter -> b :: AggregateCounter(MULTIPACKET false) -> ` +
      "d :: AggregateCounter(BYTES true) -> e :: AggregateCounter(BYTES true, EXTRA_LENGTH false) -> Discard;" +
      "DriverManager(wait, write a.write_text_file -, write b.write_text_file -, write d.write_text_file -, write e.write_text_file -)",
    files: { in: dump("ip_src ip_len count", "1.0.0.1 40 5", "1.0.0.2 1000 1", "1.0.0.1 60 3") },
  },
  {
    name: "AggregateCounter: many aggregates, and counts of their counts",
    config:
      `${source()} -> AggregateIP(ip src) -> a :: AggregateCounter -> Discard; ` +
      "DriverManager(wait, read a.nagg, write a.write_text_file -, write a.counts_pdf, write a.write_text_file -, write a.counts_pdf, write a.write_text_file -)",
    files: {
      in: dump(
        "ip_src",
        ...Array.from({ length: 300 }, (_, i) => `10.${(i * i * 7) % 13}.${(i * 31) % 17}.${(i * i) % 11}`),
      ),
    },
  },
  ...[
    "AggregateCounter",
    "AggregateIP(ip src)",
    "AggregateLength",
    "AggregatePaint",
    "AggregateFirst",
    "AggregateLast",
  ].map((element) => ({
    name: `${element}: handlers`,
    config: `Idle -> a :: ${element} -> Discard; DriverManager(stop)`,
    args: ["-h", "a.handlers", "-h", "a.ports"],
  })),

  ...["", "NOTIFIER x", "NOTIFIER i", "NOTIFIER", "FOO 1", "NOTIFIER i/y"].flatMap((text) =>
    ["AggregateFirst", "AggregateLast"].map((element) => ({
      name: `${element}(${text})`,
      config: `i :: Idle -> a :: ${element}(${text}) -> Discard; DriverManager(stop)`,
    })),
  ),
  ...["TIMEOUT x", "TIMEOUT 1.5", "TIMEOUT 1min", "REAP 99999999999", "TIMEOUT -1", "REAP 4294967296", "5"].map(
    (text) => ({
      name: `AggregateIPAddrPair(${text})`,
      config: `i :: Idle -> a :: AggregateIPAddrPair(${text}) -> Discard; DriverManager(stop)`,
      args: ["-h", "a.handlers"],
    }),
  ),
  ...[
    "TCP_TIMEOUT 1min",
    "TCP_DONE_TIMEOUT 1.5",
    "UDP_TIMEOUT 1min",
    "REAP x",
    "FRAGMENTS 5",
    "TCP_TIMEOUT 4294967296",
    "UDP_TIMEOUT 1e3",
  ].map((text) => ({
    name: `AggregateIPFlows(${text})`,
    config: `i :: Idle -> a :: AggregateIPFlows(${text}) -> Discard; DriverManager(stop)`,
    args: ["-h", "a.handlers"],
  })),
  first("AggregateIP(ip proto) -> a :: AggregateFirst"),
  first("AggregateIPAddrPair -> a :: AggregateFirst"),
  first("n :: AggregateIPAddrPair(TIMEOUT 2) -> a :: AggregateFirst(NOTIFIER n)"),
  first("n :: AggregateIPFlows(TCP_TIMEOUT 3) -> a :: AggregateFirst(NOTIFIER n)"),
  first("AggregateIP(ip proto) -> a :: AggregateLast", "write a.clear, wait 0.1s"),
  first("AggregateIP(ip proto) -> a :: AggregateLast(STOP_AFTER_CLEAR true)", "write a.clear, wait, read a.class"),
  first("AggregateIP(ip ttl) -> a :: AggregateLast", "read a.class"),
  first("n :: AggregateIPAddrPair(TIMEOUT 2) -> a :: AggregateLast(NOTIFIER n)", "write a.clear, wait 0.1s"),
  first("n :: AggregateIPFlows(TCP_TIMEOUT 3) -> a :: AggregateLast(NOTIFIER n)", "write a.clear, wait 0.1s"),
  first("n :: AggregateIPFlows(REAP 1, UDP_TIMEOUT 1) -> a :: AggregateLast(NOTIFIER n)", "write a.clear, wait 0.1s"),
  ...["0", "1", "2", "3", "1.4", "1.6", "2.5", "500ms"].map((timeout) =>
    aggregates(`AggregateIPAddrPair(TIMEOUT ${timeout})`, { files: { in: pairs } }),
  ),
  aggregates("AggregateIPAddrPair(TIMEOUT 2, REAP 1)", { files: { in: pairs } }),
  {
    name: "AggregateIPAddrPair: clear, and what has no IP header",
    config:
      `${source()} -> a :: AggregateIPAddrPair -> ToIPSummaryDump(-, FIELDS aggregate paint); ` +
      "InfiniteSource(LIMIT 1) -> a; a[1] -> Print(out) -> Discard; " +
      `DriverManager(wait, write a.clear, write f.active true, wait); f :: FromIPSummaryDump(more, ACTIVE false, STOP true) -> a`,
    files: { in: pairs, more: pairs },
  },
  {
    name: "AggregateIPAddrPair: packets without a time",
    config: `${source()} -> a :: AggregateIPAddrPair(TIMEOUT 5) -> ToIPSummaryDump(-, FIELDS aggregate paint)`,
    files: { in: dump("ip_src ip_dst", "1.0.0.1 2.0.0.2", "2.0.0.2 1.0.0.1") },
  },
  ...[
    "",
    "0 1",
    "x 1",
    "0",
    "0 -",
    "allow 1-2, drop 3",
    "0 1-5, 1 3-4",
    "0 all, 1 3",
    "0 , 1 2",
    "0 5-3",
    "0 1 x 2-y",
  ].map((text) => filter(text)),
  ...[
    "-1 3",
    "300 1",
    "255 1, allow all",
    "deny 5, allow all",
    "0 1-",
    "0 -5",
    "1 2 4, 0 3",
    "0 1 2 3, 0 3 4",
    "1 all",
    "1 0x2-0b11",
    "1 4294967296",
  ].map((text) => filter(text)),
  ...[
    "",
    "ANNO NONE",
    "ANNO PACKET_NUMBER",
    "ANNO SEQUENCE_NUMBER",
    "ANNO 36",
    "ANNO 45",
    "ANNO 44",
    "ANNO PAINT",
    "ANNO x y",
    "NOTIFIER x",
    "5",
  ].map((text) => ({
    name: `AggregatePacketCounter(${text})`,
    config: `${source()} -> AggregateIP(ip proto) -> a :: AggregatePacketCounter(${text}) -> Discard; DriverManager(wait, read a.count, print $(a.received 6), print $(a.received 17), print $(a.received 5))`,
    files,
  })),
  {
    name: "AggregatePacketCounter: what was not delivered",
    config:
      `${source("in", ", ZERO true")} -> AggregateIP(ip proto) -> a :: AggregatePacketCounter(ANNO AGGREGATE) -> Discard; ` +
      "FromIPSummaryDump(more, STOP true) -> AggregateIP(ip proto) -> [1]a[1] -> Discard; DriverManager(wait, wait, print $(a.undelivered 6), print $(a.undelivered 17), " +
      "print $(a.undelivered 1), print $(a.received 1), print $(a.undelivered x), print $(a.undelivered), read a.count, write a.clear, read a.count, print $(a.received 6))",
    files: { in: packets, more: dump("ip_proto", "T", "T", "U") },
    args: ["-h", "a.handlers"],
  },
  ...[
    "",
    "TAIL true",
    "0",
    "2",
    "OFFSET 60",
    "-1",
    "2, TAIL true",
    "TAIL false",
    "OFFSET x",
    "-5, TAIL true",
    "TAIL x",
  ].map((text) => ({
    name: `StoreTimestamp(${text})`,
    config: `${source()} -> StoreTimestamp(${text}) -> SetTimestamp(1) -> Print(a, 80) -> Discard`,
    files: {
      in: dump(
        "timestamp ip_src ip_dst payload",
        '1.5 1.0.0.1 2.0.0.2 "abc"',
        '1700000000.123456789 1.0.0.1 2.0.0.2 "abc"',
      ),
    },
  })),
  {
    name: "TimestampAccum",
    config: `${source()} -> a :: TimestampAccum -> Discard; DriverManager(read a.average_time, wait, write a.reset_counts, read a.count, read a.time)`,
    args: ["-h", "a.handlers"],
    files,
  },
  {
    name: "TimestampAccum in simulated time",
    config:
      "s :: TimedSource(1s, DATA abc) -> SetTimestamp -> Queue -> DelayUnqueue(0.25s) -> a :: TimestampAccum -> Discard; DriverManager(wait 5.5s, read a.count, stop)",
    args: ["--simtime", "-h", "a.count"],
  },
  ...[
    "SetCRC32",
    "SetCRC32 -> CheckCRC32",
    "CheckCRC32",
    "SetCRC32 -> SetCRC32 -> CheckCRC32",
    "Truncate(3) -> CheckCRC32",
    "Truncate(0) -> SetCRC32",
    "SetCRC32 -> Strip(1) -> CheckCRC32",
    "SetCRC32(5)",
    "CheckCRC32(5)",
  ].map((text) => ({
    name: `checksums: ${text}`,
    config: `InfiniteSource(DATA \\<00010203 fffefdfc 80>, LIMIT 2, STOP true) -> ${text} -> Print(a, 80) -> Discard`,
  })),
  {
    name: "checksums: handlers",
    config:
      "Idle -> s :: SetCRC32 -> c :: CheckCRC32 -> e :: EraseIPPayload -> t :: StoreTimestamp(0) -> Discard; DriverManager(stop)",
    args: ["-h", "s.handlers", "-h", "c.handlers", "-h", "e.handlers", "-h", "t.handlers"],
  },
  {
    name: "EraseIPPayload",
    config: `${source()} -> EraseIPPayload -> Print(a, 80) -> ToIPSummaryDump(-, FIELDS ip_src ip_sum payload)`,
    files: {
      in: dump(
        "ip_src sport ip_dst dport ip_proto tcp_opt payload",
        '1.0.0.1 1 2.0.0.2 2 T mss1460 "hello, world"',
        '1.0.0.1 1 2.0.0.2 2 U - "hello, world"',
        '1.0.0.1 1 2.0.0.2 2 I - "hello, world"',
        '1.0.0.1 1 2.0.0.2 2 47 - "hello, world"',
        '1.0.0.1 1 2.0.0.2 2 T . ""',
      ),
    },
  },
  ...[
    "45000024 00000000 00060000 01020304 05060708 0001000200030004000500067000",
    "4500001c 00000000 00110000 01020304 05060708 00010002000c0707 aabbccdd",
    "45000018 00000000 00110000 01020304 05060708 00010002",
    "45000030 00000000 00060000 01020304 05060708 0001000200030004000500060000 0708090a0b0c0d0e",
  ].map((text) => ({
    name: `EraseIPPayload: ${text}`,
    config: `InfiniteSource(DATA \\<${text}>, LIMIT 1, STOP true) -> MarkIPHeader -> EraseIPPayload -> Print(a, 80) -> Discard`,
  })),
  trace(
    "TRACEINFO -",
    "ip_src sport ip_dst dport ip_proto timestamp tcp_flags",
    "1.0.0.1 1 2.0.0.2 2 T 5 S",
    "2.0.0.2 2 1.0.0.1 1 T 6.5 SA",
    "1.0.0.1 1 2.0.0.2 2 T 7.000000001 FA",
  ),
  trace(
    "TRACEINFO out",
    "ip_src sport ip_dst dport ip_proto timestamp",
    "9.0.0.1 1 2.0.0.2 2 U 5",
    "2.0.0.2 2 9.0.0.1 1 U 66.5",
    "9.0.0.1 1 2.0.0.2 2 U 900",
  ),
  trace(
    "TRACEINFO out, SOURCE f",
    "ip_src sport ip_dst dport ip_proto timestamp",
    "9.0.0.1 1 2.0.0.2 2 U 5",
    "2.0.0.2 2 9.0.0.1 1 U 6.5",
  ),
  trace("TRACEINFO out, SOURCE x", "ip_src", "9.0.0.1"),
  trace("TRACEINFO /nonexistent/out", "ip_src", "9.0.0.1"),
  trace("TRACEINFO out, SOURCE d", "ip_src ip_proto timestamp", "9.0.0.1 I 5", "9.0.0.1 U 6"),
  {
    ...trace(
      "TRACEINFO out, REAP 1, UDP_TIMEOUT 1",
      "ip_src sport ip_dst dport ip_proto timestamp",
      "9.0.0.1 1 2.0.0.2 2 U 5",
      "9.0.0.1 1 2.0.0.2 3 U 6.5",
      "9.0.0.1 1 2.0.0.2 4 U 9",
      "9.0.0.1 1 2.0.0.2 4 U 10",
    ),
    differs:
      "flows that have ended by the same time are told in the order in which they were due, and not in that of Click's hash table",
  },
  trace("TRACEINFO out, ICMP true", "ip_src sport ip_dst dport ip_proto timestamp", "9.0.0.1 1 2.0.0.2 2 U 5"),
];

/** Packets of five flows, sent on by their numbers. */
function filter(text) {
  return {
    name: `AggregateFilter(${text})`,
    config:
      `${source()} -> AggregateIP(ip proto) -> a :: AggregateFilter(${text}); a[0] -> ToIPSummaryDump(-, HEADER false, FIELDS timestamp aggregate); ` +
      "a[1] -> Paint(1) -> ToIPSummaryDump(-, HEADER false, FIELDS timestamp aggregate paint)",
    files: { in: dump("timestamp ip_proto", "1 1", "2 2", "3 3", "4 4", "5 5") },
  };
}

/** The file that AggregateIPFlows writes about flows. */
function trace(args, columns, ...lines) {
  return {
    name: `AggregateIPFlows(${args}): ${columns}: ${lines.join(", ")}`,
    config: `f :: ${source()} -> a :: AggregateIPFlows(${args}) -> d :: Discard; DriverManager(wait, wait 0.01s)`,
    files: { in: dump(columns, ...lines) },
    outputs: ["out"],
  };
}
