/** Rules by which packets make domains, in topology files: what they say, and what is to be done when a file is applied. */
import { resolve } from "node:path";
import type { Client, ReactiveDefinition, ReactiveInfo, VifDefinition } from "@clickos/client";
import { z } from "zod";
import { readText } from "../files.ts";

/** A rule as a file has it, with interfaces and memory in the shapes that domains have there. */
export function reactiveShape(
  vif: z.ZodType<VifDefinition>,
  memory: z.ZodType<number | string>,
  name: z.ZodType<string>,
): z.ZodType<GivenRule> {
  return z.strictObject({
    per: z.enum(["flow", "source", "subscriber", "vlan"]),
    configuration: z.string().min(1),
    vifs: z.array(vif).min(1),
    set: z.record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()])).nullish(),
    ports: z.array(name).min(1).optional(),
    idle: z.number().positive().optional(),
    limit: z.int().min(1).max(16_000).optional(),
    rate: z.number().positive().optional(),
    queue: z.int().min(1).optional(),
    queue_per_domain: z.int().min(1).optional(),
    shells: z.int().min(0).optional(),
    memory: memory.optional(),
    pcpu: z.int().min(0).optional(),
    weight: z.int().min(1).max(65535).optional(),
    cap: z.int().min(0).max(100).optional(),
  });
}

/** A rule of a file. `configuration` is a path, from where the file is. */
export type TopologyRule = Omit<ReactiveDefinition, "configuration" | "group" | "tag"> & {
  readonly configuration: string;
};

/** A rule as it stands in a file. */
export type GivenRule = Omit<
  TopologyRule,
  "name" | "idleSeconds" | "ratePerSecond" | "queuePerDomain" | "memoryKiB" | "set"
> & {
  readonly set?: Readonly<Record<string, string | number | boolean>> | null | undefined;
  readonly idle?: number | undefined;
  readonly rate?: number | undefined;
  readonly queue_per_domain?: number | undefined;
  readonly memory?: number | string | undefined;
};

/** What a file says of a rule, in the daemon's words. */
export function ruleOf(
  name: string,
  { set, idle, rate, queue_per_domain, memory, configuration, ...others }: GivenRule,
  folder: string,
  memoryOf: (memory: number | string | undefined) => number | undefined,
): TopologyRule {
  return {
    name,
    ...others,
    configuration: resolve(folder, configuration),
    set: set ? Object.fromEntries(Object.entries(set).map(([path, value]) => [path, String(value)])) : undefined,
    idleSeconds: idle,
    ratePerSecond: rate,
    queuePerDomain: queue_per_domain,
    memoryKiB: memoryOf(memory),
  };
}

/** The rules of a topology as they are defined; `tagOf` makes what says whether one is the same as before. */
export function ruleDefinitions(
  rules: readonly TopologyRule[],
  group: string,
  tagOf: (value: unknown) => string,
): ReactiveDefinition[] {
  return rules.map(({ configuration, ...others }) => {
    const definition = { ...others, configuration: { file: configuration, text: readText(configuration) } };
    return { ...definition, group, tag: tagOf(definition) };
  });
}

/** Ends those that are not wanted any more, or not as they are; `isKept` says whether a rule's switch stays. */
export async function endRules(
  client: Client,
  had: readonly ReactiveInfo[],
  wanted: readonly ReactiveDefinition[],
  isKept: (bridge: string) => boolean,
  told: (what: string) => void,
): Promise<ReadonlySet<string>> {
  const kept = new Set<string>();
  for (const { name, tag, error } of had) {
    const next = wanted.find((w) => w.name === name);
    if (next?.tag === tag && error === undefined && next?.vifs.every(({ bridge }) => isKept(bridge))) kept.add(name);
    else {
      await client.call("reactive.destroy", { name });
      told(`rule ${name} destroyed`);
    }
  }
  return kept;
}
