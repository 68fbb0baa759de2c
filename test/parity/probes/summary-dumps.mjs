// FromIPSummaryDump and ToIPSummaryDump: columns of text that are read and written.
import { gzipSync } from "node:zlib";
import { ether, etherHeader, hex, pcap, tcpPacket, udpPacket, withFirstByte } from "../captures.mjs";

const inputs = (columns) => `ip_src ip_dst ip_proto ip_len ${columns}`;
/** A dump of some columns, read and written again with others. */
const columns = (name, data, lines, written = data, options = {}) => ({
  name,
  config: `f :: FromIPSummaryDump(d, STOP true${options.from ?? ""}) -> ToIPSummaryDump(-, FIELDS ${written}${options.to ?? ""})`,
  files: { d: `!IPSummaryDump ${options.version ?? "1.3"}\n!data ${data}\n${lines.join("\n")}\n` },
});
const everything = `timestamp ts_sec ts_usec ts_usec1 first_timestamp count paint link direction aggregate wire_len
  ip_src ip_dst ip_proto ip_len ip_hl ip_ttl ip_frag ip_fragoff ip_id ip_sum ip_tos ip_dscp ip_ecn ip_opt ip_capture_len
  sport dport tcp_seq tcp_ack tcp_off tcp_flags tcp_window tcp_urp tcp_opt tcp_ntopt tcp_sack udp_len icmp_type icmp_code
  icmp_type_name icmp_code_name icmp_flowid icmp_seq icmp_nextmtu payload_len payload payload_md5 payload_md5_hex
  eth_src eth_dst eth_type`;
const captured = pcap([
  [1, 5, ether(tcpPacket)],
  [2, 0, ether(udpPacket), 90],
  [3, 0, ether(Buffer.concat([tcpPacket, Buffer.from('data\n\x01"$\\\xff', "latin1")]))],
  [4, 0, ether(withFirstByte(tcpPacket, 0x46))],
  [5, 0, ether(tcpPacket.subarray(0, 30))],
  [6, 0, ether(tcpPacket.subarray(0, 22)), 60],
  [7, 0, ether(hex("4500001c 00010000 4001 66d9 0a000001 0a000002 0800 f7f5 0005 0006"))],
  [8, 0, ether(hex("4500001c 00012000 4006 66d9 0a000001 0a000002 0800 f7f5 0005 0006"))],
  [9, 0, ether(hex("4500001c 00010010 4006 66d9 0a000001 0a000002 0800 f7f5 0005 0006"))],
  [10, 0, ether(hex("4500001c 00014000 4021 66d9 0a000001 0a000002 0800 f7f5 0005 0006"))],
  [11, 0, Buffer.concat([etherHeader, withFirstByte(tcpPacket, 0x65)])],
  [12, 0, ether(hex("4500001c 00010000 4001 66d9 0a000001 0a000002 0304 f7f5 0005 0506"))],
  [13, 0, ether(hex("45000010 00010000 4001 66d9 0a000001 0a000002 0304 f7f5 0005 0506"))],
  [14, 0, ether(hex("45000028 00010000 4006 66d9 0a000001 0a000002 0001 0002 00000003 00000004 2002 0001 00000000"))],
]);
const fromCapture = (name, written, { force = true, ...to } = {}) => ({
  name,
  config: `FromDump(x.pcap, STOP true, FORCE_IP ${force}) -> ToIPSummaryDump(-, FIELDS ${written}${Object.entries(to)
    .map(([k, v]) => `, ${k} ${v}`)
    .join("")})`,
  files: { "x.pcap": captured },
});

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  fromCapture("every column of captured packets", everything),
  fromCapture("every column of captured packets, with what is bad", everything, { BAD_PACKETS: true }),
  fromCapture("bad packets, careless", "timestamp ip_len", { BAD_PACKETS: true, CAREFUL_TRUNC: false }),
  fromCapture("what is bad depends on the columns", "timestamp sport tcp_seq", { BAD_PACKETS: true }),
  fromCapture("packets without an IP header", everything, { force: false }),
  fromCapture("lengths without the extra length", "wire_len ip_len payload_len", { EXTRA_LENGTH: false }),
  fromCapture("annotations alone", "timestamp wire_len count"),
  fromCapture(
    "binary records",
    "timestamp ntimestamp ip_src ts_usec1 tcp_flags ip_frag wire_len first_ntimestamp sport",
    {
      BINARY: true,
    },
  ),
  fromCapture("binary records of options and digests", "ip_len tcp_sack payload_md5", { BINARY: true }),
  fromCapture("no header", "timestamp", { HEADER: false }),
  fromCapture("a banner", "ntimestamp", { BANNER: '"a \\"b\\" c"' }),
  columns(
    "every column of packets that are made",
    "timestamp ip_src ip_dst ip_proto sport dport ip_len",
    ["1.5 1.0.0.1 2.0.0.2 U 10 20 40", "2.25 1.0.0.3 2.0.0.4 T 30 40 60", "3.123456789 1.0.0.3 2.0.0.4 I - - 60"],
    everything,
  ),
  columns(
    "lines that lack columns, and columns that cannot be read",
    "timestamp ip_src ip_dst ip_proto sport dport ip_len",
    ["4 - - - - - -", "5 1.0.0.5", "6 x x x x x x", "foo x", "7 1.0.0.1 2.0.0.2 udp 1 2 60", "", "   ", "8 1.0.0.1"],
  ),
  columns("only dashes", "ip_src ip_proto", ["- -", "1.0.0.1 -"]),
  columns(
    "checksums",
    "ip_src ip_dst ip_proto sport dport ip_len",
    ["1.0.0.1 2.0.0.2 U 10 20 40", "1.0.0.3 2.0.0.4 T 30 40 61", "1.0.0.3 2.0.0.4 I - - 60"],
    "ip_sum wire_len payload_len payload udp_len",
    {
      from: ", CHECKSUM true",
    },
  ),
  columns(
    "times",
    "timestamp first_timestamp",
    ["1e3 1", "-1 -2", "1.9999999999 0", ".5 5.", "1m 2h", "0x10 1", "2147483647.5 1"],
    "timestamp first_timestamp ts_sec ts_usec ntimestamp first_ntimestamp",
  ),
  columns("seconds and microseconds", "ts_sec ts_usec", ["5 7", "7", "- 9"], "timestamp"),
  columns("microseconds in one", "ts_usec1", ["1000000000000000", "5"], "timestamp ts_usec1"),
  columns(
    "directions",
    "direction ip_src",
    ["> 1.0.0.1", "< 1.0.0.1", "5 1.0.0.1", "L 1.0.0.1"],
    "direction link paint",
  ),
  columns("counts", "count ip_src", ["0 1.0.0.1", "5 1.0.0.1", "4294967295 1.0.0.1"], "count aggregate"),
  columns("aggregates", "aggregate", ["5", "4294967296", "-5", "0x10"], "aggregate"),
  columns(
    "protocols",
    "ip_proto sport dport",
    ["T 1 2", "U 1 2", "I 1 2", "17 1 2", "tcp 1 2", "256 1 2", "33 5 6", "136 5 6", "50 5 6"],
    "ip_proto sport dport ip_len wire_len",
  ),
  columns("addresses", "ip_src ip_dst", ["1.2.3.4 0x01020304", "1.2.3 1.2.3.4.5", "localhost 5"], "ip_src ip_dst"),
  columns(
    "fragments",
    "ip_frag ip_src sport",
    [". 1.0.0.1 5", "! 1.0.0.1 5", "F 1.0.0.1 5", "f 1.0.0.1 5", "x 1.0.0.1 5"],
    "ip_frag ip_fragoff sport",
  ),
  columns(
    "fragment offsets",
    "ip_fragoff ip_src sport",
    ["0! 1.0.0.1 5", "0 1.0.0.1 5", "8+ 1.0.0.1 5", "16 1.0.0.1 5", "17+! 1.0.0.1 5", "! 1.0.0.1 5"],
    "ip_frag ip_fragoff sport",
  ),
  columns("fragment offsets in the format's first version", "ip_fragoff ip_src", ["8+ 1.0.0.1"], "ip_fragoff", {
    version: "1.0",
  }),
  columns(
    "explicit congestion notification",
    "ip_ecn ip_tos",
    ["no 0", "ect1 4", "ect2 5", "ce 8", "ECT(1) 1", "ECT(0) 1", "CE 255", "3 -", "4 -", "- 3"],
    "ip_ecn ip_dscp ip_tos",
  ),
  columns("code points", "ip_dscp", ["5", "63", "64", "300"], "ip_dscp ip_tos"),
  columns(
    "other numbers of the IP header",
    "ip_ttl ip_id ip_sum",
    ["64 1 2", "256 65536 3", "0x10 017 08"],
    "ip_ttl ip_id ip_sum",
  ),
  columns(
    "lengths of IP headers",
    "ip_hl ip_len",
    ["20 40", "24 60", "25 -", "60 100", "4 40", "70 80"],
    "ip_hl ip_len ip_opt wire_len",
  ),
  columns(
    "lengths",
    "ip_len",
    ["10", "19", "20", "30", "39", "40", "1500", "70000"],
    "ip_len wire_len payload_len ip_capture_len",
  ),
  columns("lengths on the wire", "wire_len", ["10", "30", "40", "1500", "70000"], "ip_len wire_len payload_len"),
  columns(
    "lengths on the wire, with IP's",
    "wire_len ip_len",
    ["54 40", "40 54", "1500 60"],
    "ip_len wire_len payload_len",
  ),
  columns(
    "TCP flags",
    "tcp_flags",
    [".", "S", "SA", "AS", "PA", "AP", "FSRPAUECN", "W", "X", "N", "Z", "18", "4095", "4096", "0x12"],
    "tcp_flags ip_proto",
  ),
  columns(
    "TCP numbers",
    "tcp_seq tcp_ack tcp_window tcp_urp",
    ["1 2 3 4", "4294967295 4294967296 65535 65536"],
    "tcp_seq tcp_ack tcp_window tcp_urp tcp_off",
  ),
  columns(
    "lengths of TCP headers",
    "tcp_off ip_len",
    ["20 40", "24 -", "25 60", "60 -", "4 -", "64 -"],
    "tcp_off tcp_opt ip_len wire_len payload_len",
  ),
  columns(
    "TCP options",
    "tcp_opt",
    [
      ".",
      "-",
      "mss1460",
      "mss1460;nop;wscale7",
      "mss1460,sackok,ts1:0,nop,wscale7",
      "ts1:2",
      "nop;nop;ts4294967295:2",
      "sack1-2",
      "sack1:2,sack3-4",
      "sack1:2;sack3-4",
      "5",
      "5=1:2:3",
      "eol",
      "nop;eol",
      "mss70000",
      "foo",
      "mss1460;",
      "wscale256",
      "8=1",
      "2=1:2",
      "200=1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21:22:23:24:25:26:27:28:29:30:31:32:33:34:35:36:37:38:39:40",
    ],
    "tcp_opt tcp_ntopt tcp_sack tcp_off wire_len",
  ),
  columns(
    "TCP options of some kinds",
    "tcp_ntopt tcp_sack",
    ["mss1 -", "- sack1-2", "ts1:1 mss1", "mss5;wscale1 sackok"],
    "tcp_opt tcp_ntopt tcp_sack",
  ),
  columns(
    "IP options",
    "ip_opt",
    [
      ".",
      "-",
      "rr{1.0.0.1,2.0.0.2}",
      "rr{1.0.0.1,^2.0.0.2}",
      "rr{1.0.0.1}+2",
      "ssrr{1.0.0.1,2.0.0.2^}",
      "ssrr{1.0.0.1,^2.0.0.2}",
      "lsrr{^1.0.0.1}",
      "ts{1,2,3}",
      "ts{1,!2}+2",
      "ts.ip{1.0.0.1=5,2.0.0.2=6}",
      "ts.preip{1.0.0.1=5,^2.0.0.2}",
      "ts{1}++3",
      "5=1:2",
      "nop;5",
      "eol",
      "rr{1.0.0}",
      "rr{1.0.0.1",
      "foo",
    ],
    "ip_opt ip_hl wire_len",
  ),
  columns(
    "ICMP",
    inputs("icmp_type icmp_code icmp_flowid icmp_seq icmp_nextmtu"),
    [
      "1.0.0.1 2.0.0.2 I - 8 0 5 6 -",
      "1.0.0.1 2.0.0.2 I - echo 0 5 6 -",
      "1.0.0.1 2.0.0.2 I - unreachable needfrag - - 1500",
      "1.0.0.1 2.0.0.2 I - 3 4 5 6 7",
      "1.0.0.1 2.0.0.2 I - 13 0 5 6 7",
      "1.0.0.1 2.0.0.2 I - 200 9 5 6 7",
      "1.0.0.1 2.0.0.2 I 60 nosuch nosuch 5 6 7",
      "1.0.0.1 2.0.0.2 T 60 8 0 5 6 7",
    ],
    "icmp_type icmp_code icmp_type_name icmp_code_name icmp_flowid icmp_seq icmp_nextmtu wire_len ip_len",
  ),
  columns(
    "ICMP by name",
    "ip_proto icmp_type_name icmp_code_name",
    ["I echo-reply 0", "I 11 transit", "I timeexceeded 1", "I unreachable host", "I redirect 2", "I 5 net"],
    "icmp_type icmp_code icmp_type_name icmp_code_name",
  ),
  columns(
    "UDP lengths",
    "ip_proto udp_len ip_len",
    ["U 5 60", "U - 60", "U 70000 60", "T 5 60"],
    "ip_proto udp_len payload_len",
  ),
  columns(
    "payloads",
    "ip_proto payload",
    ['T "abc"', 'U "a b\\n\\tc\\"\\$\\\\"', 'T "\\101"', "T abc", 'T ""', "U -", 'I "ping"'],
    "ip_proto ip_len wire_len payload payload_len payload_md5",
  ),
  columns(
    "payloads of longer packets",
    "ip_proto ip_len payload",
    ['T 60 "abc"', 'T 47 "abc"', 'U 60 "abc"', 'T 41 "abc"'],
    "ip_hl tcp_off ip_len wire_len payload payload_len",
  ),
  columns(
    "lengths of payloads",
    "ip_proto ip_len payload_len",
    ["T - 5", "T 60 5", "U 60 5", "U - 100", "T 100 5", "T 40 60"],
    "ip_hl tcp_off ip_len wire_len payload_len",
  ),
  columns(
    "Ethernet headers",
    "eth_src eth_dst eth_type ip_src",
    [
      "02:00:00:00:00:01 02-00-00-00-00-02 0800 1.0.0.1",
      "02:00:00:00:00:01 - - 1.0.0.1",
      "02:00:00:00:00:01 - 0806 1.0.0.1",
      "- - 86DD 1.0.0.1",
      "- - - 1.0.0.1",
      "2:0:0:0:0:1 x 10000 1.0.0.1",
    ],
    "eth_src eth_dst eth_type ip_src wire_len ip_len",
  ),
  columns(
    "other names",
    "ts src dst len length proto",
    ["1 1.0.0.1 2.0.0.2 60 61 U"],
    "sec usec usec1 first_utimestamp first_ts pkt_count packet_count wire_length ip_p agg tcp_seqno tcp_win payload_length ether_src",
  ),
  columns(
    "several packets, of equal lengths",
    "timestamp first_timestamp count ip_len ip_proto",
    ["10 1 4 400 U", "10 - 2 100 T", "10 1 0 60 T", "5 1 3 41 T"],
    "timestamp first_timestamp count ip_len wire_len udp_len",
    { from: ", MULTIPACKET true" },
  ),
  columns(
    "several packets, written one by one",
    "timestamp first_timestamp count ip_len ip_proto",
    ["10 1 4 400 U", "10 - 2 100 T"],
    "timestamp count ip_len wire_len",
    { to: ", MULTIPACKET true" },
  ),
  columns("protocol by argument", "ip_src sport", ["1.0.0.1 5"], "ip_proto sport", { from: ", PROTO 17" }),
  {
    name: "protocols by directive",
    config: "FromIPSummaryDump(d, STOP true) -> ToIPSummaryDump(-, FIELDS ip_proto)",
    files: {
      d: "!data ip_src\n!proto U\n1.0.0.1\n!proto udp\n1.0.0.1\n!proto icmp\n1.0.0.1\n!proto 50\n1.0.0.1\n!proto T\n1.0.0.1\n",
    },
  },
  {
    name: "flow identifiers",
    config:
      "FromIPSummaryDump(d, STOP true) -> ToIPSummaryDump(-, FIELDS ip_proto ip_src sport ip_dst dport aggregate)",
    files: { d: "!data timestamp\n!flowid 1.0.0.1 5 2.0.0.2 6 U\n1\n!aggregate 7\n2\n" },
  },
  {
    name: "bad directives",
    config: "FromIPSummaryDump(d, STOP true) -> ToIPSummaryDump(-, FIELDS ip_proto)",
    files: {
      d: "!data ip_src\n!flowid 1.0.0.1\n!aggregate x\n!proto\n!proto foo\n!proto 1 2\n!nosuch\n# comment\n1.0.0.1\n",
    },
  },
  {
    name: "comments, empty lines and line ends",
    config: "f :: FromIPSummaryDump(d, STOP true) -> ToIPSummaryDump(-, FIELDS ip_src)",
    files: { d: "!IPSummaryDump 1.2\r\n!data ip_src\r\n# a\r\n\r\n1.0.0.1\r1.0.0.2\n\n 1.0.0.3\n1.0.0.4" },
    args: ["-h", "f.filepos"],
  },
  {
    name: "text in the configuration",
    config:
      'FromIPSummaryDump(DATA "!data ip_src sport\\n1.0.0.1 5\\n1.0.0.2 6\\n", STOP true) -> ToIPSummaryDump(-, FIELDS ip_src sport)',
  },
  ...["x", "1.2.3.4", "!foo", "!data ip_src", "!IPSummaryDump", "!IPSummaryDump 1.9"].map((line) => ({
    name: `a dump that is one line without an end: ${line}`,
    config: `FromIPSummaryDump(DATA "${line}", STOP true) -> ToIPSummaryDump(-, FIELDS ip_src)`,
    args: ["--simtime"],
  })),
  {
    name: "VERBOSE in simulated time",
    config:
      "Idle -> ToIPSummaryDump(-, FIELDS ip_src, VERBOSE true); t :: ToIPSummaryDump(-, FIELDS ip_src, VERBOSE true); Idle -> t; Script(print $(now), stop)",
    args: ["--simtime"],
    // The date is the world's in Click, and the run's here.
    mask: (text) => text.replace(/!host .*/g, "!host H").replace(/\(.*\)/g, "(date)"),
  },
  {
    name: "text in the configuration, and its handlers",
    config: 'f :: FromIPSummaryDump(DATA "1.0.0.1 5", FIELDS ip_src sport, STOP true) -> c :: Counter -> Discard',
    args: ["-h", "c.count", "-h", "f.filename", "-h", "f.filesize", "-h", "f.encap", "-h", "f.active"],
  },
  {
    name: "columns of a file that does not name them",
    config: "FromIPSummaryDump(d, STOP true, DEFAULT_FIELDS ip_src sport) -> ToIPSummaryDump(-, FIELDS ip_src sport)",
    files: { d: "1.0.0.1 5\n!data sport\n7\n" },
  },
  {
    name: "a pulled dump",
    config: "f :: FromIPSummaryDump(d, STOP true) -> Unqueue -> c :: Counter -> Discard",
    files: { d: "!data ip_src\n1.0.0.1\n\n1.0.0.2\n" },
    args: ["-h", "c.count"],
  },
  {
    name: "a dump that is not active at first",
    config:
      "f :: FromIPSummaryDump(d, STOP true, ACTIVE false) -> c :: Counter -> Discard; Script(wait 0.05, print c.count, write f.active true)",
    files: { d: "!data ip_src\n1.0.0.1\n\n1.0.0.2\n" },
    args: ["-h", "c.count"],
  },
  {
    name: "TIMING plays packets at their distances",
    config: `FromIPSummaryDump(d, STOP true, TIMING true) -> c :: Counter -> Discard;
      Script(wait 0.5, print c.count, wait 1, print c.count, wait 1, print c.count)`,
    files: { d: "!data timestamp\n100\n101\n102\n103\n" },
    args: ["--simtime", "-h", "c.count"],
  },
  {
    name: "SAMPLE 0",
    config: "f :: FromIPSummaryDump(d, STOP true, SAMPLE 0) -> c :: Counter -> Discard",
    files: { d: "!data timestamp\n100\n101\n" },
    args: ["-h", "c.count", "-h", "f.sampling_prob"],
  },
  {
    name: "a compressed dump",
    config: "f :: FromIPSummaryDump(d, STOP true) -> ToIPSummaryDump(-, FIELDS ip_src)",
    files: { d: gzipSync("!data ip_src\n1.0.0.1\n") },
    args: ["-h", "f.filesize"],
  },
  {
    name: "standard input",
    config: "f :: FromIPSummaryDump(-, STOP true) -> ToIPSummaryDump(-, FIELDS ip_src)",
    stdin: "!data ip_src\n1.0.0.1\n",
    args: ["-h", "f.filename"],
  },
  {
    name: "a binary dump, written and read",
    config: `FromIPSummaryDump(d, STOP true) -> ToIPSummaryDump(e, FIELDS ntimestamp ip_src sport tcp_flags ip_fragoff count wire_len, BINARY true)`,
    files: {
      d: "!data timestamp ip_src sport tcp_flags ip_fragoff count ip_len\n1.5 1.0.0.1 5 SA 8+ 6 100\n2.25 2.0.0.2 6 . 0! 7 40\n",
    },
    outputs: ["e"],
  },
  {
    name: "a binary dump",
    config: "FromIPSummaryDump(d, STOP true) -> ToIPSummaryDump(-, FIELDS timestamp ip_src sport tcp_sack)",
    files: {
      d: Buffer.concat([
        Buffer.from("!IPSummaryDump 1.3\n!data timestamp ip_src sport tcp_sack\n!binary\n"),
        hex("00000015 00000005 00000007 01020304 0050 02 0402".replace("00000015", "00000017")),
        hex("8000000f"),
        Buffer.from("!data ip_src"),
        hex("0000"),
        hex("00000008 05060708"),
      ]),
    },
  },
  {
    name: "a dump that is not there, and may be so",
    config: "f :: FromIPSummaryDump(nosuch, STOP true, ALLOW_NONEXISTENT true) -> c :: Counter -> Discard",
    args: ["-h", "c.count"],
  },
  {
    name: "quoted payloads in columns",
    config: "FromIPSummaryDump(d, STOP true) -> ToIPSummaryDump(-, FIELDS payload sport)",
    files: { d: '!data payload sport\n"a b c" 5\n"a\\" b" 6\n"never ends 7\n' },
  },
  {
    name: "where it is in the file",
    config: "f :: FromIPSummaryDump(d) -> Discard",
    files: { d: "!IPSummaryDump 1.3\n!data ip_src\n1.0.0.1\n" },
    args: ["-q", "-h", "f.filepos", "-h", "f.filesize"],
  },
  {
    name: "names of handlers",
    config: 'f :: FromIPSummaryDump(DATA "1", FIELDS sport, STOP true) -> t :: ToIPSummaryDump(-)',
    args: ["-h", "f.handlers", "-h", "t.handlers"],
  },
  {
    name: "names of handlers, pulled",
    config: 'f :: FromIPSummaryDump(DATA "1", FIELDS sport, STOP true) -> t :: ToIPSummaryDump(-) -> Discard',
    args: ["-h", "f.handlers", "-h", "t.handlers"],
  },
  {
    name: "the output is push, also of what is pulled",
    config:
      "FromIPSummaryDump(d, STOP true) -> q :: Queue -> ToIPSummaryDump(-, FIELDS ip_src) -> c :: Counter -> Discard; Script(wait 0.05, print c.count, stop)",
    files: { d: "!data ip_src\n1.0.0.1\n1.0.0.2\n" },
  },
  {
    name: "who writes it, and when",
    config: "FromIPSummaryDump(d, STOP true) -> ToIPSummaryDump(-, VERBOSE true)",
    files: { d: "!data ip_src\n1.0.0.1\n" },
    mask: (text) =>
      text.replace(/!runtime .*/, (line) =>
        line
          .replace(/\d/g, "0")
          .replace(/\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0]0/, "DATE")
          .replace(/0+\./, "0.")
          .replace(/\.\d+/, ".0"),
      ),
  },
  {
    name: "flush",
    config:
      "FromIPSummaryDump(d) -> t :: ToIPSummaryDump(e, FIELDS ip_src); Script(wait 0.05, write t.flush, print $(cat e), stop)",
    files: { d: "!data ip_src\n1.0.0.1\n" },
  },
  ...Object.entries({
    "that is not there": {},
    "that is empty": { d: "" },
    "without a banner": { d: "1.0.0.1\n" },
    "of another version": { d: "!IPSummaryDump 1.9\n!data ip_src\n1.0.0.1\n" },
    "with unknown columns": { d: "!data foo ip_src payload_md5 bar\n1 1.0.0.1 2 3\n" },
    "without columns": { d: "!data\n!data \n1.0.0.1\n" },
  }).map(([what, files]) => ({
    name: `a dump ${what}`,
    config: "FromIPSummaryDump(d, STOP true) -> c :: Counter -> Discard",
    args: ["-h", "c.count"],
    files,
  })),
  ...[
    'd, DATA "x"',
    "STOP true",
    "d, PROTO tcp",
    "d, BURST 5",
    "d, FLOWID 1.0.0.1 5 2.0.0.2 6",
    "d, FIELDS foo",
    "d, SAMPLE 2",
  ].map((given) => ({
    name: `arguments: FromIPSummaryDump(${given})`,
    config: `FromIPSummaryDump(${given}) -> Discard; Script(stop)`,
    files: { d: "!data ip_src\n" },
  })),
  ...[
    "FIELDS foo ip_src bar",
    'FIELDS "ip_src ip_dst"',
    'FIELDS ""',
    "FIELDS payload, BINARY true",
    "DATA ip_src",
    "FIELDS seq flags win dir time capture_len tcp_sum nts",
  ].map((given) => ({
    name: `arguments: ToIPSummaryDump(-, ${given})`,
    config: `Idle -> ToIPSummaryDump(-, ${given}); Script(stop)`,
  })),
  { name: "a summary that cannot be written", config: "Idle -> ToIPSummaryDump(nosuch/x)" },
  ...["/", "/dev/null", "nosuch"].map((file) => ({
    name: `FromIPSummaryDump(${file})`,
    config: `FromIPSummaryDump(${file}) -> Discard`,
  })),
];
