/** Commands over domains. */
import { resolve } from "node:path";
import type { DomainInfo, MigrationResult } from "@clickos/client";
import type { Command } from "commander";
import { UsageError } from "../failure.ts";
import { collect, number } from "../plain-options.ts";
import { print, printJson } from "../print.ts";
import { printable } from "../printable.ts";
import { interruptible } from "../shutdown.ts";
import { size, table } from "../table.ts";
import { createText } from "./create.ts";
import { parseVif } from "./vif-text.ts";
import { withDaemon } from "./with-daemon.ts";

/** States as `xl list` abbreviates them. */
export function domainTable(domains: readonly DomainInfo[]): string {
  const rows = domains.map(({ name, id, memoryKiB, state, pcpu, runTimeNs, vifs, routers, error, crash, key }) => [
    name,
    id,
    Math.round(memoryKiB),
    state,
    pcpu,
    vifs.length,
    routers.length,
    (runTimeNs / 1e9).toFixed(3),
    error ?? (crash ? `${crash.cause}: ${crash.message}` : (key ?? "")),
  ]);
  return table([["name", "id", "KiB", "state", "pCPU", "vifs", "routers", "time (s)", ""], ...rows], "");
}

export function addDomains(program: Command): void {
  program
    .command("list")
    .description("list the domains")
    .argument("[NAME...]", "only these")
    .option("--json", "print them as JSON")
    .option("-l, --long", "with their interfaces, routers and crashes")
    .action(async (names: string[], options: { json?: boolean; long?: boolean }) => {
      const domains = await withDaemon((client) =>
        names.length === 0
          ? client.call("domain.list", {})
          : Promise.all(names.map((name) => client.call("domain.get", { name }))),
      );
      if (options.json) printJson(domains);
      else if (options.long) for (const domain of domains) print(longText(domain));
      else print(domainTable(domains));
    });

  const simple = [
    ["destroy", "end domains at once"],
    ["pause", "have domains stand still"],
    ["unpause", "have domains go on"],
    ["shutdown", "ask domains to end"],
  ] as const;
  for (const [name, what] of simple)
    program
      .command(name)
      .description(what)
      .argument("<NAME...>", "the domains")
      .action((names: string[]) =>
        withDaemon(async (client) => {
          for (const each of names) await client.call(`domain.${name}`, { name: each });
        }),
      );

  program
    .command("rename")
    .description("give a domain another name")
    .argument("<NAME>")
    .argument("<TO>")
    .action((name: string, to: string) => withDaemon((client) => client.call("domain.rename", { name, to })));

  program
    .command("console")
    .description("print what a domain's console has shown")
    .argument("<NAME>", "the domain")
    .option("-f, --follow", "go on until interrupted, or until the domain is gone")
    .action((name: string, options: { follow?: boolean }) =>
      withDaemon(async (client) => {
        // What a guest prints is its own: nothing of it is to steer a terminal.
        const show = (text: string): void =>
          void process.stdout.write(process.stdout.isTTY ? text.split("\n").map(printable).join("\n") : text);
        if (!options.follow) {
          show((await client.call("domain.console", { name })).text);
          return;
        }
        await interruptible(async (signal) => {
          for await (const { text } of client.stream("domain.follow", { name }, { signal })) show(text);
        });
      }),
    );

  program
    .command("vcpu-pin")
    .description("have a domain run on another pCPU")
    .argument("<NAME>")
    .argument("<PCPU>", "0 is the daemon's own thread", number)
    .action((name: string, pcpu: number) => withDaemon((client) => client.call("domain.pin", { name, pcpu })));

  program
    .command("sched-credit")
    .description("show or set domains' shares of their pCPUs")
    .option("-d, --domain <NAME>", "the domain; by default all are shown")
    .option("-w, --weight <N>", "1 to 65535, in proportion to others'", number)
    .option("-c, --cap <PERCENT>", "of a pCPU at most; 0 is no limit", number)
    .option("--json", "print them as JSON")
    .action((options: { domain?: string; weight?: number; cap?: number; json?: boolean }) =>
      withDaemon(async (client) => {
        const { domain, weight, cap } = options;
        if (weight !== undefined || cap !== undefined) {
          if (domain === undefined) throw new UsageError("a share is a domain's: -d NAME");
          await client.call("domain.share", { name: domain, weight, cap });
          return;
        }
        const all = await client.call("domain.list", {});
        const shown = all.filter(({ name }) => domain === undefined || name === domain);
        if (domain !== undefined && shown.length === 0) await client.call("domain.get", { name: domain });
        if (options.json) printJson(shown.map(({ name, weight, cap, pcpu }) => ({ name, weight, cap, pcpu })));
        else
          print(table([["name", "pCPU", "weight", "cap"], ...shown.map((d) => [d.name, d.pcpu, d.weight, d.cap])], ""));
      }),
    );

  program
    .command("save")
    .description("write a domain to a file, and end it")
    .argument("<NAME>")
    .argument("<FILE>")
    .option("-c, --checkpoint", "have it go on")
    .action((name: string, file: string, options: { checkpoint?: boolean }) =>
      withDaemon(async (client) => {
        const path = resolve(file);
        const { bytes } = await client.call("domain.save", { name, path, keep: options.checkpoint });
        print(`${file}  ${size(bytes)}`);
      }),
    );
  program
    .command("checkpoint")
    .description("keep a domain's state in the daemon's folder: after a crash of the daemon it goes on from there")
    .argument("<NAME>")
    .action((name: string) =>
      withDaemon(async (client) => {
        const { bytes } = await client.call("domain.checkpoint", { name });
        print(`${name}  ${size(bytes)}`);
      }),
    );
  program
    .command("restore")
    .description("make a domain from what save wrote")
    .argument("<FILE>")
    .option("-n, --name <NAME>", "another name")
    .option("--vif <SWITCH|KEY=VALUE,...>", "its interfaces, in order; by default where they were", collect)
    .option(
      "--recompile",
      "run what its configurations compile to with the element library that is here; state is moved",
    )
    .option("-p, --paused", "leave it paused")
    .option("--json", "print it as JSON")
    .action(
      (
        file: string,
        options: { name?: string; vif?: string[]; recompile?: boolean; paused?: boolean; json?: boolean },
      ) =>
        withDaemon(async (client) => {
          const { name, recompile, paused } = options;
          const vifs = options.vif?.map(parseVif);
          const made = await client.call("domain.restore", { path: resolve(file), name, vifs, recompile, paused });
          if (options.json) printJson(made);
          else print(createText(made));
        }),
    );
  program
    .command("migrate")
    .description(
      "have a domain go on at another daemon, with its state, while packets flow; whatever fails, it goes on here",
    )
    .argument("<NAME>")
    .argument("<HOST:PORT|SOCKET>", "the other daemon's port for that (daemon --migrate), or its socket")
    .option("--as <NAME>", "another name there")
    .option(
      "--vif <SWITCH|KEY=VALUE,...>",
      "its interfaces there, in order; by default at switches of the same names",
      collect,
    )
    .option("--json", "print it as JSON")
    .action((name: string, to: string, options: { as?: string; vif?: string[]; json?: boolean }) =>
      withDaemon(async (client) => {
        const moved = await client.call("domain.migrate", {
          name,
          to: to.includes("/") ? resolve(to) : to,
          as: options.as,
          vifs: options.vif?.map(parseVif),
        });
        if (options.json) printJson(moved);
        else print(migrationText(moved));
      }),
    );
  program
    .command("clone")
    .description("make a second domain that begins where the first one is")
    .argument("<NAME>")
    .argument("<TO>")
    .option("--vif <SWITCH|KEY=VALUE,...>", "its interfaces, in order; by default at the same switches", collect)
    .option("--json", "print it as JSON")
    .action((name: string, to: string, options: { vif?: string[]; json?: boolean }) =>
      withDaemon(async (client) => {
        const made = await client.call("domain.clone", { name, to, vifs: options.vif?.map(parseVif) });
        if (options.json) printJson(made);
        else print(createText(made));
      }),
    );
}

function longText(domain: DomainInfo): string {
  const { name, id, state, memoryKiB, pcpu, weight, cap, onCrash, vifs, routers, restarts, crash, error, rule, key } =
    domain;
  const rows: (readonly [string, string])[] = [
    ["id", String(id)],
    ["state", state],
    ["memory", size(memoryKiB * 1024)],
    ["pCPU", `${pcpu}, weight ${weight}${cap > 0 ? `, cap ${cap} %` : ""}`],
    ["on crash", `${onCrash}${restarts > 0 ? `, restarted ${restarts} times` : ""}`],
    ...vifs.map(({ device, port, bridge, mac }) => [`device ${device}`, `${port} on ${bridge}, ${mac}`] as const),
    ...routers.map(({ number, elements, status }) => [`router ${number}`, `${status}, ${elements} elements`] as const),
  ];
  if (rule !== undefined) rows.push(["made by", `rule ${rule}, for ${key}`]);
  if (crash) rows.push(["crash", `${crash.cause}: ${crash.message}${crash.element ? ` in ${crash.element}` : ""}`]);
  if (error) rows.push(["error", error]);
  return `${name}\n${table(rows)}`;
}

function migrationText({ pauseMs, totalMs, rounds, bytes, last, held }: MigrationResult): string {
  return `paused ${pauseMs.toFixed(1)} ms of ${totalMs.toFixed(0)} ms; ${size(bytes)} in ${rounds} rounds, ${last} frames in the last; ${held} packets sent on`;
}
