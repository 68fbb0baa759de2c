/**
 * The thread that runs inputs. It says in shared memory which input it has begun, so that whoever started it sees one
 * that does not end.
 */
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import { corpusOf } from "./corpus.mjs";
import { inputOf, loadTarget } from "./inputs.mjs";

const { seed, words } = workerData;
const progress = new Int32Array(words);
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

const loaded = new Map();
async function load(name) {
  let known = loaded.get(name);
  if (!known) {
    const target = await loadTarget(name);
    const stock = [...target.seeds, ...corpusOf(name).map(({ bytes }) => bytes)];
    known = { target, stock, errors: new Set(target.errors) };
    loaded.set(name, known);
  }
  return known;
}

let rejection;
process.on("unhandledRejection", (e) => {
  rejection ??= e;
});

const describe = (e) => ({
  text: e instanceof Error ? `${e.name}: ${e.message.slice(0, 500)}` : `threw ${String(e).slice(0, 500)}`,
  // The same mistake at the same place is one finding.
  kind: `${e?.name} ${/\n\s+at .*?([\w.-]+:\d+):\d+\)?/.exec(e?.stack ?? "")?.[1] ?? String(e?.message ?? e).slice(0, 80)}`,
  stack: String(e?.stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line) && !/\(node:|test\/fuzz/.test(line))
    .slice(0, 12)
    .join("\n"),
});

function takeRejection() {
  if (rejection === undefined) return undefined;
  const late = describe(rejection);
  rejection = undefined;
  return { ...late, text: `unhandled rejection: ${late.text}` };
}

/** Runs one input: a word for how it ended, or what is wrong with that. */
async function attempt({ target, errors }, input, number) {
  progress[1] = number;
  Atomics.add(progress, 0, 1);
  let result;
  try {
    result = target.run(input);
    if (result instanceof Promise) result = await result;
    result ??= "done";
  } catch (e) {
    if (!(e instanceof Error && errors.has(e.name) && typeof e.code === "string")) return { failure: describe(e) };
    if (e.message.length > 1 << 20)
      return { failure: { text: `a message of ${e.message.length} characters`, kind: "long message" } };
    result = `${e.name} ${e.code}`;
  }
  return { result, failure: takeRejection() };
}

const answers = {
  /** Inputs from `from` on, up to a number of them or a time. */
  async run(known, { from, to, until }) {
    const results = {};
    let number = from;
    while (number < to && Date.now() < until) {
      const { result, failure } = await attempt(known, inputOf(known.target, known.stock, seed, number), number);
      number++;
      if (failure) return { next: number, number: number - 1, failure, results };
      results[result] = (results[result] ?? 0) + 1;
      if (number % 64 === 0) await turn();
    }
    await turn();
    return { next: number, number: number - 1, failure: takeRejection(), results };
  },
  async try(known, { input }) {
    const { failure } = await attempt(known, input, -1);
    await turn();
    return { failure: failure ?? takeRejection() };
  },
  make: ({ target, stock }, { number }) => ({ input: inputOf(target, stock, seed, number) }),
  /** The inputs that are run as they are, before all others. */
  seeds: ({ target }) => ({ inputs: [...target.seeds, ...target.heavy] }),
  /** Bytes that this thread keeps: its heap, and buffers. */
  async kept() {
    let bytes = Number.POSITIVE_INFINITY;
    // What was given up in one collection is free after the next.
    for (let times = 0; times < 3; times++) {
      collect();
      await turn();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      bytes = Math.min(bytes, heapUsed + arrayBuffers);
    }
    return { bytes };
  },
};

parentPort.on("message", async (message) => {
  let answer;
  try {
    answer = await answers[message.ask](await load(message.name), message);
  } catch (e) {
    // Of the suite's own: a target that cannot be loaded, or whose generator is wrong.
    answer = { broken: describe(e) };
  }
  Atomics.add(progress, 0, 1);
  parentPort.postMessage(answer);
});
parentPort.postMessage({ ready: true });
