/**
 * Ends of a command that come from outside: SIGINT, SIGTERM, and a standard output that takes no more.
 *
 * Signals are caught only while something runs that has files to finish; at all other times they end the process as they do
 * any other. The first asks what runs to end, and is then no longer caught: a second one ends the process at once.
 */
import { systemReason } from "@clickos/pcap/node";

const signals = ["SIGINT", "SIGTERM"] as const;

let running: AbortController | undefined;
let taken: (signal: string) => boolean = () => false;

/** Has signals that somebody else takes, as scripts do, end nothing. */
export function leaveSignals(takes: (signal: string) => boolean): void {
  taken = takes;
}

/** Asks what runs to end; `false` when nothing does. */
function interrupt(): boolean {
  running?.abort();
  return running !== undefined;
}

/** Signals, caught from `arm` to `release`. */
export class Interruption {
  private readonly controller = new AbortController();

  /** Given at the first signal that is caught. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }
  /** From here on there are files to finish. A second time does nothing. */
  arm(): void {
    if (running === this.controller) return;
    running = this.controller;
    for (const signal of signals) process.on(signal, this.stop);
  }
  release(): void {
    for (const signal of signals) process.off(signal, this.stop);
    if (running === this.controller) running = undefined;
  }
  private readonly stop = (signal: NodeJS.Signals): void => {
    if (taken(signal)) return;
    for (const signal of signals) process.off(signal, this.stop);
    this.controller.abort();
  };
}

/** Runs something that ends early, with its files whole, when the signal is given. */
export async function interruptible<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new Interruption();
  interruption.arm();
  try {
    return await run(interruption.signal);
  } finally {
    interruption.release();
  }
}

/**
 * Has a reader of standard output that goes away (`clickos ... | head`) end the command quietly, and a disk that is full end
 * it with a message; both with its files whole.
 */
export function guardOutput(command: string): void {
  let failed = false;
  process.stdout.on("error", (e: NodeJS.ErrnoException) => {
    if (failed) return;
    failed = true;
    if (e.code !== "EPIPE") {
      process.exitCode = 1;
      process.stderr.write(`${command}: cannot write the output: ${systemReason(e)}\n`);
    }
    if (!interrupt()) process.exit();
  });
  // Nobody is left to be told.
  process.stderr.on("error", () => {});
}

/**
 * Has what is written be written at once, and the command wait for a reader that is slow, as other programs do. Node would
 * keep it for pipes, as much as there is. What a pipe is, and no terminal and no file, is a handle that can be told so.
 */
export function blockOutput(): void {
  for (const stream of [process.stdout, process.stderr])
    (stream as { _handle?: { setBlocking?(on: boolean): void } })._handle?.setBlocking?.(true);
}

/** Resolves when what was written to the standard streams is written, or has failed and was told. */
export async function outputWritten(): Promise<void> {
  // The error event comes after this call's own error.
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => void stream.write("", () => setImmediate(resolve)));
}
