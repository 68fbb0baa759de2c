/** `clickos up`, `down` and `status`: switches, attachments and domains of one file. */
import type { Client } from "@clickos/client";
import type { Command } from "commander";
import { CommandError } from "../failure.ts";
import { print, printJson } from "../print.ts";
import { interruptible } from "../shutdown.ts";
import { domainTable } from "./domains.ts";
import { reactiveTable } from "./reactive.ts";
import { switchText } from "./switches.ts";
import { withDaemon } from "./with-daemon.ts";

async function showGroup(client: Client, group: string, asJson: boolean | undefined): Promise<void> {
  const rules = (await client.call("reactive.list", {})).filter((r) => r.group === group);
  const ofRule = new Set(rules.map(({ name }) => name));
  const domains = (await client.call("domain.list", {})).filter(
    ({ group: of, rule = "" }) => of === group || ofRule.has(rule),
  );
  const switches = (await client.call("switch.list", {})).filter((s) => s.group === group);
  if (asJson) printJson({ name: group, switches, rules, domains });
  else if (rules.length + domains.length + switches.length === 0) throw new CommandError(`nothing is up of '${group}'`);
  else
    print(
      [...switches.map(switchText), ...(rules.length > 0 ? [reactiveTable(rules)] : []), domainTable(domains)].join(
        "\n",
      ),
    );
}

/** A topology's name: its file's, or what is given. */
async function groupOf(text: string): Promise<string> {
  if (!/\.ya?ml$/.test(text)) return text;
  const { readTopology } = await import("../topology/read.ts");
  return readTopology(text).name;
}

export function addTopology(program: Command): void {
  program
    .command("up")
    .description("have the switches, attachments and domains of a file; run again, only what differs is changed")
    .argument("<TOPOLOGY.yaml>", "the file")
    .option("--check", "only say what is wrong in the file")
    .option("--foreground", "stay, and take everything down when interrupted")
    .action(async (file: string, options: { check?: boolean; foreground?: boolean }) => {
      const { readTopology } = await import("../topology/read.ts");
      const { applyTopology, removeGroup } = await import("../topology/apply.ts");
      const topology = readTopology(file);
      if (options.check) return;
      await withDaemon(async (client) => {
        if (!options.foreground) {
          await applyTopology(client, topology, print);
          return;
        }
        await interruptible(async (signal) => {
          try {
            await applyTopology(client, topology, print);
            for await (const { event, subject, detail } of client.stream("daemon.events", {}, { signal }))
              print(`${event} ${subject}${detail === undefined ? "" : ` ${detail}`}`);
          } finally {
            await removeGroup(client, topology.name, print);
          }
        });
      });
    });
  program
    .command("down")
    .description("take down what up made")
    .argument("<TOPOLOGY.yaml|NAME>", "the file, or the topology's name")
    .action(async (text: string) => {
      const { removeGroup } = await import("../topology/apply.ts");
      const group = await groupOf(text);
      await withDaemon(async (client) => {
        if ((await removeGroup(client, group, print)) === 0) throw new CommandError(`nothing is up of '${group}'`);
      });
    });
  program
    .command("status")
    .description("show what is up of a topology")
    .argument("<TOPOLOGY.yaml|NAME>", "the file, or the topology's name")
    .option("--json", "print it as JSON")
    .action(async (text: string, options: { json?: boolean }) => {
      const group = await groupOf(text);
      await withDaemon((client) => showGroup(client, group, options.json));
    });
}
