// The start-up benchmark: what `click` takes to start, beyond a program that does nothing. Whole processes, wall clock,
// in turn; medians of twenty.
//
//   npm run bench:start [-- --runs N]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { runs: { type: "string", default: "20" } } });
const click = fileURLToPath(new URL("../bin/click.cjs", import.meta.url));
const programs = {
  "node -e 0": ["-e", "0"],
  "click -qe 'Idle -> Discard'": [click, "-qe", "Idle -> Discard"],
  "click -e, a source and a script": [
    click,
    "-e",
    "InfiniteSource(LIMIT 1000, STOP true) -> c :: Counter -> Queue -> Unqueue -> Discard; Script(print $(c.count))",
  ],
};

const times = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
// The first round warms the disk's cache.
for (let round = 0; round <= Number(values.runs); round++)
  for (const [name, args] of Object.entries(programs)) {
    const begun = performance.now();
    const { status, error } = spawnSync(process.execPath, args, { stdio: "ignore" });
    const ms = performance.now() - begun;
    if (error || status !== 0) throw error ?? new Error(`${name}: exit status ${status}`);
    if (round > 0) times[name].push(ms);
  }

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
const nothing = median(times["node -e 0"]);
console.log("program                             ms   beyond node");
for (const [name, list] of Object.entries(times)) {
  const ms = median(list);
  console.log(`${name.padEnd(32)} ${ms.toFixed(1).padStart(6)} ${(ms - nothing).toFixed(1).padStart(10)}`);
}
