/** Topology files: switches, what is attached to them, and domains, in one YAML file. */
import { basename, dirname, resolve } from "node:path";
import type { OnCrash, PortDefinition, VifDefinition } from "@clickos/client";
import { isSeq, LineCounter, type ParsedNode, parseDocument } from "yaml";
import { z } from "zod";
import { parsePortOptions, parseVif } from "../commands/vif-text.ts";
import { CommandError } from "../failure.ts";
import { readText } from "../files.ts";
import { reactiveShape, ruleOf, type TopologyRule } from "./reactive.ts";

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    "a name has letters, digits, '.', '_' and '-', 64 at most, and begins with a letter or digit",
  );
/** A text that a function reads. */
const readBy = <T>(read: (text: string) => T): z.ZodType<T> =>
  z.string().transform((text, context): T => {
    try {
      return read(text);
    } catch (e) {
      context.addIssue({ code: "custom", message: (e as Error).message });
      return z.NEVER;
    }
  });
const attachment = z.union([
  z.string().min(1),
  z.strictObject({
    attach: z.string().min(1),
    mtu: z.int().min(68).max(9000).optional(),
    options: readBy(parsePortOptions).optional(),
  }),
]);
const vif = readBy(parseVif);
const memory = z.union([
  z.int().positive(),
  z.string().regex(/^\d+ ?(KiB|MiB)$/, "memory is a number of KiB, or as in 8MiB"),
]);

const shape = z.strictObject({
  name: name.optional(),
  switches: z
    .record(
      name,
      z
        .strictObject({
          lookup: z.enum(["learning", "patch"]).optional(),
          vlans: z.boolean().optional(),
          ports: z.record(name, attachment).nullish(),
        })
        .nullable(),
    )
    .nullish(),
  domains: z
    .record(
      name,
      z
        .strictObject({
          configuration: z.string().min(1).optional(),
          image: z.string().min(1).optional(),
          vifs: z.array(vif).nullish(),
          memory: memory.optional(),
          pcpu: z.int().min(0).optional(),
          weight: z.int().min(1).max(65535).optional(),
          cap: z.int().min(0).max(100).optional(),
          on_crash: z.enum(["preserve", "destroy", "restart"]).optional(),
          checkpoint: z.number().positive().optional(),
        })
        .refine(({ configuration, image }) => (configuration === undefined) !== (image === undefined), {
          message: "a domain has a configuration or an image: one of them",
        }),
    )
    .nullish(),
  reactive: z.record(name, reactiveShape(vif, memory, name)).nullish(),
});

export interface TopologyPort {
  readonly name: string;
  readonly specification: string;
  readonly mtu?: number | undefined;
  readonly options?: PortDefinition | undefined;
}

export interface TopologySwitch {
  readonly name: string;
  readonly lookup: "learning" | "patch";
  readonly vlans: boolean;
  readonly ports: readonly TopologyPort[];
}

export interface TopologyDomain {
  readonly name: string;
  /** Paths, from where the topology file is. */
  readonly configuration?: string | undefined;
  readonly image?: string | undefined;
  readonly vifs: readonly VifDefinition[];
  readonly memoryKiB?: number | undefined;
  readonly pcpu?: number | undefined;
  readonly weight?: number | undefined;
  readonly cap?: number | undefined;
  readonly onCrash?: OnCrash | undefined;
  readonly checkpointSeconds?: number | undefined;
}

export interface Topology {
  readonly name: string;
  readonly switches: readonly TopologySwitch[];
  readonly domains: readonly TopologyDomain[];
  readonly rules: readonly TopologyRule[];
}

/** Reads a topology. @throws {CommandError} with all that is wrong, each with file, line and column. */
export function readTopology(file: string): Topology {
  const text = readText(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, maxAliasCount: 0 } as object);
  const problems: string[] = [];
  const complain = (at: number | undefined, message: string): void => {
    const { line, col } = at === undefined ? { line: 1, col: 1 } : lines.linePos(at);
    problems.push(`${file}:${line}:${col}: ${message}`);
  };
  const fail = (): never => {
    throw new CommandError(problems.join("\n"));
  };
  for (const { pos, message } of document.errors) complain(pos[0], message);
  if (problems.length > 0) fail();
  const read = shape.safeParse(document.toJS() ?? {});
  /** Where the nearest thing to a path stands. */
  const placeOf = (path: readonly PropertyKey[]): number | undefined => {
    for (let n = path.length; n > 0; n--) {
      const parent = document.getIn(path.slice(0, n - 1), true) as ParsedNode | undefined;
      const key = path[n - 1];
      if (parent && "items" in parent && !isSeq(parent)) {
        const pair = (parent.items as { key: { value?: unknown; range?: number[] } }[]).find(
          (p) => p.key.value === key,
        );
        const value = document.getIn(path.slice(0, n), true) as ParsedNode | undefined;
        if (pair) return n === path.length && value?.range ? value.range[0] : pair.key.range?.[0];
      } else {
        const node = document.getIn(path.slice(0, n), true) as ParsedNode | undefined;
        if (node?.range) return node.range[0];
      }
    }
    return document.contents?.range?.[0];
  };
  if (!read.success) {
    for (const issue of read.error.issues) {
      if (issue.code === "unrecognized_keys")
        for (const key of issue.keys) complain(placeOf([...issue.path, key]), `there is no '${key}' here`);
      else if (issue.code === "invalid_key")
        complain(placeOf(issue.path), issue.issues.map(({ message }) => message).join("; "));
      else complain(placeOf(issue.path), issue.message);
    }
    return fail();
  }
  const switches = read.data.switches ?? {};
  const domains = read.data.domains ?? {};
  const rules = read.data.reactive ?? {};
  const folder = dirname(resolve(file));
  for (const [part, list] of Object.entries({ domains, reactive: rules }))
    for (const [each, { vifs }] of Object.entries(list))
      for (const [i, { bridge }] of (vifs ?? []).entries())
        if (!(bridge in switches))
          complain(placeOf([part, each, "vifs", i]), `there is no switch '${bridge}' in this file`);
  if (problems.length > 0) fail();
  return {
    name:
      read.data.name ??
      basename(file)
        .replace(/\.ya?ml$/, "")
        .replace(/[^A-Za-z0-9._-]/g, "-"),
    switches: Object.entries(switches).map(([name, given]) => ({
      name,
      lookup: given?.lookup ?? "learning",
      vlans: given?.vlans ?? false,
      ports: Object.entries(given?.ports ?? {}).map(([port, what]) =>
        typeof what === "string"
          ? { name: port, specification: what }
          : { name: port, specification: what.attach, mtu: what.mtu, options: what.options },
      ),
    })),
    domains: Object.entries(domains).map(
      ([name, { memory, on_crash, checkpoint, configuration, image, vifs, ...others }]) => ({
        name,
        ...others,
        vifs: vifs ?? [],
        configuration: configuration === undefined ? undefined : resolve(folder, configuration),
        image: image === undefined ? undefined : resolve(folder, image),
        memoryKiB: memoryOf(memory),
        onCrash: on_crash,
        checkpointSeconds: checkpoint,
      }),
    ),
    rules: Object.entries(rules).map(([name, rule]) => ruleOf(name, rule, folder, memoryOf)),
  };
}

function memoryOf(memory: number | string | undefined): number | undefined {
  if (typeof memory !== "string") return memory;
  return Number.parseInt(memory, 10) * (memory.endsWith("MiB") ? 1024 : 1);
}
