/** One compiled configuration at work: its memory, its code, the host sides of its elements. */
import type { CheckedConfiguration, CompiledRouter } from "../compile/compile.ts";
import { routerControl } from "../compile/platform.ts";
import type { HostService } from "../element/element.ts";
import { type DeviceRings, type HostDevice, hostDevice } from "./device-ring.ts";
import { type ControlExtras, type ControlPlane, controlPlane } from "./handlers.ts";
import { serviceImports } from "./host-packet.ts";
import { copyPacket, type StateMover, stateLayout, transferFields } from "./transfer.ts";

export type ControlWords = ReturnType<typeof routerControl.view>;

export interface Instance {
  readonly configuration: CheckedConfiguration;
  readonly compiled: CompiledRouter;
  readonly memory: WebAssembly.Memory;
  readonly words: ControlWords;
  readonly control: ControlPlane;
  readonly services: readonly (HostService | undefined)[];
  readonly devices: ReadonlyMap<number, HostDevice>;
  run(now: bigint, rounds: number): number;
}

export interface InstanceParts {
  readonly configuration: CheckedConfiguration;
  readonly compiled: CompiledRouter;
  readonly module: WebAssembly.Module;
  readonly rings: ReadonlyMap<number, DeviceRings>;
  readonly services: readonly (HostService | undefined)[];
  readonly extras: Omit<ControlExtras, "services">;
  readonly chatter: (text: string) => void;
  readonly now: bigint;
}

export function createInstance(parts: InstanceParts): Instance {
  const { compiled, configuration, services } = parts;
  const { layout } = compiled;
  const memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true });
  const decoder = new TextDecoder("latin1");
  const instance = new WebAssembly.Instance(parts.module, {
    click: {
      memory,
      chatter: (address: number, length: number) =>
        parts.chatter(decoder.decode(new Uint8Array(memory.buffer).slice(address, address + length))),
    },
    service: serviceImports(memory.buffer, services),
  });
  const { init, run } = instance.exports as { init: () => void; run: (now: bigint, rounds: number) => number };
  const words = routerControl.view(memory.buffer, layout.control);
  words.now = parts.now;
  init();
  return {
    configuration,
    compiled,
    memory,
    words,
    services,
    run,
    control: controlPlane(memory, configuration.checked, layout, { ...parts.extras, services }),
    devices: new Map([...parts.rings].map(([number, rings]) => [number, hostDevice(memory, layout.control, rings)])),
  };
}

/**
 * Gives elements of the new instance what those of the same name and class had in the old one. `changed` are
 * elements whose configuration is new: what follows from it is not carried over.
 */
export function transferState(before: Instance, after: Instance, changed: ReadonlySet<string>): void {
  const from = new DataView(before.memory.buffer);
  const to = new DataView(after.memory.buffer);
  const free = new Uint32Array(after.memory.buffer, after.words.freeStack);
  const mover: StateMover = {
    from,
    to,
    packet(address) {
      const left = after.words.freeCount;
      if (left === 0) {
        after.words.poolEmpty++;
        return 0;
      }
      after.words.freeCount = left - 1;
      const target = free[left - 1] as number;
      copyPacket(from, to, address, target);
      return target;
    },
  };
  const old = new Map(before.configuration.checked.elements.map((e) => [e.source.name, e]));
  for (const e of after.configuration.checked.elements) {
    const was = old.get(e.source.name);
    if (was?.class.name !== e.class.name) continue;
    const places = [before.compiled.layout.elements[was.index], after.compiled.layout.elements[e.index]] as const;
    if (!places[0] || !places[1]) continue;
    const renewed = changed.has(e.source.name) || was.source.configText !== e.source.configText;
    const initial = renewed ? Object.keys(e.class.initial?.({ config: e.config, plan: e.plan }) ?? {}) : [];
    transferFields(mover, stateLayout(was), stateLayout(e), places[0].state, places[1].state, new Set(initial));
    if (places[0].due !== undefined && places[1].due !== undefined)
      to.setBigUint64(places[1].due, from.getBigUint64(places[0].due, true), true);
    const [service, kept] = [after.services[e.index], before.services[was.index]?.kept];
    if (service !== before.services[was.index] && kept !== undefined) service?.takeOver?.(kept);
  }
  // Looked at in the next run, where there are timers.
  if (after.compiled.layout.elements.some((e) => e.due !== undefined)) after.words.nextTimer = 0n;
  after.words.random = before.words.random;
}
