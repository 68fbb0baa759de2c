/** All that the daemon owns: the hypervisor, switches, domains and the journal of what is defined, run by one loop. */
import { join } from "node:path";
import type { ElementSet } from "@clickos/click-core";
import type { AttachmentDefinition, SwitchDefinition } from "@clickos/client";
import { createHypervisor } from "@clickos/hypervisor/node";
import { runLoop, SourceSet } from "@clickos/run-loop";
import { createToolstack, type LinkRouter, linkHere, type Toolstack } from "@clickos/xl-fast";
import { DaemonError } from "./daemon-error.ts";
import { DomainMaker } from "./domain-maker.ts";
import { Domains } from "./domains.ts";
import { Events } from "./events.ts";
import { FileStore, ImageStore } from "./image-files.ts";
import { type Journal, type Json, openJournal } from "./journal.ts";
import { ownFolder } from "./paths.ts";
import { ReactiveRules } from "./reactive-rules.ts";
import { RecordingStreams } from "./recording-streams.ts";
import { Switches } from "./switches.ts";

export interface MachineOptions {
  readonly elements: ElementSet;
  /** What compiles configurations with these; on the caller's thread by default. */
  readonly link?: LinkRouter | undefined;
  /** The folder of the journal, images and checkpoints. */
  readonly state: string;
  /** Threads beside the daemon's own, which domains run on where a watchdog guards them. */
  readonly threads: number;
  /** Memory of all domains together, at most. */
  readonly memoryKiB?: number | undefined;
}

const switchKeys = "switch/";
const attachmentKeys = "attachment/";

export class Machine {
  readonly toolstack: Toolstack;
  readonly switches: Switches;
  readonly domains: Domains;
  /** Rules by which packets make domains. */
  readonly reactive: ReactiveRules;
  readonly events: Events = new Events();
  readonly recordings: RecordingStreams = new RecordingStreams();
  readonly pcpus: number;
  private readonly maker: DomainMaker;
  private readonly journal: Journal;
  private readonly sources = new SourceSet();
  private readonly ending = new AbortController();
  private loop: Promise<unknown> = Promise.resolve();

  /** Opens what is kept in the folder; nothing runs yet. @throws {CommandError} */
  constructor({ elements, link = linkHere(elements), state, threads, memoryKiB }: MachineOptions) {
    ownFolder(state);
    this.journal = openJournal(join(state, "journal"));
    const hypervisor = createHypervisor({ pcpus: threads, ...(memoryKiB === undefined ? {} : { memoryKiB }) });
    this.pcpus = threads + 1;
    this.toolstack = createToolstack({
      elements,
      link,
      hypervisor,
      onRouter: (vm, router, runs) => void this.domains.routers.changed(vm, router, runs).catch(() => {}),
    });
    this.switches = new Switches(this.sources, this.events);
    const { toolstack, switches } = this;
    const images = new ImageStore(join(state, "images"));
    const maker = new DomainMaker({ toolstack, elements, link, switches, images });
    this.maker = maker;
    this.domains = new Domains({
      toolstack,
      maker,
      images,
      checkpoints: new FileStore(join(state, "checkpoints"), ".vm"),
      journal: this.journal,
      events: this.events,
    });
    const { domains, journal, events } = this;
    this.reactive = new ReactiveRules({ toolstack, elements, link, maker, domains, journal, events });
  }

  /** Runs, and makes what the journal has: switches, what is attached to them, then domains. @returns what could not be made. */
  async start(): Promise<string[]> {
    this.loop = runLoop([this.toolstack.hypervisor, this.sources], { signal: this.ending.signal });
    const of = <T>(prefix: string): T[] =>
      [...this.journal.entries].filter(([key]) => key.startsWith(prefix)).map(([, value]) => value as unknown as T);
    const problems: string[] = [];
    for (const definition of of<SwitchDefinition>(switchKeys)) this.switches.create(definition);
    // What comes from outside finds them in force.
    problems.push(...(await this.reactive.recover()));
    for (const definition of of<AttachmentDefinition & { readonly name: string }>(attachmentKeys)) {
      try {
        await this.switches.attach(definition);
      } catch (e) {
        const why = (e as Error).message;
        problems.push(`port '${definition.name}' of switch '${definition.switch}': ${why}`);
        this.switches.setFailed(definition, why);
      }
    }
    return [...problems, ...(await this.domains.recover())];
  }
  async close(): Promise<void> {
    this.domains.close();
    await this.recordings.close();
    this.maker.close();
    await this.reactive.close();
    this.ending.abort();
    this.sources.wake();
    await this.loop.catch(() => {});
    await this.toolstack.hypervisor.close();
    this.switches.close();
    await this.journal.close();
  }

  // ---- switches are kept, too

  async createSwitch(definition: SwitchDefinition): Promise<void> {
    this.switches.create(definition);
    await this.journal.put(switchKeys + definition.name, definition as unknown as Json);
  }
  async destroySwitch(name: string): Promise<void> {
    const rule = this.reactive.using(name);
    if (rule !== undefined)
      throw new DaemonError("IN_USE", `the rule '${rule}' makes domains at switch '${name}'; destroy that first`);
    const ports = this.switches.attachedTo(name);
    this.switches.destroy(name);
    await Promise.all([
      ...ports.map((port) => this.journal.delete(`${attachmentKeys}${name}/${port}`)),
      this.journal.delete(switchKeys + name),
    ]);
  }
  async attach(given: AttachmentDefinition): Promise<string> {
    const definition = await this.switches.attach(given);
    await this.journal.put(`${attachmentKeys}${given.switch}/${definition.name}`, definition as unknown as Json);
    return definition.name;
  }
  async detach(name: string, port: string): Promise<void> {
    this.switches.detach(name, port);
    await this.journal.delete(`${attachmentKeys}${name}/${port}`);
  }
}
