/** Handlers: named values of elements that the host reads and writes. A read costs a few memory loads. */
import { struct } from "@clickos/codegen";
import type { CheckedElement, CheckedGraph } from "../compile/check.ts";
import type { RouterLayout } from "../compile/layout.ts";
import { routerControl } from "../compile/platform.ts";
import type { Handler, HandlerContext } from "../element/element.ts";
import { closest } from "../language/diagnostics.ts";

/** A handler that does not exist, or that refuses. */
export class HandlerError extends Error {
  override readonly name = "HandlerError";
  readonly code: "NO_ELEMENT" | "NO_HANDLER" | "NOT_WRITABLE" | "NOT_READABLE";
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

/** Reads and writes the state of a compiled router in a memory. */
export interface ControlPlane {
  /** Reads `element.handler`. @throws {HandlerError} */
  read(path: string): string;
  /** Writes `element.handler`. @throws {HandlerError} */
  write(path: string, value: string): void;
  /** Names of an element's handlers. */
  handlers(element: string): string[];
  /** Every reason for which packets were dropped, with counts above zero. */
  drops(): Drop[];
}

const standard: Record<string, (e: CheckedElement) => string> = {
  class: (e) => e.class.name,
  name: (e) => e.source.name,
  config: (e) => e.source.configText.trim(),
};

export function controlPlane(memory: WebAssembly.Memory, checked: CheckedGraph, layout: RouterLayout): ControlPlane {
  const byName = new Map(checked.elements.map((e, i) => [e.source.name, { e, layout: layout.elements[i] }]));
  const states = new Map<string, unknown>();
  const stateOf = (name: string): unknown => {
    const known = states.get(name);
    const found = byName.get(name);
    if (known !== undefined || !found) return known;
    const { e } = found;
    const fields =
      typeof e.class.state === "function"
        ? e.class.state({ config: e.config, plan: e.plan, ninputs: e.inputs.length, noutputs: e.outputs.length })
        : (e.class.state ?? {});
    const state = struct(fields).view(memory.buffer, found.layout?.state ?? 0);
    states.set(name, state);
    return state;
  };
  const find = (path: string): { e: CheckedElement; state: any; handler: string } => {
    const dot = path.lastIndexOf(".");
    const name = path.slice(0, dot);
    const found = byName.get(name);
    if (dot < 0 || !found) {
      const near = closest(name, byName.keys());
      throw new HandlerError(
        "NO_ELEMENT",
        dot < 0
          ? `'${path}' is not element.handler`
          : `no element named '${name}'${near ? `; did you mean '${near}'?` : ""}`,
      );
    }
    return { e: found.e, state: stateOf(name), handler: path.slice(dot + 1) };
  };
  const context = (e: CheckedElement): HandlerContext<any, any> => ({
    config: e.config,
    plan: e.plan,
    name: e.source.name,
  });
  const declared = (e: CheckedElement, name: string): Handler<any, any, any> => {
    const handler = Object.hasOwn(e.class.handlers ?? {}, name) ? e.class.handlers?.[name] : undefined;
    if (!handler) {
      if (Object.hasOwn(standard, name))
        throw new HandlerError("NOT_WRITABLE", `handler '${e.source.name}.${name}' cannot be written`);
      const near = closest(name, [...Object.keys(e.class.handlers ?? {}), ...Object.keys(standard)]);
      throw new HandlerError(
        "NO_HANDLER",
        `element '${e.source.name}' has no handler '${name}'${near ? `; did you mean '${near}'?` : ""}`,
      );
    }
    return handler;
  };
  return {
    read(path) {
      const { e, state, handler } = find(path);
      if (Object.hasOwn(standard, handler)) return (standard[handler] as (e: CheckedElement) => string)(e);
      const found = declared(e, handler);
      if (!found.read) throw new HandlerError("NOT_READABLE", `handler '${path}' cannot be read`);
      return String(found.read(state, context(e)));
    },
    write(path, value) {
      const { e, state, handler } = find(path);
      const found = declared(e, handler);
      if (!found.write) throw new HandlerError("NOT_WRITABLE", `handler '${path}' cannot be written`);
      found.write(state, value, context(e));
    },
    handlers(name) {
      const found = byName.get(name);
      if (!found) throw new HandlerError("NO_ELEMENT", `no element named '${name}'`);
      return [...Object.keys(standard), ...Object.keys(found.e.class.handlers ?? {})].sort();
    },
    drops() {
      const data = new DataView(memory.buffer);
      const counted = layout.drops.map((d) => ({
        element: d.element,
        reason: d.reason,
        count: Number(data.getBigUint64(d.address, true)),
      }));
      const own = checked.elements.flatMap(
        (e) =>
          e.class.drops?.(stateOf(e.source.name) as never, context(e)).map((d) => ({ element: e.source.name, ...d })) ??
          [],
      );
      const noBuffer = {
        element: "",
        reason: "no packet buffer",
        count: routerControl.view(memory.buffer, layout.control).poolEmpty,
      };
      return [...counted, ...own, noBuffer].filter((d) => d.count > 0);
    },
  };
}
