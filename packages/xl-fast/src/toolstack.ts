/** The toolstack: what `xl` does with domains, for Click VMs. */
import type { ElementSet } from "@clickos/click-core";
import { type Image, loadImage } from "@clickos/click-image";
import {
  type CrashRecord,
  createHypervisor,
  type Domain,
  type DomainSnapshot,
  type Hypervisor,
  HypervisorError,
} from "@clickos/hypervisor";
import { createXenStore, type XenStore } from "@clickos/xenstore";
import { memoryOf, relink, stateCarrier } from "./carry-over.ts";
import type { ClickControl } from "./click-control.ts";
import { ClickControls } from "./click-controls.ts";
import { departureOf } from "./departure.ts";
import { bootCrash, ToolstackError } from "./error.ts";
import { Failures } from "./failures.ts";
import type { Toolstack, Vm, VmConfig, VmEvent } from "./interface.ts";
import { type LinkRouter, linkHere } from "./link.ts";
import { ModuleCache } from "./module-cache.ts";
import { Phases } from "./phases.ts";
import { type Prepared, type PrepareParts, pagesFor, prepareDomain, Shells } from "./prepared.ts";
import { Recordings } from "./recordings.ts";
import { RestartPolicy } from "./restart-policy.ts";
import { vmOf } from "./vm.ts";
import { decodeVm, encodeVm, type SavedVm } from "./vm-file.ts";
import type { VmRouters } from "./vm-routers.ts";
import { describeVm, forgetVm } from "./vm-store.ts";
import type { VmVifs } from "./vm-vifs.ts";

interface Entry {
  readonly vm: Vm;
  readonly domain: Domain;
  readonly devices: readonly number[];
  readonly routers: VmRouters;
  readonly vifs: VmVifs;
  readonly control: ClickControl;
  readonly recordings: Recordings;
  /** What it is made from anew, with the images of its routers. */
  readonly config: Omit<VmConfig, "image">;
  /** Pages of memory. */
  readonly pages: number;
  readonly policy: RestartPolicy;
  /** Until it is started anew. */
  timer?: ReturnType<typeof setTimeout>;
  /** Disconnects and destroys it. */
  readonly end: () => void;
}

/** Milliseconds of a bulk creation without a pause. */
const turnMs = 8;
/** A few hundred small images. */
const defaultModulesKiB = 32 * 1024;

/**
 * A toolstack over a hypervisor. `elements` are the classes whose handlers can be read; `modulesKiB` is how much of compiled
 * modules is kept for further VMs of the same images; `link` compiles configurations, on the caller's thread by default.
 */
export function createToolstack(options: {
  elements: ElementSet;
  hypervisor?: Hypervisor;
  store?: XenStore;
  modulesKiB?: number;
  link?: LinkRouter;
  /** Hears of routers of VMs that were started or have ended, through the store too; not of those that a VM is made with. */
  onRouter?(vm: Vm, router: number, runs: boolean): void;
}): Toolstack {
  const { elements } = options;
  const hypervisor = options.hypervisor ?? createHypervisor();
  const store = options.store ?? createXenStore();
  const vms = new Map<string, Entry>();
  const controls = new ClickControls(store);
  const failures = new Failures(store);
  const listeners = new Set<(event: VmEvent) => void>();
  const tell = (event: VmEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const modules = new ModuleCache(options.modulesKiB ?? defaultModulesKiB);
  const link = options.link ?? linkHere(elements);
  const parts: PrepareParts = { hypervisor, store, elements, link, modules };
  const shells = new Shells(parts);
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
    policy = new RestartPolicy(config.restart),
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
    const held: { prepared?: Prepared } = {};
    const adopt = (given: Prepared): void => {
      held.prepared = given;
      ({ vifs, routers } = given);
      vifs.assign(wanted, devices);
      given.onPhase = (phase) => phases.end(phase);
    };
    let domain: Domain;
    try {
      const alone = images.length === 1 && images[0]?.router === 0 ? images[0].image : undefined;
      const shell = snapshot || former ? undefined : shells.take(alone, pages, config.pcpu);
      if (shell) {
        adopt(shell);
        shell.domain.rename(name);
        phases.end("shell");
      } else {
        const timeNs = former?.snapshot.timeNs;
        const ready = (): Promise<Prepared> =>
          prepareDomain(parts, {
            name,
            pages,
            snapshot,
            timeNs,
            pcpu: config.pcpu,
            modules: resumed,
            before(given) {
              adopt(given);
              if (snapshot) for (const { image } of images) vifs.prepare(image.manifest.vifs);
              phases.end("domain");
            },
          });
        try {
          await ready();
        } catch (e) {
          if (!(e instanceof HypervisorError && e.code === "NO_MEMORY" && shells.giveUp())) throw e;
          // What shells had is enough, or nothing is.
          await ready();
        }
      }
      const { booted } = held.prepared as Prepared;
      ({ domain } = held.prepared as Prepared);
      if (config.share) domain.setShare(config.share);
      const onThread = domain.statistics.pcpu !== 0;
      if (onThread && !shell) phases.end("thread");
      if (domain.crash) throw bootCrash(name, domain.crash);
      for (const [i, { router, image }] of images.entries()) {
        if (snapshot) routers.connect(router, image, i, true);
        else if (booted) {
          vifs.prepare(image.manifest.vifs);
          routers.connect(router, image, booted.module, false);
        } else {
          const onBooted = (): void => (onThread ? phases.end("guest") : undefined);
          await routers.start(router, image, { module: compiled[i], onBooted });
        }
      }
      // Once all are there: what is carried over may be more than an image has room for, and takes what is left.
      if (former) {
        const memory = memoryOf(former.snapshot);
        for (const { router, image } of images) {
          const before = former.routers.find((r) => r.router === router);
          if (before) stateCarrier(before.image, image, elements)(memory, domain.memory);
        }
      }
      phases.end("connect");
      if (vms.has(name)) throw new ToolstackError("NAME_TAKEN", `a VM named '${name}' exists already`);
    } catch (e) {
      held.prepared?.end();
      throw e;
    }
    const { end } = held.prepared as Prepared;
    describeVm(store, domain, name, vifs.bridges);
    const control = controls.serve(domain.id, {
      async start(number, text, file) {
        const former = routers.running.get(number);
        const image = await routers.link(`${name}/${number}`, file, text, former);
        if (!former) return { handlers: await routers.start(number, image), takeover: undefined };
        const { router, ...takeover } = await routers.replace(number, image);
        tell({ kind: "reconfigured", name: domain.name, id: domain.id, router: number, ...takeover });
        return { handlers: router, takeover };
      },
      runs: (number) => routers.running.has(number),
      halt: (number) => routers.halt(number),
      print: (text) => domain.print(text),
      shutdown: (reason) => domain.shutdown(reason),
      changed: (number, runs) => options.onRouter?.(vm, number, runs),
    });
    for (const [number, router] of routers.running) {
      const { file, text } = router.image.manifest.config;
      control.adopt(number, file, text, router);
    }
    void domain.exited.then(() => {
      if (domain.state === "destroyed") return;
      const why = domain.crash
        ? `${domain.crash.cause}: ${domain.crash.message}`
        : `shut down: ${domain.shutdownReason}`;
      for (const number of [...routers.running.keys()]) control.ended(number, why, domain.crash !== undefined);
      if (domain.crash) crashed(domain.name, domain.crash);
    });
    const recordings = new Recordings({
      domain,
      routers,
      elements,
      exchange: (number, task) => control.exchange(number, task),
    });
    const vm = vmOf({ domain, phases, vifs, routers, control, recordings });
    vms.set(name, { vm, domain, devices, routers, vifs, control, recordings, config, pages, policy, end });
    failures.remove(name);
    if (!config.paused) domain.unpause();
    phases.end("store");
    // Routers that come later are not of the creation.
    (held.prepared as Prepared).onPhase = undefined;
    return vm;
  };

  const destroy = (name: string): void => {
    const { domain, end, timer } = entry(name);
    clearTimeout(timer);
    vms.delete(name);
    failures.remove(name);
    controls.end(domain.id);
    end();
    forgetVm(store, domain.id);
  };
  /** Does what is to be done with a VM that has crashed. */
  const crashed = (name: string, crash: CrashRecord): void => {
    const found = vms.get(name);
    if (found?.domain.crash !== crash) return;
    const { domain, config, policy } = found;
    const { id } = domain;
    tell({ kind: "crashed", name, id, crash });
    if (config.onCrash === "destroy") {
      destroy(name);
      tell({ kind: "destroyed", name, id });
    }
    if (config.onCrash !== "restart") return;
    const inMs = policy.crashed(performance.now());
    if (inMs === undefined) {
      domain.print(`not started again: ${policy.reason}\n`);
      tell({ kind: "given up", name, id, reason: policy.reason });
      return;
    }
    found.timer = setTimeout(() => void startAnew(domain.name, found), inMs);
    tell({ kind: "restarting", name, id, inMs });
  };
  /** A domain of the same name with the same routers, whose state is as at first. */
  const startAnew = async (name: string, former: Entry): Promise<void> => {
    const { domain, routers, config, pages, devices, policy } = former;
    const { id, crash } = domain;
    const images = [...routers.running].map(([router, { lasting }]) => ({ router, image: lasting }));
    destroy(name);
    try {
      const vm = await build({ ...config, name, paused: false }, pages, devices, images, {}, new Phases(), policy);
      vm.domain.print(`started again after a crash: ${crash?.cause}: ${crash?.message}\n`);
      tell({ kind: "restarted", name, id: vm.domain.id, vm });
    } catch (e) {
      failures.add(name, e);
      tell({ kind: "given up", name, id, reason: (e as Error).message });
    }
  };
  const take = async ({ domain, devices, routers, control, recordings }: Entry): Promise<SavedVm> => {
    await recordings.end(`'${domain.name}' is saved`);
    await control.settled();
    if (domain.state !== "running" && domain.state !== "paused")
      throw new ToolstackError("NOT_RUNNING", `'${domain.name}' is ${domain.state}: there is nothing to save`);
    const images = [...routers.running].map(([router, { image }]) => ({ router, image }));
    return { name: domain.name, devices, routers: images, snapshot: await hypervisor.snapshot(domain.id) };
  };
  const rebuild = (saved: SavedVm, config: Omit<VmConfig, "image">): Promise<Vm> =>
    build(config, saved.snapshot.pages, saved.devices, saved.routers, { snapshot: saved.snapshot });
  const recompiled = async (former: SavedVm, config: Omit<VmConfig, "image">): Promise<Vm> => {
    const routers = await relink(former, elements, link);
    const pages = Math.max(former.snapshot.pages, ...routers.map(({ image }) => image.manifest.router.pages));
    return build(config, pages, former.devices, routers, { former });
  };

  const make = async ({ image: given, ...config }: VmConfig): Promise<Vm> => {
    const phases = new Phases();
    const { vif = [] } = config;
    const image = given === undefined ? undefined : "manifest" in given ? given : await loadImage(given);
    phases.end("load");
    const devices = image ? image.manifest.vifs.map((v) => v.device) : vif.map((_, i) => i);
    const pages = pagesFor(config.memoryKiB, image);
    return build(config, pages, devices, image ? [{ router: 0, image }] : [], {}, phases);
  };
  const create = async (config: VmConfig): Promise<Vm> => {
    try {
      return await make(config);
    } catch (e) {
      failures.add(config.name, e);
      throw e;
    }
  };

  return {
    hypervisor,
    store,
    create,
    async createMany(configs) {
      const made: (Vm | Error)[] = [];
      let next = 0;
      const some = async (): Promise<void> => {
        for (let began = performance.now(); next < configs.length; ) {
          const i = next++;
          try {
            made[i] = await create(configs[i] as VmConfig);
          } catch (e) {
            made[i] = e as Error;
          }
          if (performance.now() - began < turnMs) continue;
          await new Promise((resolve) => setTimeout(resolve, 0));
          began = performance.now();
        }
      };
      // Threads boot several at a time; on the caller's there is nothing to wait for.
      await Promise.all(Array.from({ length: hypervisor.pcpus > 1 ? hypervisor.pcpus * 2 : 1 }, some));
      return made;
    },
    failure: (name) => failures.get(name),
    noteFailure: (name, problem) => failures.add(name, problem),
    keepShells: (plan) => shells.keep(plan),
    get shells() {
      return shells.ready;
    },
    onVmEvent(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    destroy,
    async save(name, { keep = false, note } = {}) {
      const found = entry(name);
      // Nothing may happen to it between the snapshot and its end.
      if (!keep) await found.domain.pause();
      const bytes = await encodeVm({ ...(await take(found)), note });
      if (!keep) destroy(name);
      return bytes;
    },
    async restore(given, { recompile = false, ...config } = {}) {
      const saved = "snapshot" in given ? given : await decodeVm(given);
      const named = { ...config, name: config.name ?? saved.name };
      return recompile ? recompiled(saved, named) : rebuild(saved, named);
    },
    async depart(name, { equal } = {}) {
      const { domain, devices, routers, control, vifs, recordings } = entry(name);
      await recordings.end(`'${name}' goes elsewhere`);
      await control.settled();
      return departureOf({
        name,
        domain,
        devices,
        vifs,
        equal,
        routers: () => [...routers.running].map(([router, { image }]) => ({ router, image })),
      });
    },
    async compile(image) {
      await modules.get(image);
    },
    async clone(name, config) {
      return rebuild(await take(entry(name)), config);
    },
    get: (name) => vms.get(name)?.vm,
    rename(name, to) {
      const found = entry(name);
      if (name === to) return;
      if (vms.has(to)) throw new ToolstackError("NAME_TAKEN", `a VM named '${to}' exists already`);
      found.domain.rename(to);
      vms.delete(name);
      vms.set(to, found);
      store.write(`/local/domain/${found.domain.id}/name`, to);
    },
    list: () =>
      [...vms.values()].map(({ vm: { domain, name }, devices, policy }) => ({
        id: domain.id,
        name,
        state: domain.state,
        memoryKiB: domain.statistics.memoryBytes / 1024,
        vifs: devices.length,
        pcpu: domain.statistics.pcpu,
        restarts: policy.restarts,
      })),
  };
}
