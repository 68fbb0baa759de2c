/** A VM as its owner sees it. */
import type { Domain } from "@clickos/hypervisor";
import type { ClickControl } from "./click-control.ts";
import { ToolstackError } from "./error.ts";
import type { Vm } from "./interface.ts";
import type { Phases } from "./phases.ts";
import type { Recordings } from "./recordings.ts";
import type { VmRouter } from "./vm-router.ts";
import type { VmRouters } from "./vm-routers.ts";
import type { VmVifs } from "./vm-vifs.ts";

export interface VmParts {
  readonly domain: Domain;
  readonly phases: Phases;
  readonly vifs: VmVifs;
  readonly routers: VmRouters;
  readonly control: ClickControl;
  readonly recordings: Recordings;
}

export function vmOf({ domain, phases, vifs, routers, control, recordings }: VmParts): Vm {
  const routerOf = (number: number): VmRouter => {
    const router = routers.running.get(number);
    if (!router) throw new ToolstackError("NOT_RUNNING", `router ${number} of '${domain.name}' does not run`);
    return router;
  };
  return {
    get name() {
      return domain.name;
    },
    domain,
    get image() {
      return routerOf(0).image;
    },
    imageOf: (router) => routerOf(router).image,
    get timeline() {
      return { totalUs: phases.totalUs, phases: phases.list };
    },
    get vifs() {
      return vifs.list;
    },
    get interfaces() {
      return vifs.interfaces;
    },
    get routers() {
      return [...routers.running.keys()].sort((a, b) => a - b);
    },
    read: (path, router = 0) => routerOf(router).read(path),
    write: (path, value, router = 0) => routerOf(router).write(path, value),
    handlers: (router = 0) => routerOf(router),
    drops: (router = 0) => routerOf(router).drops(),
    unfinished: (router = 0) => routerOf(router).unfinished(),
    configuration(router = 0) {
      const found = control.running.get(router);
      return found ? found.configuration : routerOf(router).image.manifest.config.text;
    },
    install: (router, configuration, file) => control.install(router, configuration, file),
    record: (router, recorder) => recordings.start(router, recorder),
    get recorded() {
      return recordings.any;
    },
    halt: (router) => control.halt(router),
    settled: () => control.settled(),
  };
}
