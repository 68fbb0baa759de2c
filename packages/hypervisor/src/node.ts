/**
 * The hypervisor with pCPUs on threads of their own (`worker_threads`).
 *
 * @packageDocumentation
 */
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { SharedClock } from "@clickos/run-loop";
import { createHypervisor as create } from "./create-hypervisor.ts";
import type { Hypervisor, HypervisorOptions } from "./hypervisor.ts";
import type { FromPcpu, PcpuThreads } from "./thread.ts";

export interface ThreadedOptions extends Omit<HypervisorOptions, "threads"> {
  /** In place of `clock`, a simulated time that threads see too. */
  readonly sharedClock?: SharedClock;
  /** Threads beside the caller's. */
  readonly pcpus: number;
  /** The built `pcpu-worker.js`; for programs that are bundled without it. */
  readonly worker?: URL;
  /**
   * JavaScript heap of a thread, MiB; what a kernel in TypeScript may use before its thread is ended. 256 by default. It
   * contains mistakes: such a kernel is trusted code, with the rights of the process.
   */
  readonly heapMiB?: number;
  /** How long a thread without work looks for some before it sleeps: more answers faster, less uses less. 100 by default. */
  readonly spinUs?: number;
}

/** Messages of a thread that domain 0 hears in one turn. */
const messagesPerTurn = 32;

/** A hypervisor that runs domains on threads; `pcpus: 0` runs all on the caller's. */
export function createHypervisor(options: ThreadedOptions): Hypervisor {
  // One clock for all threads: the system's monotonic one.
  const startedAt = process.hrtime.bigint();
  const clock = options.sharedClock?.now ?? options.clock ?? ((): bigint => process.hrtime.bigint() - startedAt);
  const simulated = options.simulated ?? (options.clock !== undefined || options.sharedClock !== undefined);
  return create({ ...options, clock, simulated, threads: nodeThreads(options, startedAt) });
}

/** Threads for `HypervisorOptions.threads`; `startedAt` is where their clock, `process.hrtime`, is at 0. */
export function nodeThreads(options: ThreadedOptions, startedAt: bigint): PcpuThreads {
  const file = options.worker ?? new URL("./pcpu-worker.js", import.meta.url);
  return {
    count: options.pcpus,
    spawn(index, machine, on) {
      const { port1, port2 } = new MessageChannel();
      const worker = new Worker(file, {
        workerData: {
          index,
          machine,
          startedAt,
          port: port2,
          spinUs: options.spinUs,
          time: options.sharedClock?.memory,
        },
        transferList: [port2],
        resourceLimits: { maxOldGenerationSizeMb: options.heapMiB ?? 256 },
        name: `pcpu${index}`,
      });
      let why = "";
      /** What the event loop has brought, and was not heard yet. */
      const brought: FromPcpu[] = [];
      const take = (most: number): void => {
        for (let left = most; left > 0; left--) {
          const message = brought.shift() ?? (receiveMessageOnPort(port1)?.message as FromPcpu | undefined);
          if (!message) return;
          on.message(message);
        }
      };
      /** The event loop hands over as many as there are; they are heard a limited number a turn here too. */
      const hear = (): void => {
        take(messagesPerTurn);
        if (brought.length > 0) setImmediate(hear);
      };
      port1.on("message", (m: FromPcpu) => {
        if (brought.push(m) === 1) setImmediate(hear);
      });
      port1.unref();
      worker.on("error", (e: Error & { code?: string }) => {
        why = `${e.code ? `${e.code}: ` : ""}${e.message}`;
      });
      worker.on("exit", (code) => {
        take(Number.POSITIVE_INFINITY);
        on.exit(why || `the thread was ended from outside (exit code ${code})`);
        port1.close();
      });
      worker.unref();
      return {
        post: (message) => port1.postMessage(message),
        poll: (all = false) => take(all ? Number.POSITIVE_INFINITY : messagesPerTurn),
        async terminate() {
          await worker.terminate();
        },
      };
    },
  };
}
