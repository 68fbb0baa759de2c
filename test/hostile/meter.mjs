/**
 * How long each turn holds domain 0: nothing else of it goes on meanwhile, so that no guest may make one long.
 *
 * What is measured is the time that the thread computes (Linux, `schedstat`, exact to a tick; elsewhere the clock), less
 * what guests in TypeScript took for themselves, whose programs run on domain 0's thread and are trusted not to hold it.
 * So the machine's other work does not count. The bound is for a machine on which the calibrated loop takes
 * `referenceMs`; on a slower one it is longer by as much. A turn is over it when it was longer than the bound times what
 * the loop, run again right after it, takes longer than at its best: a machine that is slow for the moment is slow for
 * both. Chance is left, so that one such turn fails nothing, but three of one kind beside the same attack do, and so
 * does one of five times the bound. A turn that waits, computing or not, may do so for `stallMs`.
 */
import { openSync, readSync } from "node:fs";

/** Milliseconds that a turn may hold domain 0. */
const boundMs = 50;
/** What the loop takes on the machine that the bound was set on: two cores at 2.5 GHz. */
const referenceMs = 2;
const occasions = 3;
const severe = 5;
/** For locks that nobody gives back: a collector's threads that get no core are waited for, too. */
const stallMs = 2000;

const table = new Int32Array(1 << 14);

/** A fixed piece of work: its milliseconds. */
function calibratedLoop() {
  const started = performance.now();
  let x = 1;
  for (let i = 0; i < 600_000; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    table[x & (table.length - 1)] += x;
  }
  return performance.now() - started;
}

/** Reads milliseconds that this thread has computed, and has waited for a core; where nobody says, the clock and 0. */
function threadClock() {
  let file;
  try {
    file = openSync(`/proc/self/task/${process.pid}/schedstat`, "r");
  } catch {
    return () => [performance.now(), 0];
  }
  const bytes = Buffer.alloc(80);
  return () => {
    const [computed, waited] = bytes.latin1Slice(0, readSync(file, bytes, 0, 80, 0)).split(" ");
    return [Number(computed) / 1e6, Number(waited) / 1e6];
  };
}

export function createMeter() {
  const clock = threadClock();
  let best = Number.POSITIVE_INFINITY;
  let measured = 0;
  const calibrate = () => {
    const ms = calibratedLoop();
    best = Math.min(best, ms);
    measured = performance.now();
    return ms;
  };
  for (let i = 0; i < 20; i++) calibrate();
  /** By kind of turn: how many, and the longest. */
  const kinds = new Map();
  /** By attack: the longest turn beside it. */
  const attacks = new Map();
  const over = [];
  /** What was not domain 0's so far: milliseconds by the clock, and computed. */
  const apart = { ms: 0, computed: 0 };
  let stalled = 0;
  const bound = () => boundMs * Math.max(1, best / referenceMs);

  const begin = () => {
    const [computed, waited] = clock();
    return { started: performance.now() - apart.ms, computed: computed - apart.computed, waited };
  };
  /** Milliseconds by the clock, and how many of them were computed, and spent waiting for a core. */
  const since = (before) => {
    const ms = performance.now() - apart.ms - before.started;
    if (ms < 5) return { ms, computed: ms, waited: 0 };
    const [computed, waited] = clock();
    return { ms, computed: computed - apart.computed - before.computed, waited: waited - before.waited };
  };
  const note = (kind, before) => {
    const { ms, computed, waited } = since(before);
    stalled = Math.max(stalled, ms - waited);
    const held = Math.max(0, Math.min(ms, computed));
    let k = kinds.get(kind);
    if (!k) {
      k = { turns: 0, longestMs: 0 };
      kinds.set(kind, k);
    }
    k.turns++;
    k.longestMs = Math.max(k.longestMs, held);
    for (const attack of meter.active)
      if (held > (attacks.get(attack)?.ms ?? 0)) attacks.set(attack, { ms: held, kind });
    if (held <= bound()) return;
    const stretch = Math.max(1, calibrate() / best);
    if (held > bound() * stretch) over.push({ kind, ms: held, attacks: [...meter.active] });
  };
  const meter = {
    /** Names of the attacks that go on. */
    active: new Set(),
    /** Runs a turn of domain 0. */
    time(kind, body) {
      const before = begin();
      try {
        return body();
      } finally {
        note(kind, before);
      }
    },
    /** Runs what happens in a turn of domain 0 and is not its own: the program of a guest on its thread. */
    apart(body) {
      const before = begin();
      try {
        return body();
      } finally {
        const { ms, computed } = since(before);
        apart.ms += ms;
        apart.computed += computed;
      }
    },
    /** Lets the event loop go round once: what it does meanwhile is a turn, too. */
    async pause(kind) {
      if (performance.now() - measured > 1000) calibrate();
      const before = begin();
      await new Promise((resolve) => setImmediate(resolve));
      note(kind, before);
    },
    report() {
      /** Kinds of turns that were over the bound too often beside the same attack, and single ones far over it. */
      const wrong = new Set();
      const counts = new Map();
      if (stalled > stallMs) wrong.add(`a turn of domain 0 waited for ${Math.round(stalled)} ms`);
      for (const { kind, ms, attacks: beside } of over) {
        if (ms > severe * bound())
          wrong.add(`'${kind}' held domain 0 for ${Math.round(ms)} ms beside ${beside.join(", ")}`);
        for (const attack of beside.length > 0 ? beside : ["nothing"]) {
          const at = `${kind}' beside '${attack}`;
          counts.set(at, (counts.get(at) ?? 0) + 1);
        }
      }
      for (const [at, count] of counts)
        if (count >= occasions)
          wrong.add(`'${at}' held domain 0 for more than ${bound().toFixed(0)} ms ${count} times`);
      return {
        boundMs: bound(),
        calibratedMs: best,
        kinds: Object.fromEntries(kinds),
        attacks: Object.fromEntries(attacks),
        over: over.length,
        wrong: [...wrong],
      };
    },
  };
  return meter;
}
