/**
 * The handlers of a compiled router in a memory. Plain values are read where the program says that they are; standard
 * handlers (`class`, `name`, `config`, `ports`, `handlers`, and of a task `scheduled`, `tickets`) follow from the memory plan.
 * The rest is code of the element classes, run on the host over a view of the element's state.
 */

import { closest } from "@clickos/click-language/closest";
import type { ElementInstance } from "../compile/check.ts";
import { classHandlers } from "../compile/describe.ts";
import type { ElementPlan, MemoryPlan } from "../compile/memory-plan.ts";
import type { ElementClass } from "../element/element.ts";
import {
  flagsOf,
  type Handler,
  type HandlerEntry,
  HandlerRefusal,
  type HandlerReport,
  type HandlerValue,
  inOrder,
  readPlain,
  refused,
  type ServiceHandler,
} from "../element/handler.ts";
import { HandlerError, type HandlerTree, matchesPattern } from "../element/handler-tree.ts";
import { scopes } from "../element/scopes.ts";
import type { HostService } from "../element/service.ts";
import { readDrops } from "./drops.ts";
import { type HandlerMeans, handlerContexts } from "./handler-context.ts";
import { HostMemory } from "./host-memory.ts";
import { HostTasks } from "./host-tasks.ts";

/** One count of dropped packets. */
export interface Drop {
  readonly element: string;
  readonly reason: string;
  readonly count: number;
}

/** What the handlers of a router are made from. */
export interface HandlerSources extends HandlerMeans {
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
}

/** A handler tree without `watch`, which is for those to add who know when values may have changed. */
export type UnwatchedTree = Omit<HandlerTree, "watch">;

export interface RouterHandlers extends UnwatchedTree {
  /** The same, with names looked up from the compound of that element, outwards. */
  from(element: string): UnwatchedTree;
  /** Every reason for which packets were dropped, with counts above zero. */
  drops(): Drop[];
  /** Has an element's task run, and the tasks that sleep because a pull from the element found nothing. */
  schedule(element: string): void;
  /** Has an element do what is to be done when it was given another configuration. */
  reconfigured(element: string): void;
}

/** A handler, ready to be used. */
interface Bound {
  readonly entry: HandlerEntry;
  read?: ((argument: string, report: HandlerReport) => HandlerValue) | undefined;
  write?: ((value: string, report: HandlerReport) => void) | undefined;
}
type Warn = (message: string) => void;

export function routerHandlers(sources: HandlerSources): RouterHandlers {
  const { memory, plan, root } = sources;
  const data = new DataView(memory.buffer);
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
  /** Told of what a handler has to say about the value that is written. */
  let warning: Warn = noWarning;
  const contextOf = handlerContexts({
    memory,
    plan,
    tasks,
    host,
    means: sources,
    instance: (index) => sources.instance(index),
    stateOf,
    shownConfig: (index) => String(own(index, "config")?.read?.("", silent) ?? ""),
    warn: (message) => warning(message),
  });

  // ---- where handlers come from, in this order

  const ofService = (path: string, handler: ServiceHandler): Bound => {
    const { kind = handler.read ? "text" : "button", unit, flags, hidden } = handler;
    const access = handler.read ? (handler.write ? "rw" : "r") : "w";
    return {
      entry: {
        path,
        access,
        kind,
        ...(unit === undefined ? {} : { unit }),
        ...(flags === undefined ? {} : { flags }),
        ...(hidden ? { hidden } : {}),
      },
      read: handler.read?.bind(handler),
      write: handler.write?.bind(handler),
    };
  };
  const ofClass = (entry: HandlerEntry, index: number, name: string): Bound => {
    const { at, text, kind } = entry;
    /** What the class has there. An image may say of itself what its classes do not have. */
    const code = (): Handler<any, any, any> => {
      try {
        const handlers = classHandlers(sources.instance(index));
        if (Object.hasOwn(handlers, name)) return handlers[name] as Handler<any, any, any>;
      } catch (e) {
        if (e instanceof HandlerError)
          throw new HandlerError(e.code, `${entry.path}: ${e.message}`, { reason: e.message });
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
    handlers: (_e, index, path) => ({
      entry: { path, access: "r", kind: "table", flags: "." },
      read: () => handlerLines(names(index).map((name) => [name, own(index, name)?.entry])),
    }),
    ports: (e, _, path) => ({ entry: { path, access: "r", kind: "table", flags: "." }, read: () => e.ports }),
    config: (e, index, path) => {
      const { reconfigure } = sources;
      const writable = reconfigure && sources.classOf(index)?.live;
      const write = writable ? (value: string) => reconfigure.call(sources, e.name, value) : undefined;
      const entry: HandlerEntry = { path, access: write ? "rw" : "r", kind: "text", flags: "." };
      return { entry, read: () => e.configText, write };
    },
    class: (e, _, path) => fixed(path, e.className),
    name: (e, _, path) => fixed(path, e.name),
  };
  /** Those of a task are among the class's, where its class has them. */
  const ofTask = (entry: HandlerEntry, task: number, name: string): Bound | undefined => {
    if (name === "scheduled") return { entry, read: () => tasks.scheduled(task) };
    if (name !== "tickets") return undefined;
    return {
      entry,
      read: () => tasks.ticketsOf(task),
      write: (value, report) => tasks.setTickets(task, value, (message) => report.warn(message)),
    };
  };

  /** The handler of an element; `undefined` when it has none of that name. */
  const own = (index: number, name: string): Bound | undefined => {
    const e = plan.elements[index] as ElementPlan;
    const path = `${e.name}.${name}`;
    const service = sources.services?.[index];
    if (service?.handlers && Object.hasOwn(service.handlers, name))
      return ofService(path, service.handlers[name] as ServiceHandler);
    const entry = byPath().get(path);
    if (entry) {
      const bound = (e.task !== undefined && ofTask(entry, e.task, name)) || ofClass(entry, index, name);
      // A class may show its configuration in its own way; it is written like that of others.
      const write = name === "config" && !bound.write ? standard[name]?.(e, index, path).write : undefined;
      return write ? { ...bound, entry: { ...entry, access: "rw" }, write } : bound;
    }
    if (Object.hasOwn(standard, name)) return standard[name]?.(e, index, path);
    const dynamic = service?.handler?.(name);
    return dynamic && ofService(path, dynamic);
  };
  let classNames: string[][] | undefined;
  /** Names of an element's handlers, those known beforehand: those that were added last come first. */
  const names = (index: number): string[] => {
    if (!classNames) {
      classNames = plan.elements.map(() => []);
      for (const { path } of sources.entries()) {
        const dot = path.lastIndexOf(".");
        const element = byName().get(path.slice(0, dot));
        if (element !== undefined) classNames[element]?.push(path.slice(dot + 1));
      }
    }
    const ofClass = classNames[index] ?? [];
    const ofService = sources.services?.[index]?.handlers;
    const added = ofService ? withService(ofClass, index, ofService) : [...ofClass];
    return [...added.reverse().filter((name) => !Object.hasOwn(standard, name)), ...Object.keys(standard)];
  };
  /** The host side's come after the class's, and both together before those of the task, or after them. */
  const withService = (names: readonly string[], index: number, handlers: object): string[] => {
    const isTask = (name: string): boolean =>
      plan.elements[index]?.task !== undefined && (name === "scheduled" || name === "tickets");
    const tasks = names.filter(isTask);
    const { handlerOrder, taskHandlers } = sources.classOf(index) ?? {};
    const others = inOrder([...names.filter((name) => !isTask(name)), ...Object.keys(handlers)], handlerOrder);
    return taskHandlers === "first" ? [...tasks, ...others] : [...others, ...tasks];
  };

  /**
   * A name is that of an element, as it is seen from `from`, a dot and that of its handler. A name that is none is one of the
   * handlers of `from` itself, or of the router; one that begins with a dot is the router's.
   */
  const find = (path: string, from: string, use: string): Bound => {
    const dot = path.indexOf(".");
    const element = path.slice(0, Math.max(0, dot));
    if (element !== "") {
      const scope = scopes(from).find((s) => byName().has(s + element));
      if (scope !== undefined) {
        const index = byName().get(scope + element) as number;
        const name = path.slice(dot + 1);
        const handler = own(index, name);
        if (handler) return handler;
        throw missing(`${scope}${element}.${name}`, use, suggestion(name, names(index)));
      }
    }
    const context = dot === 0 ? undefined : byName().get(from);
    const handler = context === undefined ? undefined : own(context, path);
    if (handler) return handler;
    const name = dot === 0 ? path.slice(1) : path;
    const global = root && Object.hasOwn(root, name) ? root[name] : undefined;
    if (global) return ofService(name, global);
    if (dot > 0) throw noElement(element, suggestion(element, byName().keys()));
    throw root
      ? missing(name, use, suggestion(name, Object.keys(root)))
      : new HandlerError("NO_ELEMENT", `'${path}' is not element.handler`);
  };

  const tree = (from: string): UnwatchedTree => {
    return {
      read(path, argument = "", report) {
        const { entry, read } = find(path, from, "read ");
        if (!read) throw new HandlerError("NOT_READABLE", noHandler(entry.path, "read "));
        if (argument !== "" && !entry.flags?.includes("+"))
          throw new HandlerError("REFUSED", `read handler '${entry.path}' does not take parameters`);
        return String(reporting(entry.path, report, (to) => read(argument, to)) ?? "");
      },
      write(path, value, report) {
        const { entry, write } = find(path, from, "write ");
        if (!write) throw new HandlerError("NOT_WRITABLE", noHandler(entry.path, "write "));
        reporting(entry.path, report, (to) => {
          const outer = warning;
          warning = to.warn;
          try {
            write(value, to);
          } finally {
            warning = outer;
          }
        });
      },
      describe: (path) => find(path, from, "").entry,
      list(pattern) {
        const paths = [
          ...Object.keys(root ?? {}),
          ...plan.elements.flatMap((e, index) => {
            const hidden = sources.services?.[index]?.handlers ?? {};
            return names(index).flatMap((name) =>
              Object.hasOwn(hidden, name) && hidden[name]?.hidden ? [] : [`${e.name}.${name}`],
            );
          }),
        ];
        return pattern === undefined ? paths : paths.filter((path) => matchesPattern(path, pattern));
      },
    };
  };

  return {
    ...tree(""),
    from: tree,
    drops: () => readDrops(sources, stateOf, contextOf),
    reconfigured(element) {
      const index = byName().get(element);
      if (index === undefined) return;
      sources.instance(index).class.reconfigured?.(stateOf(index), contextOf(index));
    },
    schedule(element) {
      const { task, wakes } = plan.elements[byName().get(element) ?? -1] ?? {};
      tasks.schedule(task, true);
      if (!wakes) return;
      data.setUint32(wakes.note, 1, true);
      for (const sleeper of wakes.tasks) tasks.schedule(sleeper, true);
    },
  };
}

const noWarning: Warn = () => {};
const silent: HandlerReport = { status: 0, error() {}, warn() {}, tell() {} };

/** The text of a `handlers` handler. */
export function handlerLines(handlers: readonly (readonly [name: string, entry: HandlerEntry | undefined])[]): string {
  return handlers.map(([name, e]) => (!e || e.hidden ? "" : `${name}\t${e.access}${e.flags ?? flagsOf(e)}\n`)).join("");
}

function noHandler(path: string, use: string): string {
  return `no '${path}' ${use}handler`;
}

function missing(path: string, use: string, hint: string | undefined): HandlerError {
  return new HandlerError("NO_HANDLER", noHandler(path, use), hint === undefined ? {} : { hint });
}

function noElement(name: string, hint: string | undefined): HandlerError {
  return new HandlerError("NO_ELEMENT", `no element named '${name}'`, hint === undefined ? {} : { hint });
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
  return { entry: { path, access: "r", kind: "text", text, flags: "." }, read: () => text };
}

function suggestion(name: string, names: Iterable<string>): string | undefined {
  const near = closest(name, names);
  return near ? `did you mean '${near}'?` : undefined;
}

/** Calls a handler, which refuses by throwing a string; what it has to say is thrown where nobody else takes it. */
function reporting<T>(
  path: string,
  report: HandlerReport | undefined,
  call: (report: HandlerReport) => T,
): T | undefined {
  const said: string[] = [];
  const to = report ?? { status: 0, error: (message: string) => said.push(message), warn() {}, tell() {} };
  let value: T | undefined;
  try {
    value = call(to);
  } catch (e) {
    const refusal = typeof e === "string" ? new HandlerRefusal(e, refused) : e;
    if (!(refusal instanceof HandlerRefusal)) throw e;
    to.error(refusal.reason);
    to.status = refusal.status;
  }
  if (!report && (to.status < 0 || said.length > 0)) {
    const reason = said.join("\n");
    throw new HandlerError("REFUSED", `${path}: ${reason}`, { reason });
  }
  return value;
}
