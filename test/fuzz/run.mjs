/**
 * `npm run fuzz:frames -- --frames N --seed N`: so many frames through every element and some whole routers;
 * `npm run fuzz:middleboxes` the same through the middleboxes of the examples.
 *
 * `npm run fuzz -- --inputs N --seed N --seconds N --target NAME --save`: the fuzzing suite at any length. Prints what
 * was run and found; ends with 1 when there is a finding. With --save, findings are added to the corpus.
 */
import { parseArgs } from "node:util";
import { saveInput } from "./corpus.mjs";
import { targets } from "./inputs.mjs";
import { fuzz } from "./suite.mjs";
import { framesEach } from "./targets/frames.mjs";
import { framesEach as middleboxFramesEach } from "./targets/middleboxes.mjs";

const { values } = parseArgs({
  options: {
    inputs: { type: "string" },
    seconds: { type: "string" },
    frames: { type: "string" },
    seed: { type: "string", default: "1" },
    target: { type: "string", multiple: true },
    save: { type: "boolean", default: false },
  },
});
const fail = (message) => {
  console.error(`fuzz: ${message}`);
  process.exit(2);
};
const number = (name, text) =>
  /^\d{1,12}$/.test(text) ? Number(text) : fail(`--${name} takes a number, not '${text}'`);
for (const name of values.target ?? [])
  if (!Object.hasOwn(targets, name))
    fail(`there is no target '${name}'; these are: ${Object.keys(targets).join(", ")}`);
const seconds = values.seconds === undefined ? undefined : number("seconds", values.seconds);
const frames = values.frames === undefined ? undefined : number("frames", values.frames);
if (frames !== undefined) values.target ??= ["frames"];
const inputs =
  frames !== undefined
    ? Math.ceil(frames / (values.target.includes("middleboxes") ? middleboxFramesEach : framesEach))
    : values.inputs === undefined
      ? undefined
      : number("inputs", values.inputs);
const seed = number("seed", values.seed);

/** An input as text where it is some, else as hexadecimal. */
function shown(input) {
  const text = Buffer.from(input).toString("latin1");
  if (/^[\x20-\x7e\t\n]*$/.test(text)) return JSON.stringify(text.slice(0, 1000));
  return Buffer.from(input.subarray(0, 1000)).toString("hex");
}

const started = performance.now();
const report = await fuzz({
  seed,
  targets: values.target,
  ...(seconds === undefined ? { inputs: inputs ?? 50_000 } : { seconds, inputs }),
  onFinding({ target, where, failure, repeats, input }) {
    console.log(`${target}, seed ${seed}, ${where}: ${failure.text}`);
    if (failure.stack) console.log(failure.stack);
    if (!repeats) console.log("  it does not fail by itself: what came before it matters");
    if (!input) return;
    console.log(`  ${input.length} bytes: ${shown(input)}`);
    if (values.save) console.log(`  saved as test/fuzz/${saveInput(target, input)}`);
  },
  progress: ({ target, inputs, ms }) => process.stderr.write(`${target}: ${inputs} inputs in ${ms} ms\n`),
});
for (const { target, inputs, ms, results, kinds } of report) {
  console.log(
    `${target.padEnd(15)} ${String(inputs).padStart(8)} inputs  ${((1000 * ms) / Math.max(1, inputs)).toFixed(0)} µs each`,
  );
  for (const [result, n] of Object.entries(results).sort((a, b) => b[1] - a[1]))
    console.log(`  ${String(n).padStart(8)}  ${result}`);
  for (const [kind, n] of Object.entries(kinds)) console.log(`  ${String(n).padStart(8)}  FINDING ${kind}`);
}
const total = report.reduce((sum, r) => sum + r.inputs, 0);
const findings = report.reduce((sum, r) => sum + r.findings.length, 0);
console.log(
  `${total} inputs, seed ${seed}, ${Math.round((performance.now() - started) / 100) / 10} s, findings: ${findings}`,
);
process.exit(findings > 0 ? 1 : 0);
