/** Runs a configuration in process, its devices bound to captures. */
import { type Drop, Router } from "@clickos/click-core";
import { type ElementSet, maximumLargeFrame } from "@clickos/click-core/element";
import { hostFiles, onSignal } from "@clickos/click-elements/node";
import type { CaptureReader } from "@clickos/pcap";
import { type CaptureWriter, createCapture, openCapture } from "@clickos/pcap/node";
import { runLoop } from "@clickos/run-loop";
import { CommandError } from "./failure.ts";
import { checkOutputs, elementFiles, type NamedFile } from "./output-files.ts";

export interface RunOptions {
  readonly elements: ElementSet;
  readonly file: string;
  /** Captures by device number. */
  readonly inputs: ReadonlyMap<number, string>;
  readonly outputs: ReadonlyMap<number, string>;
  readonly chatter: (text: string) => void;
  /** Handlers to read at the end. */
  readonly read: readonly string[];
  /** Ends the run; the report is up to then. */
  readonly signal?: AbortSignal;
}

export interface RunReport {
  readonly devices: readonly {
    readonly device: number;
    readonly in: number;
    readonly out: number;
    readonly input: string | undefined;
    readonly output: string | undefined;
  }[];
  readonly drops: readonly Drop[];
  readonly handlers: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

const burst = 256;

/** Ends when the captures are played and nothing is left to do, when an element asks to stop, or when interrupted. */
export async function runConfiguration(text: string, options: RunOptions): Promise<RunReport> {
  const router = await Router.compile(text, {
    elements: options.elements,
    file: options.file,
    chatter: options.chatter,
    output: (text) => void process.stdout.write(Buffer.from(text, "latin1")),
    files: hostFiles,
    onSignal,
    opening: (files) => checkFiles(files, options),
  });
  const readers = new Map<number, CaptureReader>();
  const writers = new Map<number, CaptureWriter>();
  const counts = new Map(router.deviceNumbers.map((d) => [d, { in: 0, out: 0, tooLong: 0 }]));
  let time = 0n;
  try {
    for (const [device, path] of [...options.inputs, ...options.outputs])
      if (!counts.has(device))
        throw new CommandError(
          `${path}: ${options.file} uses no device ${device}; it uses ${router.deviceNumbers.join(", ") || "none"}`,
        );
    for (const [device, path] of options.inputs) readers.set(device, openCapture(path));
    for (const [device, path] of options.outputs) writers.set(device, createCapture(path));
    const held = new Map<number, Uint8Array[]>();
    const feed = (): boolean => {
      let more = false;
      for (const [device, reader] of readers) {
        const frames = held.get(device) ?? [];
        const count = counts.get(device) as { in: number; tooLong: number };
        while (frames.length < burst) {
          const frame = reader.next();
          if (!frame) break;
          time = frame.timestampNs > time ? frame.timestampNs : time;
          if (frame.data.length > maximumLargeFrame) count.tooLong++;
          else frames.push(frame.data.slice());
        }
        const taken = router.device(device).send(frames);
        count.in += taken;
        held.set(device, frames.slice(taken));
        if (taken > 0 || frames.length > taken) more = true;
      }
      return more;
    };
    const drain = (): boolean => {
      let some = false;
      for (const [device, count] of counts) {
        for (const frame of router.device(device).receive()) {
          writers.get(device)?.write(frame, time);
          count.out++;
          some = true;
        }
      }
      return some;
    };
    await runLoop(
      [
        {
          turn() {
            const more = feed();
            const result = router.run(256);
            const sent = drain();
            if (result === "stopped") return "stopped";
            if (more || sent || result === "more" || (result === "polling" && readers.size === 0)) return "more";
            const ended = [...readers.values()].every((reader) => reader.ended);
            // With captures the run ends with them; without, timers may bring more.
            const last = readers.size > 0 || router.nextTimer === undefined;
            return ended && last && !router.waiting ? "stopped" : "idle";
          },
          get wakesIn() {
            return router.wakesIn;
          },
          onWake(listener) {
            const ends = [router.onWake(listener), ...[...readers.values()].map((r) => r.onReady(listener))];
            return () => {
              for (const end of ends) end();
            };
          },
        },
      ],
      { signal: options.signal },
    );
    drain();
    router.flush();
    const problems = [...readers.values()].flatMap((r) => r.problem ?? []).concat(router.problems);
    const handlers = Object.fromEntries(options.read.map((path) => [path, router.read(path)]));
    const tooLong = [...counts].flatMap(([device, c]) =>
      c.tooLong > 0 ? [{ element: `device ${device}`, reason: "longer than a packet buffer", count: c.tooLong }] : [],
    );
    const drops = [...router.drops(), ...tooLong];
    const failure = closeAll(readers, writers, router);
    if (failure) throw failure;
    return {
      devices: [...counts].map(([device, c]) => ({
        device,
        in: c.in,
        out: c.out,
        input: options.inputs.get(device),
        output: options.outputs.get(device),
      })),
      drops,
      handlers,
      problems,
    };
  } catch (e) {
    // What stopped the run is what is told; what closing meets after that is not.
    closeAll(readers, writers, router);
    throw e;
  }
}

/** What the run reads is not written to, and nothing is written to twice. @throws {CommandError} */
function checkFiles(
  files: readonly { readonly element: string; readonly reads?: string; readonly writes?: string }[],
  options: Pick<RunOptions, "file" | "inputs" | "outputs">,
): void {
  const named = (list: ReadonlyMap<number, string>, what: string): NamedFile[] =>
    [...list].map(([device, path]) => ({ path, what: `${what} of device ${device}` }));
  const { reads, writes } = elementFiles(files);
  checkOutputs(
    [{ path: options.file, what: "the configuration" }, ...named(options.inputs, "the input"), ...reads],
    [...named(options.outputs, "the output"), ...writes],
  );
}

/** Closes everything; the first failure, if any. */
function closeAll(
  readers: ReadonlyMap<number, CaptureReader>,
  writers: ReadonlyMap<number, CaptureWriter>,
  router: Router,
): unknown {
  let failure: unknown;
  for (const close of [
    ...[...readers.values(), ...writers.values()].map((file) => () => file.close()),
    () => router.close(),
  ]) {
    try {
      close();
    } catch (e) {
      failure ??= e;
    }
  }
  return failure;
}
