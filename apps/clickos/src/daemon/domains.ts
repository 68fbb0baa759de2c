/** The daemon's domains: made, changed and ended as asked for, kept in the journal, and made again from it. */
import { randomBytes } from "node:crypto";
import type { HandlerTree } from "@clickos/click-core";
import { loadImage } from "@clickos/click-image";
import type { CreateResult, DomainDefinition, DomainInfo, RouterPlace, VifDefinition } from "@clickos/client";
import { decodeVm, type Toolstack, type Vm, type VmEvent } from "@clickos/xl-fast";
import { writeBytes } from "../files.ts";
import { DaemonError } from "./daemon-error.ts";
import { domainInfo, failedInfo } from "./domain-info.ts";
import type { DomainMaker } from "./domain-maker.ts";
import type { DomainRecord, DomainSettings } from "./domain-record.ts";
import { DomainRouters } from "./domain-routers.ts";
import { DomainTable, type Entry } from "./domain-table.ts";
import type { Events } from "./events.ts";
import type { FileStore, ImageStore } from "./image-files.ts";
import type { Journal } from "./journal.ts";
import { Arrivals } from "./migration/arriving.ts";
import { Leavings } from "./migration/leaving.ts";
import { noteOf, settingsIn } from "./saved-settings.ts";
import { Totals } from "./totals.ts";

export interface DomainsOptions {
  readonly toolstack: Toolstack;
  readonly maker: DomainMaker;
  readonly images: ImageStore;
  readonly checkpoints: FileStore;
  readonly journal: Journal;
  readonly events: Events;
}

export const domainKeys = "domain/";

export class Domains {
  private readonly table: DomainTable;
  private readonly at: DomainsOptions;
  readonly totals: Totals = new Totals();
  /** Their routers. */
  readonly routers: DomainRouters;
  /** Those that go to other daemons, and come from them. */
  readonly leavings: Leavings;
  readonly arrivals: Arrivals;

  constructor(options: DomainsOptions) {
    this.at = options;
    this.table = new DomainTable(options.journal);
    this.routers = new DomainRouters(this.table, options);
    const { table } = this;
    const { toolstack, maker, events } = options;
    this.leavings = new Leavings({
      toolstack,
      table,
      gone: async (name, pauseMs) => {
        this.totals.migrations.add(pauseMs);
        events.tell("domain.migrated", name);
        await this.destroy(name);
      },
      stranded: (name) => this.set(name, { paused: true }),
    });
    this.arrivals = new Arrivals({ toolstack, maker, table, adopt: (vm, settings) => this.adopt(vm, settings) });
    options.toolstack.onVmEvent((event) => this.crashed(event));
  }

  // ---- making

  async create(definition: DomainDefinition): Promise<CreateResult> {
    const { image: given, configuration, ...settings } = definition;
    if (given !== undefined && configuration)
      throw new DaemonError("BAD_PARAMS", "an image and a configuration: a domain is made from one of them");
    return this.starting(settings.name, async () => {
      const made =
        given !== undefined
          ? await loadImage(new Uint8Array(Buffer.from(given, "base64")))
          : configuration && (await this.at.maker.link(configuration));
      const image = made && this.at.images.add(made);
      try {
        const vm = await this.at.maker.make(settings, image);
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
    return this.starting(settings.name, async () => {
      const vm = await toolstack.restore(saved, {
        ...this.at.maker.configOf(settings),
        recompile: options.recompile ?? false,
      });
      return this.adopt(vm, settings);
    });
  }
  async clone(name: string, to: string, vifs: readonly VifDefinition[] | undefined): Promise<CreateResult> {
    const { record } = this.table.entry(name);
    return this.starting(to, async () => {
      // Addresses are for one domain at a time.
      const own = record.settings.vifs?.map(({ mac, addresses, ...vif }) => vif);
      const settings: DomainSettings = { ...record.settings, name: to, vifs: vifs ?? own, paused: false };
      const vm = await this.at.toolstack.clone(name, this.at.maker.configOf(settings));
      return this.adopt(vm, settings);
    });
  }

  // ---- what packets make

  /** One that a rule has created is there. It is not kept: packets make it again. */
  enterMade(vm: Vm, settings: Omit<DomainSettings, "name">, made: NonNullable<DomainRecord["made"]>): void {
    const record = { settings: { ...settings, name: vm.name }, routers: {}, createdAt: Date.now() / 1000, made };
    const entry: Entry = { key: "", record, vm, restarts: 0, checkpointTimer: undefined };
    this.table.checkFree(vm.name);
    this.table.entries.set(vm.name, entry);
    this.booted(entry);
    this.at.events.tell("domain.created", vm.name, `domain ${vm.domain.id}, for ${made.key}`);
  }
  /** It has gone. */
  leaveMade(name: string, why: string): void {
    if (!this.table.entries.get(name)?.record.made) return;
    this.table.entries.delete(name);
    this.at.events.tell("domain.destroyed", name, why);
  }

  // ---- looking

  list(): DomainInfo[] {
    return [
      ...[...this.table.entries.values()].map((e) => domainInfo(e.vm, e.record, e.restarts)),
      ...[...this.table.failed.values()].map(({ record, why }) => failedInfo(record, why)),
    ].sort((a, b) => a.id - b.id);
  }
  info(name: string): DomainInfo {
    const failed = this.table.failed.get(name);
    if (failed) return failedInfo(failed.record, failed.why);
    const { vm, record, restarts } = this.table.entry(name);
    return domainInfo(vm, record, restarts);
  }
  get(name: string): Vm {
    return this.table.entry(name).vm;
  }
  /** Why there is no domain of that name; `undefined` where there is one, or nothing is known. */
  failure(name: string): string | undefined {
    if (this.table.entries.has(name)) return undefined;
    return this.table.failed.get(name)?.why ?? this.at.toolstack.failure(name);
  }
  get count(): number {
    return this.table.entries.size + this.table.failed.size;
  }
  handlers({ domain, router = 0 }: RouterPlace): HandlerTree {
    return this.get(domain).handlers(router);
  }
  /** Says what is behind a port of a switch: `NAME device N`, of a domain that is there now. */
  peers(): (port: string) => string | undefined {
    const names = new Map([...this.table.entries.values()].map(({ vm }) => [String(vm.domain.id), vm.name]));
    return (port) => {
      const [, id = "", device] = /^vif(\d+)\.(\d+)$/.exec(port) ?? [];
      const name = names.get(id);
      return name === undefined ? undefined : `${name} device ${device}`;
    };
  }

  // ---- changing

  async destroy(name: string): Promise<void> {
    const { journal, toolstack } = this.at;
    const failed = this.table.failed.get(name);
    if (failed) {
      this.table.failed.delete(name);
      this.forget(failed.record);
      await journal.delete(failed.key);
      return;
    }
    const found = this.table.entry(name);
    toolstack.destroy(name);
    await this.remove(name, found);
  }
  async pause(name: string): Promise<void> {
    const { vm } = this.table.running(name);
    await vm.domain.pause();
    await this.set(name, { paused: true });
    this.at.events.tell("domain.paused", name);
  }
  async unpause(name: string): Promise<void> {
    this.table.running(name).vm.domain.unpause();
    await this.set(name, { paused: false });
    this.at.events.tell("domain.unpaused", name);
  }
  async rename(name: string, to: string): Promise<void> {
    const found = this.table.entry(name);
    if (name === to) return;
    this.table.checkFree(to);
    this.at.toolstack.rename(name, to);
    this.table.entries.delete(name);
    this.table.entries.set(to, found);
    await this.set(to, { name: to });
    this.at.events.tell("domain.renamed", name, to);
  }
  tag(name: string, tag: string | undefined): Promise<void> {
    return this.set(name, { tag });
  }
  shutdown(name: string): void {
    this.table.running(name).vm.domain.shutdown("poweroff");
  }
  async pin(name: string, pcpu: number): Promise<void> {
    const { vm } = this.table.running(name);
    await this.at.toolstack.hypervisor.move(vm.domain.id, pcpu);
    await this.set(name, { pcpu });
  }
  async share(
    name: string,
    share: { readonly weight?: number | undefined; readonly cap?: number | undefined },
  ): Promise<{ weight: number; cap: number }> {
    const { domain } = this.table.running(name).vm;
    const { weight = domain.share.weight, cap = domain.share.cap } = share;
    domain.setShare({ weight, cap });
    await this.set(name, { weight, cap });
    return { weight, cap };
  }
  /** Writes it to a file. Until the file is there, whole, the domain stays. */
  async save(name: string, path: string, keep: boolean): Promise<{ bytes: number }> {
    const found = this.table.running(name);
    const { domain } = found.vm;
    // Nothing may happen to it between the snapshot and its end.
    if (!keep) await domain.pause();
    try {
      const bytes = await this.at.toolstack.save(name, { keep: true, note: noteOf(found.record.settings) });
      writeBytes(path, bytes);
      if (!keep) await this.destroy(found.vm.name);
      return { bytes: bytes.length };
    } catch (e) {
      if (!keep && !found.record.settings.paused) domain.unpause();
      throw e;
    }
  }
  /** Keeps its state as it is now, in place of what was kept before. */
  async checkpoint(name: string): Promise<{ bytes: number }> {
    const found = this.table.running(name);
    if (found.record.made)
      throw new DaemonError(
        "BAD_STATE",
        `'${name}' is not kept: packets made it, by the rule '${found.record.made.rule}'`,
      );
    const bytes = await this.at.toolstack.save(name, { keep: true, note: noteOf(found.record.settings) });
    this.table.checkThere(found);
    const file = `${found.key.slice(domainKeys.length)}-${randomBytes(4).toString("hex")}`;
    this.at.checkpoints.write(file, bytes);
    const before = found.record.checkpoint;
    found.record = { ...found.record, checkpoint: file };
    await this.table.keep(found);
    if (before !== undefined) this.at.checkpoints.delete(before);
    this.at.events.tell("checkpoint", found.vm.name, `${bytes.length} bytes`);
    return { bytes: bytes.length };
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
        this.table.failed.set(name, { key, record, why });
        this.at.toolstack.noteFailure(name, e);
      }
    }
    return problems;
  }
  close(): void {
    for (const { checkpointTimer } of this.table.entries.values()) clearInterval(checkpointTimer);
  }

  private async recoverOne(key: string, record: DomainRecord): Promise<void> {
    const { toolstack, checkpoints, images, maker } = this.at;
    const { settings } = record;
    if (record.checkpoint !== undefined) {
      const saved = await decodeVm(checkpoints.read(record.checkpoint));
      const recompile = !saved.routers.every(({ image }) => maker.isOurs(image.manifest));
      await this.enter(key, record, await toolstack.restore(saved, { ...maker.configOf(settings), recompile }));
      return;
    }
    let { image } = record;
    if (image !== undefined) {
      const { manifest } = await images.get(image);
      if (!maker.isOurs(manifest)) image = images.add(await maker.link(manifest.config));
    }
    const vm = await maker.make(settings, image);
    // The former image goes only once there is a domain of the one that was compiled anew.
    if (record.image !== undefined && image !== record.image) images.release(record.image);
    const { routers } = record;
    await this.enter(key, { ...record, image }, vm);
    for (const [number, { text, file, stopped }] of Object.entries(routers)) {
      const runs = vm.routers.includes(Number(number));
      if (stopped) await vm.halt(Number(number));
      else if (text !== undefined && !(runs && vm.configuration(Number(number)) === text))
        await vm.install(Number(number), text, file);
    }
  }

  // ---- parts

  /** Makes one. Why it could not be made is told wherever it is looked for: in the store, to who listens, on the console. */
  private async starting<T>(name: string, make: () => Promise<T>): Promise<T> {
    try {
      return await this.table.naming(name, make);
    } catch (e) {
      const { message } = e as Error;
      this.totals.failedStarts++;
      this.at.toolstack.noteFailure(name, e);
      this.at.events.tell("domain.failed", name, message);
      this.table.entries.get(name)?.vm.domain.print(`nothing else was made of this name: ${message}\n`);
      throw e;
    }
  }

  /** A VM that came with its routers: they are what it is made from. */
  private async adopt(vm: Vm, settings: DomainSettings): Promise<CreateResult> {
    const first = vm.routers.includes(0) ? vm.imageOf(0) : undefined;
    const devices = vm.interfaces.map(({ device }) => device).join();
    // One that uses all interfaces can be what the domain is made with.
    const whole = first?.manifest.vifs.map(({ device }) => device).join() === devices ? first : undefined;
    const image = whole && this.at.images.add(whole);
    const routers = Object.fromEntries(
      vm.routers.filter((n) => n > 0 || !image).map((n) => [n, { file: `${vm.name}/${n}`, text: vm.configuration(n) }]),
    );
    const memoryKiB = vm.domain.statistics.memoryBytes / 1024;
    return this.take(vm, { settings: { ...settings, memoryKiB }, image, routers, createdAt: Date.now() / 1000 });
  }
  private async take(vm: Vm, record: DomainRecord): Promise<CreateResult> {
    const key = domainKeys + randomBytes(8).toString("hex");
    try {
      await this.enter(key, record, vm);
    } catch (e) {
      // What cannot be kept is not there.
      const found = this.table.entries.get(vm.name);
      this.table.entries.delete(vm.name);
      clearInterval(found?.checkpointTimer);
      this.at.toolstack.destroy(vm.name);
      throw e;
    }
    this.at.events.tell("domain.created", vm.name, `domain ${vm.domain.id}`);
    return { domain: this.info(vm.name), timeline: vm.timeline };
  }
  private async enter(key: string, record: DomainRecord, vm: Vm): Promise<void> {
    const entry: Entry = { key, record, vm, restarts: 0, checkpointTimer: undefined };
    this.table.entries.set(vm.name, entry);
    this.booted(entry);
    const { checkpointSeconds } = record.settings;
    if (checkpointSeconds !== undefined) {
      let busy = false;
      const take = async (): Promise<void> => {
        // One that takes longer than that is not begun a second time.
        // A checkpoint ends recordings: those of somebody who looks at its packets are more to the point.
        if (busy || entry.vm.recorded) return;
        busy = true;
        await this.checkpoint(entry.vm.name).catch(() => {});
        busy = false;
      };
      entry.checkpointTimer = setInterval(() => void take(), checkpointSeconds * 1000);
      entry.checkpointTimer.unref();
    }
    await this.table.keep(entry);
  }
  /** One that is there: it hears of its end, other than by a crash. */
  private booted({ vm }: Entry): void {
    this.totals.boots.add(vm.timeline.totalUs / 1000);
    void vm.domain.exited.then(() => {
      const { state, crash, shutdownReason } = vm.domain;
      if (state !== "destroyed" && !crash) this.at.events.tell("domain.shutdown", vm.name, shutdownReason);
    });
  }
  /** What the toolstack does with one that has crashed. */
  private crashed(event: VmEvent): void {
    const { events } = this.at;
    const { name, kind } = event;
    const found = this.table.entries.get(name);
    if (!found) return;
    if (kind === "crashed") {
      const { cause, message, element } = event.crash;
      events.tell("domain.crashed", name, `${cause}: ${message}${element === undefined ? "" : ` in ${element}`}`);
    } else if (kind === "restarted") {
      found.vm = event.vm;
      found.restarts++;
      this.booted(found);
      events.tell("domain.restarted", name, `domain ${event.id}`);
    } else if (kind === "reconfigured") {
      const { pauseMs, frames, lost } = event;
      this.totals.reconfigurations.add(pauseMs);
      const lostText = lost === 0 ? "" : `, ${lost} lost`;
      events.tell(
        "router.reconfigured",
        `${name}/${event.router}`,
        `paused ${pauseMs.toFixed(1)} ms, ${frames} frames carried over${lostText}`,
      );
    } else if (kind === "destroyed") void this.remove(name, found);
    else if (kind === "given up") {
      events.tell("domain.given-up", name, event.reason);
      if (this.at.toolstack.get(name)) return;
      // There is no domain any more that could be looked at.
      this.table.entries.delete(name);
      clearInterval(found.checkpointTimer);
      this.table.failed.set(name, { key: found.key, record: found.record, why: event.reason });
    }
  }
  /** Forgets one that is gone. */
  private async remove(name: string, found: Entry): Promise<void> {
    this.table.entries.delete(name);
    clearInterval(found.checkpointTimer);
    this.forget(found.record);
    this.at.events.tell("domain.destroyed", name);
    await this.at.journal.delete(found.key);
  }
  private async set(name: string, settings: Partial<DomainSettings>): Promise<void> {
    const found = this.table.entry(name);
    found.record = { ...found.record, settings: { ...found.record.settings, ...settings } };
    await this.table.keep(found);
  }
  private forget({ image, checkpoint }: DomainRecord): void {
    if (image !== undefined) this.at.images.release(image);
    if (checkpoint !== undefined) this.at.checkpoints.delete(checkpoint);
  }
}
