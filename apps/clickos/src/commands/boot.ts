/** `clickos boot`: an image as a domain between captures or attachments. */
import { basename } from "node:path";
import { type CheckedGraph, checkConfiguration, otherClasses } from "@clickos/click-core/compile";
import type { ElementSet } from "@clickos/click-core/element";
import { type Image, type ImageManifest, linkImage, loadImage, verifyImage } from "@clickos/click-image";
import { isSpecification } from "@clickos/netdev";
import type { Command } from "commander";
import { bootImage } from "../boot.ts";
import type { BootReport } from "../boot-report.ts";
import { elementsOf } from "../elements-of.ts";
import { type ElementsOption, takesElements } from "../elements-option.ts";
import { CommandError, UsageError } from "../failure.ts";
import { readImageOrText } from "../image-or-text.ts";
import { bootLive, type LiveBootOptions, type RunningVm } from "../live-boot.ts";
import { drawPorts } from "../live-table.ts";
import { attachmentsOf, type DeviceUse, nicCaptures } from "../nic-specifications.ts";
import { mtuOption, numbered, timeOption } from "../option-values.ts";
import { checkOutputs, type NamedFile } from "../output-files.ts";
import { collect } from "../plain-options.ts";
import { nicPorts, type PortSpecification, vifPorts } from "../port-specifications.ts";
import { print, printJson } from "../print.ts";
import { printable } from "../printable.ts";
import { bootText, reportProblems } from "../report.ts";
import { interruptible } from "../shutdown.ts";
import { admit, refuseBad, trustedKeys, warning } from "../trust.ts";

interface BootCommandOptions extends ElementsOption {
  readonly nic?: Map<number, string>;
  readonly learning?: boolean;
  readonly vif?: Map<number, PortSpecification>;
  readonly nicPort?: Map<number, PortSpecification>;
  readonly mtu?: number;
  readonly fast?: boolean;
  readonly until?: bigint;
  readonly read?: readonly string[];
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

/** How an image's configuration uses its devices, found when that is asked for. @throws {CommandError} where its classes are not here. */
function deviceUses(file: string, manifest: ImageManifest, elements: ElementSet): (device: number) => DeviceUse {
  let graph: CheckedGraph | undefined;
  const checked = (): CheckedGraph => {
    const missing = otherClasses(manifest.library, elements).filter((name) => !Object.hasOwn(elements, name));
    if (missing.length > 0)
      throw new CommandError(
        `${file} has elements of classes that are not here: ${missing.join(", ")}; --elements FILE brings them, or --nic N=IN,OUT says what is played and what is recorded`,
      );
    graph ??= checkConfiguration(manifest.config, elements).checked;
    return graph;
  };
  const uses = (name: string, device: number): boolean =>
    checked().elements.some((e) => e.class.name === name && (e.plan as { device?: number }).device === device);
  return (device) => ({
    get receives() {
      return uses("FromDevice", device);
    },
    get sends() {
      return uses("ToDevice", device);
    },
  });
}

interface Bootable extends Pick<Image, "bytes" | "manifest"> {
  /** Whether it runs on the command's own thread. */
  readonly trusted: boolean;
  /** What the file is. */
  readonly what: string;
}

/** An image that is in a file, if its signature is what is asked for; or that of a configuration. @throws {CommandError} */
async function imageOf(file: string, elements: ElementSet, trust: string | undefined): Promise<Bootable> {
  const read = readImageOrText(file);
  if (!read.image) {
    if (trust !== undefined)
      throw new CommandError(
        `${file} is a configuration, which has no signature; clickos build --sign KEY makes an image that has`,
      );
    const name = basename(file).replace(/\.click$/, "");
    const image = await linkImage({ file, text: read.text }, { elements, name });
    return { ...image, trusted: false, what: "the configuration" };
  }
  const { image: bytes } = read;
  // Before anything else of the image is looked at.
  const signature = await verifyImage(bytes, trust === undefined ? [] : await trustedKeys(trust));
  if (trust !== undefined) admit(file, signature, trust);
  const { manifest } = await loadImage(bytes);
  refuseBad(file, signature);
  if (trust === undefined) process.stderr.write(`clickos: ${printable(warning(file, signature))}\n`);
  return { bytes, manifest, trusted: signature.status === "trusted", what: "the image" };
}

export function addBoot(program: Command): void {
  const command = program
    .command("boot")
    .description(
      "boot an image or a configuration between captures, each interface with a NIC on a switch, or between attachments",
    )
    .argument("<FILE>", "an image that clickos build made, or a configuration, of which one is built")
    .option(
      "--nic <N=FILE>",
      "the capture on NIC N's wire: played where the VM receives, recorded where it sends; N=IN,OUT does both; or an attachment, such as N=tap:click0, in the world's time until interrupted",
      numbered,
    )
    .option("--mtu <BYTES>", "what NICs and interfaces carry behind the Ethernet header, up to 9000", mtuOption)
    .option("--fast", "frames do not wait for their times")
    .option("--until <TIME>", "end after so much simulated time at the latest: 10, 500ms, 2min", timeOption)
    .option("--read <ELEMENT.HANDLER>", "print a handler at the end; may be repeated", collect)
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
    .option("--json", "print the report as JSON");
  takesElements(command).action(async (file: string, options: BootCommandOptions) => {
    const { elements } = await elementsOf(options);
    const { bytes, manifest, trusted, what } = await imageOf(file, elements, options.trust);
    const use = deviceUses(file, manifest, elements);
    const given = [...(options.nic ?? [])];
    const common = {
      elements,
      mtu: options.mtu,
      lasts: options.until,
      lookup: options.learning ? "learning" : "patch",
      vifPorts: options.vif,
      nicPorts: options.nicPort,
      trusted,
      read: options.read,
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
      checkOutputs([{ path: file, what }, ...captures("input")], captures("output"));
      return bootImage(bytes, { ...common, nics, fast: options.fast, signal });
    });
    if (options.json) printJson(report);
    else print(bootText(report));
    reportProblems(report.problems);
  });
}
