// FromDump and ToDump: captures that are read and written.
import { gzipSync } from "node:zlib";
import { ether, etherHeader, hex, pcap, tcpPacket, udpPacket, withFirstByte } from "../captures.mjs";

const packets = [
  [1, 5, ether(tcpPacket)],
  [2, 6, ether(hex("0001080006040001"), "0806")],
  [3, 7, ether(withFirstByte(tcpPacket, 0x44))],
  [3, 8, ether(withFirstByte(tcpPacket, 0x4f))],
  [4, 9, ether(udpPacket), 1000],
  [5, 0, ether(tcpPacket)],
];
const mixed = pcap(packets);
const raw = pcap(
  [
    [1, 5, tcpPacket],
    [2, 6, withFirstByte(tcpPacket, 0x65)],
    [3, 7, withFirstByte(tcpPacket, 0x44)],
    [4, 9, udpPacket, 1000],
  ],
  { link: 101 },
);
const files = { "x.pcap": mixed };
const some = (count) => pcap(Array.from({ length: count }, (_, i) => [i, i, ether(tcpPacket)]));
const read = ["timestamp", "wire_len", "ip_len", "ip_src"].join(" ");
const summary = `ToIPSummaryDump(out, FIELDS ${read})`;

/** A file of one link type with a packet behind a header of it. */
const linked = (link, header, packet = tcpPacket) => ({
  "x.pcap": pcap(
    [
      [1, 0, Buffer.concat([hex(header), packet])],
      [2, 0, hex(header)],
    ],
    { link },
  ),
});
const linkTypes = [
  ["null", 0, "02000000"],
  ["null, other byte order", 0, "0000001e"],
  ["null, not IP", 0, "07000000"],
  ["PPP", 9, "ff030021"],
  ["PPP, short", 9, "21"],
  ["PPP without address", 9, "0021"],
  ["FDDI", 10, "50 020000000001 020000000002 aaaa03 000000 0800"],
  ["FDDI, not LLC", 10, "40 020000000001 020000000002 aaaa03 000000 0800"],
  ["raw of the host", 12, ""],
  ["PPP in HDLC", 50, "ff030021"],
  ["Cisco HDLC in PPP in HDLC", 50, "0f000800"],
  ["ATM", 100, "aaaa03 000000 0800"],
  ["ATM, IP's own address", 100, "06060300"],
  ["ATM, bridged Ethernet", 100, "aaaa03 0080c2 0007 020000000001 020000000002 0800"],
  ["ATM, bridged by Cisco", 100, "aaaa03 0000f8 0800"],
  ["raw", 101, ""],
  ["HDLC", 104, "0f000800"],
  ["802.11", 105, "0800000000000000000000000000000000000000000000000000 aaaa03 000000 0800".replace("0000", "")],
  ["802.11, not data", 105, "000000000000000000000000000000000000000000000000 aaaa03 000000 0800"],
  ["cooked", 113, "0000 0001 0006 0200000000010000 0800"],
  ["Prism", 119, `${"00".repeat(144)}080000000000000000000000000000000000000000000000 aaaa03 000000 0800`],
  ["SunATM", 123, "00000000 aaaa03 000000 0800"],
  ["802.11 with radio", 127, "00000800 00000000 080000000000000000000000000000000000000000000000 aaaa03 000000 0800"],
];

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  {
    name: "packets of an Ethernet file, as they are",
    config: `f :: FromDump(x.pcap, STOP true) -> c :: Counter -> ToIPSummaryDump(out, FIELDS timestamp)`,
    files,
    args: ["-h", "c.count", "-h", "c.byte_count", "-h", "f.count", "-h", "f.encap", "-h", "f.active"],
    outputs: ["out"],
  },
  {
    name: "where it is in the file",
    config: "f :: FromDump(x.pcap, STOP true) -> Discard",
    files,
    args: ["-h", "f.filepos", "-h", "f.packet_filepos", "-h", "f.filesize", "-h", "f.filename"],
  },
  {
    name: "the file's name is the first argument, and must be there",
    config: "FromDump() -> Discard",
  },
  {
    name: "a file that is pulled",
    config: "f :: FromDump(x.pcap, STOP true) -> u :: Unqueue -> c :: Counter -> Discard",
    files,
    args: ["-h", "c.count", "-h", "f.count"],
  },
  {
    name: "a file that is pulled has no task",
    config: "f :: FromDump(x.pcap, STOP true) -> u :: Unqueue -> Discard",
    files,
    args: ["-h", "f.tickets"],
  },
  {
    name: "one packet each time it is scheduled",
    config: "FromDump(x.pcap, STOP true) -> q :: Queue(5) -> u :: Unqueue -> c :: Counter -> Discard",
    files: { "x.pcap": some(32) },
    args: ["-h", "c.count", "-h", "q.drops"],
  },
  {
    name: "FORCE_IP: what is no IP leaves on the second output",
    config: `f :: FromDump(x.pcap, STOP true, FORCE_IP true) -> c :: Counter -> ${summary}; f [1] -> d :: Counter -> Discard`,
    files,
    args: ["-h", "c.count", "-h", "d.count", "-h", "f.count", "-h", "f.encap"],
    outputs: ["out"],
  },
  {
    name: "FORCE_IP: what is no IP is dropped where there is no second output",
    config: `f :: FromDump(x.pcap, STOP true, FORCE_IP true) -> c :: Counter -> ${summary}`,
    files,
    args: ["-h", "c.count", "-h", "f.count"],
    outputs: ["out"],
  },
  {
    name: "FORCE_IP, pulled",
    config:
      "f :: FromDump(x.pcap, STOP true, FORCE_IP true) -> Unqueue -> c :: Counter -> Discard; f [1] -> d :: Counter -> Discard",
    files,
    args: ["-h", "c.count", "-h", "d.count"],
  },
  {
    name: "a file of raw IP forces it",
    config: `f :: FromDump(x.pcap, STOP true) -> c :: Counter -> ${summary}; f [1] -> d :: Counter -> Discard`,
    files: { "x.pcap": raw },
    args: ["-h", "c.count", "-h", "d.count", "-h", "f.encap"],
    outputs: ["out"],
  },
  ...linkTypes.map(([name, link, header]) => ({
    name: `FORCE_IP, link type ${name}`,
    config:
      "f :: FromDump(x.pcap, STOP true, FORCE_IP true) -> c :: Counter -> ToIPSummaryDump(out, FIELDS ip_src ip_dst sport); f [1] -> d :: Counter -> Discard",
    files: linked(link, header),
    args: ["-h", "c.count", "-h", "d.count", "-h", "f.encap"],
    outputs: ["out"],
  })),
  {
    name: "FORCE_IP through a VLAN tag, and of version 6",
    config:
      "f :: FromDump(x.pcap, STOP true, FORCE_IP true) -> c :: Counter -> Discard; f [1] -> d :: Counter -> Discard",
    files: {
      "x.pcap": pcap([
        [1, 0, ether(Buffer.concat([hex("0005 0800"), tcpPacket]), "8100")],
        [2, 0, ether(Buffer.concat([Buffer.of(0x60), Buffer.alloc(39)]), "86dd")],
        [3, 0, ether(Buffer.concat([Buffer.of(0x60), Buffer.alloc(38)]), "86dd")],
      ]),
    },
    args: ["-h", "c.count", "-h", "d.count"],
  },
  {
    name: "FORCE_IP of a link type that holds none",
    config: "FromDump(x.pcap, FORCE_IP true) -> Discard",
    files: { "x.pcap": pcap([[1, 0, tcpPacket]], { link: 147 }) },
  },
  {
    name: "a link type without a name",
    config: "f :: FromDump(x.pcap, STOP true) -> Discard",
    files: { "x.pcap": pcap([[1, 0, tcpPacket]], { link: 147 }) },
    args: ["-h", "f.encap"],
  },
  {
    name: "nanoseconds are kept",
    config: "FromDump(x.pcap, STOP true) -> ToIPSummaryDump(out, FIELDS timestamp) -> ToDump(y.pcap)",
    files: { "x.pcap": pcap([[1, 123456789, ether(tcpPacket)]], { magic: 0xa1b23c4d }) },
    outputs: ["out", "y.pcap"],
  },
  {
    name: "a file in the other byte order",
    config: "FromDump(x.pcap, STOP true) -> ToDump(y.pcap)",
    files: { "x.pcap": pcap(packets, { big: true }) },
    outputs: ["y.pcap"],
  },
  {
    name: "a file in Linux's modified format",
    config: "FromDump(x.pcap, STOP true) -> ToDump(y.pcap)",
    files: { "x.pcap": pcap(packets, { magic: 0xa1b2cd34, extra: 8 }) },
    outputs: ["y.pcap"],
  },
  {
    name: "lengths in the order of version 2.2",
    config: "FromDump(x.pcap, STOP true) -> ToDump(y.pcap)",
    files: { "x.pcap": pcap([[1, 5, ether(tcpPacket), 54]], { minor: 2 }) },
    outputs: ["y.pcap"],
  },
  {
    name: "a record that has more bytes than there were on the wire",
    config: "FromDump(x.pcap, STOP true) -> ToDump(y.pcap)",
    files: {
      "x.pcap": pcap([
        [1, 5, ether(tcpPacket), 53],
        [2, 6, ether(tcpPacket)],
      ]),
    },
    outputs: ["y.pcap"],
  },
  {
    name: "a record that claims too much",
    config: "f :: FromDump(x.pcap, STOP true) -> Discard",
    files: { "x.pcap": Buffer.concat([mixed, hex("01000000 00000000 ffffff7f ffffff7f"), Buffer.alloc(100)]) },
    args: ["-h", "f.count"],
  },
  {
    name: "a file that is cut off in a packet",
    config: "f :: FromDump(x.pcap, STOP true) -> Discard",
    files: { "x.pcap": mixed.subarray(0, -5) },
    args: ["-h", "f.count"],
  },
  ...Object.entries({
    "that is not there": {},
    "that is empty": { "x.pcap": "" },
    "that is too short": { "x.pcap": "abcd" },
    "that is no capture": { "x.pcap": "x".repeat(40) },
    "of another version": { "x.pcap": pcap([], { major: 3 }) },
  }).map(([what, files]) => ({ name: `a file ${what}`, config: "f :: FromDump(x.pcap) -> Discard", files })),
  {
    name: "a file in the home directory",
    config: "f :: FromDump(~/a/x.pcap, STOP true) -> ToDump(~/y.pcap)",
    files: { "a/x.pcap": mixed },
    outputs: ["y.pcap"],
  },
  {
    name: "standard input and standard output",
    config: "f :: FromDump(-, STOP true) -> t :: ToDump(-, ENCAP IP)",
    stdin: mixed,
    args: ["-h", "f.count"],
  },
  {
    name: "a compressed file",
    config: "f :: FromDump(x.pcap, STOP true) -> ToDump(y.pcap)",
    files: { "x.pcap": gzipSync(mixed) },
    args: ["-h", "f.filesize", "-h", "f.filepos", "-h", "f.filename"],
    outputs: ["y.pcap"],
  },
  {
    name: "a file that is compressed as it is written",
    config: "f :: FromDump(x.pcap, END_CALL s.run) -> ToDump(y.pcap.gz); s :: Script(TYPE PASSIVE, stop)",
    files,
  },
  {
    name: "times: START",
    config: `FromDump(x.pcap, STOP true, START 3.000007) -> c :: Counter -> Discard`,
    files,
    args: ["-h", "c.count"],
  },
  {
    name: "times: START_AFTER, END_AFTER",
    config: `f :: FromDump(x.pcap, STOP true, START_AFTER 1s, END_AFTER 2.1) -> c :: Counter -> Discard`,
    files,
    args: ["-h", "c.count", "-h", "f.active", "-h", "f.packet_filepos"],
  },
  {
    name: "times: START, INTERVAL",
    config: `f :: FromDump(x.pcap, STOP true, START 2, INTERVAL 1.1) -> c :: Counter -> Discard`,
    files,
    args: ["-h", "c.count"],
  },
  {
    name: "times: after END it is not active, and goes on with extend_interval",
    config: `f :: FromDump(x.pcap, END 3) -> c :: Counter -> Discard;
      Script(wait 0.05, print $(c.count) $(f.active), write f.extend_interval 1, wait 0.05, print $(c.count) $(f.active), stop)`,
    files,
  },
  {
    name: "times: an END that is written anew by END_CALL",
    config: `f :: FromDump(x.pcap, END 3, END_CALL s.run) -> c :: Counter -> Discard;
      s :: Script(TYPE PASSIVE, print "end $(c.count)"); Script(wait 0.05, stop)`,
    files,
    args: ["-h", "c.count"],
  },
  ...["START 1, START_AFTER 1", "END 1, INTERVAL 1", "END_CALL f.stop, STOP true"].map((arguments_) => ({
    name: `times: ${arguments_}`,
    config: `f :: FromDump(x.pcap, ${arguments_}) -> Discard`,
    files,
  })),
  {
    name: "END_CALL of a handler that is not there",
    config: "f :: FromDump(x.pcap, END_CALL c.nosuch) -> c :: Counter -> Discard",
    files,
  },
  {
    name: "SAMPLE 0",
    config: "f :: FromDump(x.pcap, STOP true, SAMPLE 0) -> c :: Counter -> Discard",
    files,
    args: ["-h", "c.count", "-h", "f.sampling_prob"],
  },
  {
    name: "SAMPLE 2",
    config: "f :: FromDump(x.pcap, STOP true, SAMPLE 2) -> c :: Counter -> Discard",
    files,
    args: ["-h", "c.count", "-h", "f.sampling_prob"],
  },
  {
    name: "SAMPLE is a number of 28 bits",
    config: "f :: FromDump(x.pcap, STOP true, SAMPLE 0.3) -> Discard",
    files,
    args: ["-h", "f.sampling_prob"],
  },
  {
    name: "TIMING plays packets at their distances",
    config: `f :: FromDump(x.pcap, true, STOP true) -> c :: Counter -> Discard;
      Script(print $(c.count), wait 0.5, print $(c.count), wait 1, print $(c.count), wait 1, print $(c.count))`,
    files,
    args: ["--simtime", "-h", "c.count"],
  },
  {
    name: "TIMING, pulled",
    config: `f :: FromDump(x.pcap, TIMING true, STOP true) -> Unqueue -> c :: Counter -> Discard;
      Script(wait 0.5, print $(c.count), wait 1, print $(c.count), wait 1, print $(c.count))`,
    files,
    args: ["--simtime", "-h", "c.count"],
  },
  {
    name: "FILEPOS",
    config: "f :: FromDump(x.pcap, STOP true, FILEPOS 94) -> c :: Counter -> Discard",
    files,
    args: ["-h", "c.count"],
  },
  {
    name: "FILEPOS beyond the end",
    config: "f :: FromDump(x.pcap, STOP true, FILEPOS 9400) -> c :: Counter -> Discard",
    files,
  },
  {
    name: "filepos is written, and active",
    config: `f :: FromDump(x.pcap) -> c :: Counter -> Discard;
      Script(wait 0.05, print $(c.count), write f.filepos 24, write f.active true, wait 0.05, print $(c.count), write f.reset_counts, print $(f.count), write f.active maybe, write f.filepos x, write f.extend_interval x, stop)`,
    files,
  },
  {
    name: "ACTIVE false",
    config: `f :: FromDump(x.pcap, ACTIVE false, STOP true) -> c :: Counter -> Discard;
      Script(wait 0.05, print $(c.count), write f.active true)`,
    files,
    args: ["-h", "c.count"],
  },
  {
    name: "ACTIVE false, pulled",
    config: `f :: FromDump(x.pcap, ACTIVE false, STOP true) -> Unqueue -> c :: Counter -> Discard;
      Script(wait 0.05, print $(c.count), write f.active true)`,
    files,
    args: ["-h", "c.count"],
  },
  {
    name: "the stop handler",
    config: "f :: FromDump(x.pcap) -> c :: Counter -> Discard; Script(wait 0.05, write f.stop)",
    files,
    args: ["-h", "f.active"],
  },
  { name: "BURST is no keyword", config: "FromDump(x.pcap, BURST 5) -> Discard", files },
  {
    name: "ToDump: snaplen and encapsulation by position",
    config: "FromDump(x.pcap, STOP true) -> t :: ToDump(y.pcap, 20, IP)",
    files,
    args: ["-h", "t.count", "-h", "t.filename"],
    outputs: ["y.pcap"],
  },
  {
    name: "ToDump: everything of a packet, in microseconds",
    config: "FromDump(x.pcap, STOP true) -> ToDump(y.pcap, SNAPLEN 0, NANO false)",
    files,
    outputs: ["y.pcap"],
  },
  {
    name: "ToDump: the extra length is part of the length on the wire",
    config: "FromDump(x.pcap, STOP true) -> Truncate(30) -> ToDump(y.pcap)",
    files,
    outputs: ["y.pcap"],
  },
  {
    name: "ToDump: EXTRA_LENGTH false",
    config: "FromDump(x.pcap, STOP true) -> Truncate(30) -> ToDump(y.pcap, EXTRA_LENGTH false)",
    files,
    outputs: ["y.pcap"],
  },
  {
    name: "ToDump: packets that are pulled",
    config: "FromDump(x.pcap, STOP true) -> t :: ToDump(y.pcap) -> q :: Queue -> ToDump(z.pcap)",
    files,
    args: ["-h", "t.count"],
    outputs: ["y.pcap"],
  },
  {
    name: "ToDump: packets that are pulled through it",
    config: "FromDump(x.pcap, STOP true) -> t :: ToDump(y.pcap) -> Unqueue -> c :: Counter -> Discard",
    files,
    args: ["-h", "t.count", "-h", "c.count"],
    outputs: ["y.pcap"],
  },
  {
    name: "ToDump: a packet without a timestamp has the time of now",
    config: "InfiniteSource(LIMIT 1, STOP true, LENGTH 60) -> SetTimestamp(0) -> ToDump(y.pcap)",
    args: ["--simtime=7"],
    outputs: ["y.pcap"],
    differs:
      "the clock of a simulated run stands still while nothing waits; Click's moves a nanosecond with each look at it",
  },
  ...["ETHER", "IP", "FDDI", "ATM", "802_11", "SLL", "PPP", "PPP_HDLC", "NULL", "SUNATM", "PRISM", '"#147"'].map(
    (name) => ({
      name: `ToDump: ENCAP ${name}`,
      config: `FromDump(x.pcap, STOP true, END 1) -> ToDump(y.pcap, ENCAP ${name})`,
      files,
      outputs: ["y.pcap"],
    }),
  ),
  ...["RAW", "1", "ether", "IP, USE_ENCAP_FROM c"].map((name) => ({
    name: `ToDump: ENCAP ${name}`,
    config: `Idle -> c :: Counter -> ToDump(y.pcap, ENCAP ${name})`,
  })),
  {
    name: "ToDump: USE_ENCAP_FROM",
    config: "a/f :: FromDump(x.pcap, STOP true) -> t :: ToDump(y.pcap, USE_ENCAP_FROM a/f)",
    files: { "x.pcap": raw },
    outputs: ["y.pcap"],
  },
  {
    name: "ToDump: USE_ENCAP_FROM of an element that does not say",
    config: "Idle -> c :: Counter -> ToDump(y.pcap, USE_ENCAP_FROM c)",
  },
  {
    name: "ToDump: USE_ENCAP_FROM of elements that disagree",
    config: "f :: FromDump(x.pcap) -> t :: ToDump(z.pcap, USE_ENCAP_FROM f g); g :: FromDump(y.pcap) -> Discard",
    files: { "x.pcap": mixed, "y.pcap": raw },
  },
  {
    name: "ToDump: USE_ENCAP_FROM of what is no element",
    config: "Idle -> ToDump(y.pcap, USE_ENCAP_FROM nosuch)",
  },
  { name: "ToDump: a file that cannot be made", config: "Idle -> t :: ToDump(nosuch/x)" },
  {
    name: "ToDump: names of handlers",
    config: "Idle -> t :: ToDump(y.pcap); Script(stop)",
    args: ["-h", "t.handlers"],
  },
  {
    name: "FromDump: names of handlers",
    config: "f :: FromDump(x.pcap, STOP true) -> Discard",
    files,
    args: ["-h", "f.handlers"],
  },
  {
    name: "ToDump: reset_counts",
    config:
      "FromDump(x.pcap, STOP true) -> t :: ToDump(y.pcap); DriverManager(pause, print t.count, write t.reset_counts, print t.count)",
    files,
  },
  {
    name: "standard output is one stream",
    config: `FromDump(x.pcap, END 2) -> Script(TYPE PACKET, print "packet") -> ToDump(-) -> ToIPSummaryDump(-, FIELDS timestamp) -> Discard;
      Script(wait 0.05, print "end", stop)`,
    files,
    args: ["-h", "list"],
  },
  {
    name: "an Ethernet header alone",
    config: "f :: FromDump(x.pcap, STOP true) -> t :: ToDump(y.pcap)",
    files: {
      "x.pcap": pcap([
        [1, 5, etherHeader],
        [2, 0, Buffer.alloc(0)],
        [3, 0, Buffer.alloc(0), 60],
      ]),
    },
    outputs: ["y.pcap"],
  },
  ...["/", "nosuch", "/dev/null"].map((file) => ({
    name: `FromDump(${file})`,
    config: `FromDump(${file}) -> Discard`,
  })),
  ...["/", "/nosuch/x"].map((file) => ({ name: `ToDump(${file})`, config: `Idle -> ToDump(${file})` })),
  // Lengths are in the other order in old versions.
  ...[1, 2, 3, 4].flatMap((minor) =>
    [20, 40, 60].map((length) => ({
      name: `version 2.${minor} with the lengths 40 and ${length}`,
      config: "FromDump(x.pcap, STOP true, FORCE_IP false) -> Print(a, 4, TIMESTAMP true) -> Discard",
      files: { "x.pcap": pcap([[1, 5, tcpPacket, length]], { link: 101, minor }) },
    })),
  ),
  {
    name: "a file with a name that is not ASCII",
    config: "f :: FromDump(\u00e9.pcap, STOP true) -> ToDump(\u00f6.pcap)",
    args: ["-h", "f.filename"],
    files: { "\u00e9.pcap": pcap([[1, 5, etherHeader]]) },
    outputs: ["\u00f6.pcap"],
  },
];
