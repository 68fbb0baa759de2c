/** Commands that work by themselves: they bring the compiler, the element library and machines of their own. */
import { checkConfiguration } from "@clickos/click-core/compile";
import { elements } from "@clickos/click-elements/node";
import { loadImage, verifyImage } from "@clickos/click-image";
import { isSpecification } from "@clickos/netdev";
import { createXenStore } from "@clickos/xenstore";
import { serve } from "@clickos/xenstore/node";
import { type Command, Option } from "commander";
import { bootImage } from "../boot.ts";
import type { BootReport } from "../boot-report.ts";
import { click } from "../click.ts";
import { demo } from "../demo.ts";
import { diagnosticsJson } from "../diagnostics-json.ts";
import { UsageError } from "../failure.ts";
import { readBytes, readText, writeBytes } from "../files.ts";
import { bootLive, type LiveBootOptions, type RunningVm } from "../live-boot.ts";
import { drawPorts } from "../live-table.ts";
import { attachmentsOf, type DeviceUse, nicCaptures } from "../nic-specifications.ts";
import { byDevice, mtuOption, numbered, paceOf, speedOption, timeOption } from "../option-values.ts";
import { checkOutputs, type NamedFile } from "../output-files.ts";
import { collect } from "../plain-options.ts";
import { nicPorts, type PortSpecification, vifPorts } from "../port-specifications.ts";
import { print, printJson } from "../print.ts";
import { printable } from "../printable.ts";
import { bootText, runText } from "../report.ts";
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
import { admit, refuseBad, trustedKeys, warning } from "../trust.ts";
import { addImageCommands } from "./images.ts";

function reportProblems(problems: readonly string[]): void {
  for (const problem of problems) process.stderr.write(`clickos: ${printable(problem)}\n`);
  if (problems.length > 0) process.exitCode = 1;
}

interface BootCommandOptions {
  readonly nic?: Map<number, string>;
  readonly learning?: boolean;
  readonly vif?: Map<number, PortSpecification>;
  readonly nicPort?: Map<number, PortSpecification>;
  readonly mtu?: number;
  readonly fast?: boolean;
  readonly until?: bigint;
  readonly trust?: string;
  readonly json?: boolean;
}

/** Boots between attachments; at a terminal, with a table of ports and rates meanwhile. */
async function bootWithTable(
  bytes: Uint8Array<ArrayBuffer>,
  live: LiveBootOptions,
  { json, fast }: BootCommandOptions,
): Promise<BootReport> {
  if (fast) throw new UsageError("what comes from an attachment keeps the world's time: no --fast");
  let end: (() => void) | undefined;
  const onBoot = (running: RunningVm): void => {
    if (process.stdout.isTTY && !json) end = drawPorts(running, (text) => void process.stdout.write(text));
  };
  try {
    return await bootLive(bytes, { ...live, onBoot });
  } finally {
    end?.();
  }
}

export function addLocal(program: Command): void {
  program
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
    .option("--json", "print the report as JSON")
    .action(
      async (
        file: string,
        options: {
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

  addImageCommands(program);

  program
    .command("boot")
    .description("boot an image between captures, each interface with a NIC on a switch, or between attachments")
    .argument("<image.cos>", "the image")
    .option(
      "--nic <N=FILE>",
      "the capture on NIC N's wire: played where the VM receives, recorded where it sends; N=IN,OUT does both; or an attachment, such as N=tap:click0, in the world's time until interrupted",
      numbered,
    )
    .option("--mtu <BYTES>", "what NICs and interfaces carry behind the Ethernet header, up to 9000", mtuOption)
    .option("--fast", "frames do not wait for their times")
    .option("--until <TIME>", "end after so much simulated time at the latest: 10, 500ms, 2min", timeOption)
    .option(
      "--vif <N=OPTIONS>",
      "the VM's interface N on its switch, as N=vlan=10,rate-in=10M: bridge=NAME (interfaces that name one share it), mac=, rate=10Mb/s@20ms, and those of --nic-port",
      vifPorts,
    )
    .option(
      "--nic-port <N=OPTIONS>",
      "NIC N's port there: vlan=, trunk=10:20 or all, native=, pcp=, isolated[=GROUP], broadcast= and unknown= (frames a second), rate-in=, rate-out= (bits a second, as 10M), burst= (bytes), priority=0 to 7",
      nicPorts,
    )
    .option("--learning", "learning bridges between NIC and VM, instead of patches")
    .option("--trust <DIR>", "run only what one of the public keys in this folder (*.pem) has signed")
    .option("--json", "print the report as JSON")
    .action(async (file: string, options: BootCommandOptions) => {
      const bytes = readBytes(file);
      const { trust } = options;
      // Before anything else of the image is looked at.
      const signature = await verifyImage(bytes, trust === undefined ? [] : await trustedKeys(trust));
      if (trust !== undefined) admit(file, signature, trust);
      const { manifest } = await loadImage(bytes);
      refuseBad(file, signature);
      const { checked } = checkConfiguration(manifest.config, elements);
      const use = (device: number): DeviceUse => {
        const uses = (name: string): boolean =>
          checked.elements.some((e) => e.class.name === name && e.plan.device === device);
        return { receives: uses("FromDevice"), sends: uses("ToDevice") };
      };
      const given = [...(options.nic ?? [])];
      if (trust === undefined) process.stderr.write(`clickos: ${printable(warning(file, signature))}\n`);
      const common = {
        elements,
        mtu: options.mtu,
        lasts: options.until,
        lookup: options.learning ? "learning" : "patch",
        vifPorts: options.vif,
        nicPorts: options.nicPort,
        trusted: signature.status === "trusted",
      } as const;
      const report = await interruptible((signal) => {
        if (given.some(([, text]) => isSpecification(text)))
          return bootWithTable(bytes, { ...common, nics: attachmentsOf(given, use), signal }, options);
        const nics = new Map(given.map(([device, path]) => [device, nicCaptures(path, use(device))]));
        const captures = (use: "input" | "output"): NamedFile[] =>
          [...nics].flatMap(([device, nic]) => {
            const path = nic[use];
            return path === undefined ? [] : [{ path, what: `the ${use} of NIC ${device}` }];
          });
        checkOutputs([{ path: file, what: "the image" }, ...captures("input")], captures("output"));
        return bootImage(bytes, { ...common, nics, fast: options.fast, signal });
      });
      if (options.json) printJson(report);
      else print(bootText(report));
      reportProblems(report.problems);
    });

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

  program
    .command("check")
    .description("report all errors and warnings in a configuration")
    .argument("<file.click>", "the configuration; - is standard input")
    .argument("[NAME=VALUE...]", "values for its variables")
    .option("--json", "print them as JSON")
    .action((file: string, words: string[], options: { json?: boolean }) => {
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

  program
    .command("flatten")
    .description("print a configuration with its compound elements expanded")
    .argument("<file.click>", "the configuration; - is standard input")
    .argument("[NAME=VALUE...]", "values for its variables")
    .action((file: string, words: string[]) => {
      process.stdout.write(flattenSource(readConfiguration(file), elements, variablesOf(words)));
    });

  program
    .command("graph")
    .description("draw a configuration; one with errors too, as far as it goes")
    .argument("<file.click>", "the configuration; - is standard input")
    .argument("[NAME=VALUE...]", "values for its variables")
    .addOption(new Option("-f, --format <FORMAT>", "how to draw it").choices(pictureFormats).default("text"))
    .option("-o, --output <FILE>", "the file to write; by default standard output")
    .action(async (file: string, words: string[], options: { format: PictureFormat; output?: string }) => {
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

  program
    .command("explain")
    .description("show an element's manual page")
    .argument("[ELEMENT]", "the element class")
    .option("--list", "list all elements by category")
    .action((name: string | undefined, options: { list?: boolean }) => {
      if (options.list || name === undefined) print(listElements(elements));
      else print(explainElement(name, elements));
    });

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
