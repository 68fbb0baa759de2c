// ToIPFlowDumps: a file about each flow, its name, its lines and its records.
import { ether, hex, pcap, tcpPacket } from "../captures.mjs";

const dump = (fields, ...lines) => `!IPSummaryDump 1.3\n!data ${fields}\n${lines.join("\n")}\n`;
const fields =
  "timestamp ip_src sport ip_dst dport ip_proto ip_id tcp_flags tcp_seq tcp_ack tcp_window tcp_opt payload_len";
const [there, back] = ["10.0.0.1 1000 10.0.0.2 80 T", "10.0.0.2 80 10.0.0.1 1000 T"];
const lines = [
  `1.000000 ${there} 258 S 100 0 5 mss1460;sackok;wscale7;ts1:2 0`,
  `2.5 ${back} 3 SA 4000000000 101 6 mss1460 0`,
  `2.6 ${there} 4 A 101 4000000001 7 sack4000000600-100 100`,
  "2.7 10.0.0.3 53 10.0.0.4 53 U 5 - - - - - 20",
  `2.8 ${there} 4 PA 201 4000000501 7 ts5:6 100`,
  `2.4 ${there} 4 . 20 1 7 - 100`,
  "3 10.0.0.4 53 10.0.0.3 53 U 9 - - - - - 65530",
  `3.000000001 ${back} 3 FSRPAUEC 1 2 6 5=1:2;mss7 0`,
];
const files = { in: dump(fields, ...lines) };
const outputs = ["f1", "f2", "f3"];
const source = "FromIPSummaryDump(in, STOP true)";
const written = (args, more = {}) => ({
  name: `files: ${args}`,
  config: `${source} -> a :: AggregateIPFlows -> ToIPFlowDumps(f%n${args && `, ${args}`})`,
  files,
  outputs,
  ...more,
});
const named = (pattern, ...outputs) => ({
  name: `pattern ${pattern}`,
  config: `${source} -> AggregateIPFlows -> ToIPFlowDumps(${pattern})`,
  files,
  outputs,
});
const refused = (args) => ({
  name: `arguments ${args}`,
  config: `Idle -> ToIPFlowDumps(${args}) -> Discard`,
  args: ["-q"],
});
/** Options of TCP in a packet of a capture. */
const withOptions = (options) => {
  const bytes = hex(options);
  const length = Math.ceil(bytes.length / 4) * 4;
  const packet = Buffer.concat([tcpPacket, bytes, Buffer.alloc(length - bytes.length)]);
  packet.writeUInt16BE(packet.length, 2);
  packet[32] = ((20 + length) / 4) << 4;
  return packet;
};
const optioned = (name, options, args = "ALL_TCP_OPT true") => ({
  name: `options ${name}: ${args}`,
  config: `FromDump(x.pcap, STOP true, FORCE_IP true) -> AggregateIPFlows -> ToIPFlowDumps(f%n, ${args})`,
  files: { "x.pcap": pcap([[1, 5, ether(withOptions(options))]]) },
  outputs: ["f1"],
});
const about = hex("45000038 00030000 40010000 0a000002 0a000001 0301 0000 00000000");
const error = Buffer.concat([about, tcpPacket.subarray(0, 28)]);
const errors = {
  "x.pcap": pcap([
    [1, 5, ether(tcpPacket)],
    [2, 6, ether(error)],
    [3, 7, ether(error)],
  ]),
};
const many = (count) => ({
  in: dump(
    "timestamp ip_src sport ip_dst dport ip_proto",
    ...Array.from({ length: count }, (_, i) => `${i + 1} ${i % 3 ? there : back}`),
  ),
});

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  written(""),
  written("ABSOLUTE_TIME true"),
  written("ABSOLUTE_SEQ true"),
  written("ABSOLUTE_TIME true, ABSOLUTE_SEQ true, TCP_OPT true, TCP_WINDOW true, IP_ID true"),
  written("TCP_OPT true"),
  written("ALL_TCP_OPT true"),
  written("TCP_WINDOW true"),
  written("IP_ID true"),
  written("BINARY true"),
  written("BINARY true, ALL_TCP_OPT true"),
  written("BINARY true, TCP_OPT true, TCP_WINDOW true, IP_ID true"),
  written("MINCOUNT 3"),
  written("MINCOUNT 100"),
  written("GZIP true", { outputs }),
  written("NOTIFIER a"),
  written("NOTIFIER a, GZIP true"),
  named("f%%n", "f%n"),
  named("f%04n", "f0001", "f0002"),
  named("f%4n", "f___1"),
  named("f%x-%X", "f1-1"),
  named("f%.0n%.1n%.2n%.3n%.4n%.5n", "f000101"),
  named("f%.n", "f1", "f0"),
  named("f%.9n", "f1"),
  named("%s:%S-%d:%D%p", "10.0.0.1:1000-10.0.0.2:80T", "10.0.0.3:53-10.0.0.4:53U"),
  named("%.0s%.1s%.2s%.3s-%.0d%.3d%.4s", "10001-10210.0.0.1"),
  named("%020s", "00000000000010.0.0.1"),
  named("a/b/%n", "a/b/1", "a/b/2"),
  named("./a//%n", "a/1"),
  named("in/%n", "in/1"),
  named("f", "f"),
  named("f%", "f"),
  named("f%q", "f"),
  named("f%5", "f", "f_____"),
  named("f%-3n", "f"),
  named("/nonexistent-%n/", "f"),
  { ...named("f%n", "f1"), name: "a folder in the place of a file", files: { ...files, "f1/x": "" } },
  { ...named("-"), name: "standard output" },
  { ...named(""), name: "standard output by default" },
  { ...named("-, BINARY true"), name: "records on standard output" },
  {
    name: "OUTPUT_PATTERN",
    config: `${source} -> AggregateIPFlows -> ToIPFlowDumps(f%n, OUTPUT_PATTERN g%n)`,
    files,
    outputs: ["f1", "g1"],
  },
  refused("FOO 1"),
  refused("f%n, NOTIFIER x"),
  refused("f%n, NOTIFIER i"),
  {
    ...refused("f%n, NOTIFIER i"),
    name: "an element that is no notifier",
    config: "i :: Idle -> ToIPFlowDumps(f%n, NOTIFIER i) -> Discard",
  },
  refused("f%n, GZIP maybe"),
  refused("f%n, MINCOUNT -1"),
  refused("f%n, 5"),
  refused("f"),
  optioned("of all kinds", "0204 05b4 0402 030307 01 080a 00000001 00000002 050a 00000002 00000003"),
  optioned("of all kinds", "0204 05b4 0402 030307 01 080a 00000001 00000002 050a 00000002 00000003", "TCP_OPT true"),
  optioned(
    "of all kinds",
    "0204 05b4 0402 030307 01 080a 00000001 00000002 050a 00000002 00000003",
    "BINARY true, TCP_OPT true",
  ),
  optioned("the usual", "0101 080a 00000001 00000002"),
  optioned("the usual", "0101 080a 00000001 00000002", "TCP_OPT true"),
  optioned("an odd length", "030307", "BINARY true, ALL_TCP_OPT true"),
  optioned("too long", "0204 05b4 0318 01"),
  optioned("a length of zero", "0204 05b4 1900 0101"),
  optioned("a length of one", "1901 0204 05b4"),
  optioned("of the wrong length", "0205 05b400"),
  optioned("an end before others", "00 0204 05b4"),
  optioned("SACK of a wrong length", "0506 00000001"),
  optioned("SACK without blocks", "0502 0402"),
  ...["", ", BINARY true"].map((args) => ({
    name: `errors are notes${args}`,
    config: `FromDump(x.pcap, STOP true, FORCE_IP true) -> AggregateIPFlows(ICMP true) -> ToIPFlowDumps(f%n${args})`,
    files: errors,
    outputs: ["f1"],
  })),
  {
    name: "errors before packets",
    config:
      "FromDump(x.pcap, STOP true, FORCE_IP true, START 1.5) -> AggregateIPFlows(ICMP true) -> ToIPFlowDumps(%s-%n, MINCOUNT 2)",
    files: errors,
    outputs: ["10.0.0.2-1"],
  },
  ...[127, 128, 129, 300].map((count) => ({
    name: `${count} packets`,
    config: `${source} -> AggregateIPFlows -> ToIPFlowDumps(f%n)`,
    files: many(count),
    outputs: ["f1"],
  })),
  {
    name: "flows on standard output are written 128 packets at a time",
    config: `${source} -> AggregateIP(sport) -> AggregateIPFlows -> ToIPFlowDumps(-)`,
    files: many(3),
  },
  {
    name: "no aggregates",
    config: `${source} -> ToIPFlowDumps(f%n)`,
    files,
    outputs: ["f0", "f1"],
  },
  {
    name: "clear",
    config: `${source} -> AggregateIPFlows -> t :: ToIPFlowDumps(f%n); DriverManager(wait, write t.clear, write t.clear)`,
    files,
    args: ["-h", "t.handlers"],
    outputs,
  },
  {
    name: "pulled",
    config: `FromIPSummaryDump(in, STOP true) -> AggregateIPFlows -> t :: ToIPFlowDumps(f%n) -> Discard`,
    files,
    args: ["-h", "t.handlers", "-h", "t.ports"],
    outputs,
  },
  {
    name: "pulls by itself",
    config: `FromIPSummaryDump(in, STOP true) -> AggregateIPFlows -> Queue -> t :: ToIPFlowDumps(f%n); DriverManager(wait 0.1s, wait 0.1s)`,
    files,
    args: ["-h", "t.handlers", "-h", "t.ports"],
    outputs,
  },
];
