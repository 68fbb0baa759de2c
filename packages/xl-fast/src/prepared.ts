/**
 * Domains that are prepared and do not run yet: memory, console, event channels and the store's ring are there, in one for an image
 * its router too, which has booted. A creation fills one in: its name, its interfaces, its part of the store. A pool keeps some ready
 * (shells), so that a creation need not make its own.
 */
import type { ElementSet } from "@clickos/click-core";
import type { Image } from "@clickos/click-image";
import {
  type Domain,
  type DomainSnapshot,
  type Hypervisor,
  HypervisorError,
  type Kernel,
  wasmKernel,
} from "@clickos/hypervisor";
import type { XenStore } from "@clickos/xenstore";
import { ToolstackError } from "./error.ts";
import type { LinkRouter } from "./link.ts";
import type { ModuleCache } from "./module-cache.ts";
import { VmRouters } from "./vm-routers.ts";
import { connectStore } from "./vm-store.ts";
import { VmVifs } from "./vm-vifs.ts";

/** KiB of a VM without an image. */
const shellKiB = 8192;

/** Pages of memory: what the image asks for at least. */
export function pagesFor(memoryKiB: number | undefined, image: Image | undefined): number {
  return Math.max(image?.manifest.router.pages ?? 1, Math.ceil((memoryKiB ?? (image ? 0 : shellKiB)) / 64));
}

/** A domain without a VM. */
export interface Prepared {
  readonly domain: Domain;
  readonly vifs: VmVifs;
  readonly routers: VmRouters;
  /** The image that has booted in it, and the number of its module. */
  booted?: { readonly image: Image; readonly module: number };
  /** Told of the steps of loading a module on the caller's thread. */
  onPhase: ((phase: string) => void) | undefined;
  /** Ends its interfaces, its connection with the store, and the domain. */
  end(): void;
}

/** What domains are prepared with. */
export interface PrepareParts {
  readonly hypervisor: Hypervisor;
  readonly store: XenStore;
  readonly elements: ElementSet;
  readonly link: LinkRouter;
  readonly modules: ModuleCache;
}

export interface PrepareOptions {
  readonly name: string;
  readonly pages: number;
  readonly pcpu?: number | undefined;
  /** What it goes on from; `modules` are its guests. */
  readonly snapshot?: DomainSnapshot | undefined;
  readonly modules?: readonly WebAssembly.Module[];
  readonly timeNs?: bigint | undefined;
  /** Called before a kernel starts that goes on from a snapshot. */
  readonly before?: (prepared: Prepared) => void;
}

/** Makes a domain. @throws {HypervisorError} */
export async function prepareDomain(parts: PrepareParts, options: PrepareOptions): Promise<Prepared> {
  const { hypervisor } = parts;
  const { name, pages, pcpu, snapshot, timeNs, modules = [], before } = options;
  const made: Prepared[] = [];
  const kernel: Kernel = wasmKernel(modules, (phase) => made[0]?.onPhase?.(phase));
  try {
    await hypervisor.createDomain({
      name,
      pages,
      ...(snapshot ? { snapshot } : {}),
      ...(timeNs === undefined ? {} : { timeNs }),
      ...(pcpu === undefined ? {} : { pcpu }),
      kernel,
      locate: (crash) => made[0]?.routers.locate(crash) ?? (() => undefined),
      prepare(domain) {
        const prepared = preparedOf(parts, domain);
        made.push(prepared);
        before?.(prepared);
      },
    });
  } catch (e) {
    made[0]?.end();
    throw e;
  }
  return made[0] as Prepared;
}

function preparedOf(parts: PrepareParts, domain: Domain): Prepared {
  const { hypervisor, store } = parts;
  const vifs = new VmVifs(hypervisor, domain);
  const disconnect = connectStore(hypervisor, store, domain);
  let open = true;
  return {
    domain,
    vifs,
    routers: new VmRouters(parts, domain, vifs, (pages, pcpu) =>
      prepareDomain(parts, { name: domain.name, pages, pcpu }),
    ),
    onPhase: undefined,
    end() {
      if (!open) return;
      open = false;
      vifs.disconnect();
      disconnect();
      hypervisor.destroyDomain(domain.id);
    },
  };
}

/** Shells of a kind that are to be ready. */
export interface ShellPlan {
  /** How many; 0 ends them. */
  readonly count: number;
  /** Has this image's router booted in each: a creation of the image has nothing left to load. */
  readonly image?: Image;
  /** Memory of each in KiB, whole pages of 64; what the image asks for, or 8 MiB, when absent. */
  readonly memoryKiB?: number;
  /** The pCPU that they are on; the least loaded at the time when absent. */
  readonly pcpu?: number;
}

interface Kind {
  readonly image: Image | undefined;
  readonly pages: number;
  readonly pcpu: number | undefined;
  count: number;
  readonly ready: Prepared[];
}

/** Keeps shells ready, by size and pCPU. */
export class Shells {
  private readonly parts: PrepareParts;
  private readonly kinds = new Map<string, Kind>();
  private filling: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: PrepareParts) {
    this.parts = parts;
  }

  /** How many are ready. */
  get ready(): number {
    let count = 0;
    for (const kind of this.kinds.values()) count += kind.ready.length;
    return count;
  }

  /** Resolves when so many are ready; from then on those that are used are made again. @throws {HypervisorError} */
  async keep({ count, image, memoryKiB, pcpu }: ShellPlan): Promise<void> {
    const pages = pagesFor(memoryKiB, image);
    const key = `${pages} ${pcpu ?? ""} ${image?.contentSha256 ?? ""}`;
    const kind = this.kinds.get(key) ?? { image, pages, pcpu, count, ready: [] };
    this.kinds.set(key, kind);
    kind.count = count;
    for (const shell of kind.ready.splice(count)) shell.end();
    if (count === 0) this.kinds.delete(key);
    while (kind.ready.length < kind.count) await this.make(kind);
  }

  /** A shell of this size, on this pCPU if it is to be that one: where the image has booted, or an empty one. */
  take(image: Image | undefined, pages: number, pcpu: number | undefined): Prepared | undefined {
    return (image && this.find(image.contentSha256, pages, pcpu)) ?? this.find(undefined, pages, pcpu);
  }
  private find(content: string | undefined, pages: number, pcpu: number | undefined): Prepared | undefined {
    for (const kind of this.kinds.values()) {
      if (kind.pages !== pages || kind.image?.contentSha256 !== content) continue;
      const i = kind.ready.findIndex((s) => pcpu === undefined || s.domain.statistics.pcpu === pcpu);
      if (i < 0) continue;
      this.fillLater();
      return kind.ready.splice(i, 1)[0];
    }
    return undefined;
  }

  /** Ends those that are ready, for the memory that they have; whether there were any. */
  giveUp(): boolean {
    const had = this.ready > 0;
    for (const kind of this.kinds.values()) for (const shell of kind.ready.splice(0)) shell.end();
    return had;
  }

  private async make(kind: Kind): Promise<void> {
    const { image, pages, pcpu } = kind;
    const module = image && (await this.parts.modules.get(image));
    const shell = await prepareDomain(this.parts, { name: "shell", pages, pcpu });
    if (image && module) {
      try {
        shell.booted = { image, module: await shell.routers.boot(image, module) };
      } catch (e) {
        shell.end();
        throw e;
      }
    }
    if (kind.ready.length < kind.count) kind.ready.push(shell);
    else shell.end();
  }
  /** One at a time, between other things. */
  private fillLater(): void {
    this.filling ??= setTimeout(async () => {
      this.filling = undefined;
      const kind = [...this.kinds.values()].find((k) => k.ready.length < k.count);
      if (!kind) return;
      try {
        await this.make(kind);
        this.fillLater();
      } catch (e) {
        // There is no memory or no place, or the image crashes: the next that is taken has it tried again.
        if (!(e instanceof HypervisorError || e instanceof ToolstackError)) throw e;
      }
    }, 0);
    (this.filling as { unref?(): void }).unref?.();
  }
}
