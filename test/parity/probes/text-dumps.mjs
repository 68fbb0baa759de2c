// Packets from texts: what tcpdump prints, NetFlow summaries, files of cap; and other addresses in the place of theirs.
import { gzipSync } from "node:zlib";
import { ether, hex, pcap, tcpPacket, udpPacket, withFirstByte } from "../captures.mjs";

const show = "ToIPSummaryDump(out, FIELDS ntimestamp first_ntimestamp wire_len count paint aggregate link ip_len)";
const print = "Print(x, MAXLENGTH 400, TIMESTAMP true)";
const source = (element, text, { args = "", more = {}, name = "" } = {}) => ({
  name: `${element}: ${name || text.trimEnd()}${args}`,
  config: `${element}(in, STOP true${args}) -> ${print} -> ${show}`,
  files: { in: text },
  outputs: ["out"],
  ...more,
});
/** What is common to sources. */
const common = (element, text, more = {}) => {
  const files = { in: text, "in.gz": gzipSync(text), empty: "", folder: undefined };
  delete files.folder;
  const run = (name, config, others = {}) => ({
    name: `${element}: ${name}`,
    config,
    files,
    outputs: ["out"],
    ...others,
  });
  const handlers = ["handlers", "active", "encap", "filename", "filesize", "filepos", ...(more.handlers ?? [])];
  const reads = handlers.flatMap((handler) => ["-h", `f.${handler}`]);
  return [
    run("compressed", `${element}(in.gz, STOP true) -> ${show}`),
    run("standard input", `${element}(-, STOP true) -> ${show}`, { stdin: text }),
    run("no such file", `${element}(nosuch) -> Discard`),
    run("an empty file", `${element}(empty) -> Discard`),
    run("a folder", `${element}(.) -> Discard`),
    run("no arguments", `${element} -> Discard`),
    run("unknown arguments", `${element}(in, FOO 1, STOP maybe) -> Discard`),
    run("handlers", `f :: ${element}(in, STOP true) -> Discard`, { args: reads }),
    run("handlers where it is pulled", `f :: ${element}(in, STOP true) -> Unqueue -> Discard`, { args: reads }),
    run("handlers of standard input", `f :: ${element}(-, STOP true) -> Discard`, { args: reads, stdin: text }),
    run("handlers before it is active", `f :: ${element}(in, ACTIVE false) -> Discard`, { args: ["-q", ...reads] }),
    run(
      "active",
      `f :: ${element}(in, ACTIVE false, STOP true) -> c :: Counter -> Discard; Script(wait 0, print c.count, write f.active true, wait 0.01, print c.count)`,
    ),
    run("active maybe", `f :: ${element}(in, ACTIVE false) -> Discard; Script(write f.active maybe, stop)`),
    run(
      "active again at the end",
      `f :: ${element}(in) -> c :: Counter -> Discard; Script(wait 0.01, write f.active true, wait 0.01, print c.count, stop)`,
    ),
    run("pulled", `${element}(in, STOP true) -> Unqueue -> ${print} -> ${show}`),
    ...(more.samples ?? ["SAMPLE 0", "SAMPLE 1.5", "SAMPLE 1", "SAMPLE x"]).map((sample) =>
      run(sample, `f :: ${element}(in, STOP true, ${sample}) -> ${show}`, { args: ["-h", "f.sampling_prob"] }),
    ),
    ...(more.stops === false
      ? []
      : [run("stop", `f :: ${element}(in, ACTIVE false) -> Discard; Script(write f.stop, print f.active)`)]),
  ];
};

const [a, b] = ["10.0.0.1.1000", "10.0.0.2.80"];
const tcpdump = (text, more) => source("FromTcpdump", `${text}\n`, more);
const session = `1.5 ${a} > ${b}: S 100:100(0) win 65535 <mss 1460,nop,wscale 3,sackOK,timestamp 5 6> (DF) [tos 0x10] (ttl 64, id 77, len 60)
2 ${b} > ${a}: S 5000:5000(0) ack 101 win 100
3.123456789 ${a} > ${b}: P 1:101(100) ack 1 win 100 <nop,nop,sack sack 1 {1:3}>
3.5 ${a} > ${b}: F 101:101(0) ack 1 win 7 urg 9
4 ${b} > ${a}: . ack 102 win 100
5 10.0.0.3.53 > 10.0.0.4.domain: udp 30
6 10.0.0.3 > 10.0.0.4: icmp: echo request
`;
const segment = (text) => tcpdump(`1 ${a} > ${b}: ${text}`);
const netflow = (text, more) => source("FromNetFlowSummaryDump", `${text}\n`, more);
const flow = "192.4.1.32|18.26.4.44|0|14|16|5|10932|998006995|998006999|3917|80|0|18|6|4";
/** A flow with other fields in some places. */
const flowWith = (fields) =>
  flow
    .split("|")
    .map((field, i) => fields[i] ?? field)
    .join("|");
const cap = (text, more) => source("FromCapDump", `SND 0\n${text}\n`, more);
const transfer = `SND 0
INF - cap v2.13
SYN > 1046102982.856142 0 0 40 0
SYN < 1046102982.931832 0 0 40 0
DAT > 1046102982.931941 1 1 1500 1460
ACK < 1046102983.156387 1 1 40 0
DAT > 1046102983.156531 2 2 1500 1460
ACK < 1046102983.2 1 1 40 0 SACK:2-3:5-6 SACK_NEW
DAT > 1046102996.137294 5068 5000 1500 1460 FIN
ACK < 1046102996.215164 5068 5000 40 0 FIN
`;

const mixed = pcap([
  [1, 5, ether(tcpPacket)],
  [2, 6, ether(hex("0001080006040001"), "0806")],
  [3, 7, ether(withFirstByte(udpPacket, 0x46))],
  [4, 9, ether(udpPacket)],
  [5, 0, ether(tcpPacket)],
]);
const error = (embedded, type = 3) =>
  Buffer.concat([
    hex(
      `450000${(28 + embedded.length).toString(16).padStart(2, "0")} 00030000 40010000 0a000002 0a000001 0${type}01 1234 00000000`,
    ),
    embedded,
  ]);
const errors = pcap([
  [1, 0, ether(error(tcpPacket.subarray(0, 28)))],
  [2, 0, ether(error(tcpPacket.subarray(0, 27)))],
  [3, 0, ether(error(tcpPacket.subarray(0, 28), 8))],
  [4, 0, ether(error(tcpPacket.subarray(0, 28), 4))],
  [5, 0, ether(error(withFirstByte(tcpPacket, 0x44)))],
  [6, 0, ether(error(withFirstByte(tcpPacket, 0x46)))],
]);
const addresses = [
  "0.0.0.0",
  "255.255.255.255",
  "10.0.0.1",
  "10.0.0.2",
  "10.0.1.1",
  "192.168.0.1",
  "224.0.0.1",
  "18.26.4.9",
  "19.1.1.1",
  "16.1.1.1",
  "17.1.1.1",
  "10.0.0.1",
];
const anonymized = (args, seed = 5) => ({
  name: `AnonymizeIPAddr(${args}), seed ${seed}`,
  config: `RandomSeed(${seed}); FromIPSummaryDump(in, STOP true, CHECKSUM true) -> a :: AnonymizeIPAddr(${args}) -> ToIPSummaryDump(-, FIELDS ip_src ip_dst ip_sum)`,
  args: ["-h", "a.handlers"],
  files: {
    in: `!data ip_src ip_dst\n${addresses.map((from, i) => `${from} ${addresses[(i * 5 + 3) % addresses.length]}`).join("\n")}\n`,
  },
});
const captured = (name, file, more = "") => ({
  name: `AnonymizeIPAddr: ${name}`,
  config: `RandomSeed(7); FromDump(x.pcap, STOP true, FORCE_IP true) ${more} -> a :: AnonymizeIPAddr -> Print(a, MAXLENGTH 400) -> Discard; a [1] -> Print(b, MAXLENGTH 400) -> Discard`,
  files: { "x.pcap": file },
});

/** Packets that native Click makes longer, with bytes that nobody wrote. */
const longer = /\(len (?:44|60|1500)\)/;
const withoutBytes = (probe) =>
  longer.test(probe.name) ? { ...probe, config: probe.config.replace(`-> ${print} `, "") } : probe;

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  {
    ...tcpdump("4294967296 10.0.0.1 > 10.0.0.2: x"),
    differs: "in Click a time that is too late is a nanosecond before 1970",
  },
  {
    ...cap("DAT > 1 1 1 1 100\nACK < 1 1 1 40 0 DSACK:x FIN"),
    differs: "Click takes the number that it read before for one that is not there",
  },
  ...common("FromTcpdump", session, { handlers: ["sampling_prob"] }),
  tcpdump(session.trimEnd(), { name: "a session" }),
  tcpdump(session.trimEnd(), { name: "a session", args: ", CHECKSUM true" }),
  tcpdump(session.trimEnd(), { name: "a session", args: ", ZERO true" }),
  ...[
    "",
    "foo",
    "12:34:56.7 x",
    "1 x",
    "1",
    "1.5s 10.0.0.1 > 10.0.0.2: icmp",
    "# a comment",
    "1 10.0.0.1 > 10.0.0.2",
    "1 10.0.0.1 > 10.0.0.2:",
  ].map((text) => tcpdump(text)),
  ...[
    "1 10.0.0.1.x > 10.0.0.2.80: S",
    "1 10.0.0.1.80 > 10.0.0.2.65536: S",
    "1 10.0.0.1.http > 10.0.0.2.ssh: S 1:1(0)",
    "1 10.0.0.1:80 > 10.0.0.2:81: S 1:1(0) ack 5",
    "1 a > b: icmp",
    "1 10.0.0.1 < 10.0.0.2: icmp",
    "1 10.0.0.1.5 > 10.0.0.2.6: [udp sum ok] udp 5",
    "1 10.0.0.1.5 > 10.0.0.2.6:    udp 5",
    "1 10.0.0.1.5 > 10.0.0.2.6: udp x",
    "1 10.0.0.1.5 > 10.0.0.2.6: udp 70000",
    "1 ::1 > ::2: icmp6",
    "1.1234567891 10.0.0.1 > 10.0.0.2: x",
  ].map((text) => tcpdump(text)),
  tcpdump("foo\n1 10.0.0.1 > 10.0.0.2: icmp\nbar\n\n  \n2 10.0.0.1 > 10.0.0.2: icmp"),
  { ...tcpdump(session, { name: "a line without an end" }), files: { in: session.trimEnd() } },
  { ...tcpdump(session, { name: "carriage returns" }), files: { in: session.replaceAll("\n", "\r\n") } },
  { ...tcpdump(session, { name: "one line without an end" }), files: { in: `1 ${a} > ${b}: S 1:1(0)` } },
  ...[
    "S",
    ". ",
    ". ack 5",
    "S 1",
    "S 1:2",
    "S 1:2(",
    "S 1:2(1",
    "S 1:2(1)",
    "S 1:2(1)x",
    "S 1:2(1) x",
    "SFRPUXWEYN 1:1(0)",
    ".S 1:1(0)",
    "S 0x10:020(0)",
    "S 1:4294967295(0)",
  ].map(segment),
  ...[
    "S [tcp sum ok] 1:1(0)",
    "S [bad tcp cksum 1 (->2)!] 1:1(0)",
    "S [bad hdr length 5] 1:1(0)",
    "S [bad hdr length 5] [tcp sum ok] 1:1(0)",
    "S [bad 1:1(0)",
  ].map(segment),
  ...[
    "<",
    "<>",
    "<mss>",
    "<mss 70000>",
    "<wscale 300>",
    "<eol>",
    "<nop,nop>",
    "<timestamp 1>",
    "<timestamp 1 x>",
    "<timestamp 1 2,mss 5>",
    "<unknown-5:123,mss 5>",
    "<mss 5x,nop>",
    "<sack sack 2 {1:2}{3:4}>",
    "<sack sack 1 {1:2>",
    "<sack sack 9>",
    "<sackOK,sackOKx,nop>",
    "<mss 5> (DF)",
    "<mss 5",
    "<,,nop>",
    "<sack sack 1 {5}{1:2}>",
  ].map((text) => segment(`S 1:1(0) win 5 ${text}`)),
  ...[
    "(DF)",
    "[tos 0x3]",
    "[tos 0x3,ECT(0)]",
    "[tos 0x0,ECT(1)]",
    "[CE]",
    "(ttl 5)",
    "(ttl 300, id 70000)",
    "(frag 5:6@7+)",
    "(frag 5:6@7)",
    "(frag 5:6@70000)",
    "(frag 5:6)",
    "(frag 5)",
    "(DF) x (ttl 5)",
    "x (DF)",
    "(DF) (ttl 7) ",
    "()",
    "(DF",
    "DF)",
    "[tos 0xg]",
    "(ttl x)",
    "(len 40)",
    "(len 60)",
    "(len 44)",
    "(len 36)",
    "(len 20)",
    "(len 1500)",
    "(ttl 64,id 5,   len 48)",
    "(foo, ttl 5)",
  ]
    .flatMap((text) => [segment(`S 1:1(0) win 5 ${text}`), segment(`P 1:11(10) win 5 ${text}`)])
    .map(withoutBytes),
  ...["(frag 5:6@7+)", "(len 40)", "[tos 0x3] (ttl 5, len 30)"].flatMap((text) => [
    tcpdump(`1 10.0.0.1.5 > 10.0.0.2.6: udp 5 ${text}`),
    tcpdump(`1 10.0.0.1 > 10.0.0.2: icmp ${text}`, { args: ", CHECKSUM true" }),
  ]),
  tcpdump(
    `1 ${a} > ${b}: S 100:100(0) ack 90000\n2 ${b} > ${a}: . ack 101\n3 ${a} > ${b}: P 101:102(1) ack 90001 <sack sack 1 {90001:90002}>`,
    { name: "absolute numbers" },
  ),
  tcpdump(`1 ${a} > ${b}: P 5:6(1) ack 7\n2 ${a} > ${b}: P 6:7(1) ack 7\n3 ${a} > ${b}: . ack 8`, {
    name: "a session that was going on",
  }),

  ...common("FromNetFlowSummaryDump", `${flow}\n\n# x\n! y\n${flowWith({ 13: "17", 7: "1", 8: "0" })}\n`, {
    samples: [],
    stops: false,
  }),
  netflow(flow),
  netflow(`${flow}|a|b`),
  netflow(flow, { args: ", MULTIPACKET true" }),
  ...["input", "output", "both", "BOTH", "x", ""].map((link) => netflow(flow, { args: `, LINK ${link}` })),
  netflow(flowWith({ 3: "20", 4: "300" }), { args: ", LINK both" }),
  netflow(flowWith({ 3: "300" })),
  ...[
    { 0: "x" },
    { 0: "x", 1: "y", 2: "z", 3: "x" },
    { 0: "x", 1: "y", 5: "x" },
    { 0: "", 1: "", 5: "" },
    { 8: "0" },
    { 5: "1" },
    { 6: "70000" },
    { 6: "10" },
    { 13: "17" },
    { 13: "1" },
    { 13: "300" },
    { 12: "256" },
    { 14: "256" },
    { 9: "65536" },
    { 5: "4294967296" },
    { 7: "0x10" },
    { 7: "-1" },
    { 14: "" },
    { 14: "4\r" },
  ].map((fields) => netflow(flowWith(fields), { name: JSON.stringify(fields) })),
  ...[
    { 5: "2", 6: "81" },
    { 5: "3", 6: "10" },
    { 5: "1" },
    { 5: "7", 13: "17", 6: "1000" },
    { 5: "3", 7: "5", 8: "0" },
    { 5: "3", 7: "0", 8: "5" },
  ].map((fields) => netflow(flowWith(fields), { name: JSON.stringify(fields), args: ", MULTIPACKET true" })),
  netflow(`${flow}\nfoo\n${flow}`),
  netflow("a|b"),
  {
    ...netflow(flow, { name: "active after a line that cannot be read" }),
    config:
      "f :: FromNetFlowSummaryDump(in) -> c :: Counter -> Discard; Script(wait 0.01, print c.count, write f.active true, wait 0.01, print c.count, write f.active true, wait 0.01, print c.count, stop)",
    files: { in: `${flow}\nfoo\n${flow}\nbar\n${flow}\n` },
  },
  {
    ...netflow(flow, { name: "TIMING" }),
    config: `FromNetFlowSummaryDump(in, TIMING true, STOP true) -> SetTimestampDelta -> c :: Counter -> Discard; Script(wait 0.5, print c.count, wait 1, print c.count, wait 1, print c.count)`,
    args: ["--simtime"],
    files: {
      in: `${flowWith({ 8: "998006995" })}\n${flowWith({ 8: "998006996" })}\n${flowWith({ 8: "998006997" })}\n`,
    },
  },

  ...common("FromCapDump", transfer, { handlers: ["sampling_prob"] }),
  cap(transfer.slice(6).trimEnd(), { name: "a transfer" }),
  cap(transfer.slice(6).trimEnd(), { name: "a transfer", args: ", CHECKSUM true, AGGREGATE 7" }),
  { ...cap(transfer, { name: "a transfer where it was received" }), files: { in: transfer.replace("SND", "RCV") } },
  { ...cap(transfer, { name: "a transfer that is turned" }), files: { in: `${transfer}RCV x\n${transfer}` } },
  ...[
    "DAT > 1 1 1 1 1",
    "DAT > 1.5 1 1 1 1",
    "DAT > 1. 1 1 1 1",
    "DAT > 1.1234567 1 1 1 1",
    "DAT >1 1 1 1 1",
    "DAT\t>\t1\t1\t1\t1\t1",
    "DAT x 1 1 1 1 1",
    "DAT > x 1 1 1 1",
    "DAT > 1 1 1 1",
    "DAT > 1 a 1 1 1",
    "DATx > 1 1 1 1 1",
    "DAT",
    "ACK < 1 1 0 40 0",
    "SYN < 1 0 0 40 0",
    "SYN < 1 0 0 40 0 FIN",
    "DAT > 1 1 1 1 1 FIN",
    "DAT > 1 1 1 1 1 FR RTO TIM FIN",
    "DAT > 1 1 1 1 1 FOO FIN",
    "dat > 1 1 1 1 1",
    "# DAT > 1 1 1 1 1",
    "DAT > 1 1 1 40 70000",
  ].map((text) => cap(text)),
  ...[
    "SACK",
    "SACK:",
    "SACK:1",
    "SACK:1-",
    "SACK:1-2",
    "SACK:1-2:3-4:5-6:7-8",
    "SACK:1-2 FIN",
    "SACK_NEW FIN",
    "SACK_REXMT FIN",
    "DSACK:5",
    "DSACK:5 FIN",
    "DSACK:5 SACK:6-7",
    "SACK:1-2x FIN",
    "SACK:30-20",
  ].map((text) => cap(`DAT > 1 1 1 1 100\nACK < 1 1 1 40 0 ${text}`)),
  cap(
    "DAT > 1 1 1 1 100\nDAT > 1 2 3 1 200\nDAT > 1 3 2 1 100\nACK > 1 3 2 1 100\nACK < 1 3 2 1 100\nDAT > 1 9 1000 1 100\nDAT > 1 9 5000 1 100\nACK < 1 3 4999 1 100",
    { name: "numbers of segments" },
  ),
  {
    ...cap("DAT > 1 1 1 1 100\nDAT > 1 1 1 1 200", { name: "segments that change" }),
    differs: "Click ends itself where a segment has another length than before",
  },

  ...[
    "",
    "CLASS 1",
    "CLASS 2",
    "CLASS 4",
    "CLASS 32",
    "CLASS 99",
    "CLASS 33",
    "CLASS 40",
    "CLASS -5",
    "CLASS x",
    "PRESERVE_8 18",
    "PRESERVE_8 18 10",
    "PRESERVE_8 10 18 192",
    "CLASS 1, PRESERVE_8 18",
    "PRESERVE_8 256",
    "PRESERVE_8 -1",
    "PRESERVE_8 x",
    "PRESERVE_8 0x12",
    "FOO 1",
    "5",
  ].map((args) => anonymized(args)),
  { ...anonymized("SEED true"), differs: "who gives an argument that does nothing is told so" },
  anonymized("", 1),
  anonymized("CLASS 3", 12345),
  captured("a capture", mixed),
  {
    ...captured("no IP header", mixed),
    config:
      "FromDump(x.pcap, STOP true) -> a :: AnonymizeIPAddr -> Print(a) -> Discard; a [1] -> Print(b, MAXLENGTH 400) -> Discard",
  },
  {
    ...captured("no IP header and no output for it", mixed),
    config: "FromDump(x.pcap, STOP true) -> AnonymizeIPAddr -> Print(a) -> Discard",
  },
  captured("errors", errors),
  {
    ...captured("pulled", mixed),
    config:
      "RandomSeed(7); FromDump(x.pcap, STOP true) -> AnonymizeIPAddr -> Unqueue -> Print(a, MAXLENGTH 400) -> Discard",
  },
];
