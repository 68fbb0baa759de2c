/** The routers of a VM: each an image of its own, in its own part of the domain's memory and grant table. */
import type { ElementSet } from "@clickos/click-core";
import { type Recorder, routerControl } from "@clickos/click-core/compile";
import { drawSeed } from "@clickos/click-core/runtime";
import { type Image, linkImage, locateCrash } from "@clickos/click-image";
import { entriesPerFrame, frameSize, GTF, grantEntry, reservedEntries } from "@clickos/grant-table";
import {
  type Domain,
  domainFrames,
  firstFreeAddress,
  type Hypervisor,
  HypervisorError,
  type Locate,
} from "@clickos/hypervisor";
import type { GuestPlace } from "@clickos/minios";
import { stateCarrier } from "./carry-over.ts";
import { bootCrash, ToolstackError } from "./error.ts";
import type { Takeover } from "./interface.ts";
import type { LinkRouter } from "./link.ts";
import type { ModuleCache } from "./module-cache.ts";
import { copyFrames, gaps, VmMemory } from "./vm-memory.ts";
import { VmRouter } from "./vm-router.ts";
import type { VmVifs } from "./vm-vifs.ts";

export interface StartOptions {
  /** The image's code, where it is compiled already. */
  readonly module?: WebAssembly.Module | undefined;
  /** Called between the guest's boot and the connection of its interfaces. */
  readonly onBooted?: () => void;
}

/** A domain in which nothing runs yet. */
export interface Draft {
  readonly domain: Domain;
  readonly routers: VmRouters;
  end(): void;
}

/** Makes a domain to boot a router in that is to replace one. */
export type MakeDraft = (pages: number, pcpu: number) => Promise<Draft>;

/** What routers are made with. */
export interface RouterParts {
  readonly hypervisor: Hypervisor;
  readonly elements: ElementSet;
  readonly link: LinkRouter;
  readonly modules: ModuleCache;
}

const pageSize = 65536;
/** How often moving the state is rehearsed at most, and how long it takes when that is enough. */
const rehearsals = 3;
const shortMs = 3;

export class VmRouters {
  readonly running: Map<number, VmRouter> = new Map();
  private readonly hypervisor: Hypervisor;
  private readonly domain: Domain;
  private readonly vifs: VmVifs;
  private readonly elements: ElementSet;
  private readonly memory: VmMemory;
  private readonly linkRouter: LinkRouter;
  private readonly modules: ModuleCache;
  private readonly draft: MakeDraft;
  /** The image whose code starts, and is not one of a router yet. */
  private booting: Image | undefined;

  constructor(parts: RouterParts, domain: Domain, vifs: VmVifs, draft: MakeDraft) {
    this.draft = draft;
    this.hypervisor = parts.hypervisor;
    this.domain = domain;
    this.vifs = vifs;
    this.elements = parts.elements;
    this.linkRouter = parts.link;
    this.modules = parts.modules;
    this.memory = new VmMemory(parts.hypervisor, domain);
  }

  /** Links a configuration for a place where there is room, that of a router it is to replace too. @throws {ConfigurationError} @throws {ToolstackError} */
  async link(name: string, file: string, text: string, former?: VmRouter, recorder?: Recorder): Promise<Image> {
    const grantsEnd = domainFrames.grantTableFrames * entriesPerFrame;
    const manifests = [...this.running.values()].filter((r) => r !== former).map((r) => r.image.manifest);
    const memory = this.memory.free(manifests.map(({ router }) => router));
    const grants = gaps(
      reservedEntries,
      grantsEnd,
      manifests.map(({ grants: { first, count } }) => ({ start: first, end: first + count })),
    );
    const at = (place: GuestPlace): Promise<Image> =>
      // A recorder is for the code that is made here.
      recorder
        ? linkImage({ file, text }, { elements: this.elements, name, place, rings: this.vifs.rings, recorder })
        : this.linkRouter({ file, text }, { name, place, rings: this.vifs.rings });
    const guess: GuestPlace = {
      base: memory[0]?.start ?? firstFreeAddress,
      firstGrant: grants[0]?.start ?? reservedEntries,
    };
    const first = await at(guess);
    const { router, grants: needed } = first.manifest;
    const size = router.end - router.base;
    const room = memory.find((r) => r.end - r.start >= size);
    const entries = grants.find((r) => r.end - r.start >= needed.count);
    if (!room || !entries)
      throw new ToolstackError(
        "NO_ROOM",
        room
          ? `the router needs ${needed.count} grants, more than '${this.domain.name}' has free`
          : `the router needs ${Math.ceil(size / 1024)} KiB in one piece; '${this.domain.name}' has ${Math.max(0, ...memory.map((r) => r.end - r.start)) / 1024} of ${this.domain.memory.buffer.byteLength / 1024} free: give it more memory`,
      );
    const base = room.ofHeap ? Math.floor((room.end - size) / frameSize) * frameSize : room.start;
    const place: GuestPlace = { base, firstGrant: entries.start };
    return place.base === guess.base && place.firstGrant === guess.firstGrant ? first : at(place);
  }

  /** Boots an image as a router and connects its interfaces; `module` is its code, where that is there. @throws {ToolstackError} */
  async start(number: number, image: Image, given: StartOptions = {}): Promise<VmRouter> {
    const { vifs } = image.manifest;
    const module = given.module ?? (await this.modules.get(image));
    this.vifs.check(vifs);
    const index = await this.boot(image, module, () => this.vifs.prepare(vifs));
    given.onBooted?.();
    return this.connect(number, image, index, false);
  }

  /** Boots an image, whose interfaces are prepared before or connected later; its module's number. @throws {ToolstackError} */
  async boot(image: Image, module: WebAssembly.Module, prepare: () => void = () => {}): Promise<number> {
    const { vifs, router, grants } = image.manifest;
    if (this.domain.state === "destroyed")
      throw new ToolstackError("NOT_RUNNING", `'${this.domain.name}' was destroyed while a router was compiled for it`);
    this.memory.take(router, this.plans);
    routerControl.view(this.domain.memory.buffer, router.control).seed = drawSeed(this.hypervisor.simulated);
    this.clearGrants(grants);
    prepare();
    this.booting = image;
    try {
      return await this.domain.load(module);
    } catch (e) {
      this.memory.spread(this.plans);
      this.vifs.disconnect(vifs.map((v) => v.device));
      const { name, crash = e instanceof HypervisorError ? e.crash : undefined } = this.domain;
      if (crash) throw bootCrash(name, crash);
      throw new ToolstackError("CRASHED", `'${name}' crashed while it booted: ${(e as Error).message}`);
    } finally {
      this.booting = undefined;
    }
  }

  /** Takes up a router whose module the domain has already. */
  connect(number: number, image: Image, module: number, resume: boolean): VmRouter {
    try {
      this.vifs.connect(image.manifest.vifs, resume);
    } catch (e) {
      this.domain.unload(module);
      throw e;
    }
    const router = new VmRouter(image, module, this.hypervisor, this.domain, this.elements);
    this.running.set(number, router);
    if (resume) this.memory.adopt();
    this.memory.spread(this.plans);
    return router;
  }

  /**
   * Has an image run in place of a router, with the state that this has, and the frames in the rings of its interfaces. The image
   * boots in a domain of its own, where the state is carried over to, and what comes of it is put into the place of the former
   * router: until then that one goes on, whatever happens. `lasting` is the image that it is to have when it is put back.
   * @throws {ToolstackError}
   */
  async replace(
    number: number,
    image: Image,
    lasting: Image = image,
  ): Promise<{ readonly router: VmRouter } & Takeover> {
    const former = this.running.get(number) as VmRouter;
    const { manifest } = image;
    const before = former.image.manifest;
    const module = await this.modules.get(image);
    const carry = stateCarrier(former.image, image, this.elements);
    this.vifs.check(manifest.vifs, before.vifs);
    const others = [...this.running.values()].filter((r) => r !== former).map((r) => r.image.manifest.router);
    const { buffer } = this.domain.memory;
    const pages = buffer.byteLength / pageSize;
    /** A domain in which the image has booted. */
    const booted = async (): Promise<Draft> => {
      const draft = await this.draft(pages, this.domain.statistics.pcpu);
      try {
        const { memory } = draft.domain;
        routerControl.view(memory.buffer, manifest.router.control).now = this.domain.now();
        await draft.routers.boot(image, module);
        this.memory.limit(manifest.router, others, memory.buffer);
        return draft;
      } catch (e) {
        draft.end();
        throw e;
      }
    };
    await this.rehearse(booted, (memory) => carry(this.domain.memory, memory));
    const draft = await booted();
    try {
      const { memory } = draft.domain;
      let pausedAt = 0;
      let moved = { frames: 0, lost: 0 };
      const router = new VmRouter(image, former.module, this.hypervisor, this.domain, this.elements, lasting);
      await this.domain.exchange(former.module, module, () => {
        pausedAt = performance.now();
        if (this.running.get(number) !== former)
          throw new ToolstackError("NOT_RUNNING", `router ${number} of '${this.domain.name}' has ended meanwhile`);
        carry(this.domain.memory, memory);
        this.memory.makeRoom(manifest.router, others);
        moved = this.vifs.replace(before.vifs, manifest.vifs, () => {
          this.clearGrants(before.grants);
          this.memory.exchange(before.router, manifest.router, memory.buffer);
          this.copyGrants(manifest.grants, draft.domain.table);
          this.memory.spread([...others, manifest.router]);
        });
        // What stands in the memory is its own, whoever looks at it before its code is there.
        former.close();
        this.running.set(number, router);
      });
      const pauseMs = performance.now() - pausedAt;
      return { router, pauseMs, ...moved };
    } finally {
      draft.end();
    }
  }

  /** Has the lasting image of a router run in its place. @throws {ToolstackError} */
  async putBack(number: number): Promise<VmRouter> {
    const former = this.running.get(number) as VmRouter;
    const { lasting } = former;
    const { router } = await this.replace(
      number,
      this.hasRoom(lasting, former) ? lasting : await this.linkAgain(former),
    );
    router.watchAs(former);
    return router;
  }
  private linkAgain(former: VmRouter): Promise<Image> {
    const { name, config } = former.lasting.manifest;
    return this.link(name, config.file, config.text, former);
  }
  /** Whether nobody else has anything where an image is to be that takes the place of a router. */
  private hasRoom({ manifest: { router, grants } }: Image, former: VmRouter): boolean {
    const others = [...this.running.values()].filter((r) => r !== former).map((r) => r.image.manifest);
    return (
      this.memory.free(others.map((o) => o.router)).some((r) => r.start <= router.base && r.end >= router.end) &&
      others.every(
        (o) => o.grants.first + o.grants.count <= grants.first || grants.first + grants.count <= o.grants.first,
      )
    );
  }

  /**
   * Does what is to be done while a VM stands still before, with drafts that are thrown away, while the VM goes on: by then the engine has
   * made machine code of what is done for each of thousands of entries. What is read meanwhile may make no sense.
   */
  private async rehearse(booted: () => Promise<Draft>, carry: (memory: WebAssembly.Memory) => void): Promise<void> {
    for (let times = 0, tookMs = Number.POSITIVE_INFINITY; times < rehearsals && tookMs > shortMs; times++) {
      const draft = await booted();
      try {
        const { buffer } = draft.domain.memory;
        const began = performance.now();
        carry(draft.domain.memory);
        copyFrames(buffer, new SharedArrayBuffer(buffer.byteLength), 0, buffer.byteLength);
        tookMs = performance.now() - began;
      } catch (e) {
        if (!(e instanceof ToolstackError)) throw e;
      } finally {
        draft.end();
      }
    }
  }

  async halt(number: number): Promise<void> {
    const router = this.running.get(number);
    if (!router) return;
    this.running.delete(number);
    router.close();
    // Its memory is given to others: nothing of it may run then.
    const running = this.domain.state === "running";
    await this.domain.pause();
    this.domain.unload(router.module);
    this.vifs.disconnect(router.image.manifest.vifs.map((v) => v.device));
    this.clearGrants(router.image.manifest.grants);
    this.memory.leave(router.image.manifest.router);
    this.memory.spread(this.plans);
    if (running) this.domain.unpause();
  }

  private get plans(): readonly Image["manifest"]["router"][] {
    return [...this.running.values()].map((r) => r.image.manifest.router);
  }

  private clearGrants({ first, count }: { first: number; count: number }): void {
    const { buffer, offset } = this.domain.table;
    const words = new Int32Array(buffer, offset + first * grantEntry.size, count * 2);
    for (let i = 0; i < words.length; i += 2) Atomics.store(words, i, GTF.invalid);
  }

  /** Takes over entries that were filled in elsewhere. */
  private copyGrants({ first, count }: { first: number; count: number }, from: Domain["table"]): void {
    const { buffer, offset } = this.domain.table;
    const at = first * grantEntry.size;
    new Uint8Array(buffer, offset + at, count * grantEntry.size).set(
      new Uint8Array(from.buffer, from.offset + at, count * grantEntry.size),
    );
  }

  /** Finds the element of whichever router a crash was in. */
  get locate(): Locate {
    return (crash) => {
      const images = this.booting ? [this.booting] : [...this.running.values()].map(({ image }) => image);
      const own = images.filter(({ manifest }) =>
        crash.frames.every((f) => f.module === "" || f.module === manifest.name),
      );
      const looks = own.map(({ manifest }) => locateCrash(manifest, this.elements)(crash));
      return () => {
        for (const look of looks) {
          const found = look();
          if (found) return found;
        }
        return undefined;
      };
    };
  }
}
