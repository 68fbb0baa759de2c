/** Brings what the daemon has to what a topology says, with as few changes as that takes. */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Client, ClientError, DomainDefinition, DomainInfo } from "@clickos/client";
import { CommandError } from "../failure.ts";
import { readBytes, readText } from "../files.ts";
import { endRules, ruleDefinitions } from "./reactive.ts";
import type { Topology, TopologyDomain } from "./read.ts";

/** Hears of each change, as it is made. */
export type Told = (what: string) => void;

const digest = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32);

/** What a domain is made from. Its tag says what it was made with: the settings, and what the code is made from. */
function definitionOf(
  group: string,
  domain: TopologyDomain,
): { definition: DomainDefinition; settings: string; code: string } {
  const { configuration, image, ...settings } = domain;
  const source: Pick<DomainDefinition, "configuration" | "image"> =
    image === undefined
      ? { configuration: { file: configuration as string, text: readText(configuration as string) } }
      : { image: Buffer.from(readBytes(image)).toString("base64") };
  const [of, code] = [digest(settings), digest(source.image ?? source.configuration?.text)];
  return { definition: { ...settings, ...source, group, tag: `${of} ${code}` }, settings: of, code };
}

/** @throws {ClientError} @throws {CommandError} when something of another topology has a name of this one. */
export async function applyTopology(client: Client, topology: Topology, told: Told): Promise<void> {
  const { name: group, switches, domains } = topology;
  // Files are read first: nothing is changed when one of them is not there.
  const wanted = domains.map((domain) => definitionOf(group, domain));
  const rules = ruleDefinitions(topology.rules, group, digest);
  const hadRules = await client.call("reactive.list", {});
  const had = await client.call("domain.list", {});
  const hadSwitches = await client.call("switch.list", {});
  const ours = <T extends { readonly name: string; readonly group?: string | undefined }>(
    list: readonly T[],
    name: string,
    what: string,
  ): T | undefined => {
    const found = list.find((each) => each.name === name);
    if (found && found.group !== group)
      throw new CommandError(`${what} '${name}' is there already, and is not of the topology '${group}'`);
    return found;
  };
  for (const { definition } of wanted) ours(had, definition.name, "a domain named");
  for (const { name } of rules) ours(hadRules, name, "a rule named");
  const replacedSwitches = new Set<string>();
  for (const { name, lookup, vlans } of switches) {
    const found = ours(hadSwitches, name, "a switch named");
    if (found && (found.lookup !== lookup || (found.vlans ?? false) !== vlans)) replacedSwitches.add(name);
  }

  const destroy = async ({ name }: DomainInfo): Promise<void> => {
    await client.call("domain.destroy", { name });
    told(`domain ${name} destroyed`);
  };
  const keptRules = await endRules(
    client,
    hadRules.filter((rule) => rule.group === group),
    rules,
    (bridge) => !replacedSwitches.has(bridge),
    told,
  );
  const kept: string[] = [];
  for (const domain of had.filter((d) => d.group === group)) {
    const next = wanted.find(({ definition }) => definition.name === domain.name);
    const [settings] = (domain.tag ?? "").split(" ");
    const onSame = !domain.vifs.some(({ bridge }) => replacedSwitches.has(bridge));
    const usable = domain.state === "running" || domain.state === "paused";
    if (
      next &&
      usable &&
      onSame &&
      settings === next.settings &&
      (next.definition.configuration || domain.tag === next.definition.tag)
    )
      kept.push(domain.name);
    else await destroy(domain);
  }
  for (const { name, ports } of hadSwitches.filter((s) => s.group === group)) {
    const next = replacedSwitches.has(name) ? undefined : switches.find((s) => s.name === name);
    if (!next) {
      await client.call("switch.destroy", { name });
      told(`switch ${name} destroyed`);
      continue;
    }
    for (const { name: port, kind, tag } of ports) {
      if (kind !== "attachment") continue;
      const same = next.ports.find((p) => p.name === port);
      if (same && digest(same) === tag) continue;
      await client.call("switch.detach", { switch: name, port });
      told(`port ${name}:${port} detached`);
    }
  }
  const now = await client.call("switch.list", {});
  for (const { name, lookup, vlans } of switches) {
    if (now.some((s) => s.name === name)) continue;
    await client.call("switch.create", { name, lookup, vlans, group });
    told(`switch ${name} created`);
  }
  const create = async (definition: DomainDefinition): Promise<void> => {
    const { domain } = await client.call("domain.create", definition);
    told(`domain ${domain.name} created (${domain.id})`);
  };
  for (const { definition } of wanted) {
    const { name, tag, configuration } = definition;
    const before = had.find((d) => d.name === name);
    if (!kept.includes(name)) await create(definition);
    else if (before && before.tag !== tag && configuration) {
      try {
        await client.call("router.install", { domain: name, configuration });
      } catch (e) {
        // The domain has no room for both: it is made anew.
        if ((e as ClientError).code !== "NO_ROOM") throw e;
        await destroy(before);
        await create(definition);
        continue;
      }
      await client.call("domain.tag", { name, tag });
      told(`domain ${name} runs ${basename(configuration.file)} anew`);
    }
  }
  for (const rule of rules) {
    if (keptRules.has(rule.name)) continue;
    await client.call("reactive.create", rule);
    told(`rule ${rule.name} created, per ${rule.per}`);
  }
  // What comes from outside finds everything in its place.
  for (const { name, ports } of switches)
    for (const port of ports) {
      if (now.find((s) => s.name === name)?.ports.some((p) => p.name === port.name)) continue;
      const { options, ...others } = port;
      await client.call("switch.attach", { switch: name, ...others, ...options, group, tag: digest(port) });
      told(`port ${name}:${port.name} attached to ${port.specification}`);
    }
}

/** Takes down all that was defined together. @returns how much there was. */
export async function removeGroup(client: Client, group: string, told: Told): Promise<number> {
  let count = 0;
  for (const { name, group: of } of await client.call("reactive.list", {})) {
    if (of !== group) continue;
    await client.call("reactive.destroy", { name });
    told(`rule ${name} destroyed`);
    count++;
  }
  for (const { name, group: of } of await client.call("domain.list", {})) {
    if (of !== group) continue;
    await client.call("domain.destroy", { name });
    told(`domain ${name} destroyed`);
    count++;
  }
  for (const { name, group: of } of await client.call("switch.list", {})) {
    if (of !== group) continue;
    await client.call("switch.destroy", { name });
    told(`switch ${name} destroyed`);
    count++;
  }
  return count;
}
