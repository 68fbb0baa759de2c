/** One compiled configuration at work: its memory, its code, the host sides of its elements. */
import type { ElementInstance } from "../compile/check.ts";
import type { CheckedConfiguration, CompiledRouter } from "../compile/compile.ts";
import { routerControl } from "../compile/platform.ts";
import type { HostService } from "../element/service.ts";
import { type DeviceRings, type HostDevice, hostDevice } from "./device-ring.ts";
import type { HandlerMeans } from "./handler-context.ts";
import { HostMemory } from "./host-memory.ts";
import { serviceImports } from "./host-packet.ts";
import { type HandlerSources, type RouterHandlers, routerHandlers } from "./router-handlers.ts";
import { transferState } from "./transfer-state.ts";
import { transferTasks } from "./transfer-tasks.ts";

export type ControlWords = ReturnType<typeof routerControl.view>;

export interface Instance {
  readonly configuration: CheckedConfiguration;
  readonly compiled: CompiledRouter;
  /** The code, encoded. */
  readonly wasm: Uint8Array;
  readonly memory: WebAssembly.Memory;
  readonly host: HostMemory;
  readonly words: ControlWords;
  readonly handlers: RouterHandlers;
  readonly services: readonly (HostService | undefined)[];
  readonly devices: ReadonlyMap<number, HostDevice>;
  /** Entry points of its code. */
  readonly exports: WebAssembly.Exports;
  /** Runs so many tasks at most: 0 none is scheduled, 1 more to do, 2 stopped, 3 those that poll found nothing. */
  tasks(firings: number): number;
  /** Calls timers that are due at `check` and no later than `until`, `most` of them. */
  timers(check: bigint, until: bigint, most: number): void;
  /** Does what a timer does when it is due. */
  fire(timer: number): void;
  /** Initializes elements in Click's order; `start` is called for each in its turn. */
  initialize(start?: (element: number) => void): void;
}

/** What is different in a configuration of the same graph. */
export interface Changes {
  /** Elements whose configuration is another one: what follows from it is not carried over. */
  readonly renewed: ReadonlySet<string>;
}

export interface InstanceParts {
  readonly configuration: CheckedConfiguration;
  readonly compiled: CompiledRouter;
  readonly wasm: Uint8Array;
  readonly rings: ReadonlyMap<number, DeviceRings>;
  readonly services: readonly (HostService | undefined)[];
  readonly extras: Pick<HandlerSources, "root" | keyof HandlerMeans>;
  readonly chatter: (text: string) => void;
  readonly now: bigint;
  readonly seed: bigint;
}

export function createInstance(parts: InstanceParts): Instance {
  const { compiled, configuration, services, wasm } = parts;
  const plan = compiled.memory;
  const memory = new WebAssembly.Memory({ initial: plan.pages, maximum: plan.pages, shared: true });
  const host = new HostMemory(memory, plan);
  const decoder = new TextDecoder("latin1");
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm as BufferSource), {
    click: {
      memory,
      chatter: (address: number, length: number) =>
        parts.chatter(decoder.decode(new Uint8Array(memory.buffer).slice(address, address + length))),
    },
    service: serviceImports(memory.buffer, services),
  });
  const { prepare, initElement, tasks, timers, fire, begin } = instance.exports as unknown as {
    prepare(): void;
    begin?(): void;
    initElement(element: number): void;
  } & Pick<Instance, "tasks" | "timers" | "fire">;
  const words = routerControl.view(memory.buffer, plan.control);
  words.now = parts.now;
  words.seed = parts.seed;
  prepare();
  begin?.();
  return {
    configuration,
    compiled,
    wasm,
    memory,
    host,
    words,
    services,
    exports: instance.exports,
    tasks,
    timers,
    fire,
    initialize(start) {
      for (const element of configuration.checked.order) {
        if (configuration.checked.elements[element]?.class.init) initElement(element);
        start?.(element);
      }
    },
    handlers: routerHandlers({
      memory,
      plan,
      entries: () => compiled.handlers,
      classOf: (index) => configuration.checked.elements[index]?.class,
      instance: (index) => configuration.checked.elements[index] as ElementInstance,
      services,
      ...parts.extras,
    }),
    devices: new Map([...parts.rings].map(([number, rings]) => [number, hostDevice(host, rings)])),
  };
}

/**
 * Gives elements of the new instance what those of the same name and class had in the old one; with `changes`, the graph is
 * the same but for arguments, and its tasks go on where they stand.
 */
export function takeOver(before: Instance, after: Instance, changes: Changes | undefined): void {
  const former = { memory: before.memory, plan: before.compiled.memory };
  transferState(former, after.memory, after.compiled, changes?.renewed);
  if (changes) transferTasks(former, { memory: after.memory, plan: after.compiled.memory });
  const old = new Map(before.configuration.checked.elements.map((e) => [e.source.name, e]));
  for (const e of after.configuration.checked.elements) {
    const was = old.get(e.source.name);
    if (was?.class.name !== e.class.name) continue;
    const [service, kept] = [after.services[e.index], before.services[was.index]?.kept];
    if (service !== before.services[was.index] && kept !== undefined) service?.takeOver?.(kept);
  }
}
