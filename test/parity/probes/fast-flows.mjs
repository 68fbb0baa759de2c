// Sources of many flows, and of UDP over IPv6. What they put behind their headers is whatever Click's memory had.
import { readsOf, refusals } from "../packets.mjs";

/** A source whose packets are printed as far as Click sets their bytes, one a hundredth of a second, and a script. */
const printed = (source, bytes, script, more = {}) => ({
  config: `RandomSeed(7); f :: ${source} -> Truncate(${bytes}) -> Print(MAXLENGTH ${bytes}, PRINTANNO true) -> TimedSink(0.01); Script(${script}, stop)`,
  args: ["--simtime"],
  ...more,
});
const addresses = "1:1:1:1:1:1, 1.0.0.1, 2:2:2:2:2:2, 2.0.0.2";
const udp = (first, flows, rest = "") => `FastUDPFlows(${first}, ${addresses}, ${flows}, false${rest})`;
const tcp = (first, flows, rest = "") => `FastTCPFlows(${first}, ${addresses}, ${flows}${rest})`;
/** The checksum is of what Click's memory had too. */
const unsummed = (text) => text.replace(/(5[0-9a-f]{3} ffff)[0-9a-f]{4}/g, "$1????");
/** What Click keeps in the reserved bits was there before. */
const tcpBytes = 54;

const udpFlows = [
  {
    name: "FastUDPFlows draws flows and their ports",
    ...printed(udp("0, 12, 60", "3, 100"), 42, "wait 0.2, read f.count, read f.rate, read f.length", {
      args: ["--simtime", ...readsOf("f", "handlers")],
    }),
  },
  { name: "FastUDPFlows: a flow gets other ports", ...printed(udp("0, 12, 60", "2, 3"), 42, "wait 0.2, read f.count") },
  { name: "FastUDPFlows: a flow of one packet", ...printed(udp("0, 5, 60", "1, 1"), 42, "wait 0.2, read f.count") },
  { name: "FastUDPFlows: a flow of no packets", ...printed(udp("0, 5, 60", "1, 0"), 42, "wait 0.2, read f.count") },
  {
    name: "FastUDPFlows has a rate",
    ...printed(udp("50, 5, 60", "2, 2"), 42, "wait 0.055, read f.count, wait 0.2, read f.count, read f.rate"),
  },
  {
    name: "FastUDPFlows: short packets",
    ...printed(udp("0, 2, 20", "1, 3"), 42, "wait 0.1, read f.length, write f.length 60, read f.count"),
  },
  {
    name: "FastUDPFlows: another length is another beginning",
    ...printed(
      udp("0, 4, 60", "2, 2"),
      42,
      "wait 0.025, write f.length 70, read f.length, read f.count, wait 0.1, read f.count, write f.length 70, read f.count, write f.length x, write f.length 9, read f.length, wait 0.1, read f.count",
    ),
  },
  {
    name: "FastUDPFlows need not be active",
    ...printed(
      udp("0, -1, 60", "2, 2", ", false"),
      42,
      "wait 0.055, read f.count, write f.active true, wait 0.025, read f.count, write f.active false, wait 0.1, read f.count, write f.active x",
    ),
  },
  {
    name: "FastUDPFlows' handlers are written",
    ...printed(
      udp("0, 2, 60", "2, 2"),
      42,
      "wait 0.055, read f.count, read f.rate, write f.limit 4, wait 0.05, read f.count, write f.limit -1, wait 0.025, write f.limit x, write f.rate x, write f.rate 4200000000, write f.reset, read f.count",
    ),
  },
  ...refusals(
    "FastUDPFlows",
    [
      "",
      `0, 1, 60, ${addresses}, 1`,
      `x, 1, 60, ${addresses}, 1, 1`,
      `0, x, 60, ${addresses}, 1, 1`,
      `0, 1, x, ${addresses}, 1, 1`,
      `0, 1, 60, ${addresses}, x, 1`,
      `0, 1, 60, ${addresses}, 1, x`,
      `0, 1, 60, ${addresses}, -1, 1`,
      `0, 1, 60, ${addresses}, 1, 1, x`,
      `0, 1, 60, ${addresses}, 1, 1, true, x`,
      `0, 1, 60, ${addresses}, 1, 1, true, true, 5`,
      `0, 1, 60, x, 1.0.0.1, 2:2:2:2:2:2, 2.0.0.2, 1, 1`,
      `0, 1, 60, 1:1:1:1:1:1, x, 2:2:2:2:2:2, 2.0.0.2, 1, 1`,
    ],
    { before: "", after: "-> Discard" },
  ),
  {
    name: "FastUDPFlows of no flows",
    differs: "Click is ended by a signal when it draws one",
    config: `${udp("0, 1, 60", "0, 1")} -> Discard; Script(stop)`,
  },
];

const tcpFlows = [
  {
    name: "FastTCPFlows makes flows that begin and end",
    ...printed(tcp("0, 14, 60", "2, 4"), tcpBytes, "wait 0.3, read f.count, read f.rate", {
      args: ["--simtime", ...readsOf("f", "handlers")],
    }),
  },
  {
    name: "FastTCPFlows: flows that have not begun are ended",
    ...printed(tcp("0, 1, 60", "4, 5"), tcpBytes, "wait 0.1, read f.count, wait 0.1, read f.count"),
  },
  {
    name: "FastTCPFlows: short flows of short packets",
    ...printed(tcp("0, 6, 20", "1, 1"), tcpBytes, "wait 0.2, read f.count"),
  },
  {
    name: "FastTCPFlows: a limit that is raised, and a reset",
    ...printed(
      tcp("0, 2, 60", "2, 3"),
      tcpBytes,
      "wait 0.1, read f.count, write f.limit 8, wait 0.1, read f.count, write f.limit 9, wait 0.1, read f.count, write f.reset, read f.count, wait 0.2, read f.count, read f.rate",
    ),
  },
  {
    name: "FastTCPFlows has a rate",
    ...printed(tcp("50, 3, 60", "2, 3"), tcpBytes, "wait 0.055, read f.count, wait 0.2, read f.count, read f.rate"),
  },
  {
    name: "FastTCPFlows need not be active",
    ...printed(
      tcp("0, -1, 60", "2, 3", ", false"),
      tcpBytes,
      "wait 0.055, read f.count, write f.active true, wait 0.025, read f.count, write f.active x, write f.limit x, write f.rate x, write f.rate 4200000000",
    ),
  },
  ...refusals(
    "FastTCPFlows",
    [
      "",
      `0, 1, 60, ${addresses}, 1`,
      `0, 1, -1, ${addresses}, 1, 1`,
      `0, 1, 60, ${addresses}, x, 1`,
      `0, 1, 60, ${addresses}, 1, x`,
      `0, 1, 60, ${addresses}, 1, 1, x`,
      `0, 1, 60, ${addresses}, 1, 1, true, 5`,
      `0, 1, 60, ${addresses}, 1, 2`,
    ],
    { before: "", after: "-> Discard" },
  ),
].map((probe) => ({ ...probe, mask: unsummed }));

const ip6Addresses = "1:1:1:1:1:1, 3ffe::1, 1234, 2:2:2:2:2:2, 3ffe::2, 53";
const udp6 = (first, rest = "") => `FastUDPSourceIP6(${first}, ${ip6Addresses}, ${rest || "false"})`;
const ip6Source = [
  {
    name: "FastUDPSourceIP6 makes packets of one kind",
    ...printed(udp6("0, 3, 70"), 62, "wait 0.1, read f.count, read f.rate", {
      args: ["--simtime", ...readsOf("f", "handlers")],
    }),
  },
  { name: "FastUDPSourceIP6: a checksum", ...printed(udp6("0, 2, 62", "true, 1"), 62, "wait 0.1, read f.count") },
  {
    name: "FastUDPSourceIP6 cuts the header of short packets",
    ...printed(udp6("0, 2, 60", "true"), 60, "wait 0.1, read f.count"),
  },
  { name: "FastUDPSourceIP6: shorter packets", ...printed(udp6("0, 2, 10"), 60, "wait 0.1, read f.count") },
  {
    name: "FastUDPSourceIP6 changes its ports",
    ...printed(
      udp6("0, -1, 70", "false, 2"),
      62,
      "wait 0.055, read f.count, write f.reset, wait 0.025, read f.count, write f.active x, write f.rate x, write f.limit x",
    ),
  },
  ...refusals(
    "FastUDPSourceIP6",
    [
      "",
      `0, 3, 70, ${ip6Addresses}, x`,
      `0, 3, x, ${ip6Addresses}`,
      `0, 3, 70, 1:1:1:1:1:1, 1.2.3.4, 1234, 2:2:2:2:2:2, 3ffe::2, 53`,
      `0, 3, 70, 1:1:1:1:1:1, 3ffe::1, 70000, 2:2:2:2:2:2, 3ffe::2, 53`,
      `0, 3, 70, 1:1:1:1:1:1, 3ffe::1, 1, 2:2:2:2:2:2, x, 53`,
      `0, 3, 70, ${ip6Addresses}, true, 1, true, 5`,
    ],
    { before: "", after: "-> Discard" },
  ),
];

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [...udpFlows, ...tcpFlows, ...ip6Source];
