// Elements for Ethernet frames, VLAN tags and ARP packets.

/** Packets of these bytes, in hexadecimal, and then the end. */
const source = (hex, limit = 1) => `InfiniteSource(DATA \\<${hex}>, LIMIT ${limit}, STOP true)`;
/** Packets of these bytes, and no end. */
const some = (hex, limit = 1) => `InfiniteSource(DATA \\<${hex}>, LIMIT ${limit})`;
const reads = (name, ...handlers) => handlers.flatMap((handler) => ["-h", `${name}.${handler}`]);
const [macA, macB] = ["02000000000a", "02000000000b"];
const plain = `${macB} ${macA} 0800 4142434445464748`;
const tagged = `${macB} ${macA} 8100 6005 0800 4142434445464748`;
/** 20 bytes of a valid IP header from 10.0.0.1 to 10.0.0.2, TTL 64, and UDP. */
const udp = "4500001c00010000401166ce 0a000001 0a000002 0401003500080000";
const arp = (
  operation,
  {
    hrd = "0001",
    pro = "0800",
    hln = "06",
    pln = "04",
    sha = macA,
    spa = "0a000001",
    tha = "000000000000",
    tpa = "0a000002",
  } = {},
) => `${hrd}${pro}${hln}${pln}${operation.toString(16).padStart(4, "0")}${sha}${spa}${tha}${tpa}`;
const addresses = "02:00:00:00:00:0a, 02:00:00:00:00:0b";
const print = (label = "") => `Print(${[label, "MAXLENGTH 99", "PRINTANNO true"].filter((a) => a).join(", ")})`;
/** A frame from one station to another, for a switch's port. */
const frame = (to, from, payload = "0000") => `${to} ${from} 0800 ${payload}`;
const station = (n) => `0200000000${n.toString(16).padStart(2, "0")}`;
/** What a switch's port does with frames that come at some times, in tenths of seconds. */
const at = (port, times) =>
  times
    .map(([time, hex]) => `TimedSource(${time / 10}, \\<${hex}>, LIMIT 1) -> SetTimestamp -> [${port}] s;`)
    .join(" ");
const outputs = (n) =>
  Array.from({ length: n }, (_, i) => `s[${i}] -> Print(out${i}, MAXLENGTH 12) -> Discard;`).join(" ");

/** A message of the spanning tree protocol: by whose it is, and the root that it knows. */
const bridge = (root, cost, sender, port, flags = "00", age = "0000") =>
  `0180c2000000 ${macA} 0026 424203 0000 00 00 ${flags} ${root} ${cost} ${sender} ${port} ${age} 1400 0200 0f00 0000000000000000`;
const better = bridge("8000020000000001", "00000000", "8000020000000001", "8001");
const tree = [
  ["goes through its states", ["", ""], "wait 40"],
  ["follows a root", [better, ""], "wait 10"],
  [
    "blocks the longer way to a root",
    [better, bridge("8000020000000001", "00000001", "8000020000000002", "8002")],
    "wait 13",
  ],
  [
    "forgets a root that says nothing any more",
    [better, bridge("8000020000000001", "00000001", "8000020000000002", "8002")],
    "wait 60",
  ],
  [
    "knows of changes, and of the age of messages",
    [bridge("8000020000000001", "00000003", "8000020000000009", "8001", "81", "0180"), ""],
    "wait 9",
  ],
  [
    "takes nothing from a worse bridge",
    [bridge("ffff020000000001", "00000000", "ffff020000000001", "8001"), ""],
    "wait 5",
  ],
];

/** @type {import("../probe.mjs").Probe[]} */
const all = [
  // VLAN tags
  {
    name: "EtherVLANEncap",
    config: `${source("616263")} -> EtherVLANEncap(0x800, ${addresses}, 5) -> ${print()} -> Discard`,
  },
  {
    name: "EtherVLANEncap with parts",
    config: `${source("616263")} -> EtherVLANEncap(0x800, ${addresses}, VLAN_ID 0x123, VLAN_PCP 5) -> ${print()} -> Discard`,
  },
  {
    name: "EtherVLANEncap with a priority by position",
    config: `${source("616263")} -> e :: EtherVLANEncap(0x800, ${addresses}, 0xE005, 1) -> ${print()} -> Discard`,
    args: reads("e", "config", "vlan_tci"),
  },
  {
    name: "EtherVLANEncap of the native VLAN",
    config: `${source("616263")} -> EtherVLANEncap(0x800, ${addresses}) -> ${print("a")} -> Discard; ${source("616263")} -> EtherVLANEncap(0x800, ${addresses}, 7, NATIVE_VLAN 7) -> ${print("b")} -> Discard; ${source("616263")} -> e :: EtherVLANEncap(0x800, ${addresses}, NATIVE_VLAN -1) -> ${print("c")} -> Discard; Script(wait 0.1, stop)`,
    args: ["--simtime", ...reads("e", "config", "native_vlan")],
  },
  {
    name: "EtherVLANEncap by annotation",
    config: `${some("616263")} -> SetVLANAnno(0x6009) -> e :: EtherVLANEncap(0x800, ${addresses}, ANNO, NATIVE_VLAN 3) -> ${print()} -> Discard; ${some("616263")} -> SetVLANAnno(0x2003) -> e; Script(wait 0.1, stop)`,
    args: ["--simtime", ...reads("e", "config", "vlan_tci", "vlan_id", "vlan_pcp")],
  },
  {
    name: "EtherVLANEncap marks headers",
    config: `${source(udp)} -> EtherVLANEncap(0x800, ${addresses}, 5) -> StripToNetworkHeader -> ${print()} -> Discard`,
  },
  {
    name: "EtherVLANEncap's handlers",
    config: `Idle -> e :: EtherVLANEncap(0x800, ${addresses}, 5, 3, NATIVE_VLAN 7) -> Discard; Script(write e.src 1:1:1:1:1:1, read e.src, write e.dst 2:2:2:2:2:2, read e.dst, write e.src x, write e.ethertype 70000, write e.ethertype 0x806, read e.ethertype, read e.config, stop)`,
    args: reads("e", "handlers", "vlan_tci", "vlan_id", "vlan_pcp", "native_vlan"),
  },
  {
    name: "EtherVLANEncap's parts may be written",
    config: `Idle -> e :: EtherVLANEncap(0x800, ${addresses}, 5) -> Discard; Script(write e.vlan_id 7, read e.vlan_id, stop)`,
    differs: "Click reads its own text of the configuration, which has no Ethernet type in front, and refuses",
  },
  {
    name: "EtherVLANEncap's arguments",
    config: `Idle -> EtherVLANEncap -> EtherVLANEncap(0x800, ${addresses}, 70000) -> EtherVLANEncap(0x800, ${addresses}, x) -> EtherVLANEncap(0x800, ${addresses}, 5, 8) -> EtherVLANEncap(0x800, ${addresses}, VLAN_ID 4096) -> EtherVLANEncap(0x800, ${addresses}, NATIVE_VLAN -2) -> EtherVLANEncap(x, y, z) -> EtherVLANEncap(0x800, ${addresses}, -1) -> Discard`,
  },
  { name: "VLANEncap", config: `${source(plain)} -> VLANEncap(5, 3) -> ${print()} -> Discard` },
  {
    name: "VLANEncap with another type",
    config: `${source(plain)} -> VLANEncap(VLAN_ID 5, ETHERTYPE 0x88a8) -> v :: VLANEncap(VLAN_ID 0) -> ${print()} -> Discard`,
    args: reads("v", "config"),
  },
  {
    name: "VLANEncap by annotation",
    config: `${some(plain)} -> SetVLANAnno(0x6009) -> e :: VLANEncap(ANNO) -> ${print()} -> Discard; ${some(plain)} -> SetVLANAnno(0x2000) -> e; Script(wait 0.1, stop)`,
    args: ["--simtime", ...reads("e", "config", "vlan_tci")],
  },
  {
    name: "VLANEncap marks headers",
    config: `${source(plain)} -> VLANEncap(5) -> StripToNetworkHeader -> ${print("a")} -> Discard`,
    differs: "Click marks eight bytes as the header: those of a pointer",
  },
  {
    name: "VLANEncap's handlers",
    config: `Idle -> e :: VLANEncap(5, 3, NATIVE_VLAN 7) -> Discard; Script(write e.vlan_tci 5, write e.ethertype 7, write e.config 7, stop)`,
    args: reads("e", "handlers", "config", "vlan_tci", "vlan_id", "vlan_pcp", "native_vlan", "ethertype"),
  },
  {
    name: "VLANEncap's arguments",
    config:
      "Idle -> VLANEncap(70000) -> VLANEncap(x) -> VLANEncap(5, 8) -> VLANEncap(ETHERTYPE 70000) -> VLANEncap(1, 2, 3) -> Discard",
  },
  {
    name: "VLANDecap",
    config: `${some(tagged)} -> v :: VLANDecap -> ${print()} -> Discard; ${some(plain)} -> SetVLANAnno(5) -> v; Script(wait 0.1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "VLANDecap without the annotation",
    config: `${source(tagged)} -> VLANDecap(false) -> ${print()} -> StripToNetworkHeader -> ${print()} -> Discard`,
  },
  {
    name: "VLANDecap of another type",
    config: `${some(tagged)} -> v :: VLANDecap(ETHERTYPE 0x88a8) -> ${print()} -> Discard; ${some(tagged.replace("8100", "88a8"))} -> v; Script(wait 0.1, stop)`,
    args: ["--simtime", "-h", "v.handlers"],
  },
  {
    name: "VLANDecap's arguments",
    config: "Idle -> VLANDecap(x) -> VLANDecap(true, 5) -> VLANDecap(ETHERTYPE x) -> Discard",
  },
  {
    name: "earlier names of classes",
    config: `${source("616263")} -> e :: EtherVlanEncap(0x800, ${addresses}, 5) -> s :: StripEtherVlanHeader -> v :: SetVlanAnno(9) -> ${print()} -> Discard`,
    args: ["-h", "e.class", "-h", "s.class", "-h", "v.class", "-h", "v.handlers"],
  },
  {
    name: "a tag put in and taken out",
    config: `${source(plain)} -> VLANEncap(0x6123) -> VLANDecap -> ${print()} -> Discard`,
  },
  {
    name: "SetVLANAnno",
    config: `${source("61")} -> SetVLANAnno(0x6005) -> ${print()} -> SetVLANAnno(VLAN_ID 7, VLAN_PCP 1) -> ${print()} -> SetVLANAnno -> ${print()} -> Discard`,
  },
  {
    name: "SetVLANAnno's handlers",
    config:
      "Idle -> e :: SetVLANAnno(5, 3) -> Discard; Script(read e.config, write e.vlan_id 9, read e.vlan_tci, write e.vlan_tci 77, read e.vlan_id, read e.vlan_tci, read e.config, write e.vlan_pcp 2, read e.config, write e.vlan_pcp 9, write e.vlan_id x, read e.config, stop)",
    args: reads("e", "handlers", "config"),
  },
  {
    name: "SetVLANAnno's arguments",
    config:
      "Idle -> SetVLANAnno(ANNO) -> SetVLANAnno(65536) -> SetVLANAnno(VLAN_ID 4096) -> SetVLANAnno(1, 8) -> Discard",
  },
  {
    name: "StripEtherVLANHeader",
    config: `${some(tagged)} -> v :: StripEtherVLANHeader -> ${print()} -> Discard; v[1] -> Print(none) -> Discard; ${some(plain)} -> SetVLANAnno(5) -> v; Script(wait 0.1, stop)`,
    args: ["--simtime", "-h", "v.handlers"],
  },
  {
    name: "StripEtherVLANHeader with a native VLAN",
    config: `${source(plain)} -> StripEtherVLANHeader(9) -> ${print()} -> Discard`,
  },
  {
    name: "StripEtherVLANHeader without one",
    config: `${some(tagged)} -> v :: StripEtherVLANHeader(-1) -> ${print()} -> Discard; v[1] -> Print(none) -> Discard; ${some(plain)} -> SetVLANAnno(5) -> v; Script(wait 0.1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "StripEtherVLANHeader's arguments",
    config: "Idle -> StripEtherVLANHeader(4096) -> StripEtherVLANHeader(x) -> Discard",
  },

  // Headers

  {
    name: "StripToNetworkHeader",
    config: `${source(`0102 ${udp}`)} -> MarkIPHeader(2) -> StripToNetworkHeader -> ${print("a")} -> Strip(4) -> StripToNetworkHeader -> ${print("b")} -> Unstrip(2) -> ${print("c")} -> Discard`,
  },
  { name: "StripToNetworkHeader has no arguments", config: "Idle -> StripToNetworkHeader(5) -> Discard" },
  {
    name: "MarkMACHeader",
    config: `${source(plain)} -> MarkMACHeader(0, 14) -> StripToNetworkHeader -> ${print()} -> Discard; Idle -> m :: MarkMACHeader -> Discard`,
    args: ["-h", "m.handlers"],
  },
  {
    name: "MarkMACHeader's arguments",
    config: "Idle -> MarkMACHeader(x) -> MarkMACHeader(-1) -> MarkMACHeader(1, 2, 3) -> Discard",
  },
  {
    name: "EtherRewrite",
    config: `${source(plain)} -> MarkMACHeader -> e :: EtherRewrite(${addresses}) -> ${print()} -> Strip(14) -> EtherRewrite(1:1:1:1:1:1, 2:2:2:2:2:2) -> Unstrip(14) -> ${print()} -> Discard`,
    args: reads("e", "handlers", "src", "dst"),
  },
  {
    name: "EtherRewrite's addresses may be written",
    config: `Idle -> e :: EtherRewrite(${addresses}) -> Discard; Script(write e.src 1:1:1:1:1:1, read e.src, read e.dst, stop)`,
    differs: "Click writes DST where SRC is written",
  },
  {
    name: "EtherRewrite's arguments",
    config: "Idle -> EtherRewrite -> EtherRewrite(x, y) -> EtherRewrite(1:1:1:1:1:1) -> Discard",
  },
  {
    name: "EnsureEther",
    config: `${some(udp)} -> CheckIPHeader -> e :: EnsureEther -> ${print()} -> Discard; ${some(`${macB}${macA}0800 ${udp}`)} -> CheckIPHeader(14) -> e; ${some(`${macB}${macA}0800 ${udp}`)} -> CheckIPHeader(14) -> Strip(14) -> e; ${some(`${macB}${macA}0806 ${udp}`)} -> CheckIPHeader(14) -> e; ${some(`0102 ${udp}`)} -> CheckIPHeader(2) -> e; ${some(`${macB}${macA}86dd ${udp}`)} -> CheckIPHeader(14) -> e; ${some("616263")} -> e; Script(wait 0.1, stop)`,
    args: ["--simtime", "-h", "e.handlers"],
  },
  {
    name: "EnsureEther with addresses",
    config: `${source(udp)} -> CheckIPHeader -> EnsureEther(0x86dd, ${addresses}) -> ${print()} -> Discard`,
  },
  {
    name: "EnsureEther's arguments",
    config: "Idle -> EnsureEther(70000) -> EnsureEther(x) -> EnsureEther(1, y) -> EnsureEther(-1) -> Discard",
  },
  {
    name: "HostEtherFilter",
    config: `${some(plain, 2)} -> h :: HostEtherFilter(02-00-00-00-00-0b) -> Classifier(-) -> Print(in, MAXLENGTH 6) -> Discard; h[1] -> Print(other, MAXLENGTH 6) -> Discard;
      ${some(`ffffffffffff ${macA} 0800`)} -> h; ${some(`0100000000ff ${macA} 0800`)} -> h; ${some(`${macA} ${macB} 0800`)} -> h; Script(wait 0.1, write h.ether 02-00-00-00-00-0a, read h.ether, write h.ether x, stop)`,
    args: ["--simtime", ...reads("h", "handlers", "ether", "config")],
  },
  {
    name: "HostEtherFilter drops its own",
    config: `${some(plain, 2)} -> h :: HostEtherFilter(02-00-00-00-00-0a, true, false) -> Print(in, MAXLENGTH 6) -> Discard; h[1] -> Print(other, MAXLENGTH 6) -> Discard; ${some(`${macB} ${macB} 0800`)} -> h; Script(wait 0.1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "HostEtherFilter at an offset",
    config: `${source(`0102 ${plain}`)} -> h :: HostEtherFilter(02-00-00-00-00-0b, OFFSET 2) -> Print(in, MAXLENGTH 6) -> Discard; h[1] -> Print(other, MAXLENGTH 6) -> Discard`,
  },
  {
    name: "HostEtherFilter's arguments",
    config:
      "Idle -> HostEtherFilter -> HostEtherFilter(x) -> HostEtherFilter(1:1:1:1:1:1, x, y) -> HostEtherFilter(1:1:1:1:1:1, OFFSET -1) -> Discard",
  },
  {
    name: "GetEtherAddress",
    config: `${source(plain)} -> GetEtherAddress(0, src) -> g :: GetEtherAddress(OFFSET DST, ANNO 10) -> GetEtherAddress(42, 14) -> ${print()} -> Discard`,
    args: reads("g", "handlers"),
  },
  {
    name: "GetEtherAddress of a short packet",
    config: `${source("0102030405060708090a0b")} -> g :: GetEtherAddress(0, 5) -> ${print("a")} -> h :: GetEtherAddress(0, 6) -> ${print("b")} -> Discard; h[1] -> Print(short) -> Discard`,
  },
  {
    name: "GetEtherAddress's arguments",
    config:
      "Idle -> GetEtherAddress -> GetEtherAddress(43, src) -> GetEtherAddress(0, x) -> GetEtherAddress(PAINT, src) -> GetEtherAddress(0, 4294967295) -> GetEtherAddress(0, a b) -> Discard",
  },
  {
    name: "StoreEtherAddress",
    config: `${source(plain)} -> s :: StoreEtherAddress(1:2:3:4:5:6, src) -> SetEtherAddress(7:8:9:a:b:c, 20) -> StoreEtherAddress(OFFSET dst, ANNO 20) -> ${print()} -> Discard`,
    args: reads("s", "handlers", "addr"),
  },
  {
    name: "StoreEtherAddress in a short packet",
    config: `${source("0102030405060708090a0b")} -> StoreEtherAddress(1:1:1:1:1:1, 5) -> ${print("a")} -> h :: StoreEtherAddress(1:1:1:1:1:1, 6) -> ${print("b")} -> Discard; h[1] -> Print(short) -> Discard`,
  },
  {
    name: "StoreEtherAddress's arguments",
    config:
      "Idle -> StoreEtherAddress -> StoreEtherAddress(1:1:1:1:1:1, x) -> StoreEtherAddress(1:1:1:1:1:1, src, ANNO 3) -> StoreEtherAddress(OFFSET src) -> StoreEtherAddress(x, src) -> Discard",
  },
  {
    name: "StoreEtherAddress's address may be written",
    config: `TimedSource(0.1, "abcdefghijklmnop") -> s :: StoreEtherAddress(1:2:3:4:5:6, 1) -> Print -> Discard; Script(wait 0.15, write s.addr 7:7:7:7:7:7, read s.addr, wait 0.1, write s.addr 1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "SetEtherAddress",
    config: `${source("61")} -> s :: SetEtherAddress(1:2:3:4:5:6, 3) -> ${print()} -> Discard; Script(write s.addr 9:9:9:9:9:9, read s.addr, write s.addr x, read s.config, stop)`,
    args: reads("s", "handlers"),
  },
  {
    name: "SetEtherAddress's arguments",
    config: "Idle -> SetEtherAddress -> SetEtherAddress(x, 3) -> SetEtherAddress(1:1:1:1:1:1, 43) -> Discard",
  },
  {
    name: "SetPacketType",
    config: `${source("61")} -> s :: SetPacketType(host) -> SetPacketType(OUTGOING) -> SetPacketType(Loopback) -> Discard`,
    args: reads("s", "handlers", "config"),
  },
  {
    name: "SetPacketType's arguments",
    config: "Idle -> SetPacketType -> SetPacketType(foo) -> SetPacketType(FASTROUTE) -> SetPacketType(a b) -> Discard",
  },

  // Switches
  {
    name: "EtherSwitch learns",
    config: `s :: EtherSwitch; ${outputs(3)} ${at(0, [
      [1, frame(station(2), station(1))],
      [4, frame(station(2), station(1))],
      [8, frame("ffffffffffff", station(1))],
    ])}
      ${at(1, [
        [2, frame(station(1), station(2))],
        [6, frame(station(2), station(2))],
      ])} ${at(2, [
        [3, frame(station(1), station(3))],
        [7, frame(station(3), station(1))],
      ])} Script(wait 1, read s.table, stop)`,
    args: ["--simtime", ...reads("s", "handlers", "timeout")],
  },
  {
    name: "EtherSwitch forgets",
    config: `s :: EtherSwitch(TIMEOUT 2); ${outputs(3)} ${at(0, [[1, frame(station(2), station(1))]])}
      ${at(1, [
        [10, frame(station(1), station(2))],
        [20.5, frame(station(1), station(2))],
        [30, frame(station(1), station(2))],
      ])} Idle -> [2] s; Script(wait 1.5, read s.table, wait 2, read s.table, stop)`,
    args: ["--simtime"],
  },
  {
    name: "EtherSwitch without a timeout is a hub",
    config: `s :: EtherSwitch(TIMEOUT 0); ${outputs(3)} ${at(0, [
      [1, frame(station(2), station(1))],
      [4, frame(station(2), station(1))],
    ])} ${at(1, [[2, frame(station(1), station(2))]])} Idle -> [2] s;
      Script(wait 1, read s.table, write s.timeout 5, read s.timeout, write s.timeout 1m, read s.timeout, write s.timeout x, write s.timeout 1.6, read s.timeout, write s.timeout 99999999999, read s.timeout, stop)`,
    args: ["--simtime"],
  },
  {
    name: "EtherSwitch lists many stations",
    config: `s :: EtherSwitch; s[0] -> Discard; s[1] -> Discard; ${at(
      0,
      Array.from({ length: 9 }, (_, i) => [
        i + 1,
        frame(
          station(1),
          `${(2 + 16 * (i % 4)).toString(16).padStart(2, "0")}00${(i % 3).toString(16).padStart(2, "0")}0000${i.toString(16).padStart(2, "0")}`,
        ),
      ]),
    )} Idle -> [1] s; Script(wait 2, read s.table, stop)`,
    args: ["--simtime"],
  },
  {
    name: "EtherSwitch lists more stations than it has buckets for",
    config: `s :: EtherSwitch; s[0] -> Discard; s[1] -> Discard; Idle -> [1] s; FromDump(IN) -> [0] s; Script(wait 0.1, read s.table, stop)`,
    args: ["--simtime"],
    many: 150,
  },
  {
    name: "EtherSwitch's arguments",
    config:
      "Idle -> [0] s :: EtherSwitch(5); Idle -> [1] s; s[0] -> Discard; s[1] -> Discard; Idle -> [0] t :: EtherSwitch(TIMEOUT x); Idle -> [1] t; t[0] -> Discard; t[1] -> Discard",
  },
  { name: "EtherSwitch has two ports", config: "Idle -> s :: EtherSwitch -> Discard" },
  {
    name: "ListenEtherSwitch has all on its last output",
    config: `s :: ListenEtherSwitch; ${outputs(4)} ${at(0, [
      [1, frame(station(2), station(1))],
      [4, frame(station(2), station(1))],
      [8, frame("ffffffffffff", station(1))],
    ])}
      ${at(1, [
        [2, frame(station(1), station(2))],
        [6, frame(station(2), station(2))],
      ])} ${at(2, [
        [3, frame(station(1), station(3))],
        [7, frame(station(3), station(1))],
      ])} Script(wait 1, read s.table, stop)`,
    args: ["--simtime", ...reads("s", "handlers", "timeout")],
  },
  { name: "ListenEtherSwitch has an output more", config: "Idle -> s :: ListenEtherSwitch -> Discard" },

  // Spanning trees
  ...tree.map(([name, feed, script]) => ({
    name: `EtherSpanTree ${name}`,
    config: `t :: EtherSpanTree(02:00:00:00:00:05, in, out, sw); in :: Suppressor; out :: Suppressor; sw :: EtherSwitch;
      Idle -> [0] in [0] -> [0] sw [0] -> [0] out [0] -> Discard; Idle -> [1] in [1] -> [1] sw [1] -> [1] out [1] -> Discard;
      t[0] -> Print(t0, MAXLENGTH 99) -> Discard; t[1] -> Print(t1, MAXLENGTH 99) -> Discard; ${feed.map((hex, i) => (hex ? `TimedSource(1.5, \\<${hex}>, LIMIT 8) -> [${i}] t;` : `Idle -> [${i}] t;`)).join(" ")}
      Script(${script}, read in.active0, read in.active1, read out.active0, read out.active1, stop)`,
    args: ["--simtime"],
  })),
  {
    name: "EtherSpanTree's handlers",
    config:
      "t :: EtherSpanTree(02:00:00:00:00:05, s, s, sw); s :: Suppressor; sw :: EtherSwitch; Idle -> s -> Discard; Idle -> [0] sw [0] -> Discard; Idle -> [1] sw [1] -> Discard; Idle -> t -> Discard; Script(stop)",
    args: reads("t", "handlers"),
  },
  {
    name: "EtherSpanTree's arguments",
    config: "Idle -> t :: EtherSpanTree(x, t, t, t) -> Discard; Idle -> u :: EtherSpanTree -> Discard",
  },

  // ARP
  {
    name: "CheckARPHeader",
    config: `c :: CheckARPHeader(DETAILS true) -> Print(MAXLENGTH 8) -> Discard; c[1] -> Print(bad, MAXLENGTH 8) -> Discard;
      ${[arp(1), "00010800060400", arp(1).slice(0, 50), arp(1, { hln: "05" }), arp(1, { pln: "05" }), arp(1, { pro: "86dd" }), arp(1, { hrd: "0006", hln: "04" }), arp(1, { pro: "1234", pln: "03" }), arp(1, { hln: "ff" }), "0001080006040001"].map((hex) => `${some(hex)} -> c;`).join(" ")} Script(wait 0.1, stop)`,
    args: ["--simtime", ...reads("c", "handlers", "drops")],
  },
  {
    name: "a verbose CheckARPHeader",
    config: `${source("0001", 2)} -> c :: CheckARPHeader(VERBOSE true) -> Discard`,
    args: reads("c", "drops", "handlers"),
  },
  {
    name: "CheckARPHeader at an offset",
    config: `${source(`0000 ${arp(1)}`)} -> c :: CheckARPHeader(2) -> StripToNetworkHeader -> Print -> Discard; Script(wait 0.1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "CheckARPHeader's arguments",
    config: "Idle -> CheckARPHeader(-1) -> CheckARPHeader(x) -> CheckARPHeader(0, true) -> Discard",
  },
  {
    name: "ARPPrint",
    config: `c :: CheckARPHeader -> ARPPrint(TIMESTAMP false) -> Discard; c[1] -> Discard;
      ${[arp(1), arp(1, { tha: macB }), arp(2, { tha: macB }), arp(3, { tha: macB }), arp(4, { tha: macB }), arp(8, { tha: macB }), arp(9, { tha: macB }), arp(5), arp(1, { hrd: "0006" }), arp(7, { hrd: "0006" }), arp(1, { pro: "1000" }), arp(1, { pro: "1234" }), arp(1, { pro: "1234", pln: "03" })].map((hex) => `${some(hex)} -> c;`).join(" ")} Script(wait 0.1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "ARPPrint with a label, times and addresses",
    config: `${source(`${macB}${macA}0806 ${arp(1)}`)} -> SetTimestamp(5.5) -> MarkMACHeader(0, 14) -> ARPPrint(label, ETHER true) -> ARPPrint("a b", TIMESTAMP false, ETHER true) -> Strip(14) -> ARPPrint(LABEL c, ETHER true) -> Discard`,
  },
  {
    name: "ARPPrint of packets without marks, and of short ones",
    config: `${source(arp(1), 2)} -> ARPPrint(TIMESTAMP false) -> Discard; ${source(`0102 ${"00".repeat(5)}`)} -> MarkMACHeader(0, 2) -> a :: ARPPrint(TIMESTAMP false) -> Discard; Script(wait 0.1, stop)`,
    args: ["--simtime", ...reads("a", "handlers", "active")],
  },
  {
    name: "ARPPrint may be inactive",
    config: `${some(arp(1))} -> CheckARPHeader -> a :: ARPPrint(TIMESTAMP false, ACTIVE false) -> Discard; Script(wait 0.1, write a.active true, read a.active, write a.active x, stop)`,
    args: ["--simtime"],
  },
  {
    name: "ARPPrint writes a file",
    config: `${source(arp(1), 2)} -> CheckARPHeader -> ARPPrint(TIMESTAMP false, OUTFILE out.txt) -> Discard`,
    outputs: ["out.txt"],
  },
  {
    name: "ARPPrint's arguments",
    config: "Idle -> ARPPrint(a b) -> ARPPrint(a, b) -> ARPPrint(TIMESTAMP x) -> Discard",
  },
  { name: "ARPPrint needs its file", config: "Idle -> ARPPrint(OUTFILE /nonexistent/x) -> Discard" },
  {
    name: "ARPFaker",
    config:
      "a :: ARPFaker(10.0.0.2, 02:00:00:00:00:02, 10.0.0.1, 02:00:00:00:00:01) -> Print(MAXLENGTH 99, TIMESTAMP true) -> StripToNetworkHeader -> Print -> c :: Counter -> Discard; Script(wait 0.9, read c.count, wait 0.2, read c.count, wait 9.8, read c.count, wait 0.2, read c.count, wait 10, read c.count, stop)",
    args: ["--simtime", "-h", "a.handlers"],
  },
  {
    name: "ARPFaker's arguments",
    config: "ARPFaker -> Discard; ARPFaker(x, y, z, w) -> Discard; ARPFaker(10.0.0.2, 02:00:00:00:00:02) -> Discard",
  },
].map(({ many, ...probe }) => (many ? { ...probe, files: { IN: capture(many) } } : probe));

/** A capture with a frame of each of so many stations. */
function capture(count) {
  const record = 16 + 14;
  const bytes = new Uint8Array(24 + count * record);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 65535, true);
  view.setUint32(20, 1, true);
  for (let i = 0; i < count; i++) {
    const start = 24 + i * record;
    view.setUint32(start, 1 + i, true);
    view.setUint32(start + 8, 14, true);
    view.setUint32(start + 12, 14, true);
    bytes.set([2, 0, 0, 0, 0, 1, 2, (i * 7) & 255, (i * 31) & 255, 0, 0, i, 8, 0], start + 16);
  }
  return bytes;
}

// Differences that are known and not closed yet.
export const open = all.filter(({ name }) => [].includes(name));

/** @type {import("../probe.mjs").Probe[]} */
export const probes = all.filter((probe) => !open.includes(probe));
