/** A VM as its owner sees it. */
import type { Drop, HandlerTree } from "@clickos/click-core";
import type { Recorder } from "@clickos/click-core/compile";
import type { Unfinished } from "@clickos/click-core/runtime";
import type { Image } from "@clickos/click-image";
import type { Domain } from "@clickos/hypervisor";
import type { Vif } from "@clickos/netback";
import type { ClickControl } from "./click-control.ts";
import { ToolstackError } from "./error.ts";
import type { BootTimeline, Takeover, Vm } from "./interface.ts";
import type { Phases } from "./phases.ts";
import type { Recording, Recordings } from "./recordings.ts";
import type { VmRouter } from "./vm-router.ts";
import type { VmRouters } from "./vm-routers.ts";
import type { VmInterface, VmVifs } from "./vm-vifs.ts";

export interface VmParts {
  readonly domain: Domain;
  readonly phases: Phases;
  readonly vifs: VmVifs;
  readonly routers: VmRouters;
  readonly control: ClickControl;
  readonly recordings: Recordings;
}

/** A class, as there are thousands: a getter of an object literal costs an engine a shape of its own. */
class RunningVm implements Vm {
  readonly domain: Domain;
  private readonly at: VmParts;

  constructor(parts: VmParts) {
    this.domain = parts.domain;
    this.at = parts;
  }
  get name(): string {
    return this.domain.name;
  }
  get image(): Image {
    return this.routerOf(0).image;
  }
  imageOf(router: number): Image {
    return this.routerOf(router).image;
  }
  get timeline(): BootTimeline {
    const { phases } = this.at;
    return { totalUs: phases.totalUs, phases: phases.list };
  }
  get vifs(): readonly Vif[] {
    return this.at.vifs.list;
  }
  get interfaces(): readonly VmInterface[] {
    return this.at.vifs.interfaces;
  }
  get routers(): readonly number[] {
    return [...this.at.routers.running.keys()].sort((a, b) => a - b);
  }
  read(path: string, router = 0): string {
    return this.routerOf(router).read(path);
  }
  write(path: string, value: string, router = 0): void {
    this.routerOf(router).write(path, value);
  }
  handlers(router = 0): HandlerTree {
    return this.routerOf(router);
  }
  drops(router = 0): Drop[] {
    return this.routerOf(router).drops();
  }
  unfinished(router = 0): Unfinished {
    return this.routerOf(router).unfinished();
  }
  configuration(router = 0): string {
    const found = this.at.control.running.get(router);
    return found ? found.configuration : this.routerOf(router).image.manifest.config.text;
  }
  install(router: number, configuration: string, file?: string): Promise<Takeover | undefined> {
    return this.at.control.install(router, configuration, file);
  }
  record(router: number, recorder: Recorder): Promise<Recording> {
    return this.at.recordings.start(router, recorder);
  }
  get recorded(): boolean {
    return this.at.recordings.any;
  }
  halt(router: number): Promise<void> {
    return this.at.control.halt(router);
  }
  settled(): Promise<void> {
    return this.at.control.settled();
  }
  private routerOf(number: number): VmRouter {
    const router = this.at.routers.running.get(number);
    if (!router) throw new ToolstackError("NOT_RUNNING", `router ${number} of '${this.domain.name}' does not run`);
    return router;
  }
}

export const vmOf = (parts: VmParts): Vm => new RunningVm(parts);
