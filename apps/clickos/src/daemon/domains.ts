/** The daemon's domains: made, changed and ended as asked for, kept in the journal, and made again from it. */
import { randomBytes } from "node:crypto";
import type { ElementSet, HandlerTree } from "@clickos/click-core";
import { classDigest } from "@clickos/click-core/compile";
import { type Image, linkImage } from "@clickos/click-image";
import type {
  Configuration,
  CreateResult,
  DomainDefinition,
  DomainInfo,
  RouterPlace,
  VifDefinition,
} from "@clickos/client";
import { decodeVm, type Toolstack, type VifConfig, type Vm, type VmConfig, type VmEvent } from "@clickos/xl-fast";
import { DaemonError } from "./daemon-error.ts";
import { domainInfo, failedInfo } from "./domain-info.ts";
import type { DomainRecord, DomainSettings } from "./domain-record.ts";
import type { Events } from "./events.ts";
import { type FileStore, type ImageStore, writeWhole } from "./image-files.ts";
import type { Journal, Json } from "./journal.ts";
import { savedNote } from "./parameters.ts";
import type { Switches } from "./switches.ts";

export interface DomainsOptions {
  readonly toolstack: Toolstack;
  readonly elements: ElementSet;
  readonly switches: Switches;
  readonly images: ImageStore;
  readonly checkpoints: FileStore;
  readonly journal: Journal;
  readonly events: Events;
}

/** A domain that is there. */
interface Entry {
  /** Its key in the journal. */
  readonly key: string;
  record: DomainRecord;
  vm: Vm;
  /** How often it was started anew after a crash. */
  restarts: number;
  checkpointTimer: ReturnType<typeof setInterval> | undefined;
}

interface Failed {
  readonly key: string;
  readonly record: DomainRecord;
  readonly why: string;
}

export const domainKeys = "domain/";

export class Domains {
  private readonly entries = new Map<string, Entry>();
  private readonly failed = new Map<string, Failed>();
  /** Names of domains that are being made. */
  private readonly coming = new Set<string>();
  private readonly at: DomainsOptions;
  /** By configuration: so that a thousand domains of one are compiled once. */
  private readonly linked = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

  constructor(options: DomainsOptions) {
    this.at = options;
    options.toolstack.onVmEvent((event) => this.crashed(event));
  }

  // ---- making

  async create(definition: DomainDefinition): Promise<CreateResult> {
    const { image: given, configuration, ...settings } = definition;
    if (given !== undefined && configuration)
      throw new DaemonError("BAD_PARAMS", "an image and a configuration: a domain is made from one of them");
    return this.naming(settings.name, async () => {
      const bytes =
        given !== undefined
          ? new Uint8Array(Buffer.from(given, "base64"))
          : configuration && (await this.link(configuration));
      const image = bytes && (await this.at.images.add(bytes));
      try {
        const vm = await this.make(settings, image);
        return await this.take(vm, { settings, image, routers: {}, createdAt: Date.now() / 1000 });
      } catch (e) {
        if (image !== undefined) this.at.images.release(image);
        throw e;
      }
    });
  }
  async restore(options: {
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly name?: string | undefined;
    readonly vifs?: readonly VifDefinition[] | undefined;
    readonly recompile?: boolean | undefined;
    readonly paused?: boolean | undefined;
  }): Promise<CreateResult> {
    const { toolstack } = this.at;
    const saved = await decodeVm(options.bytes);
    const former = settingsIn(saved.note);
    const settings: DomainSettings = {
      ...former,
      name: options.name ?? saved.name,
      vifs: options.vifs ?? former?.vifs,
      paused: options.paused,
    };
    return this.naming(settings.name, async () => {
      const vm = await toolstack.restore(saved, { ...this.configOf(settings), recompile: options.recompile ?? false });
      return this.adopt(vm, settings);
    });
  }
  async clone(name: string, to: string, vifs: readonly VifDefinition[] | undefined): Promise<CreateResult> {
    const { record } = this.entry(name);
    return this.naming(to, async () => {
      // Addresses are for one domain at a time.
      const own = record.settings.vifs?.map(({ mac, addresses, ...vif }) => vif);
      const settings: DomainSettings = { ...record.settings, name: to, vifs: vifs ?? own, paused: false };
      const vm = await this.at.toolstack.clone(name, this.configOf(settings));
      return this.adopt(vm, settings);
    });
  }

  // ---- looking

  list(): DomainInfo[] {
    return [
      ...[...this.entries.values()].map((e) => domainInfo(e.vm, e.record, e.restarts)),
      ...[...this.failed.values()].map(({ record, why }) => failedInfo(record, why)),
    ].sort((a, b) => a.id - b.id);
  }
  info(name: string): DomainInfo {
    const failed = this.failed.get(name);
    if (failed) return failedInfo(failed.record, failed.why);
    const { vm, record, restarts } = this.entry(name);
    return domainInfo(vm, record, restarts);
  }
  get(name: string): Vm {
    return this.entry(name).vm;
  }
  get count(): number {
    return this.entries.size + this.failed.size;
  }
  handlers({ domain, router = 0 }: RouterPlace): HandlerTree {
    return this.get(domain).handlers(router);
  }
  /** What is behind a port of a switch: `NAME device N`. */
  peerOf(port: string): string | undefined {
    const id = Number(/^vif(\d+)\.\d+$/.exec(port)?.[1]);
    for (const { vm } of this.entries.values())
      if (vm.domain.id === id) return `${vm.name} device ${port.slice(port.indexOf(".") + 1)}`;
    return undefined;
  }

  // ---- changing

  async destroy(name: string): Promise<void> {
    const { journal, toolstack } = this.at;
    const failed = this.failed.get(name);
    if (failed) {
      this.failed.delete(name);
      this.forget(failed.record);
      await journal.delete(failed.key);
      return;
    }
    const found = this.entry(name);
    toolstack.destroy(name);
    await this.remove(name, found);
  }
  async pause(name: string): Promise<void> {
    const { vm } = this.running(name);
    await vm.domain.pause();
    await this.set(name, { paused: true });
    this.at.events.tell("domain.paused", name);
  }
  async unpause(name: string): Promise<void> {
    this.running(name).vm.domain.unpause();
    await this.set(name, { paused: false });
    this.at.events.tell("domain.unpaused", name);
  }
  async rename(name: string, to: string): Promise<void> {
    const found = this.entry(name);
    if (name === to) return;
    this.checkFree(to);
    this.at.toolstack.rename(name, to);
    this.entries.delete(name);
    this.entries.set(to, found);
    await this.set(to, { name: to });
    this.at.events.tell("domain.renamed", name, to);
  }
  tag(name: string, tag: string | undefined): Promise<void> {
    return this.set(name, { tag });
  }
  shutdown(name: string): void {
    this.running(name).vm.domain.shutdown("poweroff");
  }
  async pin(name: string, pcpu: number): Promise<void> {
    const { vm } = this.running(name);
    await this.at.toolstack.hypervisor.move(vm.domain.id, pcpu);
    await this.set(name, { pcpu });
  }
  async share(
    name: string,
    share: { readonly weight?: number | undefined; readonly cap?: number | undefined },
  ): Promise<{ weight: number; cap: number }> {
    const { domain } = this.running(name).vm;
    const { weight = domain.share.weight, cap = domain.share.cap } = share;
    domain.setShare({ weight, cap });
    await this.set(name, { weight, cap });
    return { weight, cap };
  }
  /** Writes it to a file. Until the file is there, whole, the domain stays. */
  async save(name: string, path: string, keep: boolean): Promise<{ bytes: number }> {
    const { vm } = this.running(name);
    const { paused } = this.entry(name).record.settings;
    // Nothing may happen to it between the snapshot and its end.
    if (!keep) await vm.domain.pause();
    try {
      const bytes = await this.at.toolstack.save(name, { keep: true, note: this.noteOf(name) });
      writeWhole(path, bytes);
      if (!keep) await this.destroy(name);
      return { bytes: bytes.length };
    } catch (e) {
      if (!keep && !paused) vm.domain.unpause();
      throw e;
    }
  }
  async checkpoint(name: string): Promise<{ bytes: number }> {
    const found = this.running(name);
    const bytes = await this.at.toolstack.save(name, { keep: true, note: this.noteOf(name) });
    const file = `${found.key.slice(domainKeys.length)}-${randomBytes(4).toString("hex")}`;
    this.at.checkpoints.write(file, bytes);
    const before = found.record.checkpoint;
    found.record = { ...found.record, checkpoint: file };
    await this.keep(found);
    if (before !== undefined) this.at.checkpoints.delete(before);
    this.at.events.tell("checkpoint", found.vm.name, `${bytes.length} bytes`);
    return { bytes: bytes.length };
  }

  // ---- routers

  async install({ domain, router = 0 }: RouterPlace, configuration: Configuration): Promise<void> {
    const { vm } = this.running(domain);
    await vm.install(router, configuration.text, configuration.file);
  }
  async removeRouter({ domain, router = 0 }: RouterPlace): Promise<void> {
    const found = this.running(domain);
    this.checkRouter(found.vm, router);
    await found.vm.halt(router);
    const { [router]: _, ...routers } = found.record.routers;
    found.record = { ...found.record, routers };
    await this.keep(found);
  }
  async stopRouter({ domain, router = 0 }: RouterPlace): Promise<void> {
    const { vm } = this.running(domain);
    this.checkRouter(vm, router);
    await vm.halt(router);
  }
  async startRouter({ domain, router = 0 }: RouterPlace): Promise<void> {
    const { vm, record } = this.running(domain);
    if (vm.routers.includes(router)) return;
    const configuration = record.routers[router];
    if (!configuration)
      throw new DaemonError("NO_ROUTER", `'${domain}' has no router ${router} that could be started: install one`);
    await vm.install(router, configuration.text);
  }
  /** A router was started, or has ended: what runs is what comes back. */
  routerChanged(vm: Vm, number: number, runs: boolean): void {
    const found = this.entries.get(vm.name);
    if (!found) return;
    this.at.events.tell(runs ? "router.running" : "router.halted", `${vm.name}/${number}`);
    if (!runs) return;
    const configuration = { file: `${vm.name}/${number}`, text: vm.configuration(number) };
    found.record = { ...found.record, routers: { ...found.record.routers, [number]: configuration } };
    void this.keep(found).catch(() => {});
  }

  // ---- the journal

  /** Makes what the journal has. @returns what could not be made, and why. */
  async recover(): Promise<string[]> {
    const { journal, images, checkpoints } = this.at;
    const kept = [...journal.entries].filter(([key]) => key.startsWith(domainKeys)) as unknown as [
      string,
      DomainRecord,
    ][];
    const problems: string[] = [];
    images.keep(new Set(kept.flatMap(([, { image }]) => image ?? [])));
    checkpoints.keep(new Set(kept.flatMap(([, { checkpoint }]) => checkpoint ?? [])));
    for (const [key, record] of kept) {
      const { name } = record.settings;
      if (record.image !== undefined) images.use(record.image);
      try {
        await this.recoverOne(key, record);
      } catch (e) {
        const why = (e as Error).message;
        problems.push(`domain '${name}': ${why}`);
        this.failed.set(name, { key, record, why });
      }
    }
    return problems;
  }
  close(): void {
    for (const { checkpointTimer } of this.entries.values()) clearInterval(checkpointTimer);
  }

  private async recoverOne(key: string, record: DomainRecord): Promise<void> {
    const { toolstack, checkpoints } = this.at;
    const { settings } = record;
    let vm: Vm;
    if (record.checkpoint !== undefined) {
      const saved = await decodeVm(checkpoints.read(record.checkpoint));
      const recompile = !saved.routers.every(({ image }) => this.isOurs(image.manifest));
      vm = await toolstack.restore(saved, { ...this.configOf(settings), recompile });
      await this.enter(key, record, vm);
      return;
    }
    let { image } = record;
    if (image !== undefined) {
      const { manifest } = await this.at.images.get(image);
      if (!this.isOurs(manifest)) {
        this.at.images.release(image);
        image = await this.at.images.add(await this.link(manifest.config));
      }
    }
    vm = await this.make(settings, image);
    const routers = { ...record.routers };
    await this.enter(key, { ...record, image }, vm);
    for (const [number, { text }] of Object.entries(routers))
      if (vm.routers.length === 0 || vm.configuration(Number(number)) !== text) await vm.install(Number(number), text);
  }
  /** Whether an image was built with the classes that are here. */
  private isOurs({ library }: Image["manifest"]): boolean {
    const { elements } = this.at;
    return Object.entries(library).every(
      ([name, digest]) => Object.hasOwn(elements, name) && classDigest(elements[name] as never) === digest,
    );
  }

  // ---- parts

  private entry(name: string): Entry {
    const found = this.entries.get(name);
    if (found) return found;
    const failed = this.failed.get(name);
    if (failed) throw new DaemonError("BAD_STATE", `'${name}' could not be made: ${failed.why}; it can be destroyed`);
    throw new DaemonError("NO_DOMAIN", `no domain named '${name}'; clickos list shows all`);
  }
  /** One that is neither halted nor crashed. */
  private running(name: string): Entry {
    const found = this.entry(name);
    const { state, crash } = found.vm.domain;
    if (state !== "running" && state !== "paused")
      throw new DaemonError("BAD_STATE", `'${name}' is ${state}${crash ? `: ${crash.cause}: ${crash.message}` : ""}`);
    return found;
  }
  private checkRouter(vm: Vm, number: number): void {
    if (!vm.routers.includes(number))
      throw new DaemonError(
        "NO_ROUTER",
        `'${vm.name}' has no router ${number} that runs; ${vm.routers.join(", ") || "none"} do`,
      );
  }
  private checkFree(name: string): void {
    if (this.entries.has(name) || this.failed.has(name) || this.coming.has(name))
      throw new DaemonError("NAME_TAKEN", `a domain named '${name}' exists already`);
  }
  /** Has a name be nobody else's meanwhile. */
  private async naming<T>(name: string, body: () => Promise<T>): Promise<T> {
    this.checkFree(name);
    this.coming.add(name);
    try {
      return await body();
    } finally {
      this.coming.delete(name);
    }
  }
  private link(configuration: Configuration): Promise<Uint8Array<ArrayBuffer>> {
    const key = JSON.stringify([configuration.file, configuration.text]);
    let made = this.linked.get(key);
    if (!made) {
      const { elements } = this.at;
      made = linkImage(configuration, { elements, name: imageName(configuration.file) }).then(({ bytes }) => bytes);
      this.linked.set(key, made);
      // For those that come together.
      void made.catch(() => {}).finally(() => this.linked.delete(key));
    }
    return made;
  }
  private async make(settings: DomainSettings, image: string | undefined): Promise<Vm> {
    const { toolstack, images } = this.at;
    return toolstack.create({
      ...this.configOf(settings),
      ...(image === undefined ? {} : { image: await images.get(image) }),
    });
  }
  private configOf(settings: DomainSettings): Omit<VmConfig, "image"> {
    const { name, vifs = [], memoryKiB, pcpu, weight, cap, paused, onCrash } = settings;
    return {
      name,
      vif: vifs.map((vif) => this.vifOf(vif)),
      ...(memoryKiB === undefined ? {} : { memoryKiB }),
      ...(pcpu === undefined ? {} : { pcpu }),
      ...(paused ? { paused } : {}),
      ...(onCrash === undefined ? {} : { onCrash }),
      share: { ...(weight === undefined ? {} : { weight }), ...(cap === undefined ? {} : { cap }) },
    };
  }
  private vifOf({ bridge, ...others }: VifDefinition): VifConfig {
    return { bridge: this.at.switches.get(bridge), ...(JSON.parse(JSON.stringify(others)) as object) };
  }
  /** A VM that came with its routers: they are what it is made from. */
  private async adopt(vm: Vm, settings: DomainSettings): Promise<CreateResult> {
    const first = vm.routers.includes(0) ? vm.imageOf(0) : undefined;
    const devices = vm.interfaces.map(({ device }) => device).join();
    // One that uses all interfaces can be what the domain is made with.
    const whole = first?.manifest.vifs.map(({ device }) => device).join() === devices ? first : undefined;
    const image = whole && (await this.at.images.add(whole.bytes));
    const routers = Object.fromEntries(
      vm.routers.filter((n) => n > 0 || !image).map((n) => [n, { file: `${vm.name}/${n}`, text: vm.configuration(n) }]),
    );
    const memoryKiB = vm.domain.statistics.memoryBytes / 1024;
    return this.take(vm, { settings: { ...settings, memoryKiB }, image, routers, createdAt: Date.now() / 1000 });
  }
  private async take(vm: Vm, record: DomainRecord): Promise<CreateResult> {
    const key = domainKeys + randomBytes(8).toString("hex");
    await this.enter(key, record, vm);
    this.at.events.tell("domain.created", vm.name, `domain ${vm.domain.id}`);
    return { domain: this.info(vm.name), timeline: vm.timeline };
  }
  private async enter(key: string, record: DomainRecord, vm: Vm): Promise<void> {
    const entry: Entry = { key, record, vm, restarts: 0, checkpointTimer: undefined };
    this.entries.set(vm.name, entry);
    this.listen(entry);
    const { checkpointSeconds } = record.settings;
    if (checkpointSeconds !== undefined) {
      entry.checkpointTimer = setInterval(
        () => void this.checkpoint(entry.vm.name).catch(() => {}),
        checkpointSeconds * 1000,
      );
      entry.checkpointTimer.unref();
    }
    await this.keep(entry);
  }
  /** Hears of its end, other than by a crash. */
  private listen({ vm }: Entry): void {
    void vm.domain.exited.then(() => {
      const { state, crash, shutdownReason } = vm.domain;
      if (state !== "destroyed" && !crash) this.at.events.tell("domain.shutdown", vm.name, shutdownReason);
    });
  }
  /** What the toolstack does with one that has crashed. */
  private crashed(event: VmEvent): void {
    const { events } = this.at;
    const { name, kind } = event;
    const found = this.entries.get(name);
    if (!found) return;
    if (kind === "crashed") {
      const { cause, message, element } = event.crash;
      events.tell("domain.crashed", name, `${cause}: ${message}${element === undefined ? "" : ` in ${element}`}`);
    } else if (kind === "restarted") {
      found.vm = event.vm;
      found.restarts++;
      this.listen(found);
      events.tell("domain.restarted", name, `domain ${event.id}`);
    } else if (kind === "destroyed") void this.remove(name, found);
    else if (kind === "given up") {
      events.tell("domain.given-up", name, event.reason);
      if (this.at.toolstack.get(name)) return;
      // There is no domain any more that could be looked at.
      this.entries.delete(name);
      clearInterval(found.checkpointTimer);
      this.failed.set(name, { key: found.key, record: found.record, why: event.reason });
    }
  }
  /** Forgets one that is gone. */
  private async remove(name: string, found: Entry): Promise<void> {
    this.entries.delete(name);
    clearInterval(found.checkpointTimer);
    this.forget(found.record);
    this.at.events.tell("domain.destroyed", name);
    await this.at.journal.delete(found.key);
  }
  private async set(name: string, settings: Partial<DomainSettings>): Promise<void> {
    const found = this.entry(name);
    found.record = { ...found.record, settings: { ...found.record.settings, ...settings } };
    await this.keep(found);
  }
  /** What `restore` finds in a saved domain. */
  private noteOf(name: string): string {
    return JSON.stringify({ clickos: 1, settings: this.entry(name).record.settings });
  }
  private keep({ key, record }: Entry): Promise<void> {
    return this.at.journal.put(key, record as unknown as Json);
  }
  private forget({ image, checkpoint }: DomainRecord): void {
    if (image !== undefined) this.at.images.release(image);
    if (checkpoint !== undefined) this.at.checkpoints.delete(checkpoint);
  }
}

/** The settings that `save` wrote into a saved domain; whoever wrote the file may have written others. */
function settingsIn(note: string | undefined): DomainSettings | undefined {
  if (note === undefined) return undefined;
  try {
    const read = savedNote.safeParse(JSON.parse(note));
    return read.success ? (read.data.settings as DomainSettings) : undefined;
  } catch {
    return undefined;
  }
}

function imageName(file: string): string {
  return (file.split("/").at(-1) ?? file).replace(/\.click$/, "").slice(0, 64) || "click";
}
