/** `clickos reactive`: rules by which packets make domains. */
import { basename } from "node:path";
import type { ReactiveDefinition, ReactiveInfo } from "@clickos/client";
import { type Command, Option } from "commander";
import { UsageError } from "../failure.ts";
import { readText } from "../files.ts";
import { collect, number } from "../plain-options.ts";
import { print, printJson } from "../print.ts";
import { table } from "../table.ts";
import { parseVif } from "./vif-text.ts";
import { withDaemon } from "./with-daemon.ts";

export function reactiveTable(rules: readonly ReactiveInfo[]): string {
  const rows = rules.map(
    ({ name, per, switch: bridge, domains, pending, created, reaped, crashed, failed, frames, error, lastError }) => [
      name,
      per,
      bridge,
      domains,
      pending,
      created,
      reaped,
      crashed + failed,
      frames.steered + frames.released,
      frames.waiting,
      frames.queueFull + frames.tooManyKeys + frames.refused + frames.lost,
      error ?? lastError ?? "",
    ],
  );
  const head = [
    "rule",
    "per",
    "switch",
    "domains",
    "pending",
    "created",
    "reaped",
    "failed",
    "frames",
    "waiting",
    "dropped",
    "",
  ];
  return table([head, ...rows], "");
}

/** `PATH=TEXT`, of a handler that is written before a domain runs. */
export function parseSet(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new UsageError(`'${text}' is no HANDLER=TEXT`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

interface CreateOptions {
  readonly per: ReactiveDefinition["per"];
  readonly name?: string;
  readonly vif?: string[];
  readonly set?: string[];
  readonly port?: string[];
  readonly idle?: number;
  readonly limit?: number;
  readonly rate?: number;
  readonly queue?: number;
  readonly memory?: number;
  readonly pcpu?: number;
}

export function addReactive(program: Command): void {
  const command = program.command("reactive").description("rules by which packets make domains: create, destroy, list");
  command
    .command("create")
    .description("have a domain made for each flow, source, subscriber or VLAN, when its first packet comes")
    .argument("<FILE>", "the domains' configuration, in which $SRC, $MAC, $VLAN and others stand for what one is for")
    .addOption(
      new Option("--per <WHAT>", "what a domain is for")
        .choices(["flow", "source", "subscriber", "vlan"])
        .makeOptionMandatory(),
    )
    .option("-n, --name <NAME>", "the rule's name, by default the file's; domains are called NAME.1, NAME.2, …")
    .option("--vif <SWITCH|KEY=VALUE,...>", "an interface; frames of the first one's switch make domains", collect)
    .option(
      "--set <HANDLER=TEXT>",
      "write a handler before a domain runs; $SRC and others may stand in the text",
      collect,
    )
    .option("--port <NAME>", "a port whose frames make domains; by default all of the switch", collect)
    .option("--idle <SECONDS>", "how long without packets until a domain goes; 30 by default", number)
    .option("--limit <N>", "domains at most; 1024 by default", number)
    .option("--rate <N>", "domains made in a second at most; 1000 by default", number)
    .option("--queue <N>", "packets that wait for their domains at most; 4096 by default", number)
    .option("--memory <KiB>", "memory of a domain; what the configuration needs by default", number)
    .option("--pcpu <N>", "the pCPU to run on; 0 is the daemon's own thread", number)
    .addHelpText(
      "after",
      "\nExamples:\n  clickos reactive create firewall.click --per source --vif bridge=access,antispoof=no --vif bridge=core,antispoof=no\n  clickos reactive list",
    )
    .action((file: string, options: CreateOptions) =>
      withDaemon((client) =>
        client.call("reactive.create", {
          name: options.name ?? basename(file).replace(/\.\w+$/, ""),
          per: options.per,
          configuration: { file, text: readText(file) },
          vifs: options.vif?.map(parseVif) ?? [],
          set: options.set && parseSet(options.set),
          ports: options.port,
          idleSeconds: options.idle,
          limit: options.limit,
          ratePerSecond: options.rate,
          queue: options.queue,
          memoryKiB: options.memory,
          pcpu: options.pcpu,
        }),
      ),
    );
  command
    .command("list")
    .description("list the rules, what they have made, and what became of the packets")
    .option("--json", "print them as JSON")
    .action((options: { json?: boolean }) =>
      withDaemon(async (client) => {
        const rules = await client.call("reactive.list", {});
        if (options.json) printJson(rules);
        else print(reactiveTable(rules));
      }),
    );
  command
    .command("destroy")
    .description("end rules and their domains")
    .argument("<NAME...>")
    .action((names: string[]) =>
      withDaemon(async (client) => {
        for (const name of names) await client.call("reactive.destroy", { name });
      }),
    );
}
