/** Completion for bash: the script, and what it asks. */
import type { Client } from "@clickos/client";
import type { Command } from "commander";
import { findDaemon } from "../daemon/reach.ts";
import { print } from "../print.ts";
import { placeOf } from "./with-daemon.ts";

const script = `# clickos completion bash > ~/.local/share/bash-completion/completions/clickos
_clickos() {
  local IFS=$'\\n'
  COMPREPLY=( $(compgen -W "$(clickos complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}") )
}
complete -o default -o bashdefault -F _clickos clickos`;

/** Commands whose first word is a domain's name, and those that take several. */
const domainCommands = new Set([
  "list",
  "destroy",
  "pause",
  "unpause",
  "shutdown",
  "rename",
  "console",
  "vcpu-pin",
  "save",
  "checkpoint",
  "clone",
  "migrate",
  "read",
  "write",
  "handlers",
  "config",
  "trace",
]);
const handlerCommands: Readonly<Record<string, "r" | "w">> = { read: "r", write: "w" };

/** What may stand where the last word is. */
export async function candidates(
  program: Command,
  words: readonly string[],
  client: Client | undefined,
): Promise<string[]> {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  let command = program;
  const given: string[] = [];
  for (const word of before) {
    const next: Command | undefined = given.length === 0 ? command.commands.find((c) => c.name() === word) : undefined;
    if (next) command = next;
    else if (!word.startsWith("-")) given.push(word);
  }
  if (current.startsWith("-")) return [...command.options.map((o) => o.long ?? o.short ?? ""), "--help"];
  if (given.length === 0 && command.commands.length > 0)
    return command.commands.filter((c) => c.name() !== "complete").map((c) => c.name());
  if (!client) return [];
  const name = command.name();
  const domains = async (): Promise<string[]> => (await client.call("domain.list", {})).map((d) => d.name);
  const switches = async (): Promise<string[]> => (await client.call("switch.list", {})).map((s) => s.name);
  const last = before.at(-1);
  if (last === "--vif") return switches();
  if (name in handlerCommands && given.length >= 1) {
    const access = handlerCommands[name] as string;
    const place = /^(.*)\/(\d+)$/.exec(given[0] as string);
    const list = await client.call("handler.list", {
      domain: place?.[1] ?? (given[0] as string),
      ...(place ? { router: Number(place[2]) } : {}),
    });
    return list.filter((h) => h.access.includes(access)).map((h) => h.path);
  }
  if (command.parent?.name() === "switch") {
    if (name === "detach" && given.length === 1)
      return ((await client.call("switch.list", {})).find((s) => s.name === given[0])?.ports ?? [])
        .filter((p) => p.kind === "attachment")
        .map((p) => p.name);
    return given.length === 0 || name === "destroy" || name === "list" ? switches() : [];
  }
  if (command.parent?.name() === "router") return given.length === 0 ? domains() : [];
  if (name === "tap") {
    // DOMAIN:ELEMENT, once a domain is named; the port is not hard to find then.
    const [domain = "", element] = current.split(":");
    if (element !== undefined && (await domains()).includes(domain.replace(/\/\d+$/, ""))) {
      const list = await client.call("handler.list", placeOf(domain));
      return list.flatMap(({ path }) => (path.endsWith(".class") ? `${domain}:${path.slice(0, -6)}:0` : []));
    }
    const ports = (await client.call("switch.list", {})).flatMap((s) => s.ports.map((p) => `${s.name}:${p.name}`));
    return [...ports, ...(await domains()).map((each) => `${each}:`)];
  }
  if (domainCommands.has(name) && (given.length === 0 || /^(list|destroy|pause|unpause|shutdown)$/.test(name)))
    return domains();
  return [];
}

export function addCompletion(program: Command): void {
  program
    .command("completion")
    .description("print a script that completes commands, options and names")
    .argument("<SHELL>", "bash")
    .action((shell: string, _options: object, command: Command) => {
      if (shell !== "bash") command.error(`error: there is a script for bash, and none for '${shell}'`);
      print(script);
    });
  program
    .command("complete", { hidden: true })
    .argument("[WORDS...]")
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const client = await findDaemon().catch(() => undefined);
      try {
        print((await candidates(program, words, client).catch(() => [])).join("\n"));
      } finally {
        client?.close();
      }
    });
}
