/** The daemon's switches and what is attached to them. */
import type { AttachmentDefinition, PortInfo, SwitchDefinition, SwitchInfo } from "@clickos/client";
import { type Attachment, openAttachment } from "@clickos/netdev";
import type { SourceSet } from "@clickos/run-loop";
import {
  createSwitch,
  type Lookup,
  learningBridge,
  type Port,
  type PortStats,
  patch,
  steeredLookup,
  type ValeSwitch,
} from "@clickos/vale";
import { DaemonError } from "./daemon-error.ts";
import type { Events } from "./events.ts";
import { portOptionsOf } from "./port-shape.ts";

/** An attachment, and what it was defined as. */
interface Attached {
  readonly definition: AttachmentDefinition & { readonly name: string };
  readonly port: Attachment;
}

interface Entry {
  readonly definition: SwitchDefinition;
  readonly bridge: ValeSwitch;
  readonly attached: Map<string, Attached>;
  /** Those that are defined and could not be opened when the daemon started, and why. */
  readonly failed: Map<string, { readonly definition: AttachmentDefinition; readonly why: string }>;
}

/** How often it is looked whether attachments are linked. */
const lookMs = 500;

/** What a vif's port is behind. */
export type PeerOf = (port: string) => string | undefined;

export class Switches {
  private readonly entries = new Map<string, Entry>();
  private readonly sources: SourceSet;
  private readonly events: Events;
  /** Of attachments, what was wrong with them last. */
  private readonly problems = new Map<Attachment, string | undefined>();
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(sources: SourceSet, events: Events) {
    this.sources = sources;
    this.events = events;
    this.timer = setInterval(() => this.look(), lookMs);
    this.timer.unref();
  }

  create(definition: SwitchDefinition): void {
    const { name, lookup = "learning", vlans = false } = definition;
    if (this.entries.has(name)) throw new DaemonError("NAME_TAKEN", `a switch named '${name}' exists already`);
    const learning = (): Lookup => (vlans ? learningBridge() : steeredLookup(learningBridge()));
    const bridge = createSwitch({ name, vlans, lookup: lookup === "patch" ? patch() : learning() });
    this.entries.set(name, { definition, bridge, attached: new Map(), failed: new Map() });
    this.sources.add(bridge);
    this.events.tell("switch.created", name);
  }
  /** @throws {DaemonError} `NO_SWITCH`, `IN_USE`. */
  destroy(name: string): void {
    const { bridge, attached } = this.entry(name);
    const vif = Object.keys(bridge.stats.ports).find((port) => !attached.has(port) && !isOurs(port));
    if (vif !== undefined)
      throw new DaemonError("IN_USE", `switch '${name}' has interfaces of domains: ${vif} is one; destroy those first`);
    for (const port of [...attached.keys()]) this.detach(name, port);
    this.entries.delete(name);
    this.sources.delete(bridge);
    this.events.tell("switch.destroyed", name);
  }
  /** Opens an attachment; its port's name. @throws {NetdevError} @throws {DaemonError} */
  async attach(given: AttachmentDefinition): Promise<AttachmentDefinition & { readonly name: string }> {
    const { bridge, attached, failed } = this.entry(given.switch);
    const name = given.name ?? this.freeName(given.switch);
    if (bridge.stats.ports[name])
      throw new DaemonError("NAME_TAKEN", `switch '${given.switch}' has a port named '${name}' already`);
    const definition = { ...given, name };
    const port = await openAttachment(given.specification, { name, mtu: given.mtu });
    try {
      if (!this.entries.has(given.switch)) throw new DaemonError("NO_SWITCH", `switch '${given.switch}' is gone`);
      bridge.attach(port, portOptionsOf(given));
    } catch (e) {
      port.detached?.();
      throw e;
    }
    failed.delete(name);
    attached.set(name, { definition, port });
    this.problems.set(port, port.problem);
    this.events.tell("port.attached", `${given.switch}:${name}`, given.specification);
    return definition;
  }
  setFailed(definition: AttachmentDefinition & { readonly name: string }, why: string): void {
    this.entry(definition.switch).failed.set(definition.name, { definition, why });
  }
  /** Names of the attachments that a switch has. */
  attachedTo(name: string): string[] {
    const { attached, failed } = this.entry(name);
    return [...attached.keys(), ...failed.keys()];
  }
  detach(name: string, port: string): void {
    const { bridge, attached, failed } = this.entry(name);
    if (failed.delete(port)) return;
    const found = attached.get(port);
    if (!found)
      throw new DaemonError(
        "NO_PORT",
        bridge.stats.ports[port]
          ? `port '${port}' of switch '${name}' is a domain's interface: it goes with its domain`
          : `switch '${name}' has no port '${port}'; it has ${Object.keys(bridge.stats.ports).join(", ") || "none"}`,
      );
    bridge.detach(found.port);
    attached.delete(port);
    this.problems.delete(found.port);
    this.events.tell("port.detached", `${name}:${port}`);
  }
  get(name: string): ValeSwitch {
    return this.entry(name).bridge;
  }
  definition(name: string): SwitchDefinition {
    return this.entry(name).definition;
  }
  get names(): string[] {
    return [...this.entries.keys()];
  }
  list(peerOf: PeerOf): SwitchInfo[] {
    return [...this.entries.values()].map(({ definition, bridge, attached, failed }) => ({
      name: definition.name,
      lookup: definition.lookup ?? "learning",
      ...(definition.vlans ? { vlans: true } : {}),
      group: definition.group,
      tag: definition.tag,
      ports: [
        ...Object.entries(bridge.stats.ports)
          .filter(([name]) => !isOurs(name))
          .map(([name, stats]) => portInfo(name, stats, attached.get(name), peerOf(name))),
        ...[...failed].map(([name, { definition, why }]) => failedPort(name, definition, why)),
      ],
      drops: counted(bridge.stats.drops),
    }));
  }
  /** Detaches everything. */
  close(): void {
    clearInterval(this.timer);
    for (const { bridge, attached } of this.entries.values())
      for (const { port } of attached.values()) bridge.detach(port);
    this.entries.clear();
  }

  private entry(name: string): Entry {
    const found = this.entries.get(name);
    if (!found)
      throw new DaemonError(
        "NO_SWITCH",
        `no switch named '${name}'; ${this.entries.size === 0 ? "there are none: clickos switch create makes one" : `there are ${this.names.join(", ")}`}`,
      );
    return found;
  }
  private freeName(name: string): string {
    const { ports } = this.get(name).stats;
    for (let i = 0; ; i++) if (!ports[`${name}p${i}`]) return `${name}p${i}`;
  }
  private look(): void {
    for (const [port, before] of this.problems) {
      const { problem } = port;
      if (problem === before) continue;
      this.problems.set(port, problem);
      this.events.tell(problem === undefined ? "link.up" : "link.down", port.name, problem);
    }
  }
}

/** Whether a port is a tap's or a rule's: no definition gives such a name. */
function isOurs(name: string): boolean {
  return name.startsWith(".");
}

function portInfo(name: string, stats: PortStats, attached: Attached | undefined, peer: string | undefined): PortInfo {
  const { inPackets, inBytes, outPackets, outBytes } = stats;
  const port: Port | undefined = attached?.port;
  return {
    name,
    kind: attached ? "attachment" : "vif",
    peer: attached?.definition.specification ?? peer ?? "",
    inPackets,
    inBytes,
    outPackets,
    outBytes,
    drops: { ...dropsOf(stats), ...counted(port?.drops ?? {}) },
    ...(attached?.port.problem === undefined ? {} : { problem: attached.port.problem }),
    group: attached?.definition.group,
    tag: attached?.definition.tag,
  };
}

function failedPort(name: string, { specification, group, tag }: AttachmentDefinition, problem: string): PortInfo {
  const none = { inPackets: 0, inBytes: 0, outPackets: 0, outBytes: 0, drops: {} };
  return { name, kind: "attachment", peer: specification, ...none, problem, group, tag };
}

/** The reasons that have counted anything. */
function counted(drops: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(drops).filter(([, n]) => n > 0));
}

function dropsOf({ inPackets, inBytes, outPackets, outBytes, ...others }: PortStats): Record<string, number> {
  return counted(others as unknown as Record<string, number>);
}
