/** Carries the state of one program over to another that takes its place. */
import type { CompiledRouter } from "../compile/compile.ts";
import type { MemoryPlan } from "../compile/memory-plan.ts";
import { routerControl } from "../compile/platform.ts";
import { bufferSize } from "../element/packet.ts";
import { copyPacket, type StateMover, transferFields } from "./transfer.ts";

export interface FormerRouter {
  readonly memory: { readonly buffer: ArrayBufferLike };
  readonly plan: MemoryPlan;
}

/**
 * Gives elements what those of the same name and class had: the fields of their states that both layouts have, and their
 * timers; packets in queues are copied, as far as there are buffers. `changed` are elements whose configuration is another
 * one: what follows from it starts anew, as it does where the text differs.
 *
 * Nothing in the former memory is believed: an address that cannot be is a `RangeError`.
 */
export function transferState(
  before: FormerRouter,
  memory: WebAssembly.Memory,
  after: Pick<CompiledRouter, "memory" | "checked">,
  changed: ReadonlySet<string> = new Set(),
): void {
  const from = new DataView(before.memory.buffer);
  const to = new DataView(memory.buffer);
  const control = routerControl.view(memory.buffer, after.memory.control);
  const free = new Uint32Array(memory.buffer, control.freeStack);
  const { pool } = before.plan;
  const mover: StateMover = {
    from,
    to,
    mostPackets: pool.count,
    packet(address) {
      if (address < pool.base || address >= pool.base + pool.count * bufferSize)
        throw new RangeError(`there is no packet at ${address}`);
      const left = control.freeCount;
      if (left === 0) {
        control.poolEmpty++;
        return 0;
      }
      control.freeCount = left - 1;
      const target = free[left - 1] as number;
      copyPacket(from, to, address, target);
      return target;
    },
  };
  const old = new Map(before.plan.elements.map((e) => [e.name, e]));
  for (const e of after.checked.elements) {
    const was = old.get(e.source.name);
    const is = after.memory.elements[e.index];
    if (!is || was?.className !== e.class.name) continue;
    const renewed = changed.has(e.source.name) || was.configText !== is.configText;
    const initial = renewed ? Object.keys(e.class.initial?.({ config: e.config, plan: e.plan }) ?? {}) : [];
    const layout = before.plan.layouts[was.layout] ?? [];
    transferFields(mover, layout, e.state, was.state, is.state, new Set(initial));
    if (was.due !== undefined && is.due !== undefined) to.setBigUint64(is.due, from.getBigUint64(was.due, true), true);
  }
  // Looked at in the next run, where there are timers.
  if (after.memory.elements.some((e) => e.due !== undefined)) control.nextTimer = 0n;
  control.random = routerControl.view(before.memory.buffer, before.plan.control).random;
}
