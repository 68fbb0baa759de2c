/**
 * The thread that runs one target's inputs. It says in shared memory which input it has begun, so that whoever started it
 * sees one that does not end.
 */
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import { corpusOf } from "./corpus.mjs";
import { inputOf, loadTarget } from "./inputs.mjs";
import { keptLimit } from "./watch.mjs";

const { name, seed, words } = workerData;
const progress = new Int32Array(words);
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

const target = await loadTarget(name);
const stock = [...target.seeds, ...corpusOf(name).map(({ bytes }) => bytes)];
const expected = new Set(target.errors);
/** Kinds of results, with how many inputs gave them. */
let results = {};
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

/** Runs one input; what is wrong with how it ended, if anything. */
async function attempt(input, number) {
  progress[1] = number;
  Atomics.add(progress, 0, 1);
  let result;
  try {
    result = target.run(input);
    if (result instanceof Promise) result = await result;
    result ??= "done";
  } catch (e) {
    if (!(e instanceof Error && expected.has(e.name) && typeof e.code === "string")) return describe(e);
    result = `${e.name} ${e.code}`;
    if (e.message.length > 1 << 20)
      return { text: `a message of ${e.message.length} characters`, kind: "long message" };
  }
  results[result] = (results[result] ?? 0) + 1;
  if (rejection === undefined) return undefined;
  const late = describe(rejection);
  rejection = undefined;
  return { ...late, text: `unhandled rejection: ${late.text}` };
}

const idle = () => Atomics.add(progress, 0, 1);
/** Bytes that this thread keeps: its heap, and buffers. */
const kept = () => {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

const answers = {
  /** Inputs from `from` on, up to a number of them or a time. */
  async run({ from, to, until }) {
    results = {};
    let before;
    let number = from;
    for (; number < to && Date.now() < until; number++) {
      const failure = await attempt(inputOf(target, stock, seed, number), number);
      if (failure) return { next: number + 1, number, failure, results };
      if (number % 64 === 0) {
        await turn();
        // What is compiled and cached has been by then.
        if (number >= from + 512) before ??= kept();
      }
    }
    await turn();
    if (before !== undefined && kept() - before > keptLimit) {
      await turn();
      const more = kept() - before;
      if (more > keptLimit)
        return {
          next: number,
          number: number - 1,
          failure: { text: `${more} bytes are kept after ${number - from} inputs`, kind: "memory" },
          results,
        };
    }
    return { next: number, results };
  },
  async try({ input }) {
    const failure = await attempt(input, -1);
    await turn();
    if (failure || rejection === undefined) return { failure };
    const late = describe(rejection);
    rejection = undefined;
    return { failure: { ...late, text: `unhandled rejection: ${late.text}` } };
  },
  make: ({ number }) => ({ input: inputOf(target, stock, seed, number) }),
  /** The inputs that are run as they are, before all others. */
  seeds: () => ({ inputs: [...target.seeds, ...target.heavy] }),
};

parentPort.on("message", async (message) => {
  progress[2] = 1;
  const answer = await answers[message.ask](message);
  progress[2] = 0;
  idle();
  parentPort.postMessage(answer);
});
parentPort.postMessage({ ready: true });
