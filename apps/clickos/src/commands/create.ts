/** `clickos create`: a domain from a configuration, an image or an xl.cfg file. */
import { basename } from "node:path";
import type { CreateResult, DomainDefinition, OnCrash } from "@clickos/client";
import { type Command, Option } from "commander";
import { type ElementsOption, takesElements } from "../elements-option.ts";
import { UsageError } from "../failure.ts";
import { readImageOrText } from "../image-or-text.ts";
import { collect, number } from "../plain-options.ts";
import { print, printJson } from "../print.ts";
import { microseconds } from "../table.ts";
import { parseVif } from "./vif-text.ts";
import { withDaemon } from "./with-daemon.ts";
import { isXlConfig, parseXlConfig } from "./xl-config.ts";

interface CreateOptions extends ElementsOption {
  readonly name?: string;
  readonly vif?: string[];
  readonly memory?: number;
  readonly pcpu?: number;
  readonly weight?: number;
  readonly cap?: number;
  readonly onCrash?: OnCrash;
  readonly paused?: boolean;
  readonly checkpoint?: number;
  readonly trust?: string;
  readonly json?: boolean;
}

/** What a file is: an image, an xl.cfg file, or else a configuration. */
export function definitionOf(file: string): Partial<DomainDefinition> {
  const read = readImageOrText(file);
  if (read.image) return { image: Buffer.from(read.image).toString("base64") };
  const { text } = read;
  if (isXlConfig(file, text)) {
    const { kernel, ...settings } = parseXlConfig(file, text);
    return { ...(kernel === undefined ? {} : definitionOf(kernel)), ...settings };
  }
  return { name: basename(file).replace(/\.click$/, ""), configuration: { file, text } };
}

/** Makes an image of a configuration here, with element classes that the daemon need not have. */
async function linked(from: Partial<DomainDefinition>, given: string[]): Promise<Partial<DomainDefinition>> {
  const { configuration, ...others } = from;
  if (!configuration)
    throw new UsageError("--elements is for configurations: an image has its elements' code, and a shell has none");
  const { linkImage } = await import("@clickos/click-image");
  const { elementsOf } = await import("../elements-of.ts");
  const { elements } = await elementsOf({ elements: given });
  const { bytes } = await linkImage(configuration, { elements, name: from.name ?? "click" });
  return { ...others, image: Buffer.from(bytes).toString("base64") };
}

export function createText({ domain, timeline }: CreateResult): string {
  const { name, id, pcpu, vifs } = domain;
  const thread = pcpu === 0 ? "the daemon's thread" : `pCPU ${pcpu}`;
  return [
    `${name}  domain ${id} on ${thread}, created in ${microseconds(timeline.totalUs)}`,
    ...vifs.map(({ device, bridge, mac, port }) => `  ${device}: ${port} on ${bridge}, ${mac}`),
  ].join("\n");
}

export function addCreate(program: Command): void {
  takesElements(program.command("create"))
    .description(
      "create a domain from a configuration, an image or an xl.cfg file; without a file, a shell for routers",
    )
    .argument("[FILE]", "a .click configuration, an image that clickos build made, or an xl.cfg file")
    .option("-n, --name <NAME>", "its name; by default the file's")
    .option(
      "--vif <SWITCH|KEY=VALUE,...>",
      "an interface, in the order of the devices: bridge=, mac=, rate=, mode=, mtu=, antispoof=; vlan=, trunk=, native=, pcp=, isolated, flood=, broadcast=, unknown=, rate-in=, rate-out=, burst=, priority=",
      collect,
    )
    .option("--memory <KiB>", "its memory; what the image needs by default", number)
    .option("--pcpu <N>", "the pCPU to run on; 0 is the daemon's own thread", number)
    .option("--weight <N>", "its share of the pCPU, 1 to 65535; 256 by default", number)
    .option("--cap <PERCENT>", "what it may use of a pCPU at most; 0 is no limit", number)
    .addOption(new Option("--on-crash <WHAT>", "what follows a crash").choices(["preserve", "destroy", "restart"]))
    .option(
      "--checkpoint <SECONDS>",
      "keep its state so often: after a crash of the daemon it goes on from there",
      number,
    )
    .option("-p, --paused", "leave it paused")
    .option("--json", "print what was created as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  clickos switch create vale0\n  clickos create firewall.click --vif vale0 --vif vale1\n  clickos create --name shell --vif bridge=vale0,mac=02:00:00:00:00:01",
    )
    .action(async (file: string | undefined, options: CreateOptions) => {
      const named = file === undefined ? {} : definitionOf(file);
      const from = options.elements ? await linked(named, options.elements) : named;
      const name = options.name ?? from.name ?? (file === undefined ? undefined : basename(file).replace(/\.\w+$/, ""));
      if (name === undefined) throw new UsageError("a domain without a file needs a name: --name NAME");
      const vifs = options.vif?.map(parseVif) ?? from.vifs;
      const given: Partial<DomainDefinition> = {
        memoryKiB: options.memory,
        pcpu: options.pcpu,
        weight: options.weight,
        cap: options.cap,
        onCrash: options.onCrash,
        paused: options.paused,
        checkpointSeconds: options.checkpoint,
      };
      const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      const made = await withDaemon((client) => client.call("domain.create", { ...from, ...set, name, vifs }));
      if (options.json) printJson(made);
      else print(createText(made));
    });
}
