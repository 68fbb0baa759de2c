/** The daemon's rules by which packets make domains: put into force, listed, ended, and kept in the journal. */
import type { ElementSet } from "@clickos/click-core";
import type { ReactiveDefinition, ReactiveInfo } from "@clickos/client";
import { createReactive, type LinkRouter, type Reactive, type Toolstack } from "@clickos/xl-fast";
import { DaemonError } from "./daemon-error.ts";
import type { DomainMaker } from "./domain-maker.ts";
import type { Domains } from "./domains.ts";
import type { Events } from "./events.ts";
import type { Journal, Json } from "./journal.ts";

export interface ReactiveRulesOptions {
  readonly toolstack: Toolstack;
  readonly elements: ElementSet;
  readonly link: LinkRouter;
  readonly maker: DomainMaker;
  readonly domains: Domains;
  readonly journal: Journal;
  readonly events: Events;
}

interface Entry {
  readonly definition: ReactiveDefinition;
  /** Not there of one that could not be made again, and why. */
  readonly rule?: Reactive;
  readonly why?: string;
}

const reactiveKeys = "reactive/";
/** Prepared domains of a rule. */
const usualShells = 4;

export class ReactiveRules {
  private readonly entries = new Map<string, Entry>();
  /** Names of those that are being made. */
  private readonly coming = new Set<string>();
  private readonly at: ReactiveRulesOptions;

  constructor(options: ReactiveRulesOptions) {
    this.at = options;
  }

  /** @throws {DaemonError} @throws {ConfigurationError} @throws {ToolstackError} */
  async create(definition: ReactiveDefinition): Promise<void> {
    const { name } = definition;
    if (this.entries.has(name) || this.coming.has(name))
      throw new DaemonError("NAME_TAKEN", `a rule named '${name}' exists already`);
    this.coming.add(name);
    try {
      await this.begin(definition);
    } finally {
      this.coming.delete(name);
    }
    await this.at.journal.put(reactiveKeys + name, definition as unknown as Json);
    this.at.events.tell("reactive.created", name, `per ${definition.per}`);
  }
  async destroy(name: string): Promise<void> {
    const found = this.entries.get(name);
    if (!found)
      throw new DaemonError(
        "NO_RULE",
        `no rule named '${name}'; there are ${[...this.entries.keys()].join(", ") || "none"}`,
      );
    this.entries.delete(name);
    await found.rule?.close();
    await this.at.journal.delete(reactiveKeys + name);
    this.at.events.tell("reactive.destroyed", name);
  }
  list(): ReactiveInfo[] {
    return [...this.entries.values()].map(infoOf);
  }
  /** The rule that uses a switch. */
  using(bridge: string): string | undefined {
    for (const [name, { definition }] of this.entries)
      if (definition.vifs.some((vif) => vif.bridge === bridge)) return name;
    return undefined;
  }
  /** Makes those that the journal has. @returns what could not be made, and why. */
  async recover(): Promise<string[]> {
    const problems: string[] = [];
    const kept = [...this.at.journal.entries].filter(([key]) => key.startsWith(reactiveKeys));
    for (const [, value] of kept) {
      const definition = value as unknown as ReactiveDefinition;
      try {
        await this.begin(definition);
      } catch (e) {
        const why = (e as Error).message;
        problems.push(`rule '${definition.name}': ${why}`);
        this.entries.set(definition.name, { definition, why });
      }
    }
    return problems;
  }
  async close(): Promise<void> {
    for (const { rule } of this.entries.values()) await rule?.close();
    this.entries.clear();
  }

  private async begin(definition: ReactiveDefinition): Promise<void> {
    const { toolstack, elements, link, maker, domains, events } = this.at;
    const { name, vifs, idleSeconds, queuePerDomain, shells = usualShells, group, tag, ...others } = definition;
    const { memoryKiB, pcpu, weight, cap } = definition;
    const settings = { vifs, memoryKiB, pcpu, weight, cap, onCrash: "destroy" as const };
    const { vif = [], share } = maker.configOf({ ...settings, name });
    const rule = await createReactive(
      {
        toolstack,
        elements,
        link,
        onCreated: (vm, key) => domains.enterMade(vm, settings, { rule: name, key }),
        onEnded: (domain, _key, why) => {
          if (why === "idle" || why === "closed") domains.leaveMade(domain, why);
        },
        onFailed: (key, error) => events.tell("reactive.failed", name, `${key}: ${error.message}`),
      },
      {
        ...others,
        name,
        vif,
        share,
        shells,
        idleMs: idleSeconds === undefined ? undefined : idleSeconds * 1000,
        queuePerVm: queuePerDomain,
      },
    );
    this.entries.set(name, { definition, rule });
  }
}

const none = { steered: 0, held: 0, released: 0, waiting: 0, lost: 0, queueFull: 0, tooManyKeys: 0, refused: 0 };

function infoOf({ definition, rule, why }: Entry): ReactiveInfo {
  const { name, per, vifs, group, tag } = definition;
  const {
    vms = 0,
    pending = 0,
    created = 0,
    reaped = 0,
    crashed = 0,
    failed = 0,
    lastError,
    ...frames
  } = rule?.stats ?? (none as Partial<Reactive["stats"]>);
  return {
    name,
    per,
    switch: vifs[0]?.bridge ?? "",
    domains: vms,
    pending,
    created,
    reaped,
    crashed,
    failed,
    frames: { ...none, ...frames },
    ...(lastError === undefined ? {} : { lastError }),
    ...(why === undefined ? {} : { error: why }),
    ...(group === undefined ? {} : { group }),
    ...(tag === undefined ? {} : { tag }),
  };
}
