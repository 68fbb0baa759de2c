/**
 * Handlers: named values of elements that the host reads and writes. A read costs a few memory loads.
 *
 * Every element has `class`, `name`, `config`, `ports` and `handlers`; one with a task also `scheduled`, `tickets`
 * and `home_thread`; the rest are the class's own.
 */
import { struct } from "@clickos/codegen";
import type { CheckedElement, CheckedGraph } from "../compile/check.ts";
import type { ElementLayout, RouterLayout } from "../compile/layout.ts";
import { routerControl } from "../compile/platform.ts";
import type { HandlerAccess, HandlerContext, HandlerValue, HostService, ServiceHandler } from "../element/element.ts";
import { scopes } from "../element/information.ts";
import { closest } from "../language/diagnostics.ts";

/** A handler that does not exist, or that refuses. */
export class HandlerError extends Error {
  override readonly name = "HandlerError";
  readonly code: "NO_ELEMENT" | "NO_HANDLER" | "NOT_WRITABLE" | "NOT_READABLE" | "REFUSED";
  constructor(code: HandlerError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** One count of dropped packets. */
export interface Drop {
  readonly element: string;
  readonly reason: string;
  readonly count: number;
}

/** A handler as it is found by its path. */
export interface FoundHandler {
  /** The full path: `element.handler`, or the name of one of the router's own. */
  readonly path: string;
  readonly read: ((parameter: string) => HandlerValue) | undefined;
  readonly write: ((value: string) => void) | undefined;
}

/** Reads and writes the state of a compiled router in a memory. */
export interface ControlPlane {
  /** Reads `element.handler`. @throws {HandlerError} */
  read(path: string, parameter?: string): string;
  /** Writes `element.handler`. @throws {HandlerError} */
  write(path: string, value: string): void;
  /** Finds a handler; names are looked up from the compound of the element `from`, outwards. @throws {HandlerError} */
  find(path: string, from?: string): FoundHandler;
  /** Names of an element's handlers. */
  handlers(element: string): string[];
  /** Every reason for which packets were dropped, with counts above zero. */
  drops(): Drop[];
  /** Handlers as an element of that name uses them. */
  access(from: string): HandlerAccess;
}

/** What a router that runs in process adds. */
export interface ControlExtras {
  /** By element. */
  readonly services?: readonly (Pick<HostService, "handlers" | "handler"> | undefined)[];
  /** The router's own handlers. */
  readonly root?: Readonly<Record<string, ServiceHandler>>;
  /** Gives an element another configuration. */
  reconfigure?(element: string, config: string): void;
  /** Whether `config` may be written, by elements that reconfigure live. */
  readonly reconfigurable?: boolean;
}

const noTimer = 0x7fffffffffffffffn;

export function controlPlane(
  memory: WebAssembly.Memory,
  checked: CheckedGraph,
  layout: RouterLayout,
  extras: ControlExtras = {},
): ControlPlane {
  const data = new DataView(memory.buffer);
  const control = routerControl.view(memory.buffer, layout.control);
  const byName = new Map(checked.elements.map((e) => [e.source.name, e]));
  const root = extras.root ?? {};

  const states = new Map<number, unknown>();
  const stateOf = (e: CheckedElement): any => {
    let state = states.get(e.index);
    if (state === undefined) {
      const fields =
        typeof e.class.state === "function"
          ? e.class.state({ config: e.config, plan: e.plan, ninputs: e.inputs.length, noutputs: e.outputs.length })
          : (e.class.state ?? {});
      state = struct(fields).view(memory.buffer, layout.elements[e.index]?.state ?? 0);
      states.set(e.index, state);
    }
    return state;
  };

  const scheduled = (task: number): boolean =>
    ((data.getUint32(layout.tasks.runnable + (task >>> 5) * 4, true) >>> (task & 31)) & 1) === 1;
  const setScheduled = (task: number | undefined, on: boolean): void => {
    if (task === undefined) return;
    const at = layout.tasks.runnable + (task >>> 5) * 4;
    const word = data.getUint32(at, true);
    const bit = 1 << (task & 31);
    data.setUint32(at, on ? word | bit : word & ~bit, true);
  };
  const ticketsOf = (task: number): number => data.getUint32(layout.tasks.tickets + task * 8, true);
  const setTickets = (task: number, tickets: number): void => {
    data.setUint32(layout.tasks.tickets + task * 8, tickets, true);
    const all = Array.from({ length: layout.tasks.count }, (_, i) => ticketsOf(i));
    control.maximumTickets = Math.max(...all);
    control.weighted = all.some((t) => t !== tickets) ? 1 : 0;
  };

  const contexts = new Map<number, HandlerContext<any, any>>();
  const context = (e: CheckedElement): HandlerContext<any, any> => {
    let made = contexts.get(e.index);
    if (!made) {
      const place = layout.elements[e.index] as ElementLayout;
      made = {
        config: e.config,
        plan: e.plan,
        name: e.source.name,
        ninputs: e.inputs.length,
        noutputs: e.outputs.length,
        now: () => control.now,
        schedule: () => setScheduled(place.task, true),
        unschedule: () => setScheduled(place.task, false),
        setTimer: (at) => {
          if (place.due === undefined) return;
          data.setBigUint64(place.due, at ?? noTimer, true);
          if (at !== undefined && at < control.nextTimer) control.nextTimer = at;
        },
        free: (address) => {
          data.setUint32(control.freeStack + control.freeCount * 4, address, true);
          control.freeCount++;
        },
        reconfigure: (config) => {
          if (!extras.reconfigure) throw "it cannot be changed here while the router runs";
          extras.reconfigure(e.source.name, config);
        },
      };
      contexts.set(e.index, made);
    }
    return made;
  };

  type Own = {
    read?: ((parameter: string) => HandlerValue) | undefined;
    write?: ((value: string) => void) | undefined;
  };
  const standard = (e: CheckedElement): Record<string, Own> => {
    const { task } = layout.elements[e.index] as ElementLayout;
    const reconfigure = extras.reconfigure;
    return {
      class: { read: () => e.class.name },
      name: { read: () => e.source.name },
      config: {
        read: () => e.source.configText.trim(),
        write:
          reconfigure && extras.reconfigurable && e.class.live
            ? (value) => reconfigure.call(extras, e.source.name, value)
            : undefined,
      },
      ports: { read: () => portsText(checked, e) },
      handlers: { read: () => handlersText(e) },
      ...(task === undefined
        ? {}
        : {
            scheduled: {
              read: () => scheduled(task),
              write: (value: string) => setScheduled(task, /^\s*(?:1|true|yes|t|y)\s*$/i.test(value)),
            },
            tickets: {
              read: () => ticketsOf(task),
              write: (value: string) => {
                const n = Number(value.trim());
                if (!Number.isInteger(n) || n < 1 || n > 32768) throw "tickets must be between 1 and 32768";
                setTickets(task, n);
              },
            },
            home_thread: { read: () => 0 },
          }),
    };
  };
  const own = (e: CheckedElement, name: string): Own | undefined => {
    const service = extras.services?.[e.index]?.handlers;
    const fromService = service && Object.hasOwn(service, name) ? service[name] : undefined;
    if (fromService) return { read: fromService.read?.bind(fromService), write: fromService.write?.bind(fromService) };
    const { handlers } = e.class;
    const handler = handlers && Object.hasOwn(handlers, name) ? handlers[name] : undefined;
    if (handler) {
      const { read, write } = handler;
      return {
        read: read && ((parameter) => read.call(handler, stateOf(e), context(e), parameter)),
        write: write && ((value) => write.call(handler, stateOf(e), value, context(e))),
      };
    }
    const table = standard(e);
    if (Object.hasOwn(table, name)) return table[name];
    const dynamic = extras.services?.[e.index]?.handler?.(name);
    return dynamic && { read: dynamic.read?.bind(dynamic), write: dynamic.write?.bind(dynamic) };
  };
  const names = (e: CheckedElement): string[] => [
    ...new Set([
      ...Object.keys(extras.services?.[e.index]?.handlers ?? {}),
      ...Object.keys(e.class.handlers ?? {}),
      ...Object.keys(standard(e)),
    ]),
  ];
  const handlersText = (e: CheckedElement): string =>
    names(e)
      .map((name) => {
        const handler = own(e, name);
        return `${name}\t${handler?.read ? "r" : ""}${handler?.write ? "w" : ""}\n`;
      })
      .join("");

  const element = (name: string, from: string): CheckedElement => {
    for (const scope of scopes(from)) {
      const found = byName.get(scope + name);
      if (found) return found;
    }
    const near = closest(name, byName.keys());
    throw new HandlerError("NO_ELEMENT", `no element named '${name}'${near ? `; did you mean '${near}'?` : ""}`);
  };

  const find = (path: string, from = ""): FoundHandler => {
    const dot = path.lastIndexOf(".");
    const handlerName = path.slice(dot + 1);
    if (dot <= 0) {
      const handler = Object.hasOwn(root, handlerName) ? root[handlerName] : undefined;
      if (!handler) {
        const near = closest(handlerName, Object.keys(root));
        throw new HandlerError(
          extras.root ? "NO_HANDLER" : "NO_ELEMENT",
          extras.root
            ? `no handler named '${handlerName}'${near ? `; did you mean '${near}'?` : ""}`
            : `'${path}' is not element.handler`,
        );
      }
      return { path: handlerName, read: handler.read?.bind(handler), write: handler.write?.bind(handler) };
    }
    const e = element(path.slice(0, dot), from);
    const handler = own(e, handlerName);
    if (!handler) {
      const near = closest(handlerName, names(e));
      throw new HandlerError(
        "NO_HANDLER",
        `element '${e.source.name}' has no handler '${handlerName}'${near ? `; did you mean '${near}'?` : ""}`,
      );
    }
    return { path: `${e.source.name}.${handlerName}`, read: handler.read, write: handler.write };
  };

  const read = (path: string, parameter: string, from: string): string => {
    const found = find(path, from);
    if (!found.read) throw new HandlerError("NOT_READABLE", `handler '${found.path}' cannot be read`);
    return String(refusing(found.path, () => found.read?.(parameter)));
  };
  const write = (path: string, value: string, from: string): void => {
    const found = find(path, from);
    if (!found.write) throw new HandlerError("NOT_WRITABLE", `handler '${found.path}' cannot be written`);
    refusing(found.path, () => found.write?.(value));
  };

  return {
    find,
    read: (path, parameter = "") => read(path, parameter, ""),
    write: (path, value) => write(path, value, ""),
    access: (from) => ({
      read: (path, parameter = "") => read(path, parameter, from),
      write: (path, value) => write(path, value, from),
      find(path) {
        try {
          const found = find(path, from);
          return { path: found.path, read: found.read !== undefined, write: found.write !== undefined };
        } catch {
          return undefined;
        }
      },
      elements: () => [...byName.keys()],
    }),
    handlers(name) {
      const found = byName.get(name);
      if (!found) throw new HandlerError("NO_ELEMENT", `no element named '${name}'`);
      return names(found).sort();
    },
    drops() {
      const counted = layout.drops.map((d) => ({
        element: d.element,
        reason: d.reason,
        count: Number(data.getBigUint64(d.address, true)),
      }));
      const own_ = checked.elements.flatMap(
        (e) => e.class.drops?.(stateOf(e), context(e)).map((d) => ({ element: e.source.name, ...d })) ?? [],
      );
      const noBuffer = { element: "", reason: "no packet buffer", count: control.poolEmpty };
      return [...counted, ...own_, noBuffer].filter((d) => d.count > 0);
    },
  };
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

/** The `ports` handler: counts, then a line a port with its processing and what is connected there. */
function portsText(checked: CheckedGraph, e: CheckedElement): string {
  const name = (i: number): string => checked.elements[i]?.source.name ?? "";
  const [inputCode = "a", outputCode = inputCode] = e.class.processing.split("/");
  const side = (which: "input" | "output"): string => {
    const processing = which === "input" ? e.inputs : e.outputs;
    const codes = which === "input" ? inputCode : outputCode;
    const lines = processing.map((p, port) => {
      const agnostic = (codes[Math.min(port, codes.length - 1)] ?? "a") === "a" ? "~" : "";
      const others = checked.connections
        .filter((c) => (which === "input" ? c.to : c.from).element === e.index)
        .filter((c) => (which === "input" ? c.to : c.from).port === port)
        .map((c) => (which === "input" ? c.from : c.to))
        .map((other) => `${name(other.element)} [${other.port}]`);
      return `${p}${agnostic}\t-\t${others.join(", ")}\n`;
    });
    return `${processing.length} ${which}${processing.length === 1 ? "" : "s"}\n${lines.join("")}`;
  };
  return side("input") + side("output");
}
