/** What a toolstack is asked for, and what it answers. */
import type { Drop, HandlerTree } from "@clickos/click-core";
import type { Recorder } from "@clickos/click-core/compile";
import type { Unfinished } from "@clickos/click-core/runtime";
import type { Image } from "@clickos/click-image";
import type { CrashRecord, Domain, Hypervisor, Share } from "@clickos/hypervisor";
import type { Vif } from "@clickos/netback";
import type { XenStore } from "@clickos/xenstore";
import type { Equal } from "./changed-frames.ts";
import type { Departure } from "./departure.ts";
import type { ShellPlan } from "./prepared.ts";
import type { Recording } from "./recordings.ts";
import type { OnCrash, RestartLimits } from "./restart-policy.ts";
import type { SavedVm } from "./vm-file.ts";
import type { VifConfig, VmInterface } from "./vm-vifs.ts";

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
  /** What becomes of it when it crashes; `preserve` by default: it stays, to be looked at. */
  readonly onCrash?: OnCrash;
  /** Of `onCrash: "restart"`. */
  readonly restart?: Partial<RestartLimits>;
}

/** What has become of a VM. `id` is its domain's. */
export type VmEvent =
  | { readonly kind: "crashed"; readonly name: string; readonly id: number; readonly crash: CrashRecord }
  /** It is to be started anew after so many milliseconds. */
  | { readonly kind: "restarting"; readonly name: string; readonly id: number; readonly inMs: number }
  | { readonly kind: "restarted"; readonly name: string; readonly id: number; readonly vm: Vm }
  /** It is left as it is: it crashes too often, or could not be started. */
  | { readonly kind: "given up"; readonly name: string; readonly id: number; readonly reason: string }
  | { readonly kind: "destroyed"; readonly name: string; readonly id: number }
  /** A router has the place and the state of another one. */
  | ({ readonly kind: "reconfigured"; readonly name: string; readonly id: number; readonly router: number } & Takeover);

/** How a router took the place of another. */
export interface Takeover {
  /** Milliseconds that the VM stood still. */
  readonly pauseMs: number;
  /** Frames in the rings of interfaces that the former router had not read, or had sent, and the next one has. */
  readonly frames: number;
  /** Those that nobody has: of interfaces that the next one does not use. */
  readonly lost: number;
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
  /** Of any router. @throws {ToolstackError} NOT_RUNNING */
  imageOf(router: number): Image;
  readonly timeline: BootTimeline;
  readonly vifs: readonly Vif[];
  /** The interfaces that it was given, connected or not. */
  readonly interfaces: readonly VmInterface[];
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
  /** The configuration of a router that runs. @throws {ToolstackError} NOT_RUNNING */
  configuration(router?: number): string;
  /**
   * Compiles a configuration and runs it as a router. In place of one that runs it does so live: elements of the same name and class
   * keep their state, field by field, and the interfaces that both use lose no frame; the VM stands still for as long as that
   * takes, not while it is compiled. What is wrong with the configuration is thrown, and the former router goes on. `file` is what
   * errors call it. `undefined` when no router ran there, or the same. @throws {ConfigurationError} @throws {ToolstackError}
   */
  install(router: number, configuration: string, file?: string): Promise<Takeover | undefined>;
  /**
   * Records packets' ways through a router: it is compiled again with the recorder and replaced live, and put back when the recording
   * ends; so do `save`, `clone` and `depart`, and whatever replaces the router. @throws {ToolstackError} RECORDED, NOT_RUNNING, NO_ROOM
   */
  record(router: number, recorder: Recorder): Promise<Recording>;
  /** Whether packets of any router are recorded. */
  readonly recorded: boolean;
  /** Ends a router. One that does not run is none the worse for it. */
  halt(router: number): Promise<void>;
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
  /** How often it was started anew after a crash. */
  readonly restarts: number;
}

export interface Toolstack {
  readonly hypervisor: Hypervisor;
  readonly store: XenStore;
  /** Creates a VM and lets it run, unless it is to be `paused`. @throws {ToolstackError} @throws {ImageError} */
  create(config: VmConfig): Promise<Vm>;
  /**
   * Creates VMs in their order, in turns of some milliseconds between which others run; each VM, or why there is none. Each is an
   * image that was loaded before, best: it is loaded once.
   */
  createMany(configs: readonly VmConfig[]): Promise<(Vm | Error)[]>;
  /** Why the last creation of a VM of that name failed, until one succeeds; the store has it in `/tool/clickos/failed/<name>`. */
  failure(name: string): string | undefined;
  /** A VM was not made for a reason of the caller's: a configuration that does not compile, a switch that is not there. */
  noteFailure(name: string, problem: unknown): void;
  /** Has shells ready, of which creations of that size take theirs: prepared domains that are only filled in. */
  keepShells(plan: ShellPlan): Promise<void>;
  /** Shells that are ready. */
  readonly shells: number;
  /** Calls back with what becomes of VMs that crash. @returns ends it. */
  onVmEvent(listener: (event: VmEvent) => void): () => void;
  /** Ends a VM: its interfaces leave their switches. @throws {ToolstackError} NO_VM */
  destroy(name: string): void;
  /** A VM as bytes, to be restored here or elsewhere; it is ended, unless it is to stay. @throws {ToolstackError} */
  save(name: string, options?: { readonly keep?: boolean; readonly note?: string }): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * A VM from what `save` gave, or `decodeVm` made of it: its state, its queued packets and its time go on. It runs the code that it
   * was saved with; with `recompile`, what its configurations compile to here: fields of states that both have are moved, queued packets too,
   * and frames in the rings of its interfaces are lost. @throws {ToolstackError}
   */
  restore(
    saved: Uint8Array<ArrayBuffer> | SavedVm,
    config?: Omit<VmConfig, "image" | "name"> & { readonly name?: string; readonly recompile?: boolean },
  ): Promise<Vm>;
  /**
   * Has a VM go elsewhere while it runs: see `Departure`. What is told of it makes a `SavedVm`, for `restore` there; it is destroyed here
   * once it runs there. `equal` compares memory in the fastest way that there is. @throws {ToolstackError}
   */
  depart(name: string, options?: { readonly equal?: Equal | undefined }): Promise<Departure>;
  /** Compiles an image's code, for a VM of it that is to run soon. @throws {ImageError} */
  compile(image: Image): Promise<void>;
  /** A second VM that begins where the first one is. @throws {ToolstackError} */
  clone(name: string, config: Omit<VmConfig, "image">): Promise<Vm>;
  get(name: string): Vm | undefined;
  /** Gives a VM another name. @throws {ToolstackError} NO_VM, NAME_TAKEN */
  rename(name: string, to: string): void;
  list(): VmSummary[];
}
