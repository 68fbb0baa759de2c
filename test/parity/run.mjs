// Puts every probe to the native program and to ours, and reports what is different, by area.
//
//   CLICK=/path/to/click npm run parity [-- AREA… [--record] [--only TEXT]]
//
// --record keeps the native program's answers in recorded/: with those, `npm test` compares ours anywhere. Without CLICK,
// ours is compared with them. --only takes the probes whose name has TEXT in it. The exit status is 1 where something is
// different that no probe says is meant to be.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { areaNames, inParallel, ours, probesOf, record, recordedOf } from "./areas.mjs";
import { difference } from "./difference.mjs";
import { runProbe } from "./probe.mjs";

const { values: options, positionals } = parseArgs({
  options: { record: { type: "boolean", default: false }, only: { type: "string", default: "" } },
  allowPositionals: true,
});
const unknown = positionals.filter((area) => !areaNames.includes(area));
if (unknown.length > 0) {
  console.error(`there is no area '${unknown[0]}'; there are ${areaNames.join(", ")}`);
  process.exit(2);
}
const native = process.env.CLICK;
if (options.record && !native) {
  console.error("--record needs the native program: CLICK=/path/to/click");
  process.exit(2);
}

const totals = [];
let different = 0;
for (const area of positionals.length > 0 ? positionals : areaNames) {
  const all = await probesOf(area);
  const probes = all.filter(({ name }) => name.includes(options.only));
  const before = recordedOf(area);
  const [natives, others] = [{}, {}];
  await inParallel(probes, availableParallelism(), async (probe) => {
    natives[probe.name] = native ? await runProbe([native], probe) : before[probe.name];
    if (!probe.differs) others[probe.name] = await runProbe(ours, probe);
  });
  const count = { area, probes: probes.length, same: 0, different: 0, meant: 0 };
  for (const { name, differs } of probes) {
    if (differs) {
      count.meant++;
      console.log(`${area}: ${name}: meant to differ: ${differs}`);
      continue;
    }
    const what = natives[name] ? difference(natives[name], others[name]) : "  nothing is recorded";
    if (what === undefined) count.same++;
    else {
      count.different++;
      console.log(`${area}: ${name}\n${what.replace(/^/gm, "  ")}\n`);
    }
  }
  different += count.different;
  totals.push(count);
  if (options.record)
    record(
      area,
      Object.fromEntries(
        all.flatMap(({ name }) => {
          const outcome = natives[name] ?? before[name];
          return outcome ? [[name, outcome]] : [];
        }),
      ),
    );
}
console.table(totals);
process.exit(different > 0 ? 1 : 0);
