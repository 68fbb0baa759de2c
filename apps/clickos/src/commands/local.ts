/** Commands that work by themselves: they bring the compiler, the element library and machines of their own. */
import { elements } from "@clickos/click-elements/node";
import { createXenStore } from "@clickos/xenstore";
import { serve } from "@clickos/xenstore/node";
import { type Command, Option } from "commander";
import { click } from "../click.ts";
import { demo } from "../demo.ts";
import { diagnosticsJson } from "../diagnostics-json.ts";
import { elementsOf } from "../elements-of.ts";
import { type ElementsOption, takesElements } from "../elements-option.ts";
import { UsageError } from "../failure.ts";
import { readText, writeBytes } from "../files.ts";
import { byDevice, paceOf, speedOption, timeOption } from "../option-values.ts";
import { checkOutputs } from "../output-files.ts";
import { collect } from "../plain-options.ts";
import { print, printJson } from "../print.ts";
import { reportProblems, runText } from "../report.ts";
import { runConfiguration } from "../run.ts";
import { interruptible, outputWritten } from "../shutdown.ts";
import {
  checkSource,
  diagnosticsText,
  drawSource,
  explainElement,
  flattenSource,
  formatSource,
  listElements,
  type PictureFormat,
  pictureFormats,
  readConfiguration,
} from "../tools.ts";
import { addBench } from "./bench.ts";
import { addBoot } from "./boot.ts";
import { addBuild } from "./build.ts";
import { addImages } from "./images.ts";
import { addNew } from "./new.ts";

interface GraphOptions extends ElementsOption {
  readonly format: PictureFormat;
  readonly output?: string;
}

export function addLocal(program: Command, version: string): void {
  const run = program
    .command("run")
    .description("run a configuration in process, its devices bound to captures or attachments")
    .argument("<file.click>", "the configuration")
    .option("--in <DEVICE=FILE>", "play a capture into FromDevice(DEVICE)", byDevice)
    .option("--out <DEVICE=FILE>", "record what ToDevice(DEVICE) sends", byDevice)
    .option(
      "--device <DEVICE=ATTACHMENT>",
      "join a device to a TAP device, an interface, a guest or a tunnel: eth0=tap:click0, 1=qemu:/run/guest.sock",
      byDevice,
    )
    .addOption(
      new Option("--realtime", "frames and timers wait for their times, instead of simulated time").conflicts(["fast"]),
    )
    .addOption(
      new Option("--speed <FACTOR>", "the same, so many times as fast: 2x").argParser(speedOption).conflicts(["fast"]),
    )
    .option("--fast", "simulated time, in which frames do not wait for theirs")
    .option("--until <TIME>", "end after so much time at the latest: 10, 500ms, 2min", timeOption)
    .option("--read <ELEMENT.HANDLER>", "print a handler at the end; may be repeated", collect)
    .option("--json", "print the report as JSON");
  takesElements(run).action(
    async (
      file: string,
      options: ElementsOption & {
        in?: Map<string, string>;
        out?: Map<string, string>;
        device?: Map<string, string>;
        realtime?: boolean;
        speed?: number;
        fast?: boolean;
        until?: bigint;
        read?: string[];
        json?: boolean;
      },
    ) => {
      const { elements } = await elementsOf(options);
      const text = readText(file);
      const report = await interruptible((signal) =>
        runConfiguration(text, {
          elements,
          file,
          inputs: options.in ?? new Map(),
          outputs: options.out ?? new Map(),
          attachments: options.device ?? new Map(),
          pace: paceOf(options),
          lasts: options.until,
          read: options.read ?? [],
          chatter: (text) => process.stderr.write(text),
          signal,
        }),
      );
      if (options.json) printJson(report);
      else {
        const text = runText(report);
        if (text) print(text);
      }
      reportProblems(report.problems);
    },
  );

  addBuild(program);
  addImages(program);
  addNew(program, version);
  addBoot(program);

  /** `NAME=VALUE` arguments: variables of the configuration. */
  function variablesOf(words: readonly string[]): Map<string, string> {
    return new Map(
      words.map((word) => {
        const match = /^(\w+)=([\s\S]*)$/.exec(word);
        if (!match) throw new UsageError(`expected NAME=VALUE, found '${word}'`);
        return [match[1] as string, match[2] as string];
      }),
    );
  }

  takesElements(
    program
      .command("check")
      .description("report all errors and warnings in a configuration")
      .argument("<file.click>", "the configuration; - is standard input")
      .argument("[NAME=VALUE...]", "values for its variables")
      .option("--json", "print them as JSON"),
  ).action(async (file: string, words: string[], options: ElementsOption & { json?: boolean }) => {
    const { elements } = await elementsOf(options);
    const list = checkSource(readConfiguration(file), elements, variablesOf(words));
    if (options.json) printJson(diagnosticsJson(list));
    else if (list.length > 0) print(diagnosticsText(list));
    if (list.some((d) => d.severity === "error")) process.exitCode = 1;
  });

  program
    .command("fmt")
    .description("format configurations; comments stay")
    .argument("<file.click...>", "the configurations; - is standard input")
    .option("-w, --write", "write the files instead of printing")
    .option("--check", "only say which files are not formatted")
    .action((files: string[], options: { write?: boolean; check?: boolean }) => {
      for (const file of files) {
        const source = readConfiguration(file);
        const formatted = formatSource(source);
        if (options.check) {
          if (formatted !== source.text) {
            print(file);
            process.exitCode = 1;
          }
        } else if (options.write && file !== "-") {
          if (formatted !== source.text) writeBytes(file, new TextEncoder().encode(formatted));
        } else process.stdout.write(formatted);
      }
    });

  takesElements(
    program
      .command("flatten")
      .description("print a configuration with its compound elements expanded")
      .argument("<file.click>", "the configuration; - is standard input")
      .argument("[NAME=VALUE...]", "values for its variables"),
  ).action(async (file: string, words: string[], options: ElementsOption) => {
    const { elements } = await elementsOf(options);
    process.stdout.write(flattenSource(readConfiguration(file), elements, variablesOf(words)));
  });

  const graph = program
    .command("graph")
    .description("draw a configuration; one with errors too, as far as it goes")
    .argument("<file.click>", "the configuration; - is standard input")
    .argument("[NAME=VALUE...]", "values for its variables")
    .addOption(new Option("-f, --format <FORMAT>", "how to draw it").choices(pictureFormats).default("text"))
    .option("-o, --output <FILE>", "the file to write; by default standard output");
  takesElements(graph).action(async (file: string, words: string[], options: GraphOptions) => {
    const { elements } = await elementsOf(options);
    const { picture, problems } = await drawSource(
      readConfiguration(file),
      elements,
      variablesOf(words),
      options.format,
    );
    if (problems.length > 0) process.stderr.write(`${diagnosticsText(problems)}\n`);
    if (options.output && file !== "-")
      checkOutputs([{ path: file, what: "the configuration" }], [{ path: options.output, what: "the picture" }]);
    if (options.output) writeBytes(options.output, new TextEncoder().encode(picture));
    else process.stdout.write(picture);
  });

  takesElements(
    program
      .command("explain")
      .description("show an element's manual page")
      .argument("[ELEMENT]", "the element class")
      .option("--list", "list all elements by category"),
  ).action(async (name: string | undefined, options: ElementsOption & { list?: boolean }) => {
    const known = await elementsOf(options);
    if (options.list || name === undefined) print(listElements(known));
    else print(explainElement(name, known));
  });

  addBench(program);

  program
    .command("xenstored")
    .description("serve an empty Xen store on a UNIX socket, for xenstore-ls and its kin (XENSTORED_PATH)")
    .requiredOption("--socket <PATH>", "the socket to make")
    .action(async (options: { socket: string }) => {
      // A signal is caught before there is a socket to take away.
      await interruptible(async (signal) => {
        const server = await serve(createXenStore(), { path: options.socket });
        print(`XENSTORED_PATH=${server.path}`);
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
        await server.close();
      });
    });

  program
    .command("click")
    .description("run a configuration as Click's user-level driver does; the same as the click command")
    .argument("[ARGUMENTS...]", "click --help shows them")
    .allowUnknownOption()
    .helpOption(false)
    .passThroughOptions()
    .action(async (words: string[]) => {
      const status = await click(words);
      await outputWritten();
      process.exit(process.exitCode || status);
    });

  program
    .command("demo")
    .description("build, inspect and boot a firewall, and filter a capture with it")
    .option("--dir <FOLDER>", "where to put the image and the output; by default a new temporary folder")
    .action((options: { dir?: string }) => demo({ elements, print, ...options }));
}
