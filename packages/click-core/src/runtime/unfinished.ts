/** What a router that is idle, or polls, may still do when nothing comes from outside. */
import type { ElementInstance } from "../compile/check.ts";
import type { MemoryPlan } from "../compile/memory-plan.ts";
import { noTimer } from "../compile/platform.ts";
import { HostMemory } from "./host-memory.ts";
import { HostTasks } from "./host-tasks.ts";

export interface Unfinished {
  /** A source has not reached its limit, or a timer is set that ends something: it will happen, given time. */
  readonly certain: boolean;
  /** Something pulls now and then, or goes on for ever: with packets held, some may move; with none, nothing more comes of it. */
  readonly possible: boolean;
  /** Packet buffers that are in use. */
  readonly held: number;
}

/** Where a router is: its memory, and the elements that its plan counts, as far as they are known. */
export interface RouterPlace {
  readonly data: DataView;
  readonly plan: MemoryPlan;
  element(index: number): ElementInstance | undefined;
}

/** `timed` are the elements whose host sides have timers. */
export function unfinished(place: RouterPlace, timed: ReadonlySet<string> = new Set()): Unfinished {
  const { plan, data } = place;
  const tasks = new HostTasks(data, plan);
  let [certain, possible] = [false, false];
  plan.elements.forEach(({ task, timers, name }, i) => {
    const runs = task !== undefined && tasks.scheduled(task);
    const waits = timed.has(name) || (timers !== undefined && anySet(place, timers));
    if (!runs && !waits) return;
    const e = place.element(i);
    // What a device brings comes from outside.
    if (!e || e.class.polls) return;
    const endless = e.class.endless?.(e.config as never, e.plan as never) ?? false;
    if (!endless && (waits || e.inputs.length === 0)) certain = true;
    else if (e.inputs.length > 0) possible = true;
  });
  return { certain, possible, held: new HostMemory({ buffer: data.buffer }, plan).usedBuffers };
}

function anySet(
  { data, plan }: RouterPlace,
  { first, count }: { readonly first: number; readonly count: number },
): boolean {
  const { tree, leaves } = plan.timers;
  for (let timer = first; timer < first + count; timer++)
    if (data.getBigUint64(tree + (leaves + timer) * 8, true) !== noTimer) return true;
  return false;
}
