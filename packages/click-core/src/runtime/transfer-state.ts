/** Carries the state of one program over to another that takes its place. */
import type { CompiledRouter } from "../compile/compile.ts";
import type { MemoryPlan } from "../compile/memory-plan.ts";
import { chanceWords, routerControl } from "../compile/platform.ts";
import { setHostTimer } from "../compile/timers.ts";
import { bufferSize, dataLimit, dataOffset, packetDescriptor } from "../element/packet.ts";
import { HostMemory } from "./host-memory.ts";
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
  const host = new HostMemory(memory, after.memory);
  const { pool } = before.plan;
  // The heap may have been given more than the program asked for.
  const { heapEnd } = routerControl.view(before.memory.buffer, before.plan.control);
  const end = Math.min(Math.max(before.plan.end, heapEnd), from.byteLength);
  const poolEnd = pool.base + pool.count * bufferSize;
  const { data, length, limit } = packetDescriptor.offsets;
  /** Bytes of a buffer of the former memory that are in use. */
  const usedBytes = (address: number): number => {
    const fault = (): never => {
      throw new RangeError(`there is no packet at ${address}`);
    };
    if (address < pool.base || address > end - bufferSize) fault();
    const large = address >= poolEnd;
    const most = large ? from.getUint32(address + limit, true) : dataLimit;
    const used = from.getUint32(address + data, true) + from.getUint32(address + length, true) - address;
    if (most > end - address || used > most) fault();
    return large ? used : bufferSize;
  };
  const mover: StateMover = {
    from,
    to,
    heap: host,
    mostPackets: pool.count,
    packet(address) {
      const bytes = usedBytes(address);
      const target = host.takeBuffer(bytes <= bufferSize ? 0 : bytes - dataOffset);
      if (target !== 0) copyPacket(from, to, address, target, bytes);
      return target;
    },
  };
  const old = new Map(before.plan.elements.map((e) => [e.name, e]));
  carryDrops(from, to, before.plan, after.memory);
  for (const e of after.checked.elements) {
    const was = old.get(e.source.name);
    const is = after.memory.elements[e.index];
    if (!is || was?.className !== e.class.name) continue;
    const renewed = changed.has(e.source.name) || was.configText !== is.configText;
    const { initial, fill = {} } = e.class;
    const anew = renewed
      ? [...Object.keys(initial?.({ config: e.config, plan: e.plan }) ?? {}), ...Object.keys(fill)]
      : [];
    const layout = before.plan.layouts[was.layout] ?? [];
    transferFields(mover, layout, e.state, was.state, is.state, new Set(anew));
    for (let i = 0; i < Math.min(was.timers?.count ?? 0, is.timers?.count ?? 0); i++) {
      const leaf = before.plan.timers.leaves + (was.timers?.first ?? 0) + i;
      const due = from.getBigUint64(before.plan.timers.tree + leaf * 8, true);
      setHostTimer(to, after.memory.timers, after.memory.control, (is.timers?.first ?? 0) + i, due);
    }
  }
  const control = routerControl.view(memory.buffer, after.memory.control);
  const former = routerControl.view(before.memory.buffer, before.plan.control);
  control.random = former.random;
  if (former.chanceAt > chanceWords) return;
  control.chanceAt = former.chanceAt;
  control.chanceSeeded = former.chanceSeeded;
  former.chance.forEach((_, i) => {
    control.chance[i] = former.chance[i] as number;
  });
}

/** Gives elements of the same name and class what they had dropped, by reason. */
function carryDrops(from: DataView, to: DataView, before: MemoryPlan, after: MemoryPlan): void {
  const classOf = ({ elements }: MemoryPlan): Map<string, string> =>
    new Map(elements.map(({ name, className }) => [name, className]));
  const [was, is] = [classOf(before), classOf(after)];
  const counted = new Map(before.drops.map(({ element, reason, address }) => [`${element}\n${reason}`, address]));
  for (const { element, reason, address } of after.drops) {
    const former = was.get(element) === is.get(element) ? counted.get(`${element}\n${reason}`) : undefined;
    if (former !== undefined) to.setBigUint64(address, from.getBigUint64(former, true), true);
  }
}
