/** A router that runs in a virtual machine, and its handlers. */
import { type Drop, type ElementSet, HandlerError, type HandlerTree } from "@clickos/click-core";
import {
  type CheckedGraph,
  classDigest,
  type ElementInstance,
  type ElementPlan,
  routerControl,
  sameLayout,
} from "@clickos/click-core/compile";
import {
  type RouterHandlers,
  routerHandlers,
  type Unfinished,
  unfinished,
  WatchList,
} from "@clickos/click-core/runtime";
import type { Image } from "@clickos/click-image";
import { ConfigurationError } from "@clickos/click-language";
import type { Domain, Hypervisor } from "@clickos/hypervisor";
import { checkedGraph } from "./checked-graph.ts";

/** Milliseconds from one look at handlers that are watched to the next. */
const watchMs = 100;

export class VmRouter implements HandlerTree {
  readonly image: Image;
  /** Its number among the modules of the domain. */
  readonly module: number;
  private readonly hypervisor: Hypervisor;
  private readonly domain: Domain;
  private readonly elements: ElementSet;
  /** What it is when nobody records its packets. */
  readonly lasting: Image;
  private watches = new WatchList();
  private timer: ReturnType<typeof setInterval> | undefined;
  private made: RouterHandlers | undefined;
  /** Elements of it that are the image's. */
  private readonly instances = new Map<number, ElementInstance>();

  constructor(
    image: Image,
    module: number,
    hypervisor: Hypervisor,
    domain: Domain,
    elements: ElementSet,
    lasting: Image = image,
  ) {
    this.lasting = lasting;
    this.hypervisor = hypervisor;
    this.image = image;
    this.module = module;
    this.domain = domain;
    this.elements = elements;
  }

  list(pattern?: string): string[] {
    return this.tree.list(pattern);
  }
  describe(path: string): ReturnType<HandlerTree["describe"]> {
    return this.tree.describe(path);
  }
  read(path: string, argument?: string): string {
    return this.still((tree) => sensible(path, () => tree.read(path, argument)));
  }
  write(path: string, value: string): void {
    this.still((tree) => sensible(path, () => tree.write(path, value)));
    this.checkWatches();
    // It may have made work for a guest that is asleep.
    this.hypervisor.wake(this.domain.id);
  }
  /** Looked at every 100 ms, and after a write. */
  watch(path: string, changed: (value: string) => void): Disposable {
    const full = this.describe(path).path;
    const watch = this.watches.add(full, this.read(full), changed, () => {
      if (this.watches.empty) this.close();
    });
    this.keepWatching();
    return watch;
  }
  /** Takes over the watches of a router of the same configuration, which is gone. */
  watchAs(former: VmRouter): void {
    this.watches = former.watches;
    if (!this.watches.empty) this.keepWatching();
  }
  private keepWatching(): void {
    if (this.timer) return;
    this.timer = setInterval(() => this.checkWatches(), watchMs);
    (this.timer as { unref?(): void }).unref?.();
  }
  drops(): Drop[] {
    return this.still((tree) => tree.drops());
  }
  /** What may still happen without anything from outside. Elements of another library count for nothing. */
  unfinished(): Unfinished {
    const { memory } = this.domain;
    const place = {
      data: new DataView(memory.buffer),
      plan: this.image.manifest.router,
      element: (index: number) => {
        try {
          return this.instance(index);
        } catch (e) {
          if (e instanceof HandlerError) return undefined;
          throw e;
        }
      },
    };
    return this.hypervisor.hold(this.domain.id, () => unfinished(place));
  }
  /** Nothing is watched any more. */
  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private checkWatches(): void {
    if (this.domain.state === "destroyed" || this.watches.empty) this.close();
    else this.watches.check((path) => this.read(path));
  }

  /** Handlers see the router between two of its slices. */
  private still<T>(body: (tree: RouterHandlers) => T): T {
    const { tree } = this;
    const { memory } = this.domain;
    return this.hypervisor.hold(this.domain.id, () => {
      // Handlers may ask what time it is; a router that sleeps has not looked lately.
      routerControl.view(memory.buffer, this.image.manifest.router.control).now = this.domain.now();
      return body(tree);
    });
  }

  private get tree(): RouterHandlers {
    const { router, handlers } = this.image.manifest;
    this.made ??= routerHandlers({
      memory: this.domain.memory,
      plan: router,
      entries: () => handlers,
      classOf: (index) => {
        const { className } = router.elements[index] as ElementPlan;
        return this.isSame(className) ? this.elements[className] : undefined;
      },
      instance: (index) => this.instance(index),
    });
    return this.made;
  }

  private isSame(className: string): boolean {
    const cls = Object.hasOwn(this.elements, className) ? this.elements[className] : undefined;
    return cls !== undefined && classDigest(cls) === this.image.manifest.library[className];
  }

  /** An element of the configuration, checked again with the classes that are here, if they are the image's. */
  private instance(index: number): ElementInstance {
    const { router, name } = this.image.manifest;
    const known = this.instances.get(index);
    if (known) return known;
    const plan = router.elements[index] as ElementPlan;
    const other = (): HandlerError =>
      new HandlerError(
        "OTHER_LIBRARY",
        `it needs the code of ${plan.className}, and the image '${name}' was built with another version of that class`,
      );
    if (!this.isSame(plan.className)) throw other();
    let graph: CheckedGraph;
    try {
      graph = checkedGraph(this.image, this.elements);
    } catch (e) {
      // Another class of the configuration is not here, or does not take it any more.
      if (!(e instanceof ConfigurationError)) throw e;
      throw new HandlerError(
        "OTHER_LIBRARY",
        `it needs code, and the configuration of the image '${name}' cannot be checked with the element library that is here`,
      );
    }
    const instance = graph.elements[index];
    if (instance?.source.name !== plan.name || !sameLayout(instance.state, router.layouts[plan.layout] ?? []))
      throw other();
    this.instances.set(index, instance);
    return instance;
  }
}

/** What a guest has in its memory need not make sense: a handler that is led beyond it is refused. */
function sensible<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (e) {
    if (e instanceof RangeError) throw new HandlerError("REFUSED", `${path}: ${e.message}`);
    throw e;
  }
}
