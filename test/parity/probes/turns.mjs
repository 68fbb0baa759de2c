// What tasks do in turn: SchedOrderTest, RoundRobinUnqueue; a sorted table of routes; elements that are accepted.
import { readsOf, refusals } from "../packets.mjs";

const orders = [
  ["two elements", "SchedOrderTest(1, SIZE 10, STOP true); a :: SchedOrderTest(2)"],
  ["limits", "b :: SchedOrderTest(1, LIMIT 3); a :: SchedOrderTest(2, LIMIT 2); Script(wait 0.1, stop)"],
  ["tickets", "ScheduleInfo(b 2, a 1); b :: SchedOrderTest(1, SIZE 12, STOP true); a :: SchedOrderTest(2, SIZE 9)"],
  [
    "the largest size",
    "a :: SchedOrderTest(-1, SIZE 2); SchedOrderTest(2, SIZE 7); SchedOrderTest(3, STOP true, SIZE 1)",
  ],
  ["the usual size", "a :: SchedOrderTest(7, STOP true)"],
].map(([name, config]) => ({
  name: `SchedOrderTest: ${name}`,
  config,
  args: ["--simtime", ...readsOf("a", "order", "handlers")],
}));

/** Routes, and their order in the table. */
const table = (name, routes, instructions = "") => ({
  name: `SortedIPLookup: ${name}`,
  config: `Idle -> r :: SortedIPLookup(${routes}); r [0] -> Discard; r [1] -> Discard; Script(read r.table, ${instructions} stop)`,
  args: readsOf("r", "handlers"),
});
const sorted = [
  table(
    "routes within others",
    "0.0.0.0/0 1.1.1.1 1, 10.0.0.0/8 0, 10.1.0.0/16 1, 10.1.1.0/24 0, 11.0.0.0/8 1, 10.1.2.0/24 1",
  ),
  table("a route for one prefix", "10.0.0.0/8 0, 10.0.0.0/8 1, 0.0.0.0/0 0"),
  table("no routes", ""),
  table(
    "routes that come",
    "10.1.0.0/16 0",
    "write r.add 10.0.0.0/8 1, read r.table, write r.add 10.1.1.0/24 0, read r.table, write r.add 10.1.1.0/24 1, write r.set 10.1.1.0/24 1, read r.table, write r.add 0/0 1, read r.table, read r.lookup 10.1.2.3, read r.lookup 12.0.0.0,",
  ),
  table(
    "routes that go",
    "10.1.0.0/16 0, 10.0.0.0/8 1, 0/0 1",
    "write r.remove 10.1.0.0/16, read r.table, write r.remove 10.1.0.0/16, write r.remove 0/0, read r.lookup 11.0.0.0,",
  ),
  {
    name: "SortedIPLookup sends packets",
    config:
      "InfiniteSource(x, LIMIT 7, STOP true) -> SetIPAddress(9.0.0.0) -> r :: SortedIPLookup(10.0.0.0/8 0) -> Discard; InfiniteSource(y, LIMIT 2) -> SetIPAddress(10.0.0.1) -> r; r [0] -> Discard",
  },
  ...refusals("SortedIPLookup", ["x", "10.0.0.0/8", "10.0.0.0/8 3", "10.0.0.0/8 x 0"]),
];

const inTurn = (args, n0, n1) => ({
  name: `RoundRobinUnqueue(${args}) of ${n0} and ${n1} packets`,
  config: `InfiniteSource(a, LIMIT ${n0}, BURST 100) -> Queue -> u :: RoundRobinUnqueue(${args}) -> Print(0) -> Discard; InfiniteSource(b, LIMIT ${n1}, BURST 100) -> Queue -> [1] u [1] -> Print(1) -> Discard; Script(wait 0.1, stop)`,
  args: readsOf("u", "packets", "handlers"),
});
const unqueues = [
  inTurn("", 3, 5),
  inTurn("2", 5, 3),
  inTurn("0", 4, 4),
  inTurn("-1", 2, 2),
  ...refusals("RoundRobinUnqueue", ["", "x", "1, 2"], { before: "Idle -> Queue ->" }),
  {
    name: "RoundRobinUnqueue with more outputs than inputs",
    config: "Idle -> Queue -> u :: RoundRobinUnqueue -> Discard; u [1] -> Discard",
  },
];

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  ...orders,
  ...refusals("SchedOrderTest", ["", "x", "1, 2", "1, SIZE x, LIMIT y, STOP z"], { before: "", after: "" }),
  {
    name: "SchedOrderTest of a size below nothing",
    differs: "Click ends by a signal",
    config: "SchedOrderTest(1, SIZE -1)",
  },
  ...sorted,
  ...unqueues,
  ...refusals("DevirtualizeInfo", ["", "x 1, y"], { before: "", after: "" }),
  ...refusals("IPFieldInfo", ["", "x"], { before: "", after: "" }),
];
