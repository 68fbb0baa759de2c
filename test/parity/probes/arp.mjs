// ARPQuerier, ARPTable and ARPResponder.

const ip = (last) => `4500001c0001000040110000 0a000001 0a0000${last} 0401003500080000`;
/** Packets for 10.0.0.x, `count` of each, one a second. */
const to = (last, count = 1) => `TimedSource(1, DATA \\<${ip(last)}>, LIMIT ${count}) -> CheckIPHeader(CHECKSUM false)`;
const mac = (n) => `02000000000${n}`;
/** An ARP message from 10.0.0.x, to 10.0.0.1. */
const message = (operation, last, sender = mac(2), { type = "0806", hardware = "0001", protocol = "0800" } = {}) =>
  `${mac(1)}${sender}${type}${hardware}${protocol}0604000${operation}${sender}0a0000${last}${mac(1)}0a000001`;
const reply = (...args) => message(2, ...args);
const source = (hex, limit = 1) => `InfiniteSource(DATA \\<${hex}>, LIMIT ${limit})`;
const querier = (keywords = "") => `q :: ARPQuerier(10.0.0.1/24, 02:00:00:00:00:01${keywords && `, ${keywords}`});
  q[0] -> Print(out, 64) -> Discard; q[1] -> Print(ask, 64) -> Discard;`;
const reads = (...names) => names.flatMap((name) => ["-h", name]);
const all = reads(
  ...["table", "stats", "count", "length", "queries", "responses", "drops", "broadcast", "ipaddr"].map((h) => `q.${h}`),
);
/** A request for an address. */
const request = (target, options = {}) => {
  const { type = "0806", hardware = "0001", protocol = "0800", operation = "0001" } = options;
  return `ffffffffffff${mac(2)}${type}${hardware}${protocol}0604${operation}${mac(2)}0a000002000000000000${target}`;
};

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  {
    name: "a packet waits for the answer to a query",
    config:
      `${querier()} ${to("02")} -> q; ${source(reply("02"))} -> d :: DelayUnqueue(2) -> [1] q; Script(wait 1.5, stop)`.replace(
        `${source(reply("02"))} -> d :: DelayUnqueue(2)`,
        `TimedSource(1.2, DATA \\<${reply("02")}>, LIMIT 1)`,
      ),
    args: ["--simtime", ...all],
  },
  {
    name: "a known address is used",
    config: `${querier()} ${to("02", 3)} -> q; Idle -> [1] q; Script(write q.insert 10.0.0.2 2:2:2:2:2:2, wait 3.5, stop)`,
    args: ["--simtime", ...reads("q.count", "q.length", "q.queries", "q.responses", "q.stats")],
  },
  {
    name: "an unknown address is asked for again",
    config: `${querier()} ${to("02", 5)} -> q; Idle -> [1] q; Script(wait 5.5, stop)`,
    args: ["--simtime", ...reads("q.count", "q.length", "q.queries", "q.stats", "q.drops")],
  },
  {
    name: "broadcast and multicast addresses need no query",
    config: `${querier()} ${to("ff")} -> q; ${source(ip("02").replace("0a000002", "ffffffff"))} -> CheckIPHeader(CHECKSUM false) -> q;
      ${source(ip("02").replace("0a000002", "e0818283"))} -> CheckIPHeader(CHECKSUM false) -> q; Idle -> [1] q; Script(wait 1.5, stop)`,
    args: ["--simtime", ...all],
  },
  {
    name: "a packet without a destination is dropped, and the first said so of",
    config: `${querier()} ${source(ip("02"), 3)} -> MarkIPHeader -> q; Idle -> [1] q; Script(wait 0.1, stop)`,
    args: ["--simtime", ...all],
  },
  {
    name: "what is no answer is not learnt",
    config: `${querier()} Idle -> q; a :: Null -> [1] q; ${source(message(1, "02"))} -> a; ${source(reply("03", "ffffffffffff"))} -> a;
      ${source(reply("04", mac(2), { type: "0800" }))} -> a; ${source(reply("05", mac(2), { hardware: "0002" }))} -> a; ${source(reply("06", mac(2), { protocol: "86dd" }))} -> a;
      ${source("0001")} -> a; ${source(reply("07"))} -> a; Script(wait 0.1, stop)`,
    args: ["--simtime", ...reads("q.count", "q.length", "q.queries", "q.responses", "q.stats")],
  },
  {
    name: "the table's handlers",
    config: `${querier()} Idle -> q; Idle -> [1] q;
      Script(write q.insert 5.5.5.5 02-02-02-02-02-02, wait 1, write q.insert 1.2.3.4 0:0:0:0:0:a, wait 2, write q.insert 1.2.3.9 1:2:3:4:5:6, write q.delete 1.2.3.9, write q.delete 9.9.9.9, stop)`,
    args: ["--simtime", ...reads("q.count", "q.length", "q.stats")],
  },
  {
    name: "the table, by age",
    config: `${querier()} Idle -> q; Idle -> [1] q;
      Script(write q.insert 5.5.5.5 02-02-02-02-02-02, wait 1, write q.insert 1.2.3.4 0:0:0:0:0:a, wait 2, write q.insert 1.2.3.9 1:2:3:4:5:6, write q.delete 1.2.3.9, write q.delete 9.9.9.9,
        wait 1, write q.insert 5.5.5.5 02-02-02-02-02-03, stop)`,
    args: ["--simtime", ...reads("q.table")],
    // Every look at a simulated clock takes a nanosecond.
    mask: (text) => text.replace(/\.99\d+$|\.00\d+$/gm, ".0"),
  },
  {
    name: "clear forgets everything",
    config: `${querier()} ${to("02", 3)} -> q; Idle -> [1] q; Script(write q.insert 5.5.5.5 02-02-02-02-02-02, wait 3.5, write q.clear, stop)`,
    args: ["--simtime", ...reads("q.count", "q.length", "q.queries", "q.responses", "q.stats", "q.drops", "q.table")],
  },
  {
    name: "what may not be written",
    config: `${querier()} Idle -> q; Idle -> [1] q;
      Script(write q.insert, write q.insert 1.2.3.4, write q.insert x y, write q.insert 1.2.3.4 1:2:3:4:5:6 z, write q.delete, write q.delete x, write q.ipaddr x, write q.broadcast x, stop)`,
  },
  {
    name: "addresses of its own may be written",
    config: `${querier()} ${to("02", 2)} -> q; Idle -> [1] q; Script(write q.ipaddr 10.0.0.9, write q.broadcast 10.0.0.2, wait 2.5, stop)`,
    args: ["--simtime", ...reads("q.ipaddr", "q.broadcast")],
  },
  {
    name: "no address of its own",
    config: `${querier()} ${to("02", 2)} -> q; Idle -> [1] q; Script(write q.ipaddr 0.0.0.0, wait 2.5, stop)`,
    args: ["--simtime", ...reads("q.drops", "q.count")],
  },
  {
    name: "an address that was not confirmed for a while is asked for",
    config: `${querier("POLL_TIMEOUT 2")} ${to("02", 5)} -> q; Idle -> [1] q; Script(write q.insert 10.0.0.2 2:2:2:2:2:2, wait 5.5, stop)`,
    args: ["--simtime", ...reads("q.queries")],
  },
  {
    name: "and everywhere with BROADCAST_POLL",
    config: `${querier("POLL_TIMEOUT 2, BROADCAST_POLL true")} ${to("02", 4)} -> q; Idle -> [1] q; Script(write q.insert 10.0.0.2 2:2:2:2:2:2, wait 4.5, stop)`,
    args: ["--simtime", ...reads("q.queries")],
  },
  {
    name: "no polls",
    config: `${querier("POLL_TIMEOUT 0")} TimedSource(40, DATA \\<${ip("02")}>, LIMIT 5) -> CheckIPHeader(CHECKSUM false) -> q; Idle -> [1] q; Script(write q.insert 10.0.0.2 2:2:2:2:2:2, wait 210, stop)`,
    args: ["--simtime", ...reads("q.queries")],
  },
  {
    name: "packets wait longer than TIMEOUT",
    config: `${querier("TIMEOUT 2")} ${to("02")} -> q; Idle -> [1] q; Script(wait 1.5, print q.length, wait 1, print q.length, print q.count, wait 5, print q.length, print q.count, stop)`,
    args: ["--simtime", ...reads("q.stats", "q.drops")],
  },
  {
    name: "an address that is older than TIMEOUT is asked for",
    config: `${querier("TIMEOUT 2")} ${to("02", 5)} -> q; Idle -> [1] q; Script(write q.insert 10.0.0.2 2:2:2:2:2:2, wait 4.5, stop)`,
    args: ["--simtime", ...reads("q.queries", "q.length", "q.count")],
  },
  {
    name: "too many packets slim the table",
    config: `q :: ARPQuerier(10.0.0.1, 02:00:00:00:00:01); q[0] -> Discard; q[1] -> Discard;
      InfiniteSource(DATA \\<${ip("02")}>, LIMIT 3000, STOP true) -> CheckIPHeader(CHECKSUM false) -> q; Idle -> [1] q`,
    args: ["--simtime", ...reads("q.length", "q.count", "q.stats", "q.drops")],
  },
  ...[
    "CAPACITY 10",
    "CAPACITY 10, CAPACITY_SLIM_FACTOR 5",
    "CAPACITY 1",
    "CAPACITY 0",
    "ENTRY_PACKET_CAPACITY 3",
    "ENTRY_CAPACITY 2",
    "CAPACITY 10, CAPACITY_SLIM_FACTOR 1",
  ].map((keywords) => ({
    name: `packets for several addresses with ${keywords}`,
    config: `q :: ARPQuerier(10.0.0.1, 02:00:00:00:00:01, ${keywords}); q[0] -> Discard; q[1] -> Discard; i :: CheckIPHeader(CHECKSUM false) -> q; Idle -> [1] q;
      ${["02", "03", "04"].map((n, i) => `TimedSource(${1 + i / 10}, DATA \\<${ip(n)}>, LIMIT 9) -> i;`).join(" ")} Script(wait 15, stop)`,
    args: ["--simtime", ...reads("q.length", "q.count", "q.stats", "q.drops", "q.queries")],
  })),
  {
    name: "several queriers share an ARPTable",
    config: `t :: ARPTable(CAPACITY 100); q :: ARPQuerier(10.0.0.1, 02:00:00:00:00:01, TABLE t); r :: ARPQuerier(10.0.0.3, 02:00:00:00:00:03, TABLE t);
      q[0] -> Print(q) -> Discard; q[1] -> Discard; r[0] -> Print(r) -> Discard; r[1] -> Discard; ${to("02", 2)} -> q; ${to("03", 2)} -> r; TimedSource(1.5, DATA \\<${reply("02")}>, LIMIT 1) -> [1] q; Idle -> [1] r; Script(wait 2.5, stop)`,
    args: [
      "--simtime",
      ...reads(...["count", "length", "drops"].map((h) => `t.${h}`), "q.stats", "r.stats", "q.count", "r.length"),
    ],
  },
  {
    name: "an ARPTable's handlers",
    config:
      "t :: ARPTable; Script(write t.insert 1.2.3.4 1:2:3:4:5:6, write t.insert 1.2.3.5 1:2:3:4:5:7, write t.delete 1.2.3.4, print t.count, write t.insert x, write t.clear, stop)",
    args: ["--simtime", ...reads("t.count", "t.length", "t.drops", "t.table", "t.handlers")],
  },
  {
    name: "a querier's table is another's",
    config: `q :: ARPQuerier(10.0.0.1, 02:00:00:00:00:01); r :: ARPQuerier(10.0.0.3, 02:00:00:00:00:03, TABLE q); q -> Discard; r -> Discard; Idle -> q; Idle -> r; Idle -> [1] q; Idle -> [1] r; Script(write q.insert 1.2.3.4 1:2:3:4:5:6, stop)`,
    args: reads("q.count", "r.count"),
  },
  {
    name: "a TABLE that is none",
    config: `c :: Counter; ${querier("TABLE c")} Idle -> c -> q; Idle -> [1] q; Script(stop)`,
  },
  { name: "a TABLE that is not there", config: `${querier("TABLE nosuch")} Idle -> q; Idle -> [1] q; Script(stop)` },
  {
    name: "ARPTable's arguments",
    config: "ARPTable(5); ARPTable(CAPACITY x, TIMEOUT y); ARPTable(CAPACITY_SLIM_FACTOR 0)",
  },
  {
    name: "one name for both addresses",
    config:
      "AddressInfo(me 10.1.2.9/24 02:00:00:00:00:09); q :: ARPQuerier(me); Idle -> q -> Discard; Idle -> [1] q; Script(stop)",
    args: reads("q.ipaddr", "q.broadcast"),
  },
  {
    name: "an IP address alone",
    config: "q :: ARPQuerier(1.2.3.4); Idle -> q -> Discard; Idle -> [1] q; Script(stop)",
  },
  {
    name: "ARPQuerier's arguments",
    config:
      "q :: ARPQuerier; Idle -> q -> Discard; Idle -> [1] q; r :: ARPQuerier(1.2.3.4, 1:2:3:4:5:6, 7, FOO 5, CAPACITY x, TIMEOUT y, BROADCAST z, BROADCAST_POLL 7); Idle -> r -> Discard; Idle -> [1] r",
  },
  {
    name: "ARPQuerier's handlers",
    config: `${querier()} Idle -> q; Idle -> [1] q; Script(stop)`,
    args: reads("q.handlers"),
  },

  // ARPResponder
  {
    name: "ARPResponder answers for its prefixes",
    config: `r :: ARPResponder(10.0.0.0/8 02:00:00:00:00:0A, 10.1.0.0/16 11.0.0.1 02:00:00:00:00:0B) -> Print(yes, 64) -> Discard; r[1] -> Print(no, 64) -> Discard; i :: Null -> r;
      ${["0a000003", "0a010003", "0b000001", "0b000002"].map((target) => `${source(request(target))} -> i;`).join(" ")} Script(wait 0.1, stop)`,
    args: ["--simtime", ...reads("r.table")],
  },
  {
    name: "what is no request",
    config: `r :: ARPResponder(0/0 02:00:00:00:00:0A) -> Print(yes, 64) -> Discard; r[1] -> Print(no, 64) -> Discard; i :: Null -> r;
      ${[{ type: "0800" }, { hardware: "0002" }, { protocol: "86dd" }, { operation: "0002" }].map((options) => `${source(request("0a000003", options))} -> i;`).join(" ")} ${source("0001")} -> i; ${source(`${request("0a000003")}0000`)} -> i; Script(wait 0.1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "ARPResponder's table, the most specific first",
    config:
      "Idle -> r :: ARPResponder(10.0.0.0/8 1:1:1:1:1:1, 10.0.0.1 2:2:2:2:2:2, 10.0.0.0/8 3:3:3:3:3:3, 1.2.3.4/255.0.255.0 11.0.0.0/8 4:4:4:4:4:4, 0/0 5:5:5:5:5:5, 11.2.0.0/16 6:6:6:6:6:6) -> Discard; Script(stop)",
    args: reads("r.table"),
  },
  {
    name: "the most specific entry answers",
    config:
      "Idle -> r :: ARPResponder(10.0.0.0/8 1:1:1:1:1:1, 12.0.0.0/8 2:2:2:2:2:2, 10.1.0.0/16 3:3:3:3:3:3) -> Discard; Script(print r.lookup 10.1.2.3, stop)",
    args: reads("r.table"),
    differs: "Click's sort leaves some entries behind wider ones, which answer then",
  },
  {
    name: "several entries for one address",
    config: "Idle -> r :: ARPResponder(1.2.3.4 1:1:1:1:1:1, 1.2.3.4/32 2:2:2:2:2:2) -> Discard; Script(stop)",
    args: reads("r.table"),
  },
  {
    name: "ARPResponder's lookup",
    config:
      "AddressInfo(far 10.0.0.9); Idle -> r :: ARPResponder(10.0.0.0/8 1:1:1:1:1:A, 10.0.0.1 2:2:2:2:2:2) -> Discard; Script(print r.lookup 10.0.0.1, print r.lookup 10.0.0.2, print r.lookup 9.9.9.9, print r.lookup far, stop)",
  },
  {
    name: "ARPResponder's lookup of what is no address",
    config: "Idle -> r :: ARPResponder(10.0.0.0/8 1:1:1:1:1:A) -> Discard; Script(print r.lookup x, stop)",
  },
  {
    name: "entries come and go",
    config: `r :: ARPResponder(10.0.0.0/8 02:00:00:00:00:0A) -> Print(yes, 64) -> Discard; r[1] -> Print(no, 64) -> Discard; TimedSource(1, DATA \\<${request("0b000001")}>) -> r;
      Script(wait 1.5, write r.add 11.0.0.0/8 12.0.0.0/8 1:1:1:1:1:1, wait 1, write r.add 13.0.0.1 2:2:2:2:2:2, wait 1, write r.remove 13.0.0.1, write r.remove 12.0.0.0/8, wait 1, write r.remove 11.0.0.0/8, wait 1, stop)`,
    args: ["--simtime", ...reads("r.table")],
  },
  {
    name: "what may not be added or removed",
    config:
      "Idle -> r :: ARPResponder(10.0.0.0/8 1:1:1:1:1:1) -> Discard; Script(write r.add 1.2.3.4, write r.add 1:1:1:1:1:1, write r.add x, write r.add 1.2.3.4 1:1:1:1:1:1 2:2:2:2:2:2, write r.add, write r.remove 7.7.7.7, write r.remove x, write r.add 10.0.0.0/8 3:3:3:3:3:3, stop)",
    args: reads("r.table"),
  },
  {
    name: "ARPResponder's arguments",
    config:
      "Idle -> ARPResponder(1.2.3.4) -> ARPResponder(1:1:1:1:1:1) -> ARPResponder(x) -> ARPResponder(1.2.3.4 1:1:1:1:1:1 2:2:2:2:2:2) -> ARPResponder(1.2.3.4 1:1:1:1:1:1, 5.6.7.8) -> Discard",
  },
  {
    name: "an ARPResponder without entries",
    config: `r :: ARPResponder -> Discard; ${source(request("0b000001"))} -> r; r[1] -> Print(no, 64) -> Discard; Script(wait 0.1, stop)`,
    args: ["--simtime", ...reads("r.table", "r.handlers")],
  },
  {
    name: "a name that is both addresses",
    config: "AddressInfo(me 10.1.2.9/24 02:00:00:00:00:09); Idle -> r :: ARPResponder(me) -> Discard; Script(stop)",
    args: reads("r.table"),
  },
  {
    name: "keywords of ARPQuerier stand anywhere",
    config:
      "q :: ARPQuerier(CAPACITY 5, 1.2.3.4/8, BROADCAST 1.2.3.7, 1:2:3:4:5:6); Idle -> q -> Discard; Idle -> [1] q; Script(stop)",
    args: ["-h", "q.ipaddr", "-h", "q.broadcast"],
  },
  {
    name: "ARPQuerier with one argument",
    config:
      "q :: ARPQuerier(1.2.3.4); Idle -> q -> Discard; Idle -> [1] q; r :: ARPQuerier(CAPACITY 5); Idle -> r -> Discard; Idle -> [1] r",
  },
];
