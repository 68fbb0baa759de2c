/**
 * Every interleaving of the real code's atomic operations, in small cases. A thread is run again from its start for
 * each step, with the results that its operations had before; the one after them is done for real and the thread is
 * stopped there. States that were seen are not looked at twice. A copy of bytes (`set`) from or to the memory is a step
 * too.
 */
class Stop extends Error {}
const operations = ["add", "and", "or", "xor", "sub", "load", "store", "exchange", "compareExchange"] as const;

/** Words or bytes that the threads share. */
export type Shared = Int32Array | Uint8Array;

/**
 * Runs `threads` in every order of their atomic operations; `check` sees the memory at each end, and `anywhere`, if
 * given, at each state on the way: it may do what it likes to the memory. Returns how many ends and states there were.
 */
export function explore(
  memory: readonly Shared[],
  threads: readonly (() => unknown)[],
  check: (results: unknown[]) => void,
  anywhere?: (done: readonly boolean[], results: readonly unknown[]) => void,
): { ends: number; states: number } {
  const real = Object.fromEntries(operations.map((name) => [name, Atomics[name]])) as Record<string, any>;
  const realSet = Uint8Array.prototype.set;
  const shared = new Set(memory.map((m) => m.buffer));
  let log: unknown[] = [];
  let at = 0;
  let stepping = false;
  for (const name of operations)
    (Atomics as any)[name] = (...args: unknown[]) => {
      if (!stepping) return real[name](...args);
      if (at < log.length) return log[at++];
      log.push(real[name](...args));
      throw new Stop();
    };
  Uint8Array.prototype.set = function (this: Uint8Array, from: Uint8Array, offset = 0): void {
    if (!stepping || !(shared.has(this.buffer) || shared.has(from.buffer))) {
      realSet.call(this, from, offset);
      return;
    }
    if (at < log.length) {
      // What was read is read again; what was written is there already.
      if (!shared.has(this.buffer)) realSet.call(this, log[at] as number[], offset);
      at++;
      return;
    }
    log.push([...from]);
    realSet.call(this, from, offset);
    throw new Stop();
  };
  const seen = new Set<string>();
  let ends = 0;
  const visit = (logs: readonly unknown[][], done: readonly boolean[], results: readonly unknown[]): void => {
    const key = JSON.stringify([logs, done, memory.map((m) => [...m].flatMap((v, i) => (v === 0 ? [] : [i, v])))]);
    if (seen.has(key)) return;
    seen.add(key);
    const before = memory.map((m) => m.slice());
    const restore = (): void => {
      memory.forEach((m, i) => {
        m.set(before[i]!);
      });
    };
    if (done.every(Boolean)) {
      ends++;
      check([...results]);
      return;
    }
    anywhere?.(done, results);
    threads.forEach((thread, t) => {
      if (done[t]) return;
      restore();
      log = [...logs[t]!];
      at = 0;
      let finished = true;
      let result: unknown;
      stepping = true;
      try {
        result = thread();
      } catch (e) {
        if (!(e instanceof Stop)) throw e;
        finished = false;
      } finally {
        stepping = false;
      }
      visit(
        logs.map((l, i) => (i === t ? log : l)),
        done.map((d, i) => (i === t ? finished : d)),
        results.map((r, i) => (i === t && finished ? result : r)),
      );
    });
  };
  try {
    visit(
      threads.map(() => []),
      threads.map(() => false),
      threads.map(() => undefined),
    );
  } finally {
    for (const name of operations) (Atomics as any)[name] = real[name];
    Uint8Array.prototype.set = realSet;
  }
  return { ends, states: seen.size };
}
