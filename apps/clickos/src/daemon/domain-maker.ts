/** Makes VMs of what is kept of domains: their images, and what the toolstack is told of them. */
import type { ElementSet } from "@clickos/click-core";
import { classDigest } from "@clickos/click-core/compile";
import type { Image } from "@clickos/click-image";
import type { Configuration, VifDefinition } from "@clickos/client";
import type { LinkRouter, Toolstack, VifConfig, Vm, VmConfig } from "@clickos/xl-fast";
import type { DomainSettings } from "./domain-record.ts";
import type { ImageStore } from "./image-files.ts";
import { ShellKeeper } from "./shell-keeper.ts";
import type { Switches } from "./switches.ts";

export interface DomainMakerOptions {
  readonly toolstack: Toolstack;
  readonly elements: ElementSet;
  readonly link: LinkRouter;
  readonly switches: Switches;
  readonly images: ImageStore;
}

export class DomainMaker {
  private readonly at: DomainMakerOptions;
  /** By configuration: those that come together are compiled once. */
  private readonly linked = new Map<string, Promise<Image>>();
  private readonly shells: ShellKeeper;

  constructor(options: DomainMakerOptions) {
    this.at = options;
    this.shells = new ShellKeeper(options.toolstack);
  }

  /** Compiles a configuration to an image. @throws {ConfigurationError} */
  link(configuration: Configuration): Promise<Image> {
    const key = JSON.stringify([configuration.file, configuration.text]);
    let made = this.linked.get(key);
    if (!made) {
      made = this.at.link(configuration, { name: imageName(configuration.file) });
      this.linked.set(key, made);
      void made.catch(() => {}).finally(() => this.linked.delete(key));
    }
    return made;
  }
  /** Creates a VM of an image in the store, or a shell. @throws {ToolstackError} @throws {DaemonError} `NO_SWITCH` */
  async make(settings: DomainSettings, name: string | undefined): Promise<Vm> {
    const { toolstack, images } = this.at;
    const image = name === undefined ? undefined : await images.get(name);
    const vm = await toolstack.create({ ...this.configOf(settings), ...(image ? { image } : {}) });
    this.shells.created(image, settings.memoryKiB, settings.pcpu);
    return vm;
  }
  close(): void {
    this.shells.close();
  }
  /** What the toolstack is told. @throws {DaemonError} `NO_SWITCH` */
  configOf(settings: DomainSettings): Omit<VmConfig, "image"> {
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
  /** Whether an image was built with the classes that are here. */
  isOurs({ library }: Image["manifest"]): boolean {
    const { elements } = this.at;
    return Object.entries(library).every(
      ([name, digest]) => Object.hasOwn(elements, name) && classDigest(elements[name] as never) === digest,
    );
  }
}

function imageName(file: string): string {
  return (file.split("/").at(-1) ?? file).replace(/\.click$/, "").slice(0, 64) || "click";
}
