// Elements that make packets of one protocol of those of another, number them, cut them into several, or give them another flow.
import { readsOf, refusals, source } from "../packets.mjs";

const print = "Print(MAXLENGTH 300, PRINTANNO true)";
const length16 = (n) => n.toString(16).padStart(4, "0");
const bytesOf = (hex) => hex.replaceAll(" ", "").length / 2;

/** An IPv4 packet from 10.0.0.1 to 10.0.0.2; its checksum is not looked at. */
const ip4 = (protocol, payload, { ttl = "40", size = bytesOf(payload), options = "" } = {}) =>
  `4${(5 + bytesOf(options) / 4).toString(16)}00 ${length16(20 + size)} 12344000 ${ttl}${protocol}0000 0a000001 0a000002 ${options} ${payload}`;
const mapped = (address) => `00000000000000000000ffff${address}`;
const ip6 = (
  next,
  payload,
  { from = mapped("0a000001"), to = mapped("0a000002"), size = bytesOf(payload), hops = "40" } = {},
) => `60000000 ${length16(size)}${next}${hops} ${from} ${to} ${payload}`;

const tcp = "04010050 11111111 22222222 50020000 12340000 616263";
const udp = "04010035 000b0000 616263";
const inner = "4500001c 00000000 40110000 0a000002 0a000001 00010002 00080000";
const through = (name, element, hex) => ({
  name,
  config: `${source(hex, 2)} -> ${element} -> ${print} -> Discard`,
});

const messages4 = [
  ["echo", "0800 0000 12340001 616263"],
  ["echo reply", "0000 0000 12340001 61626364"],
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13].map((code) => [
    `unreachable ${code}`,
    `03${code.toString(16).padStart(2, "0")} 0000 00000500 ${inner}`,
  ]),
  ["time exceeded", `0b00 0000 00000000 ${inner}`],
  ["time exceeded in reassembly", `0b01 0000 00000000 ${inner}`],
  ...[0, 2, 3, 8, 9, 12, 16].map((pointer) => [
    `parameter problem at ${pointer}`,
    `0c00 0000 ${pointer.toString(16).padStart(2, "0")}000000 ${inner}`,
  ]),
];
const messages6 = [
  ["echo", "8000 0000 12340001 616263"],
  ["echo reply", "8100 0000 12340001 61626364"],
  ...[0, 1, 2, 3, 4, 5].map((code) => [`unreachable ${code}`, `010${code} 0000 00000000 ${inner}`]),
  ["packet too big", `0200 0000 00000500 ${inner}`],
  ["time exceeded", `0301 0000 00000000 ${inner}`],
  ...[0, 4, 5, 6, 7, 8, 24].map((pointer) => [
    `parameter problem at ${pointer}`,
    `0400 0000 000000${pointer.toString(16).padStart(2, "0")} ${inner}`,
  ]),
  ["unknown next header", `0401 0000 00000006 ${inner}`],
  ["unknown option", `0402 0000 00000028 ${inner}`],
];

const to6 = "ProtocolTranslator46";
const to4 = "ProtocolTranslator64";
const translations = [
  through(`${to6}: TCP`, to6, ip4("06", tcp)),
  through(`${to6}: UDP`, to6, ip4("11", udp)),
  through(`${to6}: UDP with a checksum`, to6, ip4("11", udp.replace("0b0000", "0b4321"))),
  through(`${to6}: options`, to6, ip4("11", udp, { options: "01010101", size: 4 + bytesOf(udp) })),
  through(`${to6}: another protocol`, to6, ip4("2f", "00000800 01020304")),
  through(`${to6}: a high TTL`, to6, ip4("11", udp, { ttl: "ff" })),
  through(`${to6}: no payload`, to6, ip4("2f", "")),
  through(`${to6}: padding`, to6, `${ip4("11", udp)} 0000000000`),
  through(`${to6}: an annotated packet`, `SetIPAddress(1.2.3.4) -> Paint(5) -> ${to6}`, ip4("11", udp)),
  ...messages4.map(([name, message]) => through(`${to6}: ICMP ${name}`, to6, ip4("01", message))),
  through(`${to6}: a long ICMP message`, to6, ip4("01", `0800 0000 12340001 ${"61".repeat(300)}`)),
  {
    name: `${to6} where packets are pulled`,
    config: `${source(ip4("11", udp))} -> Queue -> ${to6} -> ${print} -> Unqueue -> Discard; Script(wait 0.01, stop)`,
  },
  ...refusals(to6, ["", "1"]),
  through(`${to4}: TCP`, to4, ip6("06", tcp)),
  through(`${to4}: UDP`, to4, ip6("11", udp)),
  through(`${to4}: another protocol`, to4, ip6("2f", "00000800 01020304")),
  through(`${to4}: a fragment header`, to4, ip6("2c", "11000000 00000001 616263")),
  through(`${to4}: no payload`, to4, ip6("3b", "")),
  through(`${to4}: padding`, to4, `${ip6("11", udp)} 0000000000`),
  through(`${to4}: another source`, to4, ip6("11", udp, { from: "3ffe0001000000000000000000000001" })),
  through(`${to4}: another destination`, to4, ip6("11", udp, { to: "000000000000000000000000ff000001" })),
  through(`${to4}: no source`, to4, ip6("11", udp, { from: mapped("00000000") })),
  ...messages6.map(([name, message]) => through(`${to4}: ICMPv6 ${name}`, to4, ip6("3a", message))),
  through(`${to4}: a long ICMPv6 message`, to4, ip6("3a", `8000 0000 12340001 ${"61".repeat(300)}`)),
  ...refusals(to4, ["", "1"]),
];

const numbers = [
  ...["", "OFFSET 2, FIRST 4294967295", "NET_BYTE_ORDER true, FIRST 258", "OFFSET 5", "OFFSET 4294967290"].map(
    (args) => ({
      name: `IncrementSeqNo(${args})`,
      config: `${source("61626364 65666768", 3)} -> e :: IncrementSeqNo(${args}) -> ${print} -> Discard`,
      args: readsOf("e", "seq", "handlers"),
    }),
  ),
  {
    name: "IncrementSeqNo is written",
    config: `Idle -> e :: IncrementSeqNo -> Discard; Script(write e.seq 7, read e.seq, write e.seq x, write e.seq -1, stop)`,
  },
  ...refusals("IncrementSeqNo", ["1", "OFFSET x", "FIRST -1", "NET_BYTE_ORDER x"]),
];

const marked = (hex, limit) => `${source(hex, limit)} -> MarkIPHeader(OFFSET 0)`;
const segment = (data, { flags = "18", size = 40 + bytesOf(data) } = {}) =>
  `4500 ${length16(size)} 00000000 40060000 0a000001 0a000002 04010050 00000010 22222222 50${flags}1000 00000000 ${data}`;
const pieces = (name, element, hex, before = "") => ({
  name,
  config: `${marked(hex)} -> ${before} e :: ${element} -> ${print} -> Discard`,
  args: readsOf("e", "count", "fragmented_count", "fragments", "handlers"),
});
const letters = "616263646566676869";
const fragmenter = [
  pieces("TCPFragmenter: a long segment", "TCPFragmenter(MTU 44)", segment(letters, { flags: "19" })),
  pieces("TCPFragmenter: a short segment", "TCPFragmenter(MTU 50)", segment(letters)),
  pieces("TCPFragmenter: a segment that fits exactly", "TCPFragmenter(MTU 49)", segment(letters)),
  pieces("TCPFragmenter: an MTU below the headers", "TCPFragmenter(MTU 40)", segment(letters)),
  pieces("TCPFragmenter: no data", "TCPFragmenter(MTU 44)", segment("")),
  pieces("TCPFragmenter: an odd part", "TCPFragmenter(MTU 43)", segment(letters)),
  pieces("TCPFragmenter: FIN of the last part", "TCPFragmenter(MTU 48)", segment(letters, { flags: "11" })),
  pieces(
    "TCPFragmenter: an annotation",
    "TCPFragmenter(MTU 100, MTU_ANNO 20)",
    segment(letters),
    "SetAnnoByte(20, 45) ->",
  ),
  pieces(
    "TCPFragmenter: an annotation alone",
    "TCPFragmenter(MTU 0, MTU_ANNO 20)",
    segment(letters),
    "SetAnnoByte(20, 45) ->",
  ),
  {
    name: "TCPFragmenter: an Ethernet header",
    config: `${source(`${"aabbccddeeff".repeat(2)}0800 ${segment(letters)}`)} -> MarkIPHeader(14) -> e :: TCPFragmenter(MTU 45) -> ${print} -> Discard`,
  },
  ...refusals("TCPFragmenter", [
    "MTU 0",
    "MTU x",
    "MTU 70000",
    "MTU 1, MTU_ANNO 47",
    "5, MTU 1",
    "MTU 5, MTU_ANNO VLAN_TCI",
  ]),
];

const cut = (args, hex, before = "MarkIPHeader ->") => ({
  name: `TruncateIPPayload(${args}) of ${hex.slice(0, 90)} ${before}`,
  config: `${source(hex)} -> ${before} e :: TruncateIPPayload(${args}) -> ${print} -> Discard`,
});
const cuts = [
  ...["", "2", "5, false", "1, true, EXTRA_LENGTH false", "100"].flatMap((args) => [
    cut(args, segment("616263646566")),
    cut(args, ip4("11", "04010035 000e0000 616263646566")),
    cut(args, ip4("01", "0800 0000 12340001 616263646566")),
    cut(args, ip4("01", `0d00 0000 12340001 ${"00".repeat(12)} 616263646566`)),
    cut(args, ip4("2f", "616263646566")),
    cut(args, "61626364", ""),
  ]),
  cut("", segment("616263").replace("5018", "2018")),
  cut("", segment("616263").replace("5018", "6018")),
  cut("", segment("").slice(0, 72)),
  ...refusals("TruncateIPPayload", ["x", "70000", "1, x", "1, true, 2", "EXTRA_LENGTH x", "LENGTH 5, TRANSPORT false"]),
];

const flows = [
  {
    name: "CopyFlowID gives one flow to others",
    config: `${marked(segment("61"), 2)} -> e :: CopyFlowID -> Print(a, 60) -> Discard; ${marked(segment("62").replace("0a000001 0a000002 04010050", "0b000001 0b000002 00010002"), 2)} -> [1] e [1] -> Print(b, 60) -> Discard; Script(write e.reset, stop)`,
    args: readsOf("e", "handlers"),
  },
  {
    name: "CopyFlowID before it knows a flow",
    config: `Idle -> e :: CopyFlowID -> Discard; ${marked(segment("62"), 2)} -> [1] e [1] -> Print(b, 60) -> Discard`,
  },
  {
    name: "CopyTCPSeq gives the highest number to others",
    config: `${marked(segment("61"), 1)} -> n :: Null -> e :: CopyTCPSeq -> Print(a, 60) -> Queue -> Idle; ${marked(segment("61").replace("00000010", "f0000010"), 1)} -> n; ${marked(segment("62").replace("00000010", "80000010"), 2)} -> Queue -> Unqueue -> [1] e [1] -> Print(b, 60) -> Discard; Script(wait 0.05, stop)`,
    args: readsOf("e", "handlers"),
  },
  ...refusals("CopyFlowID", ["", "x"], { after: "-> Discard; Idle -> [1] e [1] -> Discard" }),
  ...refusals("CopyTCPSeq", ["", "x"], { after: "-> Discard; Idle -> [1] e [1] -> Discard" }),
];

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [...translations, ...numbers, ...fragmenter, ...cuts, ...flows].map((probe) => ({
  ...probe,
  args: probe.args ?? [],
}));
