// Elements for IPv6.
import { readsOf, refusals, source } from "../packets.mjs";

const print = "Print(MAXLENGTH 200, PRINTANNO true)";
const [a, b] = ["3ffe0001000000000000000000000001", "3ffe0002000000000000000000000002"];
/** A packet from 3ffe:1::1 to 3ffe:2::2 with a payload. */
const ip6 = (
  payload,
  { next = "11", hops = "40", from = a, to = b, length = payload.replaceAll(" ", "").length / 2 } = {},
) => `60000000${length.toString(16).padStart(4, "0")}${next}${hops} ${from} ${to} ${payload}`;
const udp = ip6("0401003500081234");
const tcp = ip6("04010050 11111111 22222222 50020000 12340000", { next: "06" });
const marked = (hex, limit) => `${source(hex, limit)} -> MarkIP6Header`;

/** @type {import("../probe.mjs").Probe[]} */
const checks = [
  ...Object.entries({
    "a packet": [udp],
    "a packet with padding": [`${udp} 0000`],
    "a packet that is cut": [udp.slice(0, -2)],
    "less than a header": [udp.slice(0, 60)],
    "another version": [udp.replace("6000", "4000")],
    "no payload": [ip6("")],
    "a source of ones": [ip6("00", { from: "f".repeat(32) })],
    "a bad source": [udp, "3ffe:1::1"],
    "a bad source among others": [udp, '"1::1 3ffe:1::1"'],
    "an offset": [`aabb${udp}`, '"", 2'],
    "an offset by its keyword": [`aabb${udp}`, "OFFSET 2"],
    "an offset beyond the packet": [udp, "OFFSET 1000"],
  }).map(([name, [hex, args = ""]]) => ({
    name: `CheckIP6Header: ${name}`,
    config: `${source(hex, 2)} -> c :: CheckIP6Header(${args}) -> ${print} -> Discard; c [1] -> Print(bad) -> Discard`,
    args: readsOf("c", "drops", "handlers"),
  })),
  {
    name: "CheckIP6Header drops bad packets where output 1 is not connected",
    config: `${source(udp.replace("6000", "4000"), 2)} -> c :: CheckIP6Header -> ${print} -> Discard`,
    args: readsOf("c", "drops"),
  },
  ...refusals("CheckIP6Header", [
    "",
    "x",
    "1::1 x",
    '"1::1 x"',
    "1.2.3.4",
    "::1, x",
    "::1, 1, 2",
    "BADADDRS 1::1 2::2, OFFSET 4",
  ]),
  ...[
    "1::2::3",
    ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "::ffff:1.2.3.4",
    "1:2:3:4:5:6:1.2.3.4",
    "::1.2.3",
    "1:2:3:4:5:6:7::",
    "::g",
    ":1::2",
    "1::2:",
    "::",
    "1:2:3:4:5:6:7:8",
  ].map((address) => ({
    name: `the address ${address}`,
    config: `Idle -> r :: LookupIP6Route(${address} 0) -> Discard; Script(stop)`,
    args: readsOf("r", "table"),
  })),
  ...[
    "3ffe::/16",
    "3ffe:1:2:3::1/33",
    "::/0",
    "1::/128",
    "1::/129",
    "1::/ffff::",
    "1::/ff00:ff00::",
    "1::/",
    "/8",
    "1::/x",
    "1::/-1",
  ].map((prefix) => ({
    name: `the prefix ${prefix}`,
    config: `Idle -> r :: LookupIP6Route(${prefix} 0) -> Discard; Script(stop)`,
    args: readsOf("r", "table"),
  })),
  ...["", "2", "OFFSET 2"].map((args) => ({
    name: `MarkIP6Header(${args})`,
    config: `${source(args ? `aabb${udp}` : udp)} -> m :: MarkIP6Header(${args}) -> IP6Mirror -> ${print} -> Discard`,
    args: readsOf("m", "handlers"),
  })),
  ...refusals("MarkIP6Header", ["x", "-1", "1, 2"]),
  ...["40", "02", "01", "00", "ff"].flatMap((hops) => [
    {
      name: `DecIP6HLIM: ${hops}`,
      config: `${marked(ip6("00", { hops }), 2)} -> d :: DecIP6HLIM -> ${print} -> Discard; d [1] -> Print(over) -> Discard`,
      args: readsOf("d", "drops", "handlers"),
    },
    {
      name: `DecIP6HLIM, alone: ${hops}`,
      config: `${marked(ip6("00", { hops }), 2)} -> d :: DecIP6HLIM -> ${print} -> Discard`,
      args: readsOf("d", "drops"),
    },
  ]),
  ...refusals("DecIP6HLIM", ["", "1"]),
  ...["24", "8", "0", "OFFSET 24", "32"].map((args) => ({
    name: `GetIP6Address(${args})`,
    config: `${source(udp)} -> g :: GetIP6Address(${args}) -> ${print} -> Discard`,
    args: readsOf("g", "handlers"),
  })),
  {
    name: "GetIP6Address beyond the packet's end",
    config: `${source(udp)} -> GetIP6Address(33) -> ${print} -> Discard`,
    differs: "Click takes bytes behind the packet's end",
  },
  ...refusals("GetIP6Address", ["", "x", "24, 5"]),
  ...Object.entries({
    UDP: udp,
    TCP: tcp,
    "another protocol": ip6("0401003500081234", { next: "3a" }),
    "ports that are cut": ip6("04010035000812"),
    "no payload": ip6(""),
  }).map(([name, hex]) => ({
    name: `IP6Mirror: ${name}`,
    config: `${marked(hex)} -> m :: IP6Mirror -> ${print} -> Discard`,
    args: readsOf("m", "handlers"),
  })),
  ...refusals("IP6Mirror", ["", "1"]),
  ...["48", "47", "MTU 1500"].map((args) => ({
    name: `IP6Fragmenter(${args})`,
    config: `${source(udp, 2)} -> f :: IP6Fragmenter(${args}) -> Print -> Discard; f [1] -> Print(long) -> Discard`,
    args: readsOf("f", "drops", "fragments", "handlers"),
  })),
  ...refusals("IP6Fragmenter", ["", "x", "1, 2"]),
  ...[
    "",
    "label",
    "label, CONTENTS true",
    "CONTENTS true, NBYTES 25",
    "CONTENTS true, NBYTES 24",
    "CONTENTS true, NBYTES 0",
    'LABEL "a b"',
  ].map((args) => ({
    name: `IP6Print(${args})`,
    config: `${marked(udp, 2)} -> p :: IP6Print(${args}) -> Discard`,
    args: readsOf("p", "handlers"),
  })),
  ...[
    "0".repeat(32),
    "00000000000000000000000000000001",
    "00000000000000000000ffff01020304",
    "00000000000000000000000001020304",
    "00010000000200000003000000040000",
    "00010000000000020000000000000003",
    "00000000000100000000000000000000",
    "fe80000000000000020000fffe000001",
    "00010002000300040005000600070000",
  ].map((from) => ({
    name: `IP6Print: the address ${from}`,
    config: `${marked(ip6("00", { from }))} -> IP6Print -> Discard`,
  })),
  ...refusals("IP6Print", ["a, b", "CONTENTS x", "NBYTES x"]),
];

const routes = "3ffe:1::/32 0, 3ffe:2::/32 3ffe:9::9 1, 3ffe:2::2/128 2, ::/0 1::1 3";
const outputs = [0, 1, 2, 3].map((i) => `r [${i}] -> Print(out${i}, 0, PRINTANNO true) -> Discard`).join("; ");
const to = (address) => `${source(ip6("00", { to: address })).replace(", STOP true", "")} -> GetIP6Address(24) -> r`;

/** @type {import("../probe.mjs").Probe[]} */
const lookups = [
  {
    name: "LookupIP6Route finds the most specific route",
    config: `r :: LookupIP6Route(${routes}); ${outputs}; ${[a, b, "3ffe0002000000000000000000000003", "20010000000000000000000000000001"].map(to).join("; ")}; Script(wait 0.1, stop)`,
    args: readsOf("r", "table", "handlers"),
  },
  {
    name: "LookupIP6Route drops packets without a route",
    config: `r :: LookupIP6Route(3ffe:1::/32 0) -> Print(out0) -> Discard; ${to(b)}; ${to(a)}; Script(wait 0.1, stop)`,
  },
  {
    name: "LookupIP6Route's routes come and go",
    config: `Idle -> r :: LookupIP6Route(${routes}); ${outputs};
      Script(write r.add 5::/16 2, read r.table, write r.add 6::/16 7::7 1, write r.remove 6::/16, read r.table, write r.ctrl add 8::/16 0, write r.ctrl remove 8::/16, read r.table,
        write r.ctrl x, write r.add x, write r.add 5::/16, write r.add 5::/16 x, write r.add 5::/16 x 1, write r.add 5::/16 9, write r.remove x, write r.remove, write r.add, write r.add 5::/16 1::1 1 1, stop)`,
  },
  {
    name: "LookupIP6Route: a route takes the place of one that is gone",
    config: `Idle -> r :: LookupIP6Route(${routes}); ${outputs}; Script(write r.remove 3ffe:1::/32, write r.add 8::/16 0, read r.table, stop)`,
    differs: "the table lists routes in the order in which they came",
  },
  {
    name: "LookupIP6Route: a later route takes the place of an earlier one",
    config: "Idle -> r :: LookupIP6Route(1::/16 0, 2::/16 0, 1::/16 1::5 0) -> Discard; Script(stop)",
    args: readsOf("r", "table"),
  },
  ...refusals("LookupIP6Route", [
    "",
    "x",
    "1::/16",
    "1::/16 x",
    "1::/16 x 0",
    "1::/16 1",
    "1::/16 0, 2::/16 -1",
    "1::/16 1::1 0 0",
  ]),
];

const error = (args, hex = udp, before = "") =>
  `${source(hex)} -> MarkIP6Header -> ${before} e :: ICMP6Error(${args}) -> ${print} -> Discard`;
/** @type {import("../probe.mjs").Probe[]} */
const errors = [
  ...[
    "3ffe::9, 1, 0",
    "3ffe::9, 1, 4",
    "3ffe::9, 2, 0",
    "3ffe::9, 2, 1",
    "3ffe::9, 3, 0",
    "3ffe::9, 4, 0",
    "3ffe::9, 4, 1",
    "3ffe::9, 137, 0",
    "SRC 3ffe::9, TYPE 3, CODE 255",
  ].map((args) => ({
    name: `ICMP6Error(${args})`,
    config: error(args, udp, "GetIP6Address(8) -> Paint(7, 17) ->"),
    args: readsOf("e", "handlers"),
  })),
  {
    name: "ICMP6Error: a long packet",
    config: `${source(ip6("61".repeat(700)))} -> MarkIP6Header -> ICMP6Error(3ffe::9, 1, 0) -> Print(MAXLENGTH 60) -> Discard`,
  },
  {
    name: "ICMP6Error: a header that is not at the start",
    config: `${source(`aabb${udp}`)} -> MarkIP6Header(2) -> ICMP6Error(3ffe::9, 1, 0) -> ${print} -> Discard`,
  },
  { name: "ICMP6Error: to a group", config: error("3ffe::9, 1, 0", ip6("00", { to: `ff${b.slice(2)}` })) },
  {
    name: "ICMP6Error: about an echo request",
    config: error("3ffe::9, 1, 0", ip6("8000123400000000", { next: "3a" })),
  },
  {
    name: "ICMP6Error: about an error",
    config: error("3ffe::9, 1, 0", ip6("0100123400000000", { next: "3a" })),
    differs: "Click looks for the type in the wrong place, and answers errors",
  },
  ...refusals("ICMP6Error", [
    "",
    "3ffe::9",
    "3ffe::9, 1",
    "x, 1, 0",
    "::, 1, 0",
    "3ffe::9, 5, 0",
    "3ffe::9, -1, 0",
    "3ffe::9, 1, -1",
    "3ffe::9, x, 0",
    "3ffe::9, 1, 0, 5",
  ]),
];

const solicitation = (target = b, { sum = "0000", type = "87", hops = "ff", ether = "86dd", code = "00" } = {}) =>
  `3333ff000002 020000000001 ${ether} ${ip6(`${type}${code}${sum}00000000 ${target} 0101020000000001`, { next: "3a", hops, to: "ff0200000000000000000001ff000002" })}`;
const advertiser = (args, hex) => `${source(hex)} -> n :: IP6NDAdvertiser(${args}) -> ${print} -> Discard`;
/** @type {import("../probe.mjs").Probe[]} */
const neighbours = [
  ...Object.entries({
    "an answer": ["3ffe:2::/32 1:2:3:4:5:6", solicitation(b, { sum: "f799" })],
    "the most specific": [
      "3ffe:2::/32 1:2:3:4:5:6, 3ffe:2::2 3ffe:5::/32 2:2:2:2:2:2",
      solicitation(b, { sum: "f799" }),
    ],
    "the last that is alike": ["3ffe:2::/32 1:2:3:4:5:6, 3ffe:2::/32 2:2:2:2:2:2", solicitation(b, { sum: "f799" })],
    "no Ethernet address": ["3ffe:2::/32", solicitation(b, { sum: "f799" })],
    "another address": ["3ffe:3::/32 1:2:3:4:5:6", solicitation(b, { sum: "f799" })],
    "a wrong checksum": ["3ffe:2::/32 1:2:3:4:5:6", solicitation(b, { sum: "f79a" })],
    "another type": ["3ffe:2::/32 1:2:3:4:5:6", solicitation(b, { sum: "f699", type: "88" })],
    "another code": ["3ffe:2::/32 1:2:3:4:5:6", solicitation(b, { sum: "f798", code: "01" })],
    "another hop limit": ["3ffe:2::/32 1:2:3:4:5:6", solicitation(b, { sum: "f799", hops: "fe" })],
    "another type of frame": ["3ffe:2::/32 1:2:3:4:5:6", solicitation(b, { sum: "f799", ether: "0800" })],
    "a frame that is cut": ["3ffe:2::/32 1:2:3:4:5:6", solicitation(b, { sum: "f799" }).slice(0, -2)],
  }).map(([name, [args, hex]]) => ({
    name: `IP6NDAdvertiser: ${name}`,
    config: advertiser(args, hex),
    args: readsOf("n", "handlers"),
  })),
  ...refusals("IP6NDAdvertiser", [
    "",
    "x",
    "1:2:3:4:5:6",
    "1::/16 x",
    "1::/16 1:2:3:4:5:6 1:2:3:4:5:7",
    "1::/16 2::2 1:2:3:4:5:6",
    "1::/129 1:2:3:4:5:6",
  ]),
];

const solicitor = (rest) =>
  `n :: IP6NDSolicitor(3ffe:1::9, 1:2:3:4:5:6); n [0] -> Print(out, MAXLENGTH 100) -> Discard; n [1] -> Print(ask, MAXLENGTH 100) -> Discard; ${rest}`;
const sent = (address, { limit = 1, every = 1 } = {}) =>
  `TimedSource(${every}, DATA \\<${ip6("0401003500081234", { to: address })}>, LIMIT ${limit}) -> GetIP6Address(24) -> n;`;
const advertisement = (target, { at = 2.5, ether = "0a0b0c0d0e0f", type = "88", frame = "86dd" } = {}) =>
  `TimedSource(${at}, DATA \\<010203040506 ${ether} ${frame} ${ip6(`${type}00123460000000 ${target} 0201${ether}`, { next: "3a", hops: "ff" })}>, LIMIT 1) -> [1] n;`;
const c3 = "20010000000000000000000000000003";

/** @type {import("../probe.mjs").Probe[]} */
const solicitors = [
  {
    name: "IP6NDSolicitor asks, and sends what waited",
    config: solicitor(`${sent(b)} ${advertisement(b)} Script(wait 4, read n.table, stop)`),
  },
  {
    name: "IP6NDSolicitor: another packet comes while one waits",
    config: solicitor(
      `${sent(b, { limit: 3, every: 0.5 })} ${advertisement(b)} Script(wait 1.2, read n.table, wait 3, read n.table, stop)`,
    ),
  },
  {
    name: "IP6NDSolicitor knows several",
    config: solicitor(
      `${sent(b, { limit: 4 })} ${sent(c3)} ${sent("20020000000000000000000000000001")} ${advertisement(b)} ${advertisement(c3, { at: 3.5 })} Script(wait 6, read n.table, stop)`,
    ),
  },
  {
    name: "IP6NDSolicitor: answers that nobody asked for",
    config: solicitor(
      `${sent(b)} ${advertisement(c3)} ${advertisement(b, { type: "87" })} ${advertisement(b, { frame: "0800" })} Script(wait 4, read n.table, stop)`,
    ),
  },
  {
    name: "IP6NDSolicitor: an address changes",
    config: solicitor(
      `${sent(b, { limit: 4 })} ${advertisement(b, { at: 1.5 })} ${advertisement(b, { at: 2.5, ether: "0a0b0c0d0e0e" })} Script(wait 6, read n.table, stop)`,
    ),
  },
  {
    name: "IP6NDSolicitor: an address that is old is asked for again, and forgotten",
    config: solicitor(
      `${sent(b, { limit: 6, every: 30 })} ${advertisement(b, { at: 31 })} Script(wait 100, read n.table, wait 90, read n.table, stop)`,
    ),
  },
  {
    name: "IP6NDSolicitor with one output",
    config: `n :: IP6NDSolicitor(3ffe:1::9, 1:2:3:4:5:6) -> Print(out, MAXLENGTH 100) -> Discard; ${sent(b)} ${advertisement(b)} Script(wait 4, stop)`,
  },
  ...["", "3ffe::1", "x, 1:2:3:4:5:6", "3ffe::1, x", "3ffe::1, 1:2:3:4:5:6, 7"].map((args) => ({
    name: `IP6NDSolicitor(${args}) as arguments`,
    config: `Idle -> n :: IP6NDSolicitor(${args}) -> Discard; Idle -> [1] n; Script(stop)`,
  })),
].map((probe) => ({ ...probe, args: ["--simtime", ...readsOf("n", "table", "stats", "handlers")] }));

export const probes = [...checks, ...lookups, ...errors, ...neighbours, ...solicitors];
