/** The toolstack: what `xl` does with domains, for Click VMs. */
import type { Drop, ElementSet, HandlerTree } from "@clickos/click-core";
import type { Unfinished } from "@clickos/click-core/runtime";
import { type Image, loadImage } from "@clickos/click-image";
import {
  createHypervisor,
  type Domain,
  type DomainSnapshot,
  type Hypervisor,
  type Share,
  wasmKernel,
} from "@clickos/hypervisor";
import type { Vif } from "@clickos/netback";
import { createXenStore, type XenStore } from "@clickos/xenstore";
import { carryOver, memoryOf, relink } from "./carry-over.ts";
import type { ClickControl } from "./click-control.ts";
import { ClickControls } from "./click-controls.ts";
import { ToolstackError } from "./error.ts";
import { ModuleCache } from "./module-cache.ts";
import { decodeVm, encodeVm, type SavedVm } from "./vm-file.ts";
import type { VmRouter } from "./vm-router.ts";
import { VmRouters } from "./vm-routers.ts";
import { connectStore, describeVm, forgetVm } from "./vm-store.ts";
import { type VifConfig, VmVifs } from "./vm-vifs.ts";

export interface VmConfig {
  readonly name: string;
  /**
   * Bytes of an image, or one already loaded: the VM's router 0. Without one the VM is a shell, whose routers come
   * through the store, and device n is its nth interface.
   */
  readonly image?: Uint8Array<ArrayBuffer> | Image;
  /** One for each interface that the image has, in order. */
  readonly vif?: readonly VifConfig[];
  /**
   * Memory; what the image needs by default, and 8 MiB for a shell. More is for the heaps of routers, where large packets and
   * tables are, and for more routers.
   */
  readonly memoryKiB?: number;
  /** The pCPU to run on. */
  readonly pcpu?: number;
  /** Whether it is left paused; for who looks at it first, or has it run slice by slice (`Hypervisor.step`). */
  readonly paused?: boolean;
  readonly share?: Partial<Share>;
}

/** Microseconds of each phase of a creation, in order. */
export interface BootTimeline {
  readonly totalUs: number;
  readonly phases: readonly { readonly name: string; readonly us: number }[];
}

export interface Vm {
  readonly name: string;
  readonly domain: Domain;
  /** Of router 0. @throws {ToolstackError} NOT_RUNNING */
  readonly image: Image;
  readonly timeline: BootTimeline;
  readonly vifs: readonly Vif[];
  /** Numbers of the routers that run. */
  readonly routers: readonly number[];
  /** Reads a handler of a router, 0 by default. @throws {HandlerError} @throws {ToolstackError} NOT_RUNNING */
  read(path: string, router?: number): string;
  write(path: string, value: string, router?: number): void;
  /** All handlers of a router, 0 by default. @throws {ToolstackError} NOT_RUNNING */
  handlers(router?: number): HandlerTree;
  /** Why packets were dropped, inside the VM. */
  drops(router?: number): Drop[];
  /** What a router may still do without anything from outside, while it is idle or polls. */
  unfinished(router?: number): Unfinished;
  /** Resolves when what was asked for through the store is done. */
  settled(): Promise<void>;
}

export interface VmSummary {
  readonly id: number;
  readonly name: string;
  readonly state: Domain["state"];
  readonly memoryKiB: number;
  /** Interfaces that it was given; those of a shell are connected as its routers name them. */
  readonly vifs: number;
  readonly pcpu: number;
}

export interface Toolstack {
  readonly hypervisor: Hypervisor;
  readonly store: XenStore;
  /** Creates a VM and lets it run, unless it is to be `paused`. @throws {ToolstackError} @throws {ImageError} */
  create(config: VmConfig): Promise<Vm>;
  /** Ends a VM: its interfaces leave their switches. @throws {ToolstackError} NO_VM */
  destroy(name: string): void;
  /** A VM as bytes, to be restored here or elsewhere; it is ended, unless it is to stay. @throws {ToolstackError} */
  save(name: string, options?: { readonly keep?: boolean }): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * A VM from what `save` gave: its state, its queued packets and its time go on. It runs the code that it was saved with;
   * with `recompile`, what its configurations compile to here: fields of states that both have are moved, queued packets too,
   * and frames in the rings of its interfaces are lost. @throws {ToolstackError}
   */
  restore(
    bytes: Uint8Array<ArrayBuffer>,
    config?: Omit<VmConfig, "image" | "name"> & { readonly name?: string; readonly recompile?: boolean },
  ): Promise<Vm>;
  /** A second VM that begins where the first one is. @throws {ToolstackError} */
  clone(name: string, config: Omit<VmConfig, "image">): Promise<Vm>;
  get(name: string): Vm | undefined;
  list(): VmSummary[];
}

interface Entry {
  readonly vm: Vm;
  readonly domain: Domain;
  readonly devices: readonly number[];
  readonly routers: VmRouters;
  readonly control: ClickControl;
  /** Disconnects and destroys it. */
  readonly end: () => void;
}

const shellKiB = 8192;
/** A few hundred small images. */
const defaultModulesKiB = 32 * 1024;

/**
 * A toolstack over a hypervisor. `elements` are the classes whose handlers can be read; `modulesKiB` is how much of compiled
 * modules is kept for further VMs of the same images.
 */
export function createToolstack(options: {
  elements: ElementSet;
  hypervisor?: Hypervisor;
  store?: XenStore;
  modulesKiB?: number;
}): Toolstack {
  const { elements } = options;
  const hypervisor = options.hypervisor ?? createHypervisor();
  const store = options.store ?? createXenStore();
  const vms = new Map<string, Entry>();
  const controls = new ClickControls(store);
  const modules = new ModuleCache(options.modulesKiB ?? defaultModulesKiB);
  const entry = (name: string): Entry => {
    const found = vms.get(name);
    if (!found) throw new ToolstackError("NO_VM", `no VM named '${name}'`);
    return found;
  };

  /** A VM whose domain is made from an image, from nothing, or from a snapshot. */
  const build = async (
    config: Omit<VmConfig, "image">,
    pages: number,
    devices: readonly number[],
    images: readonly { readonly router: number; readonly image: Image }[],
    { snapshot, former }: { readonly snapshot?: DomainSnapshot; readonly former?: SavedVm } = {},
    phases = new Phases(),
  ): Promise<Vm> => {
    const { name } = config;
    const wanted = config.vif ?? [];
    if (vms.has(name)) throw new ToolstackError("NAME_TAKEN", `a VM named '${name}' exists already`);
    if (wanted.length !== devices.length)
      throw new ToolstackError(
        "BAD_VIFS",
        `'${name}' has ${devices.length} interfaces (devices ${devices.join(", ") || "none"}), ${wanted.length} given`,
      );
    // Those that come with a snapshot have booted; the others are loaded and boot.
    const compiled = await Promise.all(images.map(({ image }) => modules.get(image)));
    const resumed = snapshot ? compiled : [];
    phases.end("compile");
    let vifs!: VmVifs;
    let routers!: VmRouters;
    /** What is undone when the VM cannot be made, last things first. */
    const undo: (() => void)[] = [];
    const abandon = (): void => {
      for (const each of undo.splice(0).reverse()) each();
    };
    let domain: Domain;
    try {
      domain = await hypervisor.createDomain({
        name,
        pages,
        ...(snapshot ? { snapshot } : {}),
        ...(former ? { timeNs: former.snapshot.timeNs } : {}),
        ...(config.pcpu === undefined ? {} : { pcpu: config.pcpu }),
        ...(config.share === undefined ? {} : { share: config.share }),
        kernel: wasmKernel(resumed, (phase) => phases.end(phase)),
        locate: (crash) => routers.locate(crash),
        prepare(domain) {
          vifs = new VmVifs(hypervisor, domain, wanted, devices);
          undo.push(() => vifs.disconnect());
          routers = new VmRouters(hypervisor, domain, vifs, elements, modules);
          undo.push(connectStore(hypervisor, store, domain));
          if (snapshot) for (const { image } of images) vifs.prepare(image.manifest.vifs);
          phases.end("domain");
        },
      });
      undo.unshift(() => hypervisor.destroyDomain(domain.id));
      const onThread = domain.statistics.pcpu !== 0;
      if (onThread) phases.end("thread");
      if (domain.crash)
        throw new ToolstackError(
          "CRASHED",
          `'${name}' crashed while it booted: ${domain.crash.cause}: ${domain.crash.message}`,
          domain.crash,
        );
      for (const [i, { router, image }] of images.entries()) {
        if (snapshot) routers.connect(router, image, i, true);
        else {
          const ready = (): void => (onThread ? phases.end("guest") : undefined);
          await routers.start(router, image, { module: compiled[i], onBooted: ready });
        }
      }
      // Once all are there: what is carried over may be more than an image has room for, and takes what is left.
      if (former) {
        const memory = memoryOf(former.snapshot);
        for (const { router, image } of images) {
          const before = former.routers.find((r) => r.router === router);
          if (before) carryOver(memory, before.image, image, domain.memory, elements);
        }
      }
      phases.end("connect");
      if (vms.has(name)) throw new ToolstackError("NAME_TAKEN", `a VM named '${name}' exists already`);
    } catch (e) {
      abandon();
      throw e;
    }
    describeVm(store, domain, name, vifs.bridges);
    const control = controls.serve(domain.id, {
      async start(number, text, file) {
        const image = await routers.link(`${name}/${number}`, file, text);
        await routers.halt(number);
        return routers.start(number, image);
      },
      runs: (number) => routers.running.has(number),
      halt: (number) => routers.halt(number),
      print: (text) => domain.print(text),
      shutdown: (reason) => domain.shutdown(reason),
    });
    for (const [number, router] of routers.running) {
      const { name, config } = router.image.manifest;
      control.adopt(number, name, config.text, router);
    }
    void domain.exited.then(() => {
      if (domain.state === "destroyed") return;
      const why = domain.crash
        ? `${domain.crash.cause}: ${domain.crash.message}`
        : `shut down: ${domain.shutdownReason}`;
      for (const number of [...routers.running.keys()]) control.ended(number, why, domain.crash !== undefined);
    });
    const routerOf = (number: number): VmRouter => {
      const router = routers.running.get(number);
      if (!router) throw new ToolstackError("NOT_RUNNING", `router ${number} of '${name}' does not run`);
      return router;
    };
    const vm: Vm = {
      name,
      domain,
      get image() {
        return routerOf(0).image;
      },
      get timeline() {
        return { totalUs: phases.totalUs, phases: phases.list };
      },
      get vifs() {
        return vifs.list;
      },
      get routers() {
        return [...routers.running.keys()].sort((a, b) => a - b);
      },
      read: (path, router = 0) => routerOf(router).read(path),
      write: (path, value, router = 0) => routerOf(router).write(path, value),
      handlers: (router = 0) => routerOf(router),
      drops: (router = 0) => routerOf(router).drops(),
      unfinished: (router = 0) => routerOf(router).unfinished(),
      settled: () => control.settled(),
    };
    vms.set(name, { vm, domain, devices, routers, control, end: abandon });
    if (!config.paused) domain.unpause();
    phases.end("store");
    return vm;
  };

  const destroy = (name: string): void => {
    const { domain, end } = entry(name);
    vms.delete(name);
    controls.end(domain.id);
    end();
    forgetVm(store, domain.id);
  };
  const take = async ({ domain, devices, routers, control }: Entry): Promise<SavedVm> => {
    await control.settled();
    if (domain.state !== "running" && domain.state !== "paused")
      throw new ToolstackError("NOT_RUNNING", `'${domain.name}' is ${domain.state}: there is nothing to save`);
    const images = [...routers.running].map(([router, { image }]) => ({ router, image }));
    return { name: domain.name, devices, routers: images, snapshot: await hypervisor.snapshot(domain.id) };
  };
  const rebuild = (saved: SavedVm, config: Omit<VmConfig, "image">): Promise<Vm> =>
    build(config, saved.snapshot.pages, saved.devices, saved.routers, { snapshot: saved.snapshot });
  const recompiled = async (former: SavedVm, config: Omit<VmConfig, "image">): Promise<Vm> => {
    const routers = await relink(former, elements);
    const pages = Math.max(former.snapshot.pages, ...routers.map(({ image }) => image.manifest.router.pages));
    return build(config, pages, former.devices, routers, { former });
  };

  return {
    hypervisor,
    store,
    async create(config) {
      const phases = new Phases();
      const { image: given, vif = [] } = config;
      const image = given === undefined ? undefined : "manifest" in given ? given : await loadImage(given);
      phases.end("load");
      const devices = image ? image.manifest.vifs.map((v) => v.device) : vif.map((_, i) => i);
      const least = image?.manifest.router.pages ?? 1;
      const pages = Math.max(least, Math.ceil((config.memoryKiB ?? (image ? 0 : shellKiB)) / 64));
      return build(config, pages, devices, image ? [{ router: 0, image }] : [], {}, phases);
    },
    destroy,
    async save(name, { keep = false } = {}) {
      const found = entry(name);
      // Nothing may happen to it between the snapshot and its end.
      if (!keep) await found.domain.pause();
      const bytes = await encodeVm(await take(found));
      if (!keep) destroy(name);
      return bytes;
    },
    async restore(bytes, { recompile = false, ...config } = {}) {
      const saved = await decodeVm(bytes);
      const named = { ...config, name: config.name ?? saved.name };
      return recompile ? recompiled(saved, named) : rebuild(saved, named);
    },
    async clone(name, config) {
      return rebuild(await take(entry(name)), config);
    },
    get: (name) => vms.get(name)?.vm,
    list: () =>
      [...vms.values()].map(({ vm: { domain, name }, devices }) => ({
        id: domain.id,
        name,
        state: domain.state,
        memoryKiB: domain.memory.buffer.byteLength / 1024,
        vifs: devices.length,
        pcpu: domain.statistics.pcpu,
      })),
  };
}

/** Measures phases as they end. */
class Phases {
  readonly list: { name: string; us: number }[] = [];
  private readonly started = performance.now();
  private last = this.started;

  end(name: string): void {
    const now = performance.now();
    this.list.push({ name, us: (now - this.last) * 1000 });
    this.last = now;
  }
  get totalUs(): number {
    return (this.last - this.started) * 1000;
  }
}
