/**
 * The fuzzing suite: for each target the corpus, its seeds, and inputs from a seed. A finding is an input that neither
 * gives a result nor is refused by an error of the package's own, that does not end, or that takes memory without bound.
 */
import { corpusOf } from "./corpus.mjs";
import { targets } from "./inputs.mjs";
import { minimise } from "./minimise.mjs";
import { TargetThread } from "./thread.mjs";
import { keptLimit, slowness } from "./watch.mjs";

/** Kinds of findings of a target that are looked into; further ones are counted. */
const maximumFindings = 20;
const maximumSlow = 4;
/** Inputs that may not end, or end their thread, before the target is left: each takes seconds. */
const maximumLost = 10;
/** Inputs between two looks at the time. */
const batch = 500;

const shareOf = (name) => targets[name] ?? 1;

/**
 * @param options.inputs inputs of all targets together, shared out as the targets say
 * @param options.seconds instead: the time for all targets together, with at least `least` inputs each
 * @param options.hangSeconds processor time that an input may take, on the machine that `watch.mjs` names
 * @param options.residentLimit bytes by which the process may grow
 * @param options.onFinding told of each finding as it is made
 */
export async function fuzz(options) {
  const { seed, inputs, seconds, least = 0, hangSeconds = 1, residentLimit = 1 << 30 } = options;
  const { onFinding = () => {}, progress = () => {} } = options;
  const names = options.targets ?? Object.keys(targets);
  const thread = new TargetThread({ seed, limitMs: hangSeconds * 1000 * slowness(), residentLimit });
  const shares = names.reduce((sum, name) => sum + shareOf(name), 0);
  const report = [];
  const started = Date.now();
  for (const [i, name] of names.entries()) {
    const to = inputs === undefined ? Number.MAX_SAFE_INTEGER : Math.ceil((inputs * shareOf(name)) / shares);
    const until =
      seconds === undefined ? Number.POSITIVE_INFINITY : started + (seconds * 1000 * (i + 1)) / names.length;
    report.push(await fuzzTarget(name, thread, { seed, to, until, least, onFinding }));
    progress(report.at(-1));
  }
  await thread.end();
  return report;
}

async function fuzzTarget(name, thread, { seed, to, until, least, onFinding }) {
  const ask = async (message) => {
    const answer = await thread.ask({ ...message, name });
    if (answer.broken) throw new Error(`target ${name} is broken: ${answer.broken.text}\n${answer.broken.stack}`);
    return answer;
  };
  /** Runs an input alone. */
  const attempt = async (input) => (await ask({ ask: "try", input })).failure;
  const findings = [];
  const kinds = new Map();
  const results = {};
  let lost = 0;
  const found = async (failure, input, where) => {
    const times = (kinds.get(failure.kind) ?? 0) + 1;
    kinds.set(failure.kind, times);
    // Where an input hangs is not known: several may be several findings.
    const slow = failure.kind === "hang" || failure.kind === "memory";
    if (times > (slow ? maximumSlow : 1) || findings.length >= maximumFindings) return;
    const again = input && (await attempt(input));
    const alike = async (shorter) => (await attempt(shorter))?.kind === again.kind;
    const finding = {
      target: name,
      seed,
      where,
      failure: again ?? failure,
      repeats: again !== undefined,
      input: again ? await minimise(input, alike, slow ? 40 : 3000) : input,
    };
    findings.push(finding);
    onFinding(finding);
  };

  const begun = Date.now();
  for (const { name: file, bytes } of corpusOf(name)) {
    const failure = await attempt(bytes);
    if (failure) await found(failure, bytes, `corpus/${name}/${file}`);
  }
  for (const [i, bytes] of (await ask({ ask: "seeds" })).inputs.entries()) {
    const failure = await attempt(bytes);
    if (failure) await found(failure, bytes, `seed input ${i}`);
  }
  let done = 0;
  let before;
  while (done < to && (done < least || Date.now() < until) && lost < maximumLost) {
    const end = Math.min(to, done < least ? least : done + batch);
    const answer = await ask({ ask: "run", from: done, to: end, until: done < least ? Infinity : until });
    done = answer.next;
    // What is compiled and cached has been by now.
    if (!answer.failure) before ??= { worker: thread.worker, bytes: (await ask({ ask: "kept" })).bytes };
    for (const [result, n] of Object.entries(answer.results)) results[result] = (results[result] ?? 0) + n;
    if (!answer.failure) continue;
    const { failure, number } = answer;
    if (!thread.worker) lost++;
    await found(failure, (await ask({ ask: "make", number })).input, `input ${number}`);
  }
  if (before?.worker === thread.worker) {
    const more = (await ask({ ask: "kept" })).bytes - before.bytes;
    if (more > keptLimit)
      await found({ text: `${more} bytes are kept after ${done} inputs`, kind: "kept" }, undefined, "all");
  }
  return { target: name, inputs: done, ms: Date.now() - begun, results, findings, kinds: Object.fromEntries(kinds) };
}
