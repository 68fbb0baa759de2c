// Traces of DAG cards and of NLANR: records with times, their kinds, and where they end.
import { gzipSync } from "node:zlib";
import { hex, pcap, tcpPacket, udpPacket, withFirstByte } from "../captures.mjs";

/** A record of NLANR's: seconds, the word of the microseconds, and 36 bytes. */
const nlanr = (seconds, fraction, packet) => {
  const bytes = Buffer.alloc(44);
  bytes.writeUInt32BE(seconds, 0);
  bytes.writeUInt32BE(fraction, 4);
  packet.copy(bytes, 8, 0, 36);
  return bytes;
};
const options = withFirstByte(udpPacket, 0x46);
const tsh = Buffer.concat([
  nlanr(1, 5, tcpPacket),
  nlanr(2, 0x05000006, udpPacket),
  nlanr(3, 0x07000007, options),
  nlanr(4, 999_999, tcpPacket),
  nlanr(4, 0xff0f4240, withFirstByte(udpPacket, 0x65)),
  nlanr(6, 1_000_000, udpPacket),
]);

/** A record of DAG's: the time, the type, the length on the wire, and what follows the header. */
const erf = (seconds, fraction, type, body, { wire = body.length, length = body.length + 16 } = {}) => {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(fraction, 0);
  header.writeUInt32LE(seconds, 4);
  header[8] = type;
  header.writeUInt16BE(length, 10);
  header.writeUInt16BE(wire, 14);
  return Buffer.concat([header, body]);
};
const ethernet = (packet, type = "0800") => Buffer.concat([hex("0000 020000000001 020000000002"), hex(type), packet]);
const dag = Buffer.concat([
  erf(1, 0, 2, ethernet(tcpPacket), { wire: 58 }),
  erf(2, 0x80000000, 2, ethernet(udpPacket), { wire: 1000 }),
  erf(3, 0xffffffff, 2, ethernet(hex("00010800"), "0806")),
  erf(4, 1, 1, Buffer.concat([hex("0f000800"), tcpPacket])),
  erf(5, 5, 3, Buffer.concat([hex("00000000 aaaa03 000000 0800"), udpPacket]), { wire: 53 }),
  erf(6, 0x12345678, 4, Buffer.concat([hex("00000000 aaaa03 000000 0800"), tcpPacket]), { wire: 0 }),
]);
/** Cells of 64 bytes. */
const cell = (seconds, body, header = {}) =>
  erf(seconds, 0, header.type ?? 0, Buffer.concat([body, Buffer.alloc(48)]).subarray(0, 48), { length: 0, ...header });
const atm = (packet) => Buffer.concat([hex("aaaa03 000000 0800"), packet]);
const cells = Buffer.concat([cell(1, atm(tcpPacket)), cell(2, atm(udpPacket)), cell(3, hex("00"))]);

const show = "ToIPSummaryDump(out, FIELDS ntimestamp wire_len ip_len ip_src paint)";
const print = "Print(x, MAXLENGTH 100, TIMESTAMP true)";
const traces = { FromNLANRDump: ["in.tsh", tsh], FromDAGDump: ["in.erf", dag] };
const run = (element, args, more = {}) => {
  const [file, bytes] = traces[element];
  return {
    name: `${element}: ${args}`,
    config: `f :: ${element}(${file}${args && `, ${args}`}) -> ${print} -> ${show}; f [1] -> Print(y, MAXLENGTH 100) -> Discard`,
    files: {
      [file]: bytes,
      [`${file}.gz`]: gzipSync(bytes),
      empty: "",
      short: bytes.subarray(0, 9),
      cut: bytes.subarray(0, bytes.length - 5),
    },
    outputs: ["out"],
    ...more,
  };
};
const common = (element, handlers) => {
  const [file, bytes] = traces[element];
  const reads = [
    "handlers",
    "active",
    "encap",
    "filename",
    "filesize",
    "filepos",
    "sampling_prob",
    ...handlers,
  ].flatMap((h) => ["-h", `f.${h}`]);
  const one = (name, config, more = {}) => ({ ...run(element, ""), name: `${element}: ${name}`, config, ...more });
  return [
    ...[
      "STOP true",
      "STOP true, START 3",
      "STOP true, START_AFTER 2",
      "STOP true, END 3",
      "STOP true, END_AFTER 2",
      "STOP true, INTERVAL 2",
      "STOP true, START 2, INTERVAL 2",
      "STOP true, START 2, END 4",
      "STOP true, FORCE_IP true",
      "STOP true, START 100",
      "STOP true, END 1",
      "STOP true, SAMPLE 0",
      "STOP true, SAMPLE 1.5",
      "STOP true, MMAP false",
      "STOP true, MMAP true",
    ].map((args) => run(element, args)),
    ...[
      "START 1, START_AFTER 2",
      "END 1, END_AFTER 2",
      "END 1, INTERVAL 2",
      "STOP true, END_CALL f.stop",
      "END_CALL nosuch.x",
      "END_CALL f.encap",
      "FOO 1",
      "START x",
      "SAMPLE x",
    ].map((args) => run(element, args, { args: ["-q"], outputs: [] })),
    run(element, "END_CALL f.stop"),
    run(element, "END_CALL s.run", {
      config: `f :: ${element}(${file}, END_CALL s.run) -> c :: Counter -> Discard; f [1] -> Discard; s :: Script(TYPE PASSIVE, print c.count, write f.stop)`,
    }),
    run(element, "END 3, END_CALL s.run", {
      config: `f :: ${element}(${file}, END 3, END_CALL s.run) -> c :: Counter -> Discard; f [1] -> Discard; s :: Script(TYPE PASSIVE, print c.count, write f.stop)`,
    }),
    one("compressed", `${element}(${file}.gz, STOP true) -> ${show}`),
    one("standard input", `${element}(-, STOP true) -> ${show}`, { stdin: bytes }),
    one("no such file", `${element}(nosuch) -> Discard`),
    one("an empty file", `${element}(empty) -> Discard`),
    one("a folder", `${element}(.) -> Discard`),
    one("a short file", `${element}(short, STOP true) -> ${print} -> Discard`),
    one("a file that is cut", `${element}(cut, STOP true) -> ${print} -> Discard`),
    one("no arguments", `${element} -> Discard`),
    one("handlers", `f :: ${element}(${file}, STOP true) -> Discard`, { args: reads }),
    one("handlers before the start", `f :: ${element}(${file}, STOP true) -> Discard`, { args: ["-q", ...reads] }),
    one("handlers where it is pulled", `f :: ${element}(${file}, STOP true) -> Unqueue -> Discard`, { args: reads }),
    one("pulled", `${element}(${file}, STOP true) -> Unqueue -> ${print} -> ${show}`),
    one(
      "active",
      `f :: ${element}(${file}, ACTIVE false, STOP true) -> c :: Counter -> Discard; Script(wait 0, print c.count, write f.active true, wait 0.01, print c.count)`,
    ),
    one("active maybe", `f :: ${element}(${file}, ACTIVE false) -> Discard; Script(write f.active maybe, stop)`),
    one("stop", `f :: ${element}(${file}, ACTIVE false) -> Discard; Script(write f.stop, print f.active)`),
    one(
      "extend_interval",
      `f :: ${element}(${file}, END 2) -> c :: Counter -> Discard; Script(wait 0.01, print c.count, print f.active, write f.extend_interval 2, wait 0.01, print c.count, print f.active, write f.extend_interval x, stop)`,
    ),
    one(
      "extend_interval without an end",
      `f :: ${element}(${file}, ACTIVE false) -> c :: Counter -> Discard; Script(write f.extend_interval 2, wait 0.01, print c.count, print f.active, stop)`,
    ),
  ];
};
const differing =
  (reason, ...names) =>
  (probe) =>
    names.includes(probe.name) ? { ...probe, differs: reason } : probe;
const formats = (file, args = "", more = {}) => ({
  name: `FromNLANRDump: ${file}${args}`,
  config: `f :: FromNLANRDump(${file}, STOP true${args}) -> ${print} -> ${show}; f [1] -> Print(y, MAXLENGTH 100) -> Discard`,
  files: { [file]: tsh },
  outputs: ["out"],
  ...more,
});
const dagged = (name, bytes, args = "", more = {}) => ({
  name: `FromDAGDump: ${name}${args}`,
  config: `f :: FromDAGDump(in, STOP true${args}) -> ${print} -> ${show}; f [1] -> Print(y, MAXLENGTH 100) -> Discard`,
  args: ["-h", "f.encap", "-h", "f.filepos"],
  files: { in: bytes },
  outputs: ["out"],
  ...more,
});
const twice = "Click sends the first packet that is wanted twice";
const refused = "Click sends the packet that was the end to the second output";
const forEver = "in simulated time Click waits for ever";
const inside = "Click takes what is in a packet that it passes over for the next record";
const within = "Click goes on within the packet of such a cell";

/** A UDP datagram of so many bytes of data behind an IP header. */
const datagram = (ip, data, sum = "1234") =>
  Buffer.concat([ip, hex("04d20035"), hex((8 + data.length).toString(16).padStart(4, "0")), hex(sum), data]);
const ip4 = hex("45000040 00020000 40110000 0a000001 0a000002");
const ip6 = (next) => Buffer.concat([hex("60000000 001c"), Buffer.of(next), hex("40"), Buffer.alloc(32, 1)]);
const numbers = Buffer.from(Array.from({ length: 24 }, (_, i) => i * 7));
const datagrams = [
  datagram(ip4, Buffer.alloc(20)),
  datagram(ip4, Buffer.alloc(24), "0000"),
  datagram(ip4, numbers, "ffff"),
  datagram(ip4, numbers, "0001"),
  datagram(withFirstByte(Buffer.concat([ip4, Buffer.alloc(4)]), 0x46), numbers),
  datagram(ip6(17), numbers),
  datagram(ip6(6), numbers),
  datagram(ip4, Buffer.alloc(19)),
  datagram(withFirstByte(ip4, 0x55), Buffer.alloc(20)),
  datagram(withFirstByte(ip4, 0x40), Buffer.alloc(20)),
  hex("45000000 000000"),
  datagram(ip4, Buffer.alloc(20, 255)),
];
const stored = (args, offset = 0) => ({
  name: `StoreUDPTimeSeqRecord(${args})`,
  config: `FromIPSummaryDump(in) -> Discard; FromDump(x.pcap, STOP true) -> s :: StoreUDPTimeSeqRecord(${args}) -> Print(x, MAXLENGTH 100) -> Discard`,
  args: ["--simtime", "-h", "s.count", "-h", "s.handlers"],
  files: {
    "x.pcap": pcap(datagrams.map((packet, i) => [i + 1, 0, Buffer.concat([Buffer.alloc(offset), packet])])),
    in: "!data ip_src\n",
  },
});

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  ...[1, 5, 4294967295].flatMap((seed) => [
    {
      name: `chance after RandomSeed(${seed}): packets of a capture`,
      config: `RandomSeed(${seed}); FromDump(x.pcap, STOP true, SAMPLE 0.4) -> ToIPSummaryDump(-, FIELDS ts_sec)`,
      files: { "x.pcap": pcap(Array.from({ length: 60 }, (_, i) => [i + 1, 0, tcpPacket])) },
    },
    {
      name: `chance after RandomSeed(${seed}): packets of a summary`,
      config: `RandomSeed(${seed}); FromIPSummaryDump(in, STOP true, SAMPLE 0.4) -> ToIPSummaryDump(-, FIELDS ts_sec)`,
      files: { in: `!data ts_sec\n${Array.from({ length: 60 }, (_, i) => `${i + 1}\n`).join("")}` },
    },
    {
      name: `chance after RandomSeed(${seed}): scripts`,
      config: `RandomSeed(${seed}); Script(${["", "5 9", "0 1", "0 4294967295", "3 3", "0 2147483647", "0 2147483648", ""].map((range) => `print $(random ${range})`).join(", ")}, stop)`,
    },
  ]),
  ...["0", "OFFSET 0, DELTA true", "x", "", "0, DELTA x", "-1", "100000"].map((args) => stored(args)),
  ...["14", "14, DELTA true"].map((args) => stored(args, 14)),
  {
    ...stored("0"),
    name: "StoreUDPTimeSeqRecord: reset",
    config:
      "FromDump(x.pcap) -> s :: StoreUDPTimeSeqRecord(0) -> Discard; Script(wait 0.01, print s.count, write s.reset, print s.count, stop)",
  },
  ...common("FromNLANRDump", ["packet_filepos"])
    .map(
      differing(
        twice,
        ...["START 3", "START_AFTER 2", "START 2, INTERVAL 2", "START 2, END 4"].map(
          (args) => `FromNLANRDump: STOP true, ${args}`,
        ),
      ),
    )
    .map(
      differing(refused, ...["END 3", "END_AFTER 2", "INTERVAL 2"].map((args) => `FromNLANRDump: STOP true, ${args}`)),
    ),
  ...["x", "x.fr", "x.fr+", "x.tsh", "x.TSH", "x.tsh.z", "x.tsh.bz2", "x.tsh.x"].map((file) => formats(file)),
  ...["fr", "fr+", "FR+", "tsh", "guess", "x", ""].map((format) => formats("x.fr+", `, FORMAT ${format}`)),
  { ...formats("x.tsh", ", FILEPOS 88"), differs: "Click forgets FILEPOS when it looks at the first record" },
  { ...formats("x.tsh", ", START 2, FILEPOS 0"), differs: twice },
  { ...formats("x.tsh", ", TIMING true"), args: ["--simtime"], seconds: 1, differs: forEver },
  ...common("FromDAGDump", []).map(
    differing(
      inside,
      ...["START 3", "START_AFTER 2", "START 2, INTERVAL 2", "START 2, END 4", "START 100", "SAMPLE 0"].map(
        (args) => `FromDAGDump: STOP true, ${args}`,
      ),
    ),
  ),
  dagged("records", dag, ", FORCE_IP true"),
  dagged("records", dag, ", TIMING true", { args: ["--simtime"], seconds: 1, differs: forEver }),
  dagged("records", dag, ", TIMING true, FORCE_IP true"),
  dagged("records too short", erf(1, 0, 1, hex("0000"), { length: 15 })),
  dagged("records of nothing", erf(1, 0, 1, hex(""), { length: 16 })),
  dagged("frames too short", erf(1, 0, 2, hex(""), { length: 16 })),
  dagged("records that are not there", erf(1, 0, 1, hex("0000"), { length: 1600 })),
  dagged("cells", cells),
  dagged("cells", cells, ", FORCE_IP true"),
  ...["ATM", "PPP", "PPP_HDLC", "HDLC"].map((encap) => dagged("cells", cells, `, ENCAP ${encap}`)),
  ...["SUNATM", "ETHER", "#1", "IP"].map((encap) => dagged("cells", cells, `, ENCAP ${encap}`, { differs: within })),
  ...["FDDI", "802_11", "x", "#9", ""].map((encap) => dagged("cells", cells, `, ENCAP ${encap}`)),
  dagged("records of an odd type first", Buffer.concat([cell(1, atm(tcpPacket), { type: 9 }), cells])),
  dagged(
    "records of an odd type later",
    Buffer.concat([cells, cell(4, atm(tcpPacket), { type: 9 }), cell(5, atm(udpPacket), { type: 10 })]),
  ),
];
