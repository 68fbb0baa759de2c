/** What the handlers of an element's class are given: the element, and what they may do to it on the host. */
import { splitText } from "@clickos/click-language/arguments";
import { withArgument } from "../arguments/assign-arguments.ts";
import type { ElementInstance } from "../compile/check.ts";
import type { ElementPlan, MemoryPlan } from "../compile/memory-plan.ts";
import { noTimer, routerControl } from "../compile/platform.ts";
import { hostTimerIsSet, setHostTimer } from "../compile/timers.ts";
import type { HandlerContext } from "../element/handler.ts";
import { offerOf } from "../element/peer.ts";
import type { HostFiles } from "../element/service.ts";
import type { HostMemory } from "./host-memory.ts";
import type { HostTasks } from "./host-tasks.ts";

/** What a router in process does for handlers; others do without. */
export interface HandlerMeans {
  /** Gives an element another configuration. */
  reconfigure?(element: string, config: string): void;
  /** Gives one of an element's arguments another value, which its configuration does not show. */
  override?(element: string, argument: string, text: string): void;
  /** Reads the clock. */
  now?(): bigint;
  /** Does what a timer does when it is due, by its number. */
  fire?(timer: number): void;
  /** What handlers may do with files, where they may. */
  readonly files?: HostFiles | undefined;
  /** Asks the driver to stop. */
  stop?(): void;
}

export interface ContextParts {
  readonly memory: WebAssembly.Memory;
  readonly plan: MemoryPlan;
  readonly tasks: HostTasks;
  readonly host: HostMemory;
  readonly means: HandlerMeans;
  instance(element: number): ElementInstance;
  /** What an element's `config` shows. */
  shownConfig(element: number): string;
  stateOf(element: number): any;
  /** Takes what a handler has to say about the value that is written. */
  warn(message: string): void;
}

/** The context of an element's handlers, by its number; made when it is first asked for. */
export function handlerContexts(parts: ContextParts): (element: number) => HandlerContext<any, any> {
  const { host, instance, means, memory, plan, stateOf, tasks } = parts;
  const data = new DataView(memory.buffer);
  const control = routerControl.view(memory.buffer, plan.control);
  const unchangeable = "it cannot be changed here while the router runs";
  const reconfigure = (e: ElementInstance, config: string): void => {
    if (!means.reconfigure) throw unchangeable;
    means.reconfigure(e.source.name, config);
  };
  const make = (index: number): HandlerContext<any, any> => {
    const e = instance(index);
    const { task, timers } = plan.elements[index] as ElementPlan;
    const now = (): bigint => means.now?.() ?? control.now;
    const setTimer = (at: bigint | undefined): void => {
      if (timers) setHostTimer(data, plan.timers, plan.control, timers.first, at ?? noTimer);
    };
    return {
      config: e.config,
      plan: e.plan,
      scope: e.scope,
      name: e.source.name,
      ninputs: e.inputs.length,
      noutputs: e.outputs.length,
      heap: host,
      now,
      schedule: () => tasks.schedule(task, true),
      unschedule: () => tasks.schedule(task, false),
      isScheduled: () => (task === undefined ? undefined : tasks.scheduled(task)),
      timerIsSet: () => timers !== undefined && hostTimerIsSet(data, plan.timers, timers.first),
      setTimer,
      fire() {
        if (!timers) return;
        if (means.fire) means.fire(timers.first);
        else setTimer(control.now);
      },
      free: (address) => host.freeBuffer(address),
      peers: e.peers,
      peer: (peer) => {
        const offered = offerOf(instance(peer.element).class, peer.to);
        return offered?.onHost?.(stateOf(peer.element), contextOf(peer.element)) as never;
      },
      change(argument, text) {
        const before = splitText(parts.shownConfig(index));
        reconfigure(e, withArgument(e.class.config ?? {}, before, argument, text).join(", "));
      },
      override(argument, text) {
        if (!means.override) throw unchangeable;
        means.override(e.source.name, argument, text);
      },
      reconfigure: (config) => reconfigure(e, config),
      warn: parts.warn,
      files: means.files,
      stop() {
        if (means.stop) means.stop();
        else control.stopped++;
      },
    };
  };
  const contexts = new Map<number, HandlerContext<any, any>>();
  const contextOf = (index: number): HandlerContext<any, any> => {
    const context = contexts.get(index) ?? make(index);
    contexts.set(index, context);
    return context;
  };
  return contextOf;
}
