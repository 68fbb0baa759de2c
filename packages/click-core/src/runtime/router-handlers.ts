/**
 * The handlers of a compiled router in a memory. Plain values are read where the program says that they are; standard
 * handlers (`class`, `name`, `config`, `ports`, `handlers`, and of a task `scheduled`, `tickets`, `home_thread`) follow from
 * the memory plan. The rest is code of the element classes, run on the host over a view of the element's state.
 */

import { closest } from "@clickos/click-language/closest";
import { withArgument } from "../arguments/assign-arguments.ts";
import type { ElementInstance } from "../compile/check.ts";
import type { ElementPlan, MemoryPlan } from "../compile/memory-plan.ts";
import { noTimer, routerControl } from "../compile/platform.ts";
import { setHostTimer } from "../compile/timers.ts";
import type { ElementClass, HostService } from "../element/element.ts";
import {
  type Handler,
  type HandlerContext,
  type HandlerEntry,
  type HandlerValue,
  readPlain,
  type ServiceHandler,
} from "../element/handler.ts";
import { HandlerError, type HandlerTree, matchesPattern } from "../element/handler-tree.ts";
import { scopes } from "../element/information.ts";
import { offerOf } from "../element/peer.ts";
import { readDrops } from "./drops.ts";
import { HostMemory } from "./host-memory.ts";
import { HostTasks } from "./host-tasks.ts";

/** One count of dropped packets. */
export interface Drop {
  readonly element: string;
  readonly reason: string;
  readonly count: number;
}

/** What the handlers of a router are made from. */
export interface HandlerSources {
  readonly memory: WebAssembly.Memory;
  readonly plan: MemoryPlan;
  /** Those that the element classes define. */
  entries(): readonly HandlerEntry[];
  /** The class of an element, where it is the one that the program was made with. */
  classOf(element: number): ElementClass | undefined;
  /** The element, for handlers that need its class's code. @throws {HandlerError} OTHER_LIBRARY */
  instance(element: number): ElementInstance;
  /** By element. */
  readonly services?: readonly (Pick<HostService, "handlers" | "handler"> | undefined)[];
  /** The router's own handlers. */
  readonly root?: Readonly<Record<string, ServiceHandler>>;
  /** Gives an element another configuration. */
  reconfigure?(element: string, config: string): void;
  /** Whether `config` may be written, by elements that reconfigure live. */
  readonly reconfigurable?: boolean;
}

/** A handler tree without `watch`, which is for those to add who know when values may have changed. */
export type UnwatchedTree = Omit<HandlerTree, "watch">;

export interface RouterHandlers extends UnwatchedTree {
  /** The same, with names looked up from the compound of that element, outwards. */
  from(element: string): UnwatchedTree;
  /** Every reason for which packets were dropped, with counts above zero. */
  drops(): Drop[];
}

/** A handler, ready to be used. */
interface Bound {
  readonly entry: HandlerEntry;
  read?: ((argument: string) => HandlerValue) | undefined;
  write?: ((value: string) => void) | undefined;
}

export function routerHandlers(sources: HandlerSources): RouterHandlers {
  const { memory, plan, root } = sources;
  const data = new DataView(memory.buffer);
  const control = routerControl.view(memory.buffer, plan.control);
  const tasks = new HostTasks(data, plan);
  const host = new HostMemory(memory, plan);
  const byName = once(() => new Map(plan.elements.map((e, index) => [e.name, index])));
  const byPath = once(() => new Map(sources.entries().map((entry) => [entry.path, entry])));

  // ---- what an element's code is given

  const states = new Map<number, unknown>();
  const stateOf = (index: number): any => {
    let state = states.get(index);
    if (state === undefined) {
      state = sources.instance(index).state.view(memory.buffer, plan.elements[index]?.state ?? 0);
      states.set(index, state);
    }
    return state;
  };
  const reconfigure = (e: ElementInstance, config: string): void => {
    if (!sources.reconfigure) throw "it cannot be changed here while the router runs";
    sources.reconfigure(e.source.name, config);
  };
  const contexts = new Map<number, HandlerContext<any, any>>();
  const contextOf = (index: number): HandlerContext<any, any> => {
    let context = contexts.get(index);
    if (!context) {
      const e = sources.instance(index);
      const { task, timers } = plan.elements[index] as ElementPlan;
      context = {
        config: e.config,
        plan: e.plan,
        scope: e.scope,
        name: e.source.name,
        ninputs: e.inputs.length,
        noutputs: e.outputs.length,
        heap: host,
        now: () => control.now,
        schedule: () => tasks.schedule(task, true),
        unschedule: () => tasks.schedule(task, false),
        setTimer: (at) => {
          if (timers) setHostTimer(data, plan.timers, plan.control, timers.first, at ?? noTimer);
        },
        free: (address) => host.freeBuffer(address),
        peers: e.peers,
        peer: (peer) => {
          const offered = offerOf(sources.instance(peer.element).class, peer.to);
          return offered?.onHost?.(stateOf(peer.element), contextOf(peer.element)) as never;
        },
        change: (argument, text) => {
          const before = e.source.arguments.map((a) => a.text);
          reconfigure(e, withArgument(e.class.config ?? {}, before, argument, text).join(", "));
        },
        reconfigure: (config) => reconfigure(e, config),
      };
      contexts.set(index, context);
    }
    return context;
  };

  // ---- where handlers come from, in this order

  const ofService = (path: string, handler: ServiceHandler): Bound => {
    const { kind = handler.read ? "text" : "button", unit } = handler;
    const access = handler.read ? (handler.write ? "rw" : "r") : "w";
    return {
      entry: { path, access, kind, ...(unit === undefined ? {} : { unit }) },
      read: handler.read?.bind(handler),
      write: handler.write?.bind(handler),
    };
  };
  const ofClass = (entry: HandlerEntry, index: number, name: string): Bound => {
    const { at, text, kind } = entry;
    /** What the class has there. An image may say of itself what its classes do not have. */
    const code = (): Handler<any, any, any> => {
      try {
        const { handlers } = sources.instance(index).class;
        if (handlers && Object.hasOwn(handlers, name)) return handlers[name] as Handler<any, any, any>;
      } catch (e) {
        if (e instanceof HandlerError) throw new HandlerError(e.code, `${entry.path}: ${e.message}`);
        throw e;
      }
      throw new HandlerError("NO_HANDLER", `${entry.path}: the element's class has no such handler`);
    };
    const bound: Bound = { entry };
    if (text !== undefined) bound.read = () => text;
    else if (at) bound.read = () => (kind === "flag" ? Number(readPlain(data, at)) !== 0 : readPlain(data, at));
    else if (entry.access !== "w")
      bound.read = (argument) => code().read?.(stateOf(index), contextOf(index), argument) ?? "";
    if (entry.access !== "r") bound.write = (value) => code().write?.(stateOf(index), value, contextOf(index));
    return bound;
  };
  const standard: Readonly<Record<string, (e: ElementPlan, index: number, path: string) => Bound>> = {
    class: (e, _, path) => fixed(path, e.className),
    name: (e, _, path) => fixed(path, e.name),
    config: (e, index, path) => {
      const { reconfigure, reconfigurable } = sources;
      const writable = reconfigure && reconfigurable && sources.classOf(index)?.live;
      const write = writable ? (value: string) => reconfigure.call(sources, e.name, value) : undefined;
      return { entry: { path, access: write ? "rw" : "r", kind: "text" }, read: () => e.configText, write };
    },
    ports: (e, _, path) => ({ entry: { path, access: "r", kind: "table" }, read: () => e.ports }),
    handlers: (_e, index, path) => ({
      entry: { path, access: "r", kind: "table" },
      read: () =>
        names(index)
          .map((name) => {
            const handler = own(index, name)?.entry;
            return `${name}\t${handler?.access ?? ""}\n`;
          })
          .join(""),
    }),
  };
  const ofTask: typeof standard = {
    scheduled: ({ task = 0 }, _, path) => ({
      entry: { path, access: "rw", kind: "flag" },
      read: () => tasks.scheduled(task),
      write: (value) => tasks.schedule(task, /^\s*(?:1|true|yes|t|y)\s*$/i.test(value)),
    }),
    tickets: ({ task = 0 }, _, path) => ({
      entry: { path, access: "rw", kind: "gauge" },
      read: () => tasks.ticketsOf(task),
      write: (value) => tasks.setTickets(task, value),
    }),
    home_thread: (_e, _, path) => ({ entry: { path, access: "r", kind: "gauge" }, read: () => 0 }),
  };
  const standardWithTask = { ...standard, ...ofTask };
  const standardOf = (e: ElementPlan): typeof standard => (e.task === undefined ? standard : standardWithTask);

  /** The handler of an element; `undefined` when it has none of that name. */
  const own = (index: number, name: string): Bound | undefined => {
    const e = plan.elements[index] as ElementPlan;
    const path = `${e.name}.${name}`;
    const service = sources.services?.[index];
    if (service?.handlers && Object.hasOwn(service.handlers, name))
      return ofService(path, service.handlers[name] as ServiceHandler);
    const entry = byPath().get(path);
    if (entry) return ofClass(entry, index, name);
    const make = standardOf(e);
    if (Object.hasOwn(make, name)) return make[name]?.(e, index, path);
    const dynamic = service?.handler?.(name);
    return dynamic && ofService(path, dynamic);
  };
  let classNames: string[][] | undefined;
  /** Names of an element's handlers, those known beforehand. */
  const names = (index: number): string[] => {
    if (!classNames) {
      classNames = plan.elements.map(() => []);
      for (const { path } of sources.entries()) {
        const dot = path.lastIndexOf(".");
        const element = byName().get(path.slice(0, dot));
        if (element !== undefined) classNames[element]?.push(path.slice(dot + 1));
      }
    }
    return [
      ...new Set([
        ...Object.keys(sources.services?.[index]?.handlers ?? {}),
        ...(classNames[index] ?? []),
        ...Object.keys(standardOf(plan.elements[index] as ElementPlan)),
      ]),
    ];
  };

  const find = (path: string, from: string): Bound => {
    const dot = path.lastIndexOf(".");
    const name = path.slice(dot + 1);
    if (dot <= 0) {
      const handler = root && Object.hasOwn(root, name) ? root[name] : undefined;
      if (handler) return ofService(name, handler);
      throw root
        ? new HandlerError("NO_HANDLER", `no handler named '${name}'${suggestion(name, Object.keys(root))}`)
        : new HandlerError("NO_ELEMENT", `'${path}' is not element.handler`);
    }
    const element = path.slice(0, dot);
    const scope = scopes(from).find((s) => byName().has(s + element));
    if (scope === undefined)
      throw new HandlerError("NO_ELEMENT", `no element named '${element}'${suggestion(element, byName().keys())}`);
    const index = byName().get(scope + element) as number;
    const handler = own(index, name);
    if (handler) return handler;
    throw new HandlerError(
      "NO_HANDLER",
      `element '${scope}${element}' has no handler '${name}'${suggestion(name, names(index))}`,
    );
  };

  const tree = (from: string): UnwatchedTree => {
    const read = (path: string, argument = ""): string => {
      const { entry, read } = find(path, from);
      if (!read) throw new HandlerError("NOT_READABLE", `handler '${entry.path}' cannot be read`);
      return String(refusing(entry.path, () => read(argument)));
    };
    return {
      read,
      write(path, value) {
        const { entry, write } = find(path, from);
        if (!write) throw new HandlerError("NOT_WRITABLE", `handler '${entry.path}' cannot be written`);
        refusing(entry.path, () => write(value));
      },
      describe: (path) => find(path, from).entry,
      list(pattern) {
        const paths = [
          ...Object.keys(root ?? {}),
          ...plan.elements.flatMap((e, index) => names(index).map((name) => `${e.name}.${name}`)),
        ];
        return pattern === undefined ? paths : paths.filter((path) => matchesPattern(path, pattern));
      },
    };
  };

  return {
    ...tree(""),
    from: tree,
    drops: () => readDrops(sources, stateOf, contextOf),
  };
}

/** Makes something when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function fixed(path: string, text: string): Bound {
  return { entry: { path, access: "r", kind: "text", text }, read: () => text };
}

function suggestion(name: string, names: Iterable<string>): string {
  const near = closest(name, names);
  return near ? `; did you mean '${near}'?` : "";
}

/** A handler refuses a value by throwing a string. */
function refusing<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (e) {
    if (typeof e === "string") throw new HandlerError("REFUSED", `${path}: ${e}`);
    throw e;
  }
}
