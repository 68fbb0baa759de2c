/** Routers of domains: installed, removed, started and stopped as asked for, and kept. */
import type { Configuration, RouterInfo, RouterPlace, TakeoverInfo } from "@clickos/client";
import type { Vm } from "@clickos/xl-fast";
import { DaemonError } from "./daemon-error.ts";
import { routersInfo } from "./domain-info.ts";
import type { KeptRouter } from "./domain-record.ts";
import type { DomainTable, Entry } from "./domain-table.ts";
import type { Events } from "./events.ts";
import type { ImageStore } from "./image-files.ts";

export class DomainRouters {
  private readonly table: DomainTable;
  private readonly images: ImageStore;
  private readonly events: Events;

  constructor(table: DomainTable, { images, events }: { readonly images: ImageStore; readonly events: Events }) {
    this.table = table;
    this.images = images;
    this.events = events;
  }

  /** Those that run, and those that were stopped. */
  list(name: string): RouterInfo[] {
    const { vm, record } = this.table.entry(name);
    return routersInfo(vm, record);
  }
  async install({ domain, router = 0 }: RouterPlace, configuration: Configuration): Promise<TakeoverInfo | null> {
    const { vm } = this.table.running(domain);
    return (await vm.install(router, configuration.text, configuration.file)) ?? null;
  }
  async remove({ domain, router = 0 }: RouterPlace): Promise<void> {
    const found = this.table.running(domain);
    const { vm } = found;
    if (!vm.routers.includes(router) && !found.record.routers[router]) throw noRouter(vm, router);
    await vm.halt(router);
    const { [router]: _, ...routers } = found.record.routers;
    // The image's own comes back with the image unless it is said that it does not.
    const own = router === 0 && found.record.image !== undefined ? { 0: removed } : {};
    found.record = { ...found.record, routers: { ...routers, ...own } };
    await this.table.keep(found);
  }
  async stop({ domain, router = 0 }: RouterPlace): Promise<void> {
    const { vm } = this.table.running(domain);
    if (!vm.routers.includes(router)) throw noRouter(vm, router);
    await vm.halt(router);
  }
  async start({ domain, router = 0 }: RouterPlace): Promise<void> {
    const { vm, record } = this.table.running(domain);
    if (vm.routers.includes(router)) return;
    const kept = record.routers[router];
    if (!kept || kept.text === undefined)
      throw new DaemonError("NO_ROUTER", `'${domain}' has no router ${router} that could be started: install one`);
    await vm.install(router, kept.text, kept.file);
  }
  /** A router was started, or was stopped; what a domain's end does to its routers is not kept. */
  async changed(vm: Vm, number: number, runs: boolean): Promise<void> {
    const found = this.table.entries.get(vm.name);
    if (!found) return;
    this.events.tell(runs ? "router.running" : "router.halted", `${vm.name}/${number}`);
    if (!runs && vm.domain.state !== "running" && vm.domain.state !== "paused") return;
    const kept = found.record.routers[number] ?? (runs ? undefined : await this.ownRouter(found, number));
    const file = `${vm.name}/${number}`;
    const router: KeptRouter | undefined = runs
      ? { file, text: vm.configuration(number) }
      : kept && { ...kept, stopped: true };
    if (!router) return;
    found.record = { ...found.record, routers: { ...found.record.routers, [number]: router } };
    await this.table.keep(found);
  }
  /** The router that a domain's image has. */
  private async ownRouter({ record: { image } }: Entry, number: number): Promise<KeptRouter | undefined> {
    return number === 0 && image !== undefined ? (await this.images.get(image)).manifest.config : undefined;
  }
}

/** The image's router, which is not to come back with it. */
const removed: KeptRouter = { file: "", stopped: true };

function noRouter(vm: Vm, number: number): DaemonError {
  return new DaemonError(
    "NO_ROUTER",
    `'${vm.name}' has no router ${number} that runs; ${vm.routers.join(", ") || "none"} do`,
  );
}
