// Elements that do one small thing to a packet: switches, Strip and Unstrip, Truncate, paint, checks and encapsulation.

/** A packet of these bytes, in hexadecimal, and then the end. */
const source = (hex, limit = 1) => `InfiniteSource(DATA \\<${hex}>, LIMIT ${limit}, STOP true)`;
/** 20 bytes of a valid IP header from 10.0.0.1 to 10.0.0.2, TTL 64. */
const header = "4500001c00010000401166ce 0a000001 0a000002";
const udp = `${header} 0401003500080000`;

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  // Switches
  {
    name: "Switch sends to its output, and -1 to none",
    config: `${source("616263", 3)} -> s :: Switch(1); s[0] -> a :: Counter -> Discard; s[1] -> b :: Counter -> Discard;
      ${source("616263", 3)} -> t :: Switch(-1); t[0] -> c :: Counter -> Discard`,
    args: ["-h", "*.count", "-h", "s.switch", "-h", "s.config", "-h", "t.config"],
  },
  {
    name: "a Switch without arguments has the configuration 0",
    config: "Idle -> s :: Switch -> Discard; Script(stop)",
    args: ["-h", "s.config", "-h", "s.switch"],
  },
  { name: "a Switch's output must be there", config: "Idle -> s :: Switch(2); s[0] -> Discard; s[1] -> Discard" },
  {
    name: "a Switch that is set to an output that is not there sends to none",
    config: `Idle -> s :: Switch(1); s[0] -> Discard; s[1] -> Discard;
      Script(write s.switch 7, read s.switch, read s.config, write s.switch 0, read s.switch, write s.switch -9, read s.switch, stop)`,
  },
  {
    name: "a Switch's output is an integer",
    config: "Idle -> s :: Switch -> Discard; Script(write s.switch x, write s.switch, read s.switch, stop)",
  },
  {
    name: "a Switch's configuration may be written",
    config:
      "Idle -> s :: Switch; s[0] -> Discard; s[1] -> Discard; Script(write s.config 1, read s.switch, read s.config, stop)",
    args: ["-R"],
  },
  {
    name: "a Switch without outputs",
    config: "Idle -> s :: Switch(-1); Script(read s.switch, stop)",
  },
  {
    name: "a Switch without outputs cannot send to the first",
    config: "Idle -> s :: Switch; Script(read s.switch, stop)",
  },
  {
    name: "PullSwitch takes from its input",
    config: `InfiniteSource(DATA a, LIMIT 3) -> q :: Queue -> [0] s :: PullSwitch(1); InfiniteSource(DATA b, LIMIT 2) -> r :: Queue -> [1] s;
      s -> Unqueue -> Print -> Discard; Script(wait 0.1, read s.switch, read s.config, write s.switch 0, wait 0.1, read s.config, stop)`,
    args: ["--simtime"],
  },
  {
    name: "PullSwitch takes an input that is not there as none",
    config: `a :: Idle -> [0] s :: PullSwitch(2); Idle -> [1] s; s -> Discard;
      Script(read s.switch, read s.config, write s.switch 1, read s.switch, write s.switch 2, read s.switch, write s.switch x, stop)`,
  },
  {
    name: "a PullSwitch without inputs",
    config: "s :: PullSwitch -> Discard; Script(read s.switch, write s.switch 0, read s.switch, stop)",
  },
  {
    name: "a PullSwitch's configuration may be written",
    config:
      "Idle -> s :: PullSwitch; Idle -> [1] s; s -> Discard; Script(write s.config 1, read s.switch, read s.config, stop)",
    args: ["-R"],
  },
  {
    name: "StaticSwitch with an output that is not there sends to none",
    config: `${source("616263", 3)} -> s :: StaticSwitch(7); s -> a :: Counter -> Discard; Script(pause, stop)`,
    args: ["-h", "a.count", "-h", "s.config"],
  },
  { name: "StaticSwitch without outputs", config: `${source("616263", 3)} -> s :: StaticSwitch(0)` },
  { name: "StaticSwitch needs an output", config: "Idle -> s :: StaticSwitch -> Discard" },
  {
    name: "StaticPullSwitch with an input that is not there takes nothing",
    config: `${source("616263", 3)} -> Queue -> s :: StaticPullSwitch(4) -> Unqueue -> a :: Counter -> Discard`,
    args: ["-h", "a.count", "-h", "s.config"],
  },
  { name: "StaticPullSwitch without inputs", config: "s :: StaticPullSwitch(0) -> Discard; Script(stop)" },
  {
    name: "RoundRobinSwitch takes its outputs in turn",
    config: `${source("616263", 5)} -> s :: RoundRobinSwitch; s[0] -> a :: Counter -> Discard; s[1] -> b :: Counter -> Discard`,
    args: ["-h", "*.count"],
  },

  // Copies
  {
    name: "Tee copies to all outputs in order",
    config: `${source("616263")} -> t :: Tee(3); t[0] -> Print(a) -> Discard; t[1] -> Print(b) -> Discard; t[2] -> Print(c) -> Discard`,
  },
  { name: "Tee's number is that of its outputs", config: "Idle -> t :: Tee(3); t[0] -> Discard; t[1] -> Discard" },
  { name: "Tee of one output with another number", config: "Idle -> t :: Tee(0) -> Discard" },
  { name: "a Tee's number is not negative", config: "Idle -> t :: Tee(-1) -> Discard" },
  { name: "PullTee's number is that of its outputs", config: "Idle -> t :: PullTee(3) -> Discard; t[1] -> Discard" },
  {
    name: "PullTee copies what is pulled",
    config: `${source("616263", 3)} -> Queue -> t :: PullTee(2) -> Unqueue -> a :: Counter -> Discard; t[1] -> b :: Counter -> Discard`,
    args: ["-h", "*.count"],
  },

  // Paint
  {
    name: "Paint, PaintSwitch and CheckPaint",
    config: `${source("616263", 3)} -> Paint(1) -> s :: PaintSwitch; s[0] -> a :: Counter -> Discard;
      s[1] -> b :: Counter -> c :: CheckPaint(1) -> d :: Counter -> Discard; c[1] -> e :: Counter -> Discard`,
    args: ["-h", "*.count"],
  },
  {
    name: "paint 255 goes to all outputs of PaintSwitch",
    config: `${source("616263", 3)} -> Paint(255) -> s :: PaintSwitch; s[0] -> a :: Counter -> Discard; s[1] -> b :: Counter -> Discard`,
    args: ["-h", "*.count"],
  },
  {
    name: "paint without an output of PaintSwitch ends",
    config: `${source("616263", 3)} -> Paint(7) -> s :: PaintSwitch; s[0] -> a :: Counter -> Discard; s[1] -> b :: Counter -> Discard`,
    args: ["-h", "*.count"],
  },
  { name: "PaintSwitch without outputs", config: `${source("616263", 3)} -> Paint(7) -> s :: PaintSwitch` },
  {
    name: "PaintTee copies packets of its color",
    config: `${source("616263", 3)} -> Paint(7) -> t :: PaintTee(7) -> a :: Counter -> Discard; t[1] -> b :: Counter -> Discard`,
    args: ["-h", "*.count", "-h", "t.color"],
  },
  {
    name: "a color is a byte",
    config: "Idle -> Paint(256) -> Paint(-1) -> Paint(x) -> Paint -> CheckPaint(1000) -> Discard",
  },
  {
    name: "a color may be written",
    config: `Idle -> p :: Paint(1) -> c :: CheckPaint(2) -> t :: PaintTee(0x10) -> Discard; t[1] -> Discard;
      Script(write p.color 7, read p.color, write c.color 9, read c.color, read t.color, write p.color 256, write p.color x, write t.color -1, read p.color, stop)`,
  },
  {
    name: "annotation bytes of paint",
    config: `${source("616263")} -> Paint(1, 3) -> Paint(2, ANNO PAINT) -> Paint(3, ICMP_PARAMPROB) -> Print(PRINTANNO true) -> Discard`,
  },
  {
    name: "annotation bytes that are not there",
    config: "Idle -> Paint(1, 48) -> Paint(1, FOO) -> Paint(1, AGGREGATE) -> Paint(1, -1) -> Discard",
  },

  // Lengths
  {
    name: "Strip and Unstrip",
    config: `${source("616263646566")} -> Strip(2) -> Print(a) -> Unstrip(1) -> Print(b) -> Unstrip(1) -> Print(c) -> Discard`,
  },
  {
    name: "Strip beyond the packet leaves nothing, and says so",
    config: `${source("616263", 2)} -> Strip(10) -> Print -> Discard`,
  },
  {
    name: "Strip of exactly the packet",
    config: `${source("616263", 2)} -> Strip(3) -> Print -> Unstrip(3) -> Print -> Discard`,
  },
  {
    name: "Unstrip of more than was there",
    config: `${source("616263")} -> Unstrip(10) -> Print(MAXLENGTH 0) -> Discard`,
  },
  { name: "Strip needs a length", config: "Idle -> Strip -> Unstrip -> Strip(-1) -> Strip(x) -> Discard" },
  {
    name: "header marks stay over Strip and Unstrip",
    config: `${source(`0000000000000000000000000800 ${udp}`)} -> CheckIPHeader(14) -> Strip(14) -> IPPrint(a, TIMESTAMP false)
      -> Unstrip(14) -> IPPrint(b, TIMESTAMP false) -> Strip(40) -> Unstrip(40) -> IPPrint(c, TIMESTAMP false) -> Discard`,
  },
  {
    name: "Truncate counts what it cuts in the extra length",
    config: `${source("616263646566")} -> Truncate(4) -> Print(a, PRINTANNO true) -> Truncate(LENGTH 1) -> Print(b, PRINTANNO true) -> Pad -> Print(c, PRINTANNO true) -> Discard`,
  },
  {
    name: "Truncate without the extra length",
    config: `${source("616263646566")} -> Truncate(4, EXTRA_LENGTH false) -> Print(a, PRINTANNO true) -> Truncate(9) -> Print(b) -> Discard`,
  },
  {
    name: "Truncate's length may be written",
    config:
      "Idle -> t :: Truncate(4) -> Discard; Script(write t.nbytes 9, read t.nbytes, read t.config, write t.nbytes x, write t.nbytes -1, read t.nbytes, stop)",
  },
  {
    name: "Truncate needs a length",
    config: "Idle -> Truncate -> Truncate(-1) -> Truncate(NBYTES 4) -> Truncate(4, EXTRA_ANNO false) -> Discard",
  },
  {
    name: "Pad to a length",
    config: `${source("616263")} -> Pad(8) -> Print(a) -> Pad(4) -> Print(b) -> Pad(20, MAXLENGTH 10) -> Print(c) -> Discard`,
  },

  // IP headers
  {
    name: "CheckIPHeader lets valid packets pass, and counts those that are not",
    config: `${source(udp, 2)} -> c :: CheckIPHeader -> a :: Counter -> Discard;
      ${source("45", 2)} -> c; c[1] -> b :: Counter -> Discard`,
    args: ["-h", "*.count", "-h", "c.drops"],
  },
  {
    name: "CheckIPHeader says what the first bad packet has",
    config: `${source(udp.replace("66ce", "66cf"), 3)} -> c :: CheckIPHeader -> Discard`,
    args: ["-h", "c.drops"],
  },
  {
    name: "a verbose CheckIPHeader says so of every one",
    config: `${source(udp.replace("66ce", "66cf"), 3)} -> c :: CheckIPHeader(VERBOSE true) -> Discard`,
  },
  {
    name: "CheckIPHeader has details of drops where they are asked for",
    config: `t :: Tee; c :: CheckIPHeader(DETAILS true) -> Discard; Idle -> t -> c;
      ${source("450000")} -> c; ${source(udp.replace("4500", "5500"))} -> c; ${source(udp.replace("4500", "4400"))} -> c; ${source(udp.replace("4500", "4f00"))} -> c;
      ${source(udp.replace("001c", "0010"))} -> c; ${source(udp.replace("001c", "00ff"))} -> c; ${source(udp.replace("66ce", "66cf"))} -> c; Script(wait 0.1, stop)`,
    args: ["-h", "c.drop_details", "-h", "c.drops", "--simtime"],
  },
  {
    name: "CheckIPHeader without them has none",
    config: "Idle -> c :: CheckIPHeader -> Discard; Script(stop)",
    args: ["-h", "c.drop_details"],
  },
  {
    name: "bad sources are those that are given",
    config: `${source("4500001c00010000401170d100000000 0a000002 0401003500080000")} -> a :: CheckIPHeader(CHECKSUM false) -> b :: CheckIPHeader(CHECKSUM false, BADSRC 0.0.0.0) -> Discard`,
    args: ["-h", "*.drops"],
  },
  {
    name: "an address of INTERFACES is a good destination of bad sources",
    config: `${source(udp, 2)} -> a :: CheckIPHeader(INTERFACES 10.0.0.2/8, BADSRC 10.0.0.1, VERBOSE true) -> Discard;
      ${source(udp, 2)} -> b :: CheckIPHeader(INTERFACES 18.26.4.9/24 11.0.0.2/8, BADSRC 10.0.0.1 10.0.0.7, VERBOSE true) -> Discard;
      ${source(udp, 2)} -> c :: CheckIPHeader(BADSRC 10.0.0.1, GOODDST 10.0.0.2, VERBOSE true) -> Discard; Script(wait 0.1, stop)`,
    args: ["-h", "*.drops", "--simtime"],
  },
  {
    name: "CheckIPHeader has one argument without a keyword",
    config: "Idle -> CheckIPHeader(10.0.0.1) -> Discard",
  },
  {
    name: "CheckIPHeader's offset",
    config: `${source(`0000 ${udp}`, 2)} -> a :: CheckIPHeader(2) -> Print -> Discard; Idle -> CheckIPHeader(OFFSET 2) -> CheckIPHeader(0x2) -> CheckIPHeader(-2) -> Discard`,
  },
  {
    name: "CheckIPHeader's old arguments",
    config:
      "Idle -> CheckIPHeader(10.0.0.1 10.0.0.2, 14) -> Discard; Idle -> CheckIPHeader(BADSRC x) -> CheckIPHeader(INTERFACES 1.2.3.4/x) -> Discard; Script(stop)",
  },
  {
    name: "CheckIPHeader cuts what follows the packet, and sets the destination",
    config: `${source(`${udp} 0000`)} -> CheckIPHeader -> Print(MAXLENGTH 0, PRINTANNO true) -> Discard`,
  },
  {
    name: "MarkIPHeader sets no destination",
    config: `${source(`0000 ${udp}`)} -> MarkIPHeader(2) -> IPPrint(TIMESTAMP false) -> Print(MAXLENGTH 0, PRINTANNO true) -> Discard`,
  },
  {
    name: "DecIPTTL decrements, and gives what has none left to its second output",
    config: `${source(udp)} -> CheckIPHeader -> d :: DecIPTTL -> Print(MAXLENGTH 99) -> Discard; d[1] -> Print(x) -> Discard;
      ${source(udp.replace("401166ce", "0111a5ce"))} -> CheckIPHeader -> d`,
    args: ["-h", "d.drops", "-h", "d.active"],
  },
  {
    name: "DecIPTTL may be made inactive",
    config: `${source(udp)} -> CheckIPHeader -> d :: DecIPTTL(ACTIVE false) -> Print(MAXLENGTH 99) -> Discard;
      Script(read d.active, write d.active true, read d.active, write d.active x, write d.active 0, read d.active)`,
  },
  {
    name: "DecIPTTL may leave multicast alone",
    config: `${source("4500001c00010000401170d10a000001 e0000002 0401003500080000")} -> CheckIPHeader(CHECKSUM false) -> DecIPTTL(MULTICAST false) -> Print(MAXLENGTH 99) -> Discard`,
  },

  // Ethernet
  {
    name: "EtherEncap",
    config: `${source("616263")} -> e :: EtherEncap(0x0800, 02:00:00:00:00:01, 02-00-00-00-00-0A) -> Print -> Discard`,
    args: ["-h", "e.src", "-h", "e.dst", "-h", "e.ethertype", "-h", "e.etht"],
  },
  {
    name: "EtherEncap's addresses and type may be written",
    config: `Idle -> e :: EtherEncap(0x0800, 02:00:00:00:00:01, 02:00:00:00:00:02) -> Discard;
      Script(write e.src 02:00:00:00:00:0A, write e.dst 02:00:00:00:00:0B, write e.ethertype 0x806, read e.src, read e.dst, read e.ethertype, read e.config,
        write e.etht 1, read e.etht, write e.src x, write e.ethertype 70000, read e.config, stop)`,
  },
  {
    name: "EtherEncap's arguments",
    config: "Idle -> EtherEncap -> EtherEncap(0x10000, x, y) -> EtherEncap(0800, 1:2:3:4:5:6, 1:2:3:4:5) -> Discard",
  },

  // Times
  {
    name: "SetTimestamp sets a time",
    config: `${source("61")} -> SetTimestamp(1e3) -> Print(a, TIMESTAMP true) -> SetTimestamp(1.123456789) -> Print(b, TIMESTAMP true)
      -> SetTimestamp(TIMESTAMP 5) -> Print(c, TIMESTAMP true) -> SetTimestamp(7, FIRST true) -> Print(d, TIMESTAMP true, PRINTANNO true) -> Discard`,
  },
  {
    name: "SetTimestamp sets the current time",
    config: `${source("61")} -> SetTimestamp -> Print(a, TIMESTAMP true) -> Discard`,
    args: ["--simtime"],
  },
  { name: "SetTimestamp has no delta", config: "Idle -> SetTimestamp(DELTA true) -> SetTimestamp(x) -> Discard" },
];
