// Our command, run for many probes by a process that stays.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { difference } from "./difference.mjs";
import { environment, inFolder, runProbe } from "./probe.mjs";

const host = fileURLToPath(new URL("./host.mjs", import.meta.url));

/** Seconds that a run may take in a process that stays, unless the probe says more. */
const longest = 10;

/** Whether a probe needs a process of its own: where others see it run, and where it is ended early. */
const standsAlone = ({ sessions, seconds = longest }) => sessions || seconds < longest;

/** Seconds after which a run is taken for one that does not end, where the native program's did not. */
const endless = 1.5;

/** A process that runs the program in `file`, the command that `command` starts. */
export class Host {
  #child;
  #file;
  #command;

  constructor(file, command) {
    this.#file = file;
    this.#command = command;
  }

  /**
   * What is different from an outcome that was recorded; nothing where it is the same. What is different here, or after a short
   * run of what does not end, is asked of a process of its own for as long as the probe says: that has the last word.
   */
  async differs(recorded, probe, alone = standsAlone(probe)) {
    let outcome;
    if (recorded.status === "timeout") outcome = await runProbe(this.#command, { ...probe, seconds: endless });
    else if (!alone)
      outcome = await inFolder(probe, (folder, args) => {
        const stdin = probe.stdin === undefined ? undefined : Buffer.from(probe.stdin).toString("base64");
        return this.#ask({ folder, args, env: environment(folder), stdin }, probe.seconds);
      });
    if (outcome && difference(recorded, outcome) === undefined) return undefined;
    return difference(recorded, await runProbe(this.#command, probe));
  }

  close() {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  /** The outcome; nothing where the process ends, or takes too long. */
  #ask(message, seconds = longest) {
    const child = (this.#child ??= fork(host, [this.#file], { stdio: ["ignore", "ignore", "ignore", "ipc"] }));
    return new Promise((resolve) => {
      const settle = (outcome) => {
        clearTimeout(timer);
        child.removeAllListeners();
        if (!outcome) this.close();
        resolve(outcome);
      };
      const timer = setTimeout(settle, seconds * 1000);
      child.once("message", settle);
      child.once("exit", () => settle(undefined));
      child.send(message);
    });
  }
}
