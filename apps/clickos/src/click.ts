/** The `click` command: runs a configuration as Click's user-level driver does. */
import { readFileSync, writeFileSync } from "node:fs";
import { clickVersion, drive, type ElementSet, Router } from "@clickos/click-core";
import {
  ArchiveError,
  archiveMember,
  flushStandardOutput,
  hostFiles,
  hostProcess,
  hostTerminal,
  elements as library,
  takenByScripts,
  writeStandardOutput,
} from "@clickos/click-elements/node";
import { ConfigurationError, type DiagnosticsFormat, formatDiagnostics } from "@clickos/click-language";
import { systemReason } from "@clickos/pcap/node";
import { exitStatus, printHandlers } from "./click-handlers.ts";
import { type ClickOptions, clickUsage, readClickOptions, shortUsage, UsageError } from "./click-options.ts";
import { CommandError, failureText } from "./failure.ts";
import { readInput } from "./files.ts";
import { librariesOf } from "./libraries.ts";
import type { LiveDevice } from "./live-device.ts";
import { machineNames } from "./machine-names.ts";
import { checkOutputs, elementFiles, type NamedFile } from "./output-files.ts";
import { asCharacters, printable } from "./printable.ts";
import { Interruption, leaveSignals } from "./shutdown.ts";

const version = `click (Click) ${clickVersion}
The language, elements and handlers of Click ${clickVersion}, by ClickOS in TypeScript.
`;

/** Elements that the command adds have this name, and after the first a number. */
const controlSocketName = "click_driver@@ControlSocket";

/** Runs the command; the result is its exit status. */
export async function click(argv: readonly string[]): Promise<number> {
  let options: ClickOptions;
  try {
    const read = readClickOptions(argv);
    if (typeof read === "string") {
      writeStandardOutput(read === "help" ? clickUsage : version);
      return 0;
    }
    options = read;
  } catch (e) {
    if (!(e instanceof UsageError)) throw e;
    complain(e.message);
    writeError(shortUsage);
    return 1;
  }
  for (const remark of options.remarks) complain(remark);

  let text: string;
  let file: string;
  let elements: ElementSet;
  try {
    [file, text] = readSource(options);
    elements = library;
    if (options.elements.length > 0) {
      const { withUserElements } = await import("./user-elements.ts");
      elements = (await withUserElements(library, options.elements)).elements;
    }
  } catch (e) {
    complain((e as Error).message);
    return 1;
  }

  const messages = messageFormat(options.plainErrors);
  leaveSignals(takenByScripts);
  const interruption = new Interruption();
  let router: Router;
  try {
    router = await Router.compile(text, {
      elements,
      file,
      chatter: (line) => writeError(line),
      output: (text) => writeStandardOutput(text),
      files: hostFiles,
      process: hostProcess,
      terminal: hostTerminal(),
      devices: deviceNumbers(options.devices),
      opening: (files) => {
        const { reads, writes } = elementFiles(files);
        const configuration: NamedFile[] =
          "file" in options.source && options.source.file !== "-" ? [{ path: file, what: "the configuration" }] : [];
        const output: NamedFile[] =
          options.output !== undefined && options.output !== "-"
            ? [{ path: options.output, what: "the flat configuration" }]
            : [];
        checkOutputs([...configuration, ...reads], [...output, ...writes]);
        // Their first bytes are written before the router runs.
        if (writes.length > 0) interruption.arm();
      },
      variables: options.variables,
      reconfigurable: options.reconfigurable,
      added: (replaces) =>
        options.controlSockets.map((configText, i) => ({
          name: i === 0 ? controlSocketName : `${controlSocketName}@${i}`,
          className: "ControlSocket",
          // The one before holds the port until this one takes it over.
          configText: replaces ? `${configText}, RETRIES 1, RETRY_WARNINGS false` : configText,
          by: "click",
        })),
      library: librariesOf(options.path ?? ""),
      machine: machineNames,
      ...(options.simulated === undefined ? {} : { simulation: options.simulated }),
      warn(warnings) {
        const said = formatDiagnostics(warnings, messages);
        if (said !== "") complain(said);
      },
    });
  } catch (e) {
    interruption.release();
    if (e instanceof ConfigurationError) {
      const said = e.report(messages);
      if (said !== "") complain(said);
    } else {
      const text = failureText(e, "click");
      if (text === undefined) throw e;
      complain(text);
    }
    return 1;
  }

  let status = 0;
  const live: LiveDevice[] = [];
  try {
    if (options.output !== undefined && !writeOutput(options.output, router.read("flatconfig"))) status = 1;
    for (const [name, text] of options.devices) live.push(await joinDevice(router, name, text));
    await runDriver(router, file, interruption, options, live);
    router.flush();
    for (const problem of router.problems) {
      complain(problem);
      status = 1;
    }
    const sink = { print: writeStandardOutput, complain };
    if (!printHandlers(router, options.handlers, sink)) status = 1;
    if (options.exitHandler !== undefined) status = exitStatus(router, options.exitHandler, sink) & 255;
  } catch (e) {
    const text = failureText(e, "click") ?? (e instanceof Error && "code" in e ? `click: ${e.message}` : undefined);
    if (text === undefined) throw e;
    complain(text);
    status = 1;
  } finally {
    interruption.release();
    for (const device of live) device.close();
    router.close();
  }
  return status;
}

/** Programs get Click's messages alone. A person at a terminal is shown where they are about, and what would help. */
function messageFormat(plain: boolean): DiagnosticsFormat {
  if (!process.stderr.isTTY) return { plain: true };
  return { plain, curly: /UTF-?8|utf8/.test(process.env.LANG ?? "") };
}

/** Standard error comes after what was written to standard output before it. */
function writeError(text: string): void {
  flushStandardOutput();
  process.stderr.write(Buffer.from(text, "latin1"));
}

function complain(message: string): void {
  flushStandardOutput();
  process.stderr.write(`${printable(asCharacters(message))}\n`);
}

function readSource({ source }: ClickOptions): [file: string, text: string] {
  if ("text" in source) return ["config", source.text];
  const fromInput = source.file === "-" || source.file === "";
  const file = fromInput ? "<stdin>" : source.file;
  let bytes: Buffer;
  try {
    bytes = fromInput ? Buffer.from(readInput()) : readFileSync(source.file);
  } catch (e) {
    throw new Error(`${file}: ${systemReason(e)}`);
  }
  if (bytes[0] !== "!".charCodeAt(0)) return [file, bytes.toString("latin1")];
  let problem = "not an archive\n";
  try {
    const member = archiveMember(bytes, "config");
    if (member !== bytes) return [file, member.toString("latin1")];
  } catch (e) {
    if (!(e instanceof ArchiveError)) throw e;
    problem = e.code === "NO_MEMBER" ? "" : "bad archive: missing header magic number\n";
  }
  throw new Error(`${problem}${file}: archive has no 'config' section`);
}

/** Numbers of devices that are named, as elements read them. */
function deviceNumbers(devices: ReadonlyMap<string, string>): ReadonlySet<number> {
  return new Set([...devices.keys()].map(deviceNumber));
}
const deviceNumber = (name: string): number => Number(/\d{1,2}$/.exec(name)?.[0] ?? Number.NaN);

/** Joins a device to its attachment; what that takes is loaded for who asks for it alone. @throws {CommandError} @throws {NetdevError} */
async function joinDevice(router: Router, name: string, text: string): Promise<LiveDevice> {
  const number = deviceNumber(name);
  if (!router.deviceNumbers.includes(number)) {
    const known = router.deviceNumbers.join(", ") || "none";
    throw new CommandError(`${text}: the configuration uses no device ${name}; it uses ${known}`);
  }
  const [{ openAttachment }, { LiveDevice }] = await Promise.all([
    import("@clickos/netdev"),
    import("./live-device.ts"),
  ]);
  return new LiveDevice(router, number, await openAttachment(text));
}

/** Whether it could be written. */
function writeOutput(file: string, text: string): boolean {
  if (file === "-") {
    writeStandardOutput(text);
    return true;
  }
  try {
    writeFileSync(file, text, "latin1");
    return true;
  } catch (e) {
    complain(`${file}: ${systemReason(e)}`);
    return false;
  }
}

/** Runs the router, where that is asked for and it has elements, and says how long that took, where that is. */
async function runDriver(
  router: Router,
  file: string,
  interruption: Interruption,
  { quit, time, warnings }: ClickOptions,
  beside: readonly LiveDevice[],
): Promise<void> {
  const started = performance.now();
  const cpu = process.cpuUsage();
  if (!quit && router.elements().length > 0) {
    interruption.arm();
    await drive(router, { signal: interruption.signal, beside });
    interruption.release();
  } else if (!quit && warnings) complain(`warning: ${file}: configuration has no elements, exiting`);
  if (!time) return;
  const used = process.cpuUsage(cpu);
  const hundredths = Math.round((performance.now() - started) / 10);
  const [minutes, seconds] = [Math.floor(hundredths / 6000), ((hundredths % 6000) / 100).toFixed(2).padStart(5, "0")];
  const seconds3 = (us: number): string => (us / 1e6).toFixed(3);
  writeStandardOutput(`${seconds3(used.user)}u ${seconds3(used.system)}s ${minutes}:${seconds}\n`);
}
