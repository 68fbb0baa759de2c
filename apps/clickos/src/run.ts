/** Runs a configuration in process, its devices bound to captures. */
import { type Drop, Router, SimulatedClock } from "@clickos/click-core";
import { type CheckedConfiguration, checkConfiguration } from "@clickos/click-core/compile";
import type { ElementSet } from "@clickos/click-core/element";
import { hostFiles, hostProcess, takenByScripts } from "@clickos/click-elements/node";
import { openAttachment } from "@clickos/netdev";
import { createCapture, openCapture } from "@clickos/pcap/node";
import { CapturedInput } from "./captured-input.ts";
import { CommandError } from "./failure.ts";
import { LiveDevice } from "./live-device.ts";
import { checkOutputs, elementFiles, type NamedFile } from "./output-files.ts";
import { type Pace, type PlayedDevice, play } from "./playing.ts";
import { earliest } from "./rest.ts";
import { leaveSignals } from "./shutdown.ts";

export interface RunOptions {
  readonly elements: ElementSet;
  readonly file: string;
  /** Captures by device: its number, or its name in the configuration. */
  readonly inputs: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
  /** Texts of attachments, by device: `tap:click0`. */
  readonly attachments?: ReadonlyMap<string, string>;
  /** How time goes by: simulated where there are captures, else the world's, unless it is said. */
  readonly pace?: Pace | undefined;
  /** How long the run lasts at most, in nanoseconds of the router's time. */
  readonly lasts?: bigint | undefined;
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
    /** What it is joined to. */
    readonly attachment?: string | undefined;
  }[];
  readonly drops: readonly Drop[];
  /** Packets that were still in elements at the end. */
  readonly queued: readonly { readonly element: string; readonly packets: number }[];
  readonly handlers: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

/**
 * Ends when the captures are played and nothing more can happen, when an element asks to stop, when the time is up, or when
 * interrupted.
 */
export async function runConfiguration(text: string, options: RunOptions): Promise<RunReport> {
  const { signal } = options;
  leaveSignals(takenByScripts);
  const configuration = checkConfiguration({ file: options.file, text }, options.elements);
  const [inputs, outputs, attachments] = [options.inputs, options.outputs, options.attachments ?? new Map()].map(
    (list) => byNumber(list, configuration, options.file),
  ) as [Map<number, string>, Map<number, string>, Map<number, string>];
  checkAttachments(attachments, inputs, outputs, options.pace);
  const opened: { close(): void }[] = [];
  try {
    const captured = new Map<number, CapturedInput>();
    for (const [device, path] of inputs) {
      const reader = openCapture(path);
      opened.push(reader);
      captured.set(device, new CapturedInput(reader));
    }
    // Time begins with the first frame, which a pipe may not have yet.
    for (const input of captured.values()) await input.arrived(signal);
    const start = earliest([...captured.values()].map(({ frame }) => frame?.timestampNs));
    const pace: Pace =
      options.pace ??
      (captured.size > 0 && attachments.size === 0 ? { kind: "simulated" } : { kind: "real", speed: 1 });
    const clock = pace.kind === "real" ? undefined : new SimulatedClock(start);
    const now = clock?.now ?? worldClock(start, pace.kind === "real" ? pace.speed : 1);
    const router = await Router.compile(text, {
      elements: options.elements,
      file: options.file,
      chatter: options.chatter,
      output: (text) => void process.stdout.write(Buffer.from(text, "latin1")),
      files: hostFiles,
      process: hostProcess,
      ...(now ? { clock: now } : {}),
      opening: (files) => checkFiles(files, options),
    });
    opened.push(router);
    for (const path of options.read) if (router.describe(path).access === "w") router.read(path);
    const devices: PlayedDevice[] = router.deviceNumbers.map((number) => {
      const path = outputs.get(number);
      const writer = path === undefined ? undefined : createCapture(path, { nanoseconds: true });
      if (writer) opened.push(writer);
      return { number, input: captured.get(number), writer, in: 0, out: 0 };
    });
    const live: LiveDevice[] = [];
    for (const [number, text] of attachments) {
      const device = new LiveDevice(router, number, await openAttachment(text));
      opened.push(device);
      live.push(device);
    }
    const until = options.lasts === undefined ? undefined : router.now() + options.lasts;
    await play(router, { devices, live, pace, clock, until, signal });
    router.flush();
    const problems = [...captured.values()].flatMap(({ reader }) => reader.problem ?? []).concat(router.problems);
    const handlers = Object.fromEntries(options.read.map((path) => [path, router.read(path)]));
    const tooLong = devices.flatMap(({ number, input }) =>
      input && input.tooLong > 0
        ? [{ element: `device ${number}`, reason: "longer than a packet buffer", count: input.tooLong }]
        : [],
    );
    const report: RunReport = {
      devices: devices.map((d) => {
        const joined = live.find(({ number }) => number === d.number);
        return {
          device: d.number,
          in: joined?.in ?? d.in,
          out: joined?.out ?? d.out,
          input: inputs.get(d.number),
          output: outputs.get(d.number),
          ...(joined ? { attachment: attachments.get(d.number) } : {}),
        };
      }),
      drops: [...router.drops(), ...tooLong, ...live.flatMap(dropsOf)],
      queued: queuedIn(router),
      handlers,
      problems,
    };
    const failure = closeAll(opened);
    if (failure) throw failure;
    return report;
  } catch (e) {
    // What stopped the run is what is told; what closing meets after that is not.
    closeAll(opened);
    throw e;
  }
}

/** A device is joined to captures or to an attachment, and what comes from that keeps the world's time. @throws {CommandError} */
function checkAttachments(
  attachments: ReadonlyMap<number, string>,
  inputs: ReadonlyMap<number, string>,
  outputs: ReadonlyMap<number, string>,
  pace: Pace | undefined,
): void {
  for (const [number, text] of attachments)
    if (inputs.has(number) || outputs.has(number))
      throw new CommandError(`${text}: device ${number} has a capture too; it is joined to one or the other`);
  if (attachments.size > 0 && pace && (pace.kind !== "real" || pace.speed !== 1))
    throw new CommandError("what comes from an attachment keeps the world's time: no --fast and no --speed");
}

function dropsOf({ number, drops }: LiveDevice): Drop[] {
  return Object.entries(drops).map(([reason, count]) => ({ element: `device ${number}`, reason, count }));
}

/** The world's time, so many times as fast, from `start` on or from now. */
function worldClock(start: bigint | undefined, speed: number): (() => bigint) | undefined {
  if (start === undefined && speed === 1) return undefined;
  const from = start ?? BigInt(Date.now()) * 1_000_000n;
  const begun = performance.now();
  return () => from + BigInt(Math.round((performance.now() - begun) * 1e6 * speed));
}

/** Devices by number, where they may be given by their names in the configuration. @throws {CommandError} */
function byNumber(
  list: ReadonlyMap<string, string>,
  { checked }: CheckedConfiguration,
  file: string,
): Map<number, string> {
  const devices = checked.elements.flatMap((e) => {
    const number = e.class.device?.({ config: e.config as never, plan: e.plan as never });
    return number === undefined ? [] : [{ number, name: String((e.config as { DEVNAME?: string }).DEVNAME ?? number) }];
  });
  devices.sort((a, b) => a.number - b.number);
  const result = new Map<number, string>();
  for (const [given, path] of list) {
    const found = devices.find(({ number, name }) => name === given || String(number) === given);
    if (!found) {
      const known = [...new Set(devices.map(({ name }) => name))].join(", ");
      throw new CommandError(`${path}: ${file} uses no device ${given}; it uses ${known || "none"}`);
    }
    if (result.has(found.number)) throw new CommandError(`${path}: device ${given} is given twice`);
    result.set(found.number, path);
  }
  return result;
}

/** Elements that say how many packets they hold. */
function queuedIn(router: Router): RunReport["queued"] {
  return router.elements().flatMap((element) => {
    const path = `${element}.length`;
    if (!router.list(path).includes(path) || router.describe(path).access === "w") return [];
    if (router.describe(path).unit !== "packets") return [];
    const packets = Number(router.read(path));
    return packets > 0 ? [{ element, packets }] : [];
  });
}

/** What the run reads is not written to, and nothing is written to twice. @throws {CommandError} */
function checkFiles(
  files: readonly { readonly element: string; readonly reads?: string; readonly writes?: string }[],
  options: Pick<RunOptions, "file" | "inputs" | "outputs">,
): void {
  const named = (list: ReadonlyMap<string, string>, what: string): NamedFile[] =>
    [...list].map(([device, path]) => ({ path, what: `${what} of device ${device}` }));
  const { reads, writes } = elementFiles(files);
  checkOutputs(
    [{ path: options.file, what: "the configuration" }, ...named(options.inputs, "the input"), ...reads],
    [...named(options.outputs, "the output"), ...writes],
  );
}

/** Closes everything; the first failure, if any. */
function closeAll(opened: readonly { close(): void }[]): unknown {
  let failure: unknown;
  for (const each of opened) {
    try {
      each.close();
    } catch (e) {
      failure ??= e;
    }
  }
  return failure;
}
