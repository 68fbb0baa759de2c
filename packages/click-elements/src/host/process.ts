/**
 * The process and its signals, as scripts use them.
 *
 * A signal that scripts wait for is theirs: what the program does at it otherwise, it does not do then. It ends the process, as
 * it would have, where none of the scripts that it ran has handled it.
 */
import { constants } from "node:os";
import type { HostProcess } from "@clickos/click-core/element";
import { systemReason } from "@clickos/pcap/node";

/** Why a signal cannot be sent, in C's words. */
const reasons: Readonly<Record<string, string>> = { ESRCH: "No such process", EPERM: "Operation not permitted" };

/** By signal: what waits for it. */
const waiting = new Map<NodeJS.Signals, Set<() => boolean>>();
/** Signals that are being given to scripts. */
const given = new Set<string>();

/** Whether scripts take a signal; for whoever else listens to it. */
export function takenByScripts(signal: string): boolean {
  return given.has(signal) || waiting.has(signal as NodeJS.Signals);
}

/** A name such as `USR1`, or a number; 0, which is no signal, has no name. */
function signalName(word: string): NodeJS.Signals | undefined {
  const { signals } = constants;
  if (Object.hasOwn(signals, `SIG${word}`)) return `SIG${word}` as NodeJS.Signals;
  return (Object.keys(signals) as NodeJS.Signals[]).find((name) => signals[name] === Number(word));
}

function dispatch(signal: NodeJS.Signals): void {
  const called = waiting.get(signal) ?? new Set();
  waiting.delete(signal);
  given.add(signal);
  // All who listen to the signal are called before that.
  queueMicrotask(() => given.delete(signal));
  let handled = false;
  for (const run of called) handled = run() || handled;
  if (!waiting.has(signal)) process.off(signal, dispatch);
  if (!handled) process.kill(process.pid, signal);
}

export const hostProcess: HostProcess = {
  id: process.pid,
  onSignal(word, run) {
    const signal = signalName(word);
    if (signal === undefined) return () => {};
    let runs = waiting.get(signal);
    if (!runs) {
      runs = new Set();
      waiting.set(signal, runs);
      if (!process.listeners(signal).includes(dispatch)) process.prependListener(signal, dispatch);
    }
    runs.add(run);
    return () => {
      if (!runs.delete(run) || runs.size > 0 || waiting.get(signal) !== runs) return;
      waiting.delete(signal);
      process.off(signal, dispatch);
    };
  },
  kill(id, word) {
    const number = constants.signals[signalName(word) ?? ("" as NodeJS.Signals)] ?? Number(word);
    try {
      process.kill(id, number);
    } catch (e) {
      const { code = "", message } = e as NodeJS.ErrnoException;
      throw new Error(`kill(${id}, ${number}): ${reasons[code] ?? message}`, { cause: e });
    }
  },
  dropPrivileges() {
    const { getgid, getuid, setgid, setuid } = process;
    // A worker thread has not the last two, and a system without users none.
    if (!getgid || !getuid) return;
    if (!setgid || !setuid) throw new Error("a worker thread cannot");
    try {
      setgid(getgid());
      setuid(getuid());
    } catch (e) {
      throw new Error(systemReason(e), { cause: e });
    }
  },
};
