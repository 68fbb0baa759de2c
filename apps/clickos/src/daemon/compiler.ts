/**
 * Configurations are compiled on a thread of their own, so that a large one keeps nobody waiting but those who want it. The thread
 * is started when it is needed; while it starts, small configurations are compiled here.
 */
import { Worker } from "node:worker_threads";
import type { ElementSet } from "@clickos/click-core";
import { type Image, ImageError, type LinkOptions } from "@clickos/click-image";
import { ConfigurationError, type Diagnostic, type Source } from "@clickos/click-language";
import { type LinkRouter, linkHere } from "@clickos/xl-fast";
import { DaemonError } from "./daemon-error.ts";

/** Configurations of fewer characters are compiled here while there is no thread: that takes some milliseconds. */
const smallText = 4096;
/** A thread that has not answered for so long is ended. */
const patienceMs = 60_000;
/** JavaScript heap of the thread. */
const heapMiB = 1024;

export interface CompileRequest {
  readonly id: number;
  readonly source: Source;
  readonly options: Omit<LinkOptions, "elements">;
}
/** `id` is 0 when the thread is ready. */
export type CompileAnswer = { readonly id: number } & (
  | { readonly image?: Image }
  | { readonly diagnostics: readonly Diagnostic[] }
  | { readonly error: { readonly name: string; readonly code?: unknown; readonly message: string } }
);

export interface Compiler {
  readonly link: LinkRouter;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (image: Image) => void;
  readonly reject: (error: Error) => void;
}

/** `file` is the thread's program, which has the same classes. */
export function threadCompiler(elements: ElementSet, file: URL): Compiler {
  const here = linkHere(elements);
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let isReady = false;
  let lastId = 0;
  let watch: ReturnType<typeof setTimeout> | undefined;

  const ended = (thread: Worker, why: string): void => {
    if (worker !== thread) return;
    worker = undefined;
    isReady = false;
    clearTimeout(watch);
    for (const { reject } of waiting.values())
      reject(new DaemonError("COMPILER", `the configuration was not compiled: ${why}`));
    waiting.clear();
  };
  const look = (thread: Worker): void => {
    clearTimeout(watch);
    if (waiting.size === 0) return;
    watch = setTimeout(() => {
      ended(thread, `it takes more than ${patienceMs / 1000} s`);
      void thread.terminate();
    }, patienceMs);
  };
  const start = (): Worker => {
    const thread = new Worker(file, { name: "compiler", resourceLimits: { maxOldGenerationSizeMb: heapMiB } });
    thread.unref();
    thread.on("message", (answer: CompileAnswer) => {
      if (answer.id === 0) {
        isReady = true;
        return;
      }
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      look(thread);
      if (!asked) return;
      if ("diagnostics" in answer) asked.reject(new ConfigurationError(answer.diagnostics));
      else if ("error" in answer) asked.reject(errorOf(answer.error));
      else asked.resolve(answer.image as Image);
    });
    thread.on("error", (e) => ended(thread, e.message));
    thread.on("exit", () => ended(thread, "its thread has ended"));
    worker = thread;
    return thread;
  };
  return {
    link(source, options) {
      const thread = worker ?? start();
      if (!isReady && source.text.length < smallText) return here(source, options);
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        thread.postMessage({ id, source, options } satisfies CompileRequest);
        look(thread);
      });
    },
    async close() {
      const thread = worker;
      if (!thread) return;
      ended(thread, "the daemon ends");
      await thread.terminate();
    },
  };
}

function errorOf({
  name,
  code,
  message,
}: {
  readonly name: string;
  readonly code?: unknown;
  readonly message: string;
}): Error {
  return name === "ImageError"
    ? new ImageError(code as ImageError["code"], message)
    : new DaemonError("COMPILER", `the configuration was not compiled: ${message}`);
}
