// What puts IPv6 headers before packets, or marks them.
import { readsOf, refusals, source } from "../packets.mjs";

const print = "Print(MAXLENGTH 100, PRINTANNO true)";
const reads = (...names) => readsOf("e", "handlers", ...names);
/** That a packet had no room for its header is told in Click's manner there. */
const quiet = (text) => text.replace(/^expensive Packet::push.*\n/gm, "");

const encapsulated = [
  ["IP6Encap(4, 3ffe::1, 3ffe::2, HLIM 20, CLASS 255)", "aabb"],
  ["IP6Encap(udp, 3ffe::1, 3ffe::2)", ""],
  ["IP6Encap(udp, 3ffe::1, DST_ANNO, CLASS 3)", "aabb"],
  ["IP6Encap(255, ::, ::1.2.3.4)", "aabb"],
].map(([element, hex]) => ({
  name: element,
  config: `${source(hex, 2)} -> e :: ${element} -> ${print} -> Discard`,
  args: reads("src", "dst"),
}));
const datagrams = [
  ["UDPIP6Encap(3ffe::1, 1, 3ffe::2, 2)", "aabb"],
  ["UDPIP6Encap(3ffe::1, 65535, 3ffe::2, domain)", "aabbcc"],
  ["UDPIP6Encap(3ffe::1, 1, DST_ANNO, 2)", ""],
].map(([element, hex]) => ({
  name: element,
  config: `${source(hex, 2)} -> e :: ${element} -> ${print} -> Discard`,
  args: reads("src", "sport", "dst", "dport"),
}));

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  ...encapsulated,
  ...datagrams,
  {
    name: "IP6Encap to the annotation",
    config: `${source("aabb")} -> SetIP6Address(3ffe::9) -> IP6Encap(udp, 3ffe::1, DST_ANNO) -> ${print} -> Discard`,
  },
  {
    name: "UDPIP6Encap to the annotation",
    config: `${source("aabb")} -> SetIP6Address(3ffe::9) -> UDPIP6Encap(3ffe::1, 1, DST_ANNO, 2) -> ${print} -> Discard`,
  },
  {
    name: "IP6Encap's addresses are written",
    config: `Idle -> e :: IP6Encap(4, 3ffe::1, 3ffe::2) -> Discard; Script(write e.src 3ffe::3, read e.src, write e.dst DST_ANNO, read e.dst, read e.config, write e.dst x, write e.src x, read e.config, stop)`,
  },
  {
    name: "UDPIP6Encap's parts are written",
    config: `Idle -> e :: UDPIP6Encap(3ffe::1, 1, 3ffe::2, 2) -> Discard; Script(write e.src 3ffe::3, read e.src, write e.dst DST_ANNO, read e.dst, write e.sport 70000, write e.dport 7, read e.dport, read e.config, write e.dst x, stop)`,
  },
  ...refusals("IP6Encap", [
    "",
    "4, 3ffe::1",
    "4, x, 3ffe::2",
    "4, 3ffe::1, x",
    "256, 3ffe::1, 3ffe::2",
    "-1, 3ffe::1, 3ffe::2",
    "nosuch, 3ffe::1, 3ffe::2",
    "4, 3ffe::1, 3ffe::2, HLIM 256",
    "4, 3ffe::1, 3ffe::2, CLASS 256",
    "4, 3ffe::1, 3ffe::2, 5",
    "4, 1.2.3.4, 3ffe::2",
    "PROTO 4, SRC 3ffe::1, DST 3ffe::2, HLIM 0, CLASS 1",
  ]),
  ...refusals("UDPIP6Encap", [
    "",
    "3ffe::1, 1, 3ffe::2",
    "3ffe::1, x, 3ffe::2, 2",
    "3ffe::1, 1, x, 2",
    "3ffe::1, 1, 3ffe::2, 70000",
    "x, 1, 3ffe::2, 2",
    "3ffe::1, 1, 3ffe::2, 2, true",
  ]),
  ...refusals("SetIP6Address", ["", "x", "1.2.3.4", "3ffe::1, 2", "IPADDR 3ffe::1"]),
  ...refusals("SetIP6DSCP", ["", "64", "-1", "x", "63", "DSCP 1", "1, 2"]),
  {
    name: "SetIP6Address sets the annotation",
    config: `${source("aabb")} -> e :: SetIP6Address(3ffe::1:2) -> ${print} -> Discard`,
    args: reads("config"),
  },
  {
    name: "SetIP6DSCP sets six bits",
    config: `${source(`6ffabcde${"00".repeat(36)}`)} -> MarkIP6Header -> e :: SetIP6DSCP(3) -> ${print} -> Discard`,
    args: reads("dscp"),
  },
  {
    name: "SetIP6DSCP is written",
    config:
      "Idle -> e :: SetIP6DSCP(3) -> Discard; Script(read e.dscp, write e.dscp 9, read e.dscp, write e.dscp 64, write e.dscp x, read e.config, stop)",
  },
].map((probe) => ({ ...probe, mask: quiet }));
