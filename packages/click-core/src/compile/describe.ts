/** What a program says of itself: layouts of states, how ports are connected, handlers. */
import type { Fields, Struct } from "@clickos/layout";
import { classDigest, type LibraryDigest } from "../element/digest.ts";
import type { ElementClass } from "../element/element.ts";
import type { Handler, HandlerEntry, HandlerKind, PlainType } from "../element/handler.ts";
import { inOrder, plainValue } from "../element/handler.ts";
import { ElementDefinitionError } from "../element/ownership.ts";
import type { CheckedGraph, ElementInstance } from "./check.ts";
import { type FieldPlace, fieldPlaces, type MemoryPlan } from "./memory-plan.ts";

/** The layouts that the states of a graph have, and which of them each element's state has. */
export function stateLayouts(graph: CheckedGraph): { layouts: FieldPlace[][]; layoutOf: number[] } {
  const layouts: FieldPlace[][] = [];
  const known = new Map<string, number>();
  const ofLayout = new Map<Struct<Fields>, number>();
  const layoutOf = graph.elements.map((e) => {
    let index = ofLayout.get(e.state);
    if (index !== undefined) return index;
    const rows = fieldPlaces(e.state);
    const key = JSON.stringify(rows);
    index = known.get(key);
    if (index === undefined) {
      index = layouts.push(rows) - 1;
      known.set(key, index);
    }
    ofLayout.set(e.state, index);
    return index;
  });
  return { layouts, layoutOf };
}

/** By element: the `ports` handler, counts, then a line a port with its processing and what is connected there. */
export function portTexts(graph: CheckedGraph): string[] {
  const peers = new Map<string, string[]>();
  const note = (
    side: string,
    at: { element: number; port: number },
    other: { element: number; port: number },
  ): void => {
    const key = `${side} ${at.element}.${at.port}`;
    const name = graph.elements[other.element]?.source.name ?? "";
    const text = side === "input" ? `${name} [${other.port}]` : `[${other.port}] ${name}`;
    const list = peers.get(key);
    if (list) list.push(text);
    else peers.set(key, [text]);
  };
  for (const { from, to } of graph.connections) {
    note("output", from, to);
    note("input", to, from);
  }
  return graph.elements.map((e) => {
    const [inputCode = "a", outputCode = inputCode] = e.class.processing.split("/");
    const side = (which: "input" | "output"): string => {
      const processing = which === "input" ? e.inputs : e.outputs;
      const codes = which === "input" ? inputCode : outputCode;
      const lines = processing.map((p, port) => {
        const agnostic = (codes[Math.min(port, codes.length - 1)] ?? "a") === "a" ? "~" : "";
        return `${p}${agnostic}\t-\t${(peers.get(`${which} ${e.index}.${port}`) ?? []).join(", ")}\n`;
      });
      return `${processing.length} ${which}${processing.length === 1 ? "" : "s"}\n${lines.join("")}`;
    };
    return side("input") + side("output");
  });
}

/** By class: the digest of each class that a graph uses. */
export function libraryDigest(graph: CheckedGraph): LibraryDigest {
  const classes = new Set(graph.elements.map((e) => e.class));
  return Object.fromEntries([...classes].map((c) => [c.name, classDigest(c)]));
}

/** The handlers that the class of an element defines for it. */
export function classHandlers(e: ElementInstance): Readonly<Record<string, Handler<any, any, any>>> {
  const { handlers = {}, furtherHandlers, withoutHandlers } = e.class;
  const all = furtherHandlers ? { ...handlers, ...furtherHandlers.call(e.class, e) } : handlers;
  const without = withoutHandlers?.call(e.class, e) ?? [];
  if (without.length === 0) return all;
  return Object.fromEntries(Object.entries(all).filter(([name]) => !without.includes(name)));
}

/** Those that the classes of a graph's elements define, and those of their tasks, in the order in which they are added. */
export function describeHandlers(graph: CheckedGraph, plan: MemoryPlan): HandlerEntry[] {
  return graph.elements.flatMap((e) => {
    const { state = 0, task } = plan.elements[e.index] ?? {};
    const { name } = e.source;
    const { handlerOrder, taskHandlers } = e.class;
    const handlers = classHandlers(e);
    const own = inOrder(Object.keys(handlers), handlerOrder).map((handler) =>
      describeHandler(e, `${name}.${handler}`, handlers[handler] as Handler<any, any, any>, state),
    );
    if (task === undefined || taskHandlers === "none") return own;
    return taskHandlers === "first" ? [...taskEntries(name), ...own] : [...own, ...taskEntries(name)];
  });
}

function taskEntries(element: string): HandlerEntry[] {
  return [
    { path: `${element}.scheduled`, access: "r", kind: "flag" },
    { path: `${element}.tickets`, access: "rw", kind: "gauge" },
  ];
}

const plainKindOf = (handler: Handler<any, any, any>) =>
  (["counter", "gauge", "rate", "flag"] as const).find((k) => handler[k] !== undefined);

/** @throws {ElementDefinitionError} when a handler of a class names what is no plain field of its state. */
export function checkHandlers(cls: ElementClass, layout: Struct<Fields>): void {
  for (const handler of Object.values((cls.handlers ?? {}) as Record<string, Handler<any, any, any>>)) {
    const kind = plainKindOf(handler);
    if (kind) plainField(cls, layout, handler[kind] as string);
  }
}

function plainField(
  cls: ElementClass,
  layout: Struct<Fields>,
  field: string,
): NonNullable<ReturnType<typeof plainValue>> {
  const type = layout.fields[field];
  const plain = type && plainValue(type);
  if (plain) return plain;
  throw new ElementDefinitionError(
    `${cls.name}: a handler shows '${field}', which is no field of the state that is a number or has a length`,
  );
}

const signedTypes: Partial<Record<PlainType, PlainType>> = { u32: "i32", u64: "i64" };

function describeHandler(
  e: ElementInstance,
  path: string,
  handler: Handler<any, any, any>,
  state: number,
): HandlerEntry {
  const plainKind = plainKindOf(handler);
  const field = plainKind && (handler[plainKind] as string);
  const reads = handler.read !== undefined || field !== undefined || handler.constant !== undefined;
  const access = reads ? (handler.write ? "rw" : "r") : "w";
  const kind: HandlerKind = plainKind ?? handler.kind ?? (reads ? "text" : "button");
  const unit = handler.unit ?? (kind === "counter" ? "packets" : undefined);
  const entry = {
    path,
    access,
    kind,
    ...(unit === undefined ? {} : { unit }),
    ...(handler.flags === undefined ? {} : { flags: handler.flags }),
  } as const;
  if (handler.constant) {
    const { config, plan, inputs, outputs } = e;
    const context = { config, plan, name: e.source.name, ninputs: inputs.length, noutputs: outputs.length };
    return { ...entry, text: String(handler.constant(context)) };
  }
  if (field === undefined) return entry;
  const plain = plainField(e.class, e.state, field);
  const offset = state + (e.state.offsets[field] as number) + plain.offset;
  const type = handler.signed ? (signedTypes[plain.type] ?? plain.type) : plain.type;
  return { ...entry, at: { address: offset, type } };
}
