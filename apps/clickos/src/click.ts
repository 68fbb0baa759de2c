/** The `click` command: runs a configuration as Click's user-level driver does. */
import { readFileSync } from "node:fs";
import { clickVersion, drive, HandlerError, Router } from "@clickos/click-core";
import {
  archiveMember,
  type ControlServer,
  elements,
  hostFiles,
  hostProcess,
  serveControl,
} from "@clickos/click-elements/node";
import { ConfigurationError } from "@clickos/click-language";
import { systemReason } from "@clickos/pcap/node";
import { type ClickOptions, clickUsage, readClickOptions, UsageError } from "./click-options.ts";
import { failureText } from "./failure.ts";
import { readInput, writeBytes } from "./files.ts";
import { librariesOf } from "./libraries.ts";
import { machineNames } from "./machine-names.ts";
import { checkOutputs, elementFiles, type NamedFile } from "./output-files.ts";
import { printable } from "./printable.ts";
import { Interruption } from "./shutdown.ts";

/** Runs the command; the result is its exit status. */
export async function click(argv: readonly string[]): Promise<number> {
  let options: ClickOptions;
  try {
    const read = readClickOptions(argv);
    if (read === "help") {
      process.stdout.write(clickUsage);
      return 0;
    }
    if (read === "version") {
      process.stdout.write(`click (ClickOS in TypeScript), the language and handlers of Click ${clickVersion}\n`);
      return 0;
    }
    options = read;
  } catch (e) {
    if (!(e instanceof UsageError)) throw e;
    return fail(`click: ${e.message}\nTry 'click --help' for more information.`);
  }

  let text: string;
  let file: string;
  try {
    [file, text] = readSource(options);
  } catch (e) {
    return fail(`click: ${(e as Error).message}`);
  }

  const interruption = new Interruption();
  let router: Router;
  try {
    router = Router.compileSync(text, {
      elements,
      file,
      chatter: (line) => void process.stderr.write(Buffer.from(line, "latin1")),
      output: (line) => void process.stdout.write(Buffer.from(line, "latin1")),
      files: hostFiles,
      process: hostProcess,
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
      library: librariesOf(options.path ?? ""),
      machine: machineNames,
      ...(options.simulated === undefined ? {} : { simulation: options.simulated }),
      ...(options.warnings ? { warn: (warning) => void process.stderr.write(`${printable(warning)}\n`) } : {}),
    });
  } catch (e) {
    interruption.release();
    if (e instanceof ConfigurationError) return fail(`${e.message}\nRouter could not be initialized!`);
    const text = failureText(e, "click");
    if (text === undefined) throw e;
    return fail(text);
  }

  const servers: ControlServer[] = [];
  let status = 0;
  try {
    for (const where of [...options.ports, ...options.unixSockets.map((path) => ({ path }))])
      servers.push(await serveControl(router, where));
    if (options.output !== undefined) writeOutput(options.output, router.read("flatconfig"));
    if (!options.quit) await runDriver(router, interruption, options);
    router.flush();
    for (const problem of router.problems) status = fail(`click: ${problem}`);
    if (!printHandlers(router, options.handlers)) status = 1;
    if (options.exitHandler !== undefined) status = exitStatus(router, options.exitHandler);
  } catch (e) {
    const text = failureText(e, "click") ?? (e instanceof Error && "code" in e ? `click: ${e.message}` : undefined);
    if (text === undefined) throw e;
    status = fail(text);
  } finally {
    interruption.release();
    for (const server of servers) server.close();
    router.close();
  }
  return status;
}

function fail(message: string): number {
  process.stderr.write(`${printable(message)}\n`);
  return 1;
}

function readSource({ source }: ClickOptions): [file: string, text: string] {
  if ("text" in source) return ["config", source.text];
  const fromInput = source.file === "-";
  let bytes: Buffer;
  try {
    bytes = fromInput ? Buffer.from(readInput()) : readFileSync(source.file);
  } catch (e) {
    throw new Error(`${source.file}: ${systemReason(e)}`);
  }
  return [fromInput ? "<stdin>" : source.file, archiveMember(bytes, "config").toString("latin1")];
}

function writeOutput(file: string, text: string): void {
  if (file === "-") process.stdout.write(text);
  else writeBytes(file, Buffer.from(text, "latin1"));
}

async function runDriver(router: Router, interruption: Interruption, { time }: ClickOptions): Promise<void> {
  const started = performance.now();
  const cpu = process.cpuUsage();
  interruption.arm();
  await drive(router, { signal: interruption.signal });
  interruption.release();
  if (time) {
    const used = process.cpuUsage(cpu);
    const line = (us: number, what: string): string => `${(us / 1e6).toFixed(3)}${what}`;
    process.stdout.write(
      `${line(used.user, "u")} ${line(used.system, "s")} ${line((performance.now() - started) * 1000, "real")}\n`,
    );
  }
}

/** Prints handlers: the bare value of one, a header before each of several. */
function printHandlers(router: Router, wanted: readonly string[]): boolean {
  const readable = (path: string): boolean => router.describe(path).access !== "w";
  const paths = wanted.flatMap((path) => (path.includes("*") ? router.list(path).filter(readable) : [path]));
  const named = paths.length > 1 || wanted.some((path) => path.includes("*"));
  let fine = true;
  for (const path of paths) {
    try {
      const found = router.describe(path);
      // What a handler has to say beside its value is not told.
      const value = router.read(path, "", { status: 0, error() {}, warn() {} });
      const ended = value === "" || value.endsWith("\n") ? value : `${value}\n`;
      process.stdout.write(Buffer.from(named ? `${found.path}:\n${ended}\n` : ended, "latin1"));
    } catch (e) {
      if (!(e instanceof HandlerError)) throw e;
      fail(`click: ${e.message}`);
      fine = false;
    }
  }
  return fine;
}

/** A number is the status; true is 0 and false is 1. */
function exitStatus(router: Router, path: string): number {
  try {
    const value = router.read(path).trim();
    if (/^-?\d+$/.test(value)) return Number(value) & 255;
    if (value === "true") return 0;
    if (value === "false") return 1;
    return fail(`click: ${path} is '${value}', which is not an exit status`);
  } catch (e) {
    if (!(e instanceof HandlerError)) throw e;
    fail(`click: ${e.message}`);
    return 255;
  }
}
