/** What a router that is idle, or polls, may still do when nothing comes from outside. */
import { noTimer } from "../compile/platform.ts";
import { HostTasks } from "./host-tasks.ts";
import type { Instance } from "./instance.ts";

export interface Unfinished {
  /** A source has not reached its limit, or a timer is set that ends something: it will happen, given time. */
  readonly certain: boolean;
  /** Something pulls now and then, or goes on for ever: with packets held, some may move; with none, nothing more comes of it. */
  readonly possible: boolean;
  /** Packet buffers that are in use. */
  readonly held: number;
}

/** `timed` are the elements whose host sides have timers. */
export function unfinished(router: Instance, timed: ReadonlySet<string>): Unfinished {
  const { memory, elements } = { memory: router.compiled.memory, elements: router.configuration.checked.elements };
  const tasks = new HostTasks(router.host.data, memory);
  let [certain, possible] = [false, false];
  memory.elements.forEach(({ task, timers, name }, i) => {
    const e = elements[i];
    // What a device brings comes from outside.
    if (!e || e.class.polls) return;
    const runs = task !== undefined && tasks.scheduled(task);
    const waits = timed.has(name) || (timers !== undefined && anySet(router, timers));
    if (!runs && !waits) return;
    const endless = e.class.endless?.(e.config as never) ?? false;
    if (!endless && (waits || e.inputs.length === 0)) certain = true;
    else if (e.inputs.length > 0) possible = true;
  });
  return { certain, possible, held: memory.pool.count - router.host.freeBuffers };
}

function anySet(
  { host, compiled }: Instance,
  { first, count }: { readonly first: number; readonly count: number },
): boolean {
  const { tree, leaves } = compiled.memory.timers;
  for (let timer = first; timer < first + count; timer++)
    if (host.data.getBigUint64(tree + (leaves + timer) * 8, true) !== noTimer) return true;
  return false;
}
