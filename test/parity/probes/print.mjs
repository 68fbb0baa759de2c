// Elements that print: Print, IPPrint, Message, ProgressBar.
import { createHash } from "node:crypto";

/** A packet of these bytes, in hexadecimal, and then the end. */
const source = (hex, limit = 1) => `InfiniteSource(DATA \\<${hex}>, LIMIT ${limit}, STOP true)`;
/** One packet goes to an element at its header, and ends. */
const printed = (hex, element) => `${source(hex)} -> MarkIPHeader -> ${element} -> Discard`;
const header = (
  protocol,
  length,
  { id = "0001", flags = "0000", source = "0a000001", destination = "0a000002" } = {},
) =>
  `4500${length.toString(16).padStart(4, "0")}${id}${flags}40${protocol.toString(16).padStart(2, "0")}0000${source}${destination}`;
const tcp = (flags, rest = "") =>
  `${header(6, 40 + rest.length / 2)}04010050000003e80000000050${flags}03e800000000${rest}`;
const udp = (payload = "") =>
  `${header(17, 28 + payload.length / 2)}040100500${(8 + payload.length / 2).toString(16).padStart(3, "0")}0000${payload}`;
const icmp = (message) => `${header(1, 20 + message.length / 2)}${message}`;
const IP = (keywords = "") => `IPPrint(TIMESTAMP false${keywords && `, ${keywords}`})`;
const bytes = (count, first = 0) =>
  Array.from({ length: count }, (_, i) => ((i + first) & 255).toString(16).padStart(2, "0")).join("");
/** Of long lines the start and a digest. */
const shortened = (text) =>
  text.replace(/(.{60})(.{60,})/g, (_, start, rest) => `${start}… ${createHash("sha1").update(rest).digest("hex")}`);

/** @type {import("../probe.mjs").Probe[]} */
const all = [
  // Print
  {
    name: "Print",
    config: `${source(bytes(30))} -> Print -> Print(label) -> Print("a label", 5) -> Print(MAXLENGTH 0) -> Print(x, -1) -> Discard`,
  },
  {
    name: "Print of an empty packet",
    config: `${source(bytes(1))} -> Strip(1) -> Print -> Print(a, CONTENTS ASCII) -> Print(b, PRINTANNO true) -> Discard`,
  },
  {
    name: "Print CONTENTS",
    config: `${source("6162632e64656667 6869 00 7f 20 ff 6a6b6c6d6e6f")} -> Print(CONTENTS ASCII) -> Print(CONTENTS ascii, MAXLENGTH 8) -> Print(CONTENTS NONE)
      -> Print(CONTENTS false) -> Print(CONTENTS true) -> Print(CONTENTS Hex) -> Print(CONTENTS "none") -> Discard`,
  },
  {
    name: "Print CONTENTS that it does not know",
    config: "Idle -> Print(CONTENTS foo) -> Print(CONTENTS a b) -> Discard",
  },
  {
    name: "Print PRINTANNO",
    config: `${source("616263")} -> Paint(5) -> Print(PRINTANNO true) -> Print(a, PRINTANNO true, CONTENTS NONE) -> Discard`,
  },
  {
    name: "Print HEADROOM",
    config: `${source("616263")} -> Print(HEADROOM true) -> Strip(1) -> Print(a, HEADROOM yes, PRINTANNO true) -> Discard`,
    // How much there is depends on how buffers are made.
    mask: (text) => text.replace(/\(h\d+ t\d+\)/g, "(h# t#)"),
  },
  {
    name: "Print TIMESTAMP",
    config: `${source("616263")} -> SetTimestamp(5.25) -> Print(TIMESTAMP true) -> Print(a, TIMESTAMP true) -> SetTimestamp(1.123456789) -> Print(a, TIMESTAMP true, MAXLENGTH 0) -> Discard`,
  },
  {
    name: "Print of more than 2,048 bytes",
    config: `${source(bytes(5000))} -> Print(a, -1) -> Print(b, 6000, CONTENTS ASCII) -> Print(c, 2050) -> Discard`,
    mask: shortened,
  },
  {
    name: "Print LENGTH and NBYTES",
    config: `${source(bytes(9))} -> Print(LENGTH 2) -> Print(NBYTES 3) -> Print(MAXLENGTH 5, NBYTES 4) -> Discard`,
  },
  {
    name: "Print ACTIVE",
    config: `InfiniteSource(DATA a) -> p :: Print(ACTIVE false) -> Discard; Script(write p.active x, write p.active false, stop)`,
    args: ["-h", "p.active"],
  },
  {
    name: "Print's arguments",
    config: "Idle -> Print(a, x) -> Print(a b) -> Print(a, 5, 6) -> Print(FOO 5) -> Print(TIMESTAMP maybe) -> Discard",
  },
  {
    name: "a Print's configuration may be written",
    config: 'Idle -> p :: Print(a) -> Discard; Script(write p.config "b, 5", stop)',
    args: ["-R", "-h", "p.config"],
  },

  // IPPrint
  { name: "IPPrint of TCP", config: printed(tcp("02"), IP()) },
  { name: "IPPrint of TCP with an acknowledgment", config: printed(tcp("10"), IP()) },
  { name: "IPPrint of TCP with all flags", config: printed(tcp("ff", "616263"), IP()) },
  { name: "IPPrint of TCP without flags", config: printed(tcp("00", "616263"), IP()) },
  ...[0, 2, 4, 12, 14, 15, 16, 19].map((count) => ({
    name: `IPPrint of ${count} bytes of TCP`,
    config: printed(tcp("12").slice(0, 40 + 2 * count), IP()),
  })),
  { name: "IPPrint of UDP", config: printed(udp("616263"), IP()) },
  ...[0, 3, 4, 7].map((count) => ({
    name: `IPPrint of ${count} bytes of UDP`,
    config: printed(udp().slice(0, 40 + 2 * count), IP()),
  })),
  {
    name: "IPPrint of a packet whose length says less than there is",
    config: printed(udp("616263").replace("001f", "0016"), IP("CONTENTS HEX")),
  },
  { name: "IPPrint of another protocol", config: printed(`${header(47, 24)}00000000`, IP()) },
  {
    name: "IPPrint of a truncated header",
    config: `${source("4500001c0001")} -> Unstrip(14) -> MarkIPHeader(0) -> Strip(14) -> ${IP()} -> Discard`,
  },
  {
    name: "IPPrint of a packet without a header",
    config: `${source(udp())} -> ${IP()} -> Print(MAXLENGTH 0) -> Discard`,
  },
  ...[
    "",
    "08",
    "0000",
    "0800f7fd0001",
    "0800f7fd00010002",
    "0000f7fd00010002",
    "0b00000000000000",
    "0b01000000000000",
    "0b09000000000000",
    "0500000001020304",
    "0501000001020304",
    "0d00000000000000",
    "0d05000000000000",
    "ff00000000000000",
    "ff07000000000000",
    "0c02",
    "1000000000000000",
    "1200000000000000",
  ].map((message) => ({ name: `IPPrint of ICMP '${message}'`, config: printed(icmp(message), IP()) })),
  ...["00", "01", "02", "03", "04", "05", "0d", "10"].map((code) => ({
    name: `IPPrint of ICMP unreachable, code ${code}`,
    config: printed(icmp(`03${code}000000000578${udp()}`), IP()),
  })),
  {
    name: "IPPrint of ICMP unreachable about a protocol without a name",
    config: printed(icmp(`0302000000000578${header(99, 20)}`), IP()),
  },
  {
    name: "IPPrint of ICMP port unreachable about a protocol without a name",
    config: printed(icmp(`0303000000000578${header(99, 24)}00010002`), IP()),
  },
  {
    name: "IPPrint of ICMP port unreachable without ports",
    config: printed(icmp(`0303000000000578${header(17, 24)}00`), IP()),
  },
  { name: "IPPrint of ICMP unreachable without a packet", config: printed(icmp("030100000000057845"), IP()) },
  { name: "IPPrint of ICMP needfrag without an MTU", config: printed(icmp(`0304000000000000${udp()}`), IP()) },
  { name: "IPPrint SWAP", config: `${printed(icmp("0800f7fd00010002"), `${IP("SWAP true")} -> ${IP("SWAP false")}`)}` },
  {
    name: "IPPrint of fragments",
    config: `i :: MarkIPHeader -> ${IP()} -> Discard${[
      ["0001", "2000"],
      ["0063", "200e"],
      ["0063", "000e"],
      ["0063", "4000"],
    ]
      .flatMap(([id, flags]) =>
        [1, 6, 17].map((p) => `; ${source(`${header(p, 44, { id, flags })}${bytes(24, 8)}`)} -> i`),
      )
      .join("\n")}; Script(wait 0.1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "IPPrint's header fields",
    config: printed(
      udp(),
      `${IP("ID true")} -> ${IP("TTL true")} -> ${IP("TOS true")} -> ${IP("LENGTH true")} -> ${IP("ID true, TTL true, TOS true, LENGTH true")}`,
    ),
  },
  {
    name: "IPPrint's annotations",
    config: printed(
      udp(),
      `Paint(5) -> ${IP("PAINT true")} -> ${IP("AGGREGATE true")} -> ${IP("PAINT true, AGGREGATE true")}`,
    ),
  },
  {
    name: "IPPrint's label and timestamp",
    config: printed(
      udp(),
      'SetTimestamp(5.25) -> IPPrint -> IPPrint(a) -> SetTimestamp(1.123456789) -> IPPrint(LABEL b) -> IPPrint("a b", TIMESTAMP false)',
    ),
  },
  {
    name: "IPPrint CONTENTS HEX",
    config: printed(
      udp(bytes(40)),
      `${IP("CONTENTS HEX")} -> ${IP("CONTENTS true, MAXLENGTH 10")} -> ${IP("CONTENTS hex, NBYTES 4")} -> ${IP("CONTENTS HEX, MAXLENGTH 0")} -> ${IP("CONTENTS HEX, MAXLENGTH -1")}`,
    ),
  },
  {
    name: "IPPrint CONTENTS ASCII",
    config: printed(udp(bytes(90, 30)), `${IP("CONTENTS ASCII")} -> ${IP("CONTENTS ascii, MAXLENGTH 10")}`),
  },
  {
    name: "IPPrint PAYLOAD",
    config: printed(
      udp(bytes(30)),
      `${IP("PAYLOAD HEX")} -> ${IP("PAYLOAD yes, MAXLENGTH 10")} -> ${IP("PAYLOAD ascii")} -> ${IP("PAYLOAD false")} -> ${IP("PAYLOAD No")} -> ${IP("PAYLOAD true")}`,
    ),
  },
  {
    name: "IPPrint PAYLOAD of TCP, ICMP and other packets",
    config: `i :: MarkIPHeader -> ${IP("PAYLOAD HEX")} -> Discard${[tcp("10", bytes(9)), icmp(`0800${bytes(8)}`), `${header(47, 24)}01020304`, `${header(17, 32, { flags: "000e" })}${bytes(12)}`, tcp("10")].map((p) => `; ${source(p)} -> i`).join("\n")}; Script(wait 0.1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "IPPrint CONTENTS that it does not know",
    config:
      "Idle -> IPPrint(CONTENTS foo) -> IPPrint(PAYLOAD foo) -> IPPrint(PAYLOAD none) -> IPPrint(CONTENTS hex, PAYLOAD foo) -> IPPrint(CONTENTS HEX, PAYLOAD HEX) -> IPPrint(PAYLOAD 1) -> Discard",
  },
  {
    name: "IPPrint OUTFILE",
    config: printed(udp("616263"), `${IP("OUTFILE out")} -> ${IP("OUTFILE out2, CONTENTS HEX")}`),
    outputs: ["out", "out2"],
  },
  {
    name: "IPPrint OUTFILE without a packet",
    config: "Idle -> IPPrint(OUTFILE out) -> Discard; Script(stop)",
    outputs: ["out"],
    files: { out: "before" },
  },
  {
    name: "IPPrint OUTFILE that cannot be opened",
    config: "Idle -> IPPrint(OUTFILE nosuch/out) -> Discard; Script(stop)",
  },
  {
    name: "IPPrint CHANNEL",
    config: printed(udp("616263"), `${IP("CHANNEL default")} -> ${IP("CHANNEL foo")} -> ${IP("CHANNEL a b")}`),
  },
  {
    name: "IPPrint on a channel that nobody hears",
    config: printed(udp("616263"), `${IP("CHANNEL default")} -> ${IP("CHANNEL foo")}`),
  },
  {
    name: "IPPrint ACTIVE",
    config: `${printed(udp("616263"), `i :: ${IP("ACTIVE false")}`)}; Script(write i.active x)`,
    args: ["-h", "i.active"],
  },

  // Message
  { name: "Message", config: 'Message("hello there"); Message(hi); Script(stop)' },
  { name: "Message of two words", config: "Message(hi there)" },
  { name: "a Message's type", config: "Message(hi, MESSAGE); Message(hi, TYPE MESSAGE); Message(a, warning)" },
  { name: "a warning", config: "Message(w, WARNING); Message(b)" },
  { name: "an error", config: 'Message("an error", ERROR)' },
  { name: "Message without a text", config: "Message; Message(TYPE ERROR); Message(a, FOO); Message(a, MESSAGE, b)" },
  { name: "several lines of a Message", config: 'Message("a\nb"); Script(stop)' },
  { name: "Error", config: 'e :: Error("too bad"); Error' },
  { name: "Error after another message", config: "Message(a); Error(b, c); Message(d)" },

  // ProgressBar
  {
    name: "ProgressBar prints nothing but on a terminal",
    config: "c :: Counter; Idle -> c -> Discard; p :: ProgressBar(c.count, UPDATE 0.01); Script(wait 0.1, stop)",
  },
  {
    name: "ProgressBar's handlers are checked",
    config: "c :: Counter; Idle -> c -> Discard; p :: ProgressBar(c.nosuch); Script(stop)",
  },
  {
    name: "ProgressBar's handlers are read",
    config: "c :: Counter; Idle -> c -> Discard; p :: ProgressBar(c.reset); Script(stop)",
  },
  { name: "ProgressBar's elements are checked", config: "p :: ProgressBar(nosuch.count); Script(stop)" },
  {
    name: "ProgressBar's size handlers are checked",
    config: "c :: Counter; Idle -> c -> Discard; p :: ProgressBar(c.count, nosuch.count); Script(stop)",
  },
  { name: "ProgressBar needs a handler", config: "p :: ProgressBar; Script(stop)" },
  {
    name: "ProgressBar's arguments",
    config:
      "c :: Counter; Idle -> c -> Discard; p :: ProgressBar(c.count, c.count, c.count, UPDATE x, ACTIVE x, FIXED_SIZE x, FOO y); Script(stop)",
  },
  {
    name: "ProgressBar's handlers",
    config:
      'c :: Counter; Idle -> c -> Discard; p :: ProgressBar(c.count c.rate, c.byte_count, BANNER "a b"); Script(stop)',
    args: ["active", "banner", "poshandler", "sizehandler", "pos", "size"].flatMap((h) => ["-h", `p.${h}`]),
  },
  {
    name: "ProgressBar's handlers without a size",
    config:
      "c :: Counter; Idle -> c -> Discard; p :: ProgressBar(c.count, ACTIVE false); q :: ProgressBar(c.count, FIXED_SIZE 10.5, DELAY 1); Script(stop)",
    args: ["p", "q"].flatMap((p) =>
      ["active", "banner", "poshandler", "sizehandler", "size"].flatMap((h) => ["-h", `${p}.${h}`]),
    ),
  },
  {
    name: "ProgressBar's handlers may be written",
    config: `c :: Counter; Idle -> c -> Discard; p :: ProgressBar(c.count);
      Script(write p.active false, write p.banner foo bar, write p.poshandler c.count c.byte_count, write p.sizehandler c.count, write p.size 10.25, write p.reset,
        write p.mark_done, write p.mark_stopped, stop)`,
    args: ["active", "banner", "poshandler", "sizehandler", "pos", "size"].flatMap((h) => ["-h", `p.${h}`]),
  },
  {
    name: "what may not be written to a ProgressBar",
    config: `c :: Counter; Idle -> c -> Discard; p :: ProgressBar(c.count);
      Script(write p.active x, write p.poshandler c.nosuch, write p.sizehandler nosuch.count, write p.size x, write p.poshandler c.reset, stop)`,
    args: ["poshandler", "sizehandler", "size"].flatMap((h) => ["-h", `p.${h}`]),
  },
];

/** Where ours is meant to be different, and why. */
const differences = new Map([["IPPrint of a truncated header", "Click prints what memory holds behind the packet"]]);

/** @type {import("../probe.mjs").Probe[]} */
export const probes = all.map((probe) =>
  differences.has(probe.name) ? { ...probe, differs: differences.get(probe.name) } : probe,
);
