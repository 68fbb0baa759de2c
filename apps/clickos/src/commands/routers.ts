/** Commands over routers and their handlers. */
import type { Configuration, TakeoverInfo } from "@clickos/client";
import type { Command } from "commander";
import { CommandError } from "../failure.ts";
import { readText } from "../files.ts";
import { print, printJson } from "../print.ts";
import { printable } from "../printable.ts";
import { interruptible } from "../shutdown.ts";
import { table } from "../table.ts";
import { placeOf, withDaemon } from "./with-daemon.ts";

/** Reads a configuration; what reads those in archives is loaded then. */
async function configurationIn(file: string): Promise<Configuration> {
  return (await import("../tools.ts")).readConfiguration(file);
}

const place = "the domain, or NAME/N for its router N";

export function addRouters(program: Command): void {
  const router = program.command("router").description("routers of a domain: install, remove, start, stop, list");
  router
    .command("install")
    .description("compile a configuration and run it as a router, in place of one that runs, whose state it takes over")
    .argument("<NAME[/N]>", place)
    .argument("<FILE>", "the configuration; - is standard input")
    .action((name: string, file: string) =>
      withDaemon(async (client) => {
        await client.call("router.install", { ...placeOf(name), configuration: await configurationIn(file) });
      }),
    );
  for (const [verb, what] of [
    ["remove", "end a router and forget its configuration"],
    ["start", "run a router again that was stopped"],
    ["stop", "end a router; its configuration stays"],
  ] as const)
    router
      .command(verb)
      .description(what)
      .argument("<NAME[/N]>", place)
      .action((name: string) => withDaemon((client) => client.call(`router.${verb}`, placeOf(name))));
  router
    .command("list")
    .description("list the routers of a domain")
    .argument("<NAME>", "the domain")
    .option("--json", "print them as JSON")
    .action((name: string, options: { json?: boolean }) =>
      withDaemon(async (client) => {
        const list = await client.call("router.list", { domain: name });
        if (options.json) printJson(list);
        else print(table([["router", "status", "elements"], ...list.map((r) => [r.number, r.status, r.elements])], ""));
      }),
    );

  program
    .command("read")
    .description("read handlers of a domain's router")
    .argument("<NAME[/N]>", place)
    .argument("<ELEMENT.HANDLER...>", "the handlers")
    .option("--json", "print them as JSON")
    .action((name: string, paths: string[], options: { json?: boolean }) =>
      withDaemon(async (client) => {
        const at = placeOf(name);
        const values: Record<string, string> = {};
        for (const path of paths) values[path] = await client.call("handler.read", { ...at, path });
        if (options.json) printJson(values);
        else if (paths.length === 1) process.stdout.write(lineOf(values[paths[0] as string] as string));
        else for (const path of paths) print(`${path}:\n${printable((values[path] as string).replace(/\n$/, ""))}\n`);
      }),
    );
  program
    .command("write")
    .description("write a handler of a domain's router")
    .argument("<NAME[/N]>", place)
    .argument("<ELEMENT.HANDLER>", "the handler")
    .argument("[VALUE]", "what to write; nothing by default", "")
    .option("--file <FILE>", "write what is in a file; - is standard input")
    .action((name: string, path: string, value: string, options: { file?: string }) =>
      withDaemon(async (client) =>
        client.call("handler.write", {
          ...placeOf(name),
          path,
          value:
            options.file === undefined
              ? value
              : options.file === "-"
                ? (await configurationIn("-")).text
                : readText(options.file),
        }),
      ),
    );
  program
    .command("handlers")
    .description("list the handlers of a domain's router, or watch their values")
    .argument("<NAME[/N]>", place)
    .argument("[PATTERN]", "only paths that match; * stands for any characters")
    .option("-w, --watch", "print values, and each that changes, until interrupted")
    .option("--json", "print JSON; with --watch, a line a value")
    .action((name: string, pattern: string | undefined, options: { watch?: boolean; json?: boolean }) =>
      withDaemon(async (client) => {
        const at = placeOf(name);
        const list = await client.call("handler.list", { ...at, pattern });
        if (!options.watch) {
          if (options.json) printJson(list);
          else
            print(
              table(
                list.map(({ path, access, kind, unit }) => [path, access, kind, unit ?? ""]),
                "",
              ),
            );
          return;
        }
        const paths = list.filter(({ access, kind }) => access !== "w" && kind !== "table").map(({ path }) => path);
        if (paths.length === 0)
          throw new CommandError(`'${name}' has no handler to read that matches ${pattern ?? "*"}`);
        await interruptible(async (signal) => {
          for await (const { path, value } of client.stream("handler.watch", { ...at, paths }, { signal }))
            print(options.json ? JSON.stringify({ path, value }) : `${path}  ${printable(value.replace(/\n$/, ""))}`);
        });
      }),
    );
  program
    .command("config")
    .description(
      "print the configuration of a domain's router, or replace it while it runs: elements of the same name and class keep their state, and no packet is lost",
    )
    .argument("<NAME[/N]>", place)
    .argument("[FILE]", "the configuration to run from here on; - is standard input")
    .option("--json", "print JSON: the configuration, or how long the domain stood still and what was carried over")
    .action((name: string, file: string | undefined, options: { json?: boolean }) =>
      withDaemon(async (client) => {
        const at = placeOf(name);
        if (file === undefined) {
          const configuration = await client.call("router.configuration", at);
          if (options.json) printJson(configuration);
          else process.stdout.write(lineOf(configuration.text));
          return;
        }
        const configuration = await configurationIn(file);
        const takeover = await client.call("router.install", { ...at, configuration });
        if (options.json) printJson(takeover);
        else if (takeover) print(takeoverText(takeover));
      }),
    );
}

function lineOf(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

function takeoverText({ pauseMs, frames, lost }: TakeoverInfo): string {
  const others = lost === 0 ? "none lost" : `${lost} lost, of interfaces that it does not use`;
  return `paused ${pauseMs.toFixed(1)} ms; ${frames} frames were under way, ${others}`;
}
