// Elements that check, change, add and take away IP headers, and what IP routers need besides.
import { readsOf, refusals, source } from "../packets.mjs";

/** 20 bytes of a valid IP header from 10.0.0.1 to 10.0.0.2, TTL 64, and a UDP datagram. */
const udp = "4500001c00010000401166ce 0a000001 0a000002 0401003500080000";
const tcp = "4500002800010000400666cd 0a000001 0a000002 04010050 11111111 22222222 50020000 00000000";
const ip = (hex, limit) => `${source(hex, limit)} -> MarkIPHeader`;
const print = "Print(MAXLENGTH 128, PRINTANNO true)";

/** A header with options, of words in hexadecimal; the checksum is wrong. */
const withOptions = (options) => {
  const bytes = options.replaceAll(" ", "").length / 2;
  const [ihl, length] = [5 + bytes / 4, 28 + bytes].map((n) => n.toString(16));
  return `4${ihl}0000${length}0001000040110000 0a000001 0a000002 ${options} 0401003500080000`;
};
const gateway = (options, args = "1.2.3.4") =>
  `${ip(withOptions(options))} -> g :: IPGWOptions(${args}) -> ${print} -> Discard; g [1] -> Print(BAD, MAXLENGTH 128, PRINTANNO true) -> Discard`;

/** @type {import("../probe.mjs").Probe[]} */
const options = [
  ...Object.entries({
    "a record route": "070b04 00000000 00000000 00",
    "a record route with an address": "070b08 01010101 00000000 00",
    "a record route that is full": "070b0c 01010101 02020202 00",
    "a record route without room for an address": "070a08 01010101 000000 0000",
    "a record route whose pointer is before its addresses": "070b03 00000000 00000000 00",
    "a record route whose pointer is 0": "070b00 00000000 00000000 00",
    "a record route whose pointer is beyond": "070bff 00000000 00000000 00",
    "a record route after padding": "010101 070704 00000000 0000",
    "two record routes": "070704 00000000 070704 00000000 0101",
    "a record route that is too long": "070c04 00000000 00000000 00",
    "an option of length 0": "0700 0000",
    "an option of length 1 after another": "070704 00000000 0701 000000",
    "an option whose length is beyond the header": "010101 07",
    "an option after the end of the list": "00 070304",
    "an unknown option": "990400 00",
    "an unknown option that is malformed": "990900 00",
    "a loose source route": "830704 05050505 00",
    "a record route without a pointer": "0702 0304",
    "a record route without addresses": "070304 00",
    times: "440c0500 00000000 00000000",
    "times, one there": "440c0900 00000001 00000000",
    "times, full": "440c0d00 00000001 00000002",
    "times, full and many did not find room": "440c0df0 00000001 00000002",
    "times, full and fourteen did not": "440c0de0 00000001 00000002",
    "times, the pointer before them": "440c0400 00000000 00000000",
    "times, no room for one": "440a0900 00000001 0000 0000",
    "times with addresses": "44140501 00000000 00000000 00000000 00000000",
    "times with addresses, the second": "44140d01 01010101 00000001 00000000 00000000",
    "times with addresses, full": "44141501 01010101 00000001 00000000 00000000",
    "times with addresses, room for half": "44101101 01010101 00000001 00000000 0000 0000".slice(0, -10),
    "times of routers": "440c0503 01020304 00000000",
    "times of other routers": "440c0503 05060708 00000000",
    "times of routers, full": "440c0d03 01020304 00000001",
    "times of an unknown kind": "440c0502 01020304 00000000",
    "times of another unknown kind": "440c050f 01020304 00000000",
  }).map(([name, hex]) => ({
    name: `IPGWOptions: ${name}`,
    config: gateway(hex),
    args: ["--simtime", "-h", "g.drops"],
    ...(name === "a record route without a pointer"
      ? { differs: "Click takes the byte behind it for its pointer" }
      : {}),
  })),
  {
    name: "IPGWOptions: times of a router's other addresses",
    config: gateway("440c0503 05060708 00000000", "1.2.3.4, 9.9.9.9 5.6.7.8"),
    args: ["--simtime", "-h", "g.drops"],
  },
  {
    name: "IPGWOptions passes packets without options",
    config: `${ip(udp)} -> g :: IPGWOptions(1.2.3.4) -> ${print} -> Discard`,
    args: ["-h", "g.drops", "-h", "g.handlers"],
  },
  {
    name: "IPGWOptions drops malformed options where output 1 is not connected",
    config: `${ip(withOptions("07000000"), 3)} -> g :: IPGWOptions(1.2.3.4) -> ${print} -> Discard`,
    args: ["-h", "g.drops"],
  },
  ...refusals("IPGWOptions", [
    "",
    "x",
    "1.2.3.4, x",
    "1.2.3.4, 1.1.1.1 2.2.2.2",
    "1.2.3.4, 1.1.1.1, 2.2.2.2",
    "MYADDR 1.2.3.4",
  ]),
];

/** @type {import("../probe.mjs").Probe[]} */
const changes = [
  {
    name: "FixIPSrc sets the source where the annotation asks for it",
    config: `${ip(udp)} -> Paint(1, ANNO FIX_IP_SRC) -> FixIPSrc(9.8.7.6) -> ${print} -> Discard`,
  },
  { name: "FixIPSrc leaves others alone", config: `${ip(udp)} -> FixIPSrc(9.8.7.6) -> ${print} -> Discard` },
  {
    name: "FixIPSrc needs a marked header",
    config: `${source(udp)} -> Paint(1, ANNO FIX_IP_SRC) -> FixIPSrc(9.8.7.6) -> ${print} -> Discard`,
  },
  {
    name: "FixIPSrc with options",
    config: `${ip(withOptions("01010101"))} -> Paint(1, ANNO FIX_IP_SRC) -> f :: FixIPSrc(9.8.7.6) -> ${print} -> Discard`,
    args: ["-h", "f.handlers"],
  },
  ...refusals("FixIPSrc", ["", "x", "1.2.3.4, 5", "1.2.3.4/8", "IPADDR 1.2.3.4"]),
  {
    name: "DropBroadcasts passes packets to hosts",
    config: `${source(udp)} -> d :: DropBroadcasts -> Print -> Discard`,
    args: readsOf("d", "drops", "handlers"),
  },
  ...refusals("DropBroadcasts", ["", "1"]),
  ...Object.entries({
    UDP: udp,
    TCP: tcp,
    ICMP: `4500001c00010000400166de 0a000001 0a000002 0800f7ff00000000`,
    "a later fragment": `4500001c00010001401166cd 0a000001 0a000002 0401003500080000`,
    "a first fragment": `4500001c00012000401146ce 0a000001 0a000002 0401003500080000`,
    "ports that are cut": udp.slice(0, -4),
    "only a header": udp.slice(0, -17),
    "TCP cut after its acknowledgment number": tcp.slice(0, -18),
  }).flatMap(([name, hex]) => [{ name: `IPMirror: ${name}`, config: `${ip(hex)} -> IPMirror -> ${print} -> Discard` }]),
  {
    name: "IPMirror may leave the annotation",
    config: `${ip(udp)} -> m :: IPMirror(false) -> ${print} -> Discard; ${ip(udp)} -> IPMirror(DST_ANNO true) -> ${print} -> Discard`,
    args: ["-h", "m.handlers"],
  },
  {
    name: "IPMirror: TCP cut before its acknowledgment number",
    config: `${ip(tcp.slice(0, -31))} -> IPMirror -> ${print} -> Discard`,
    differs: "Click exchanges the sequence number with the bytes behind the packet's end",
  },
  ...refusals("IPMirror", ["x", "true, 1", "DST_ANNO 7"]),
  ...Object.entries({
    "a header": [udp, ""],
    "a marked header": [`0000${udp}`, "MarkIPHeader(2) ->"],
    options: [withOptions("01010101"), ""],
    "a short packet": ["4500001c00010000401100000a000001 0a0000", ""],
    "a header length below 20": [udp.replace("45", "44"), ""],
    "a header longer than the packet": [udp.replace("45", "4f"), ""],
    "another version": [udp.replace("45", "65"), ""],
  }).map(([name, [hex, mark]]) => ({
    name: `SetIPChecksum: ${name}`,
    config: `${source(hex.replace("66ce", "1234"), 2)} -> ${mark} s :: SetIPChecksum -> ${print} -> Discard`,
    args: readsOf("s", "drops"),
  })),
  {
    name: "SetIPChecksum's handlers",
    config: "Idle -> s :: SetIPChecksum -> Discard; Script(stop)",
    args: readsOf("s", "handlers"),
  },
  ...refusals("SetIPChecksum", ["1", "X 1"]),
  ...Object.entries({
    "strips and puts back": [udp, "MarkIPHeader -> StripIPHeader ->", "UnstripIPHeader ->"],
    "strips what is in front too": [`aabbccdd${udp}`, "MarkIPHeader(4) -> StripIPHeader ->", "UnstripIPHeader ->"],
    "strips options": [withOptions("01010101 02020202"), "MarkIPHeader -> StripIPHeader ->", "UnstripIPHeader ->"],
    "strips a header that is longer than the packet": [udp.replace("45", "4f"), "MarkIPHeader -> StripIPHeader ->", ""],
    "strips twice": [udp, "MarkIPHeader -> StripIPHeader -> StripIPHeader ->", ""],
    "puts nothing back where it is there": [`aabb${udp}`, "MarkIPHeader(2) -> UnstripIPHeader ->", ""],
    "puts back what was stripped in part": [udp, "MarkIPHeader -> Strip(7) -> UnstripIPHeader ->", ""],
    "puts back what was stripped with more": [udp, "MarkIPHeader -> Strip(24) -> UnstripIPHeader ->", ""],
  }).map(([name, [hex, first, then]]) => ({
    name: `StripIPHeader, UnstripIPHeader: ${name}`,
    config: `${source(hex)} -> ${first} Print(MAXLENGTH 128) -> ${then} Print(MAXLENGTH 128) -> Discard`,
  })),
  ...refusals("StripIPHeader", ["", "1"]),
  ...refusals("UnstripIPHeader", ["", "1"]),
  ...Object.entries({
    "a packet": udp,
    "a wrong checksum": udp.replace("66ce", "1234"),
    "a wrong version": udp.replace("45", "55"),
  }).map(([name, hex]) => ({
    name: `CheckIPHeader2: ${name}`,
    config: `${source(hex, 2)} -> c :: CheckIPHeader2(DETAILS true) -> ${print} -> Discard`,
    args: readsOf("c", "drops", "drop_details", "handlers"),
  })),
  {
    name: "CheckIPHeader2 may look at checksums",
    config: `${source(udp.replace("66ce", "1234"), 2)} -> c :: CheckIPHeader2(0, CHECKSUM true) -> ${print} -> Discard`,
    args: readsOf("c", "drops"),
  },
];

const encapsulated = (declaration, { hex = "616263", limit = 2, before = "" } = {}) =>
  `${source(hex, limit)} -> ${before} e :: ${declaration} -> ${print} -> IPPrint(TIMESTAMP false, ID true, TOS true, TTL true, LENGTH true) -> Discard`;

/** @type {import("../probe.mjs").Probe[]} */
const headers = [
  ...[
    "ipip, 1.0.0.1, 2.0.0.2",
    "17, 1.0.0.1, 2.0.0.2, TTL 3",
    "udp, 1.0.0.1, 2.0.0.2, TOS 255",
    "0, 1.0.0.1, 2.0.0.2, DSCP 62",
    "0, 1.0.0.1, 2.0.0.2, DSCP 5, ECT true, DF true",
    "0, 1.0.0.1, 2.0.0.2, DSCP 5, ECT 2",
    "0, 1.0.0.1, 2.0.0.2, ECT 1",
    "0, 1.0.0.1, 2.0.0.2, ECT no, CE yes",
    "255, 255.255.255.255, 255.255.255.255",
    "PROTO 6, SRC 1.0.0.1, DST 2.0.0.2",
    "tcp, 1.0.0.1, DST_ANNO",
  ].map((args) => ({
    name: `IPEncap(${args})`,
    config: encapsulated(`IPEncap(${args})`, { before: "Paint(7, 3) ->" }),
    args: readsOf("e", "src", "dst", "config", "handlers"),
  })),
  ...refusals("IPEncap", [
    "",
    "4",
    "4, 1.0.0.1",
    "4, 1.0.0.1, 2.0.0.2, 3",
    "x, 1.0.0.1, 2.0.0.2",
    "256, 1.0.0.1, 2.0.0.2",
    "-1, 1.0.0.1, 2.0.0.2",
    "tcpudp, 1.0.0.1, 2.0.0.2",
    "4, x, 2.0.0.2",
    "4, 1.0.0.1, x",
    "4, 1.0.0.1, dst_anno",
    "4, 1.0.0.1, 2.0.0.2, TOS 256",
    "4, 1.0.0.1, 2.0.0.2, TOS -2",
    "4, 1.0.0.1, 2.0.0.2, TOS -1",
    "4, 1.0.0.1, 2.0.0.2, TOS x",
    "4, 1.0.0.1, 2.0.0.2, DSCP 63",
    "4, 1.0.0.1, 2.0.0.2, DSCP -2",
    "4, 1.0.0.1, 2.0.0.2, TOS 1, DSCP 1",
    "4, 1.0.0.1, 2.0.0.2, TOS 0, ECT true",
    "4, 1.0.0.1, 2.0.0.2, TOS 0, CE true",
    "4, 1.0.0.1, 2.0.0.2, ECT 3",
    "4, 1.0.0.1, 2.0.0.2, ECT x",
    "4, 1.0.0.1, 2.0.0.2, ECT 2, CE true",
    "4, 1.0.0.1, 2.0.0.2, TTL 256",
    "4, 1.0.0.1, 2.0.0.2, DF 2",
  ]),
  {
    name: "IPEncap's addresses may be written",
    config: `Idle -> e :: IPEncap(4, 1.0.0.1, 2.0.0.2) -> Discard;
      Script(write e.src 3.0.0.3, read e.src, read e.config, write e.dst DST_ANNO, read e.dst, read e.config, write e.src x, read e.src, write e.dst y, read e.dst, stop)`,
  },
  ...[
    "1.0.0.1, 1234, 2.0.0.2, 53, true",
    "1.0.0.1, 1234, 2.0.0.2, 53, false",
    "1.0.0.1, 1234, 2.0.0.2, domain, CHECKSUM 1",
    "SRC 1.0.0.1, SPORT 0, DST 2.0.0.2, DPORT 65535, CHECKSUM true",
    "1.0.0.1, 1234, DST_ANNO, 53, true",
  ].map((args) => ({
    name: `UDPIPEncap(${args})`,
    config: encapsulated(`UDPIPEncap(${args})`, { before: "Paint(7, 3) ->" }),
    args: readsOf("e", "src", "sport", "dst", "dport", "config", "handlers"),
  })),
  ...["", "00", "ffff", "0123456789abcdef01"].map((hex) => ({
    name: `UDPIPEncap: the checksum of ${hex || "nothing"}`,
    config: encapsulated("UDPIPEncap(1.0.0.1, 1234, 2.0.0.2, 53, true)", { hex }),
  })),
  ...refusals("UDPIPEncap", [
    "",
    "1.0.0.1, 1234, 2.0.0.2",
    "x, 1234, 2.0.0.2, 53, true",
    "1.0.0.1, nosuchport, 2.0.0.2, 53, true",
    "1.0.0.1, 65536, 2.0.0.2, 53, true",
    "1.0.0.1, -1, 2.0.0.2, 53, true",
    "1.0.0.1, 99999999999, 2.0.0.2, 53, true",
    "1.0.0.1, 1234, x, 53, true",
    "1.0.0.1, 1234, 2.0.0.2, 53, x",
    "1.0.0.1, 1234, 2.0.0.2, 53, true, 1",
  ]),
  {
    name: "UDPIPEncap's addresses and ports may be written",
    config: `Idle -> e :: UDPIPEncap(1.0.0.1, 1234, 2.0.0.2, 53, true) -> Discard;
      Script(write e.src 3.0.0.3, read e.src, write e.sport 7, read e.sport, write e.dport domain, read e.dport, write e.dst DST_ANNO, read e.dst, read e.config,
        write e.src x, write e.sport 70000, write e.dst y, read e.config, stop)`,
  },
];

/** @type {import("../probe.mjs").Probe[]} */
const bits = [
  ...["SetIPDSCP(46)", "SetIPDSCP(0)", "SetIPDSCP(0x3f)", "SetIPDSCP(DSCP 5)"].map((declaration) => ({
    name: `${declaration} sets the code point`,
    config: `${ip(udp.replace("4500001c", "45ab001c"))} -> e :: ${declaration} -> ${print} -> Discard`,
    args: readsOf("e", "dscp", "handlers"),
  })),
  ...refusals("SetIPDSCP", ["", "64", "-1", "x", "1, 2"]),
  {
    name: "SetIPDSCP's code point may be written",
    config:
      "Idle -> e :: SetIPDSCP(5) -> Discard; Script(write e.dscp 7, read e.dscp, read e.config, write e.dscp 64, read e.dscp, stop)",
  },
  ...["0", "1", "2", "3", "no", "-", "ect1", "ECT(1)", "ect2", "ECT(0)", "ce", "CE", "ECN 2"].map((args) => ({
    name: `SetIPECN(${args})`,
    config: `${ip(udp.replace("4500001c", "45ab001c"))} -> e :: SetIPECN(${args}) -> ${print} -> Discard`,
    args: readsOf("e", "ecn", "handlers"),
  })),
  ...refusals("SetIPECN", ["", "4", "x", "Ce", "1, 2"]),
  {
    name: "SetIPECN's bits may be written",
    config:
      "Idle -> e :: SetIPECN(ce) -> Discard; Script(write e.ecn no, read e.ecn, read e.config, write e.ecn 4, read e.ecn, stop)",
  },
  ...["4500001c", "4501001c", "4502001c", "4503001c", "45fd001c"].flatMap((start) =>
    ["", "true"].map((args) => ({
      name: `MarkIPCE(${args}): ${start}`,
      config: `${ip(udp.replace("4500001c", start))} -> m :: MarkIPCE(${args}) -> ${print} -> Discard`,
      args: readsOf("m", "drops", "handlers"),
    })),
  ),
  ...refusals("MarkIPCE", ["x", "true, 1", "FORCE false"]),
];

const stored = (args, hex = udp, before = "SetIPAddress(9.8.7.6) ->", mark = "MarkIPHeader ->") =>
  `${source(hex)} -> ${mark} ${before} s :: StoreIPAddress(${args}) -> ${print} -> Discard; s [1] -> Print(other) -> Discard`;

/** @type {import("../probe.mjs").Probe[]} */
const addresses = [
  ...["9.8.7.6", "9.8.7.6, ANNO 4", "IPADDR 9.8.7.6, ANNO AGGREGATE", "0.0.0.0"].map((args) => ({
    name: `SetIPAddress(${args})`,
    config: `${source(udp)} -> e :: SetIPAddress(${args}) -> ${print} -> Discard`,
    args: readsOf("e", "addr", "handlers"),
  })),
  ...refusals("SetIPAddress", [
    "",
    "x",
    "1.2.3.4, 4",
    "1.2.3.4, ANNO 46",
    "1.2.3.4, ANNO PAINT",
    "1.2.3.4, ANNO 3",
    "ADDR 1.2.3.4",
  ]),
  {
    name: "SetIPAddress's address may be written",
    config:
      "Idle -> e :: SetIPAddress(1.2.3.4) -> Discard; Script(write e.addr 5.6.7.8, read e.addr, read e.config, write e.addr x, read e.addr, stop)",
  },
  ...["16", "12", "0", "16, 4", "OFFSET 16, ANNO 8", "IP src", "IP dst", "24", "IP src, ANNO 4"].map((args) => ({
    name: `GetIPAddress(${args})`,
    config: `${ip(udp)} -> SetIPAddress(1.1.1.1) -> e :: GetIPAddress(${args}) -> ${print} -> Discard`,
    args: readsOf("e", "handlers"),
  })),
  {
    name: "GetIPAddress beyond the packet's end",
    config: `${ip(udp)} -> SetIPAddress(1.1.1.1) -> e :: GetIPAddress(25) -> ${print} -> Discard`,
    differs: "Click takes bytes behind the packet's end",
  },
  ...refusals("GetIPAddress", ["", "-1", "16, IP src", "IP x", "x", "IP", "16, 46", "-1, IP src", "16, 4, 5"]),
  ...[
    "16",
    "src",
    "dst",
    "SRC",
    "1.2.3.4, 16",
    "1.2.3.4, src",
    "1.2.3.4, dst",
    "0.0.0.0, 16",
    "0.0.0.0, src",
    "24",
    "0",
    "OFFSET 16",
    "ADDR 1.2.3.4, OFFSET src",
  ].flatMap((args) => [
    { name: `StoreIPAddress(${args})`, config: stored(args), args: readsOf("s", "handlers") },
    { name: `StoreIPAddress(${args}): TCP`, config: stored(args, tcp) },
  ]),
  ...["25", "1.2.3.4, 25", "1.2.3.4, 1000000", "src"].map((args) => ({
    name: `StoreIPAddress(${args}) without a marked header`,
    config: stored(args, udp, "SetIPAddress(9.8.7.6) ->", ""),
  })),
  { name: "StoreIPAddress without an address", config: stored("16", udp, "", "") },
  { name: "StoreIPAddress without an address in a header", config: stored("src", udp, "", "MarkIPHeader ->") },
  { name: "StoreIPAddress: a datagram with a checksum", config: stored("dst", udp.replace("00080000", "00081234")) },
  { name: "StoreIPAddress: a later fragment", config: stored("dst", tcp.replace("0001000040", "0001000140")) },
  { name: "StoreIPAddress: TCP that is cut", config: stored("dst", tcp.slice(0, -4)) },
  { name: "StoreIPAddress: a header that is too short", config: stored("dst", udp.replace("45", "44")) },
  {
    name: "StoreIPAddress drops where output 1 is not connected",
    config: `${source(udp)} -> s :: StoreIPAddress(1.2.3.4, 100) -> ${print} -> Discard`,
  },
  ...["25", "1.2.3.4, 1000"].map((args) => ({
    name: `StoreIPAddress(${args}) with a marked header`,
    config: stored(args),
    differs: "Click writes somewhere else in memory",
  })),
  ...refusals("StoreIPAddress", ["", "x", "-1", "1.2.3.4", "x, 16", "1.2.3.4, x", "1.2.3.4, -16", "1.2.3.4, 16, 5"]),
  {
    name: "SetRandIPAddress of one address",
    config: `${source(udp)} -> e :: SetRandIPAddress(1.2.3.4/32) -> ${print} -> Discard; ${source(udp)} -> SetRandIPAddress(1.2.3.4, 5) -> ${print} -> Discard`,
    args: readsOf("e", "handlers"),
  },
  ...[
    "10.1.0.0/16",
    "0.0.0.0/0, 1",
    "0.0.0.0/0, 2",
    "10.1.0.0/16, 3",
    "1.2.3.4/0, 0",
    "1.2.3.4/0, -5",
    "0.0.0.0/0, 65536",
  ].map((args) => ({
    name: `SetRandIPAddress(${args}) after RandomSeed`,
    config: `RandomSeed(5); ${source(udp, 6)} -> SetRandIPAddress(${args}) -> StoreIPAddress(12) -> Print(a, 20) -> Discard`,
  })),
  {
    name: "SetRandIPAddress of more addresses than are kept",
    config: `RandomSeed(5); ${source(udp)} -> SetRandIPAddress(0.0.0.0/0, 65537) -> StoreIPAddress(12) -> Print(a, 20) -> Discard`,
    differs: "more than 65,536 addresses are not drawn at the start and kept: they are computed from their numbers",
  },
  ...refusals("SetRandIPAddress", [
    "",
    "x",
    "1.2.3.4/33",
    "10.0.0.0/8, x",
    "10.0.0.0/8, 5, 5",
    "10.0.0.0/8, 0",
    "10.0.0.0/8, LIMIT 3",
  ]),
  { name: "IPNameInfo", config: "n :: IPNameInfo; Script(read n.handlers, stop)" },
  ...refusals("IPNameInfo", ["1"], { before: "", after: "" }),
];

const frame = (hex = udp) => `020000000002 020000000001 0800 ${hex}`;
const outgoing = (hex, before = "") =>
  `${source(hex)} -> MarkIPHeader -> ${before} c :: IPOutputCombo(3, 1.2.3.4, 40); ${[0, 1, 2, 3, 4].map((i) => `c [${i}] -> Print(out${i}, MAXLENGTH 128, PRINTANNO true) -> Discard;`).join(" ")}`;

/** @type {import("../probe.mjs").Probe[]} */
const combos = [
  ...Object.entries({
    "a good packet": ["7", frame()],
    "a bad source by place": ["7, 10.0.0.1", frame()],
    "a bad source by its keyword": ["7, BADSRC 10.0.0.1", frame()],
    "a bad source to a good destination": ["7, BADSRC 10.0.0.1, GOODDST 10.0.0.2", frame()],
    "a source of interfaces": ["7, INTERFACES 10.0.0.0/31", frame()],
    "a source of interfaces, to one of them": ["7, INTERFACES 10.0.0.0/31 10.0.0.2/8", frame()],
    padding: ["7", `${frame()} 0000 0000`],
    "a wrong checksum": ["7", frame(udp.replace("66ce", "66cf"))],
    "another version": ["7", frame(udp.replace("45", "65"))],
    "a short header": ["7", frame(udp.replace("45", "44"))],
    "a packet that is cut": ["7", frame(udp).slice(0, -2)],
    "less than a header": ["7", frame(udp).slice(0, 60)],
    "less than an Ethernet header": ["7", "0200"],
    options: ["7", frame("4600 0020 0001 0000 4011 64c8 0a000001 0a000002 01010101 0401003500080000")],
  }).map(([name, [args, hex]]) => ({
    name: `IPInputCombo: ${name}`,
    config: `${source(hex, 2)} -> c :: IPInputCombo(${args}) -> ${print} -> Discard`,
    args: readsOf("c", "drops", "handlers"),
  })),
  ...refusals("IPInputCombo", [
    "",
    "256",
    "x",
    "1, x",
    "1, 1.1.1.1 2.2.2.2, 3",
    "1, INTERFACES 1.2.3.4/33",
    "1, BADSRC x",
    "1, GOODDST x",
  ]),
  ...Object.entries({
    "a packet": [udp],
    "a packet of its color": [udp, "Paint(3) ->"],
    "a packet whose source is asked for": [udp, "Paint(1, ANNO FIX_IP_SRC) ->"],
    "a packet whose time is over": [udp.replace("4011", "0111")],
    "a packet whose time was over": [udp.replace("4011", "0011")],
    "a packet that is too long": [withOptions("01010101 01010101 01010101 01010101")],
    "a record route": [withOptions("070b04 00000000 00000000 00")],
    "a record route that is full": [withOptions("070704 00000000 00").replace("070704", "070708")],
    times: [withOptions("44080500 00000000")],
    "times of its own": [withOptions("440c0503 01020304 00000000")],
    "times of others": [withOptions("440c0503 01020305 00000000")],
    "times, full": [withOptions("44080910 00000000")],
    "malformed options": [withOptions("07030304")],
    "malformed times": [withOptions("44080509 00000000")],
  }).map(([name, [hex, before]]) => ({
    name: `IPOutputCombo: ${name}`,
    config: outgoing(hex, before),
    args: ["--simtime", ...readsOf("c", "handlers")],
  })),
  ...refusals(
    "IPOutputCombo",
    ["", "1", "1, 1.2.3.4", "256, 1.2.3.4, 1500", "1, x, 1500", "1, 1.2.3.4, x", "1, 1.2.3.4, 1500, 5"],
    {
      after: "[0-4] => [0-4] Discard, Discard, Discard, Discard, Discard".replace(
        /.*/,
        "; e [0] -> Discard; e [1] -> Discard; e [2] -> Discard; e [3] -> Discard; e [4] -> Discard",
      ),
    },
  ),
];

/** Marks before the data, where a header was stripped, and behind it. */
const marks = [
  ...["-1", "-4", "3", "24", "100"].flatMap((offset) =>
    ["MarkIPHeader", "MarkIP6Header", "MarkMACHeader"].map((name) => ({
      name: `${name}(${offset})`,
      config: `${source(udp)} -> ${name}(${offset}) -> Print(a) -> Discard`,
    })),
  ),
  ...["24, 14", "100, 14", "0, 100", "0, -1"].map((args) => ({
    name: `MarkMACHeader(${args})`,
    config: `${source(udp)} -> MarkMACHeader(${args}) -> Print(a) -> Discard`,
  })),
  {
    name: "MarkIPHeader of a header that was stripped",
    config: `${source(udp)} -> Strip(20) -> MarkIPHeader(-20) -> StripToNetworkHeader -> IPPrint(a, TIMESTAMP false) -> Print(b) -> Discard`,
  },
  {
    name: "MarkIP6Header of a header that was stripped",
    config: `${source(`60000000 00001140 ${"01".repeat(16)} ${"02".repeat(16)} aabb`)} -> Strip(40) -> MarkIP6Header(-40) -> StripToNetworkHeader -> IP6Print(a) -> Print(b) -> Discard`,
  },
  ...["MarkIPHeader(5000)", "MarkIPHeader(-5000)", "MarkIP6Header(5000)", "MarkMACHeader(5000)"].map((mark) => ({
    name: `${mark}, beyond the buffer`,
    config: `${source(udp)} -> ${mark} -> Print(a) -> Discard`,
    differs: "Click's program ends with a failed assertion; here the packet passes without a mark",
  })),
];

export const probes = [...options, ...changes, ...headers, ...bits, ...addresses, ...combos, ...marks];
