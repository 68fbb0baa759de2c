// The routing benchmark: CPU nanoseconds of a lookup in a routing table, median of five, for few destinations, whose routes
// stay in the cache, and for a million, whose routes do not.
//
// Each line prints the ratio to a reference in the same run: a load of a word at as many random places of 64 MiB.
//
//   npm run bench:routes [-- --lookups N]
import { parseArgs } from "node:util";
import { Router } from "@clickos/click-core";
import { element, elementSet, routeTable } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";

const { values: options } = parseArgs({ options: { lookups: { type: "string", default: "4000000" } } });
const lookups = Number(options.lookups);
const million = 1_000_000;
const referenceBytes = 64 << 20;

/** A number of 32 bits for each other one, in the host's code and in a guest's. */
function scatter(i) {
  let h = Math.imul(i + 1, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}
function stageScatter(i) {
  let h = i.add(1).mul(0x9e3779b1);
  h = h.xor(h.shrU(15)).mul(0x85ebca6b);
  return h.xor(h.shrU(13));
}

/** An element without ports whose task does something for `run` numbers, of which `places` are different. */
const counting = (name, state, handlers, body) =>
  element({
    name,
    ports: "0/0",
    processing: "a/a",
    state: { ...state, left: u32, next: u32, places: u32, sum: u32 },
    handlers: {
      ...handlers,
      run: {
        write: (s, text, { schedule }) => {
          [s.left, s.places] = text.split(" ").map(Number);
          s.next = 0;
          schedule();
        },
      },
      sum: { gauge: "sum" },
    },
    startsScheduled: () => false,
    task(c, context) {
      const s = context.state;
      const left = s.left.get();
      const count = c.select(left.ltU(4096), left, c.i32(4096));
      s.left.set(left.sub(count));
      const places = s.places.get();
      const next = c.var("i32", s.next.get(), "next");
      const sum = c.var("i32", s.sum.get(), "sum");
      c.for(0, count, 1, () => {
        const i = next.get();
        const after = i.add(1);
        next.set(c.select(after.geU(places), c.i32(0), after));
        sum.set(sum.get().add(body(c, stageScatter(i), context)));
      });
      s.next.set(next.get());
      s.sum.set(sum.get());
      c.if(s.left.get().eqz(), () => context.task.unschedule());
      return count;
    },
  });

/** Tables, by what their prefixes are like: number i is about the address `scatter(i)`. */
const kinds = {
  hosts: () => 32,
  // Lengths as in tables of the Internet's core: most are /24.
  Internet: (i) => [24, 24, 24, 24, 24, 24, 22, 23, 20, 19, 18, 16][i % 12],
};

const Lookups = counting(
  "Lookups",
  { table: routeTable() },
  {
    fill: {
      write: ({ table }, text, { heap }) => {
        const [kind, count] = text.split(" ");
        table.clear(heap);
        for (let i = 0; i < Number(count); i++) {
          const length = kinds[kind](i);
          const address = (scatter(i) & (-1 << (32 - length))) >>> 0;
          if (!table.set(heap, { address, length, gateway: i & 3, output: i % 7 })) throw "no memory";
        }
      },
    },
  },
  (_c, address, { state }) => {
    const { output, gateway } = state.table.lookup(address);
    return output.add(gateway);
  },
);

const Loads = counting(
  "Loads",
  { base: u32 },
  {
    prepare: {
      write: (s, _text, { heap }) => {
        s.base = heap.allocate(referenceBytes);
        new Uint8Array(heap.data.buffer, s.base, referenceBytes).fill(1);
      },
    },
  },
  (c, place, { state }) => c.load32(place.and(referenceBytes - 4).add(state.base.get())),
);

const router = await Router.compile("lookups :: Lookups; loads :: Loads", { elements: elementSet(Lookups, Loads) });

/** CPU nanoseconds for each of `lookups` runs of a task, median of five. */
function measure(name, places) {
  const samples = Array.from({ length: 7 }, () => {
    router.write(`${name}.run`, `${lookups} ${places}`);
    const before = process.cpuUsage();
    router.run();
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1000) / lookups;
  });
  // The first two warm up.
  return samples.slice(2).sort((a, b) => a - b)[2];
}

router.write("loads.prepare", "");
const places = [64, 16384, million];
const reference = new Map(places.map((n) => [n, measure("loads", n)]));
console.log(
  `reference: a load at one of ${places.join(", ")} random places of 64 MiB, ${places.map((n) => reference.get(n).toFixed(1)).join(", ")} ns\n`,
);
console.log("routes                 add (µs)   destinations        ns    ratio");
for (const [kind, count] of [
  ["hosts", 3],
  ["hosts", million],
  ["Internet", million],
]) {
  const before = process.cpuUsage();
  router.write("lookups.fill", `${kind} ${count}`);
  const { user, system } = process.cpuUsage(before);
  for (const n of places.filter((n) => n <= Math.max(count, 64))) {
    const ns = measure("lookups", Math.min(n, count));
    const add = count < million ? "" : ((user + system) / count).toFixed(2);
    console.log(
      `${`${count} ${kind}`.padEnd(20)} ${add.padStart(10)} ${String(Math.min(n, count)).padStart(14)} ${ns.toFixed(1).padStart(9)} ${(ns / reference.get(n)).toFixed(1).padStart(8)}`,
    );
  }
}
