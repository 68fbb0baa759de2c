// The compile benchmark: milliseconds from configuration text to a router that can run, median of a second's (21 at
// least) after a second of them to warm up.
//
// Each line prints the ratio to a reference in the same run: sorting 100,000 numbers.
//
//   npm run bench:compile
import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";

const times = (n, make) => Array.from({ length: n }, (_, i) => make(i)).join("\n");

function routes(name) {
  const route = (i) => `${10 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/24 1.0.0.${i & 63} ${i % 2}`;
  return `FromDevice(0) -> rt :: ${name}(${Array.from({ length: 20_000 }, (_, i) => route(i)).join(", ")});
    rt [0] -> Discard; rt [1] -> Discard`;
}

const configurations = {
  // An IP router with two interfaces: twenty elements.
  "20 elements": `
    FromDevice(0) -> c :: Classifier(12/0806, 12/0800, -);
    c [0] -> Discard; c [2] -> Discard;
    c [1] -> Strip(14) -> CheckIPHeader -> rt :: StaticIPLookup(10.0.0.0/8 0, 20.0.0.0/8 1, 0.0.0.0/0 1);
    ${times(2, (i) => `rt [${i}] -> Paint(${i}) -> DecIPTTL -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> Counter -> Queue -> Unqueue -> ToDevice(${i});`)}`,
  // Long chains of plain elements.
  "2000 in chains": times(20, () => `InfiniteSource(ACTIVE false) -> ${"Counter -> Paint(1) -> ".repeat(49)} Discard;`),
  // Queues, tasks and filters side by side.
  "2000 with queues": times(
    200,
    (i) =>
      `FromDevice(${i % 4}) -> Strip(14) -> CheckIPHeader -> Paint(${i}) -> DecIPTTL -> Counter -> Null -> Queue(4) -> Unqueue -> Discard;`,
  ),
  // Tables of routes, as code and in the heap.
  "20000 static": routes("StaticIPLookup"),
  "20000 in the heap": routes("RadixIPLookup"),
};

function median(run) {
  // The compiler is compiled first: until a second has gone by, and twenty runs at least.
  const end = performance.now() + 1000;
  for (let i = 0; i < 20 || performance.now() < end; i++) run();
  const samples = [];
  const until = performance.now() + 1000;
  while (samples.length < 21 || performance.now() < until) {
    const before = performance.now();
    run();
    samples.push(performance.now() - before);
  }
  return samples.sort((a, b) => a - b)[samples.length >> 1];
}

const numbers = Float64Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_003);
const reference = median(() => numbers.slice().sort());
console.log(`reference: sorting 100,000 numbers, ${reference.toFixed(1)} ms\n`);
console.log("configuration          ms    ratio   bytes");
for (const [name, text] of Object.entries(configurations)) {
  let bytes = 0;
  const ms = median(() => {
    const router = Router.compileSync(text, { elements });
    bytes = router.wasm.length;
  });
  console.log(
    `${name.padEnd(18)} ${ms.toFixed(1).padStart(7)}  ${(ms / reference).toFixed(1).padStart(6)}  ${String(bytes).padStart(7)}`,
  );
}
