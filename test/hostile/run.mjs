/**
 * `npm run hostile -- --mutations N --seed N`: the hostile-guest suite at any length. Prints what was done and found;
 * ends with 1 when a neighbour has lost anything or was listened to, and when domain 0 has failed, was held for too long
 * or keeps anything of the attackers.
 */
import { parseArgs } from "node:util";
import { elements } from "@clickos/click-elements";
import { hostileSuite, judge } from "./suite.mjs";

const { values } = parseArgs({
  options: { mutations: { type: "string", default: "100000" }, seed: { type: "string", default: "1" } },
});
const number = (name, text) => {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  console.error(`hostile: --${name} takes a number, not '${text}'`);
  process.exit(2);
};
const mutations = number("mutations", values.mutations);
const seed = number("seed", values.seed);
const started = performance.now();
const report = await hostileSuite({
  mutations,
  seed,
  elements,
  warmUps: 2,
  worker: new URL("../../packages/hypervisor/dist/pcpu-worker.js", import.meta.url),
  progress: (done, attacks) => process.stderr.write(`${done} of ${mutations}: ${attacks}\n`),
});
const table = (title, rows) => {
  console.log(title);
  for (const [name, n] of Object.entries(rows).sort((a, b) => b[1] - a[1]))
    console.log(`  ${String(n).padStart(9)}  ${name}`);
};
console.log(
  `mutations ${report.mutations}, seed ${seed}, guests ${report.guests}, ${Math.round((performance.now() - started) / 100) / 10} s`,
);
table("mutations by what they changed", report.done);
table("errors in domain 0, by kind", report.errors);
console.log("neighbours");
for (const { name, sent, received, lost } of report.neighbours)
  console.log(`  ${name.padEnd(8)} sent ${sent}  received ${received}  lost ${lost}`);
console.log(`guests on threads raced with domain 0 in ${report.raced} of ${report.rounds} turns`);
const ms = (n) => n.toFixed(1).padStart(9);
const { held } = report;
console.log(
  `turns of domain 0, the longest, ms; bound ${held.boundMs.toFixed(0)}, calibrated loop ${held.calibratedMs.toFixed(2)}, over the bound ${held.over}`,
);
for (const [kind, { turns, longestMs }] of Object.entries(held.kinds).sort((a, b) => b[1].longestMs - a[1].longestMs))
  console.log(`${ms(longestMs)}  ${kind} (${turns} turns)`);
console.log("the longest turn beside each attack, ms");
for (const [name, { ms: longest, kind }] of Object.entries(held.attacks).sort((a, b) => b[1].ms - a[1].ms))
  console.log(`${ms(longest)}  ${name} (${report.attacks[name]} times): ${kind}`);
console.log(
  `threads replaced ${report.threadsReplaced}, frames of a neighbour overheard ${report.overheard}, memory grown by ${report.grownMiB} MiB`,
);
const wrong = judge(report, { times: true });
for (const line of wrong) console.error(`hostile: ${line}`);
process.exit(wrong.length > 0 ? 1 : 0);
