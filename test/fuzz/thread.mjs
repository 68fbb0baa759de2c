/** A worker that runs inputs, watched: an answer, or what became of the input that it was at. */
import { Worker } from "node:worker_threads";
import { heapLimitMiB, processorMs, waitLimitMs } from "./watch.mjs";

/** How often a worker is looked at. */
const lookMs = 50;

export class TargetThread {
  /** @param options `seed`, `limitMs`: processor time that an input may take, `residentLimit`: bytes that it may. */
  constructor(options) {
    this.options = options;
    this.words = new Int32Array(new SharedArrayBuffer(8));
  }

  async start() {
    this.resident = process.memoryUsage.rss();
    this.worker = new Worker(new URL("./worker.mjs", import.meta.url), {
      workerData: { seed: this.options.seed, words: this.words.buffer },
      resourceLimits: { maxOldGenerationSizeMb: heapLimitMiB },
    });
    await new Promise((resolve, reject) => {
      this.worker.once("message", resolve);
      this.worker.once("error", reject);
    });
  }

  async end() {
    await this.worker?.terminate();
    this.worker = undefined;
  }

  /** Asks, and waits. Where the input does not end, or ends the thread: `{ number, failure }`; the thread is gone then. */
  async ask(message) {
    if (!this.worker) await this.start();
    const { worker, words } = this;
    const { limitMs, residentLimit } = this.options;
    words[1] = -1;
    return new Promise((resolve) => {
      let seen = -1;
      let since = processorMs();
      let began = performance.now();
      const leave = () => {
        clearInterval(timer);
        worker.off("message", finish);
        worker.off("error", died);
      };
      const finish = (answer) => {
        leave();
        resolve(answer);
      };
      const fail = async (text, kind) => {
        leave();
        const number = words[1];
        worker.on("error", () => {});
        await this.end();
        resolve({ number, next: number + 1, failure: { text, kind }, results: {} });
      };
      const died = (e) => void fail(`ends the thread: ${e?.message ?? e}`, `end ${e?.code ?? e?.message}`);
      const timer = setInterval(() => {
        const now = Atomics.load(words, 0);
        if (now !== seen) {
          seen = now;
          since = processorMs();
          began = performance.now();
        } else if (processorMs() - since > limitMs)
          void fail(`does not end: ${Math.round(processorMs() - since)} ms of processor time`, "hang");
        else if (performance.now() - began > waitLimitMs) void fail("waits for something that does not come", "hang");
        const grown = process.memoryUsage.rss() - this.resident;
        if (grown > residentLimit) void fail(`takes ${Math.round(grown / (1 << 20))} MiB`, "memory");
      }, lookMs);
      worker.on("message", finish);
      worker.on("error", died);
      worker.postMessage(message);
    });
  }
}
