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

export const probes = [...options, ...changes, ...headers];
