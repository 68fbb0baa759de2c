/** The signals that are found along the ways of packets: who tells an element that there are some, or room. */
import type { Connection } from "@clickos/click-language";
import { flows } from "@clickos/click-language/ports";
import type { CheckedGraph, ElementInstance } from "./check.ts";

/** Who tells an element whether there are packets, or room; `busy` when somebody on the way cannot tell. */
export interface Signals {
  /** Those to ask. */
  readonly elements: ReadonlySet<number>;
  /** Those who may call: the same, and those behind notifiers that look further themselves. */
  readonly callers: ReadonlySet<number>;
  readonly busy: boolean;
}

/** Finds the notifiers that a pull from an input, or a push to an output, meets. */
export function findSignals(
  graph: CheckedGraph,
  neighbours: Neighbours,
  from: { element: number; port: number },
  direction: "upstream" | "downstream",
): Signals {
  const elements = new Set<number>();
  const callers = new Set<number>();
  const seen = new Set<string>();
  let busy = false;
  const work = [{ element: from.element, port: from.port, asked: true }];
  for (let at = work.pop(); at; at = work.pop()) {
    const { element, port, asked } = at;
    const next = direction === "upstream" ? neighbours.sources(element, port) : neighbours.targets(element, port);
    if (next.length === 0 && asked) busy = true;
    const found: typeof work = [];
    for (const to of next) {
      const key = `${to.element}.${to.port}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const e = graph.elements[to.element] as ElementInstance;
      const notifier = direction === "upstream" ? e.class.notifier?.empty : e.class.notifier?.full;
      if (notifier) {
        if (asked) elements.add(to.element);
        callers.add(to.element);
        if (!e.class.notifier?.through) continue;
      }
      const further = asked && !notifier;
      const ports = direction === "upstream" ? e.inputs : e.outputs;
      const wanted = direction === "upstream" ? "pull" : "push";
      const ways = ports.flatMap((processing, p) =>
        processing === wanted &&
        (direction === "upstream" ? flows(e.class.flow, p, to.port) : flows(e.class.flow, to.port, p))
          ? [p]
          : [],
      );
      // Somebody who makes or ends packets and tells nobody.
      if (ways.length === 0 && further && !e.class.quiet) busy = true;
      for (const p of ways) found.push({ element: to.element, port: p, asked: further });
    }
    // The first of them next, so that notifiers are found in the order of the ports.
    work.push(...found.reverse());
  }
  return { elements, callers, busy };
}

export interface Neighbours {
  sources(element: number, input: number): readonly { readonly element: number; readonly port: number }[];
  targets(element: number, output: number): readonly { readonly element: number; readonly port: number }[];
}

/** Who is connected to whom. */
export function neighboursOf(connections: readonly Connection[]): Neighbours {
  type End = { readonly element: number; readonly port: number };
  const outgoing = new Map<string, End[]>();
  const incoming = new Map<string, End[]>();
  const note = (table: Map<string, End[]>, at: End, other: End): void => {
    const key = `${at.element}.${at.port}`;
    const list = table.get(key);
    if (list) list.push(other);
    else table.set(key, [other]);
  };
  for (const { from, to } of connections) {
    note(outgoing, from, to);
    note(incoming, to, from);
  }
  return {
    sources: (element, input) => incoming.get(`${element}.${input}`) ?? [],
    targets: (element, output) => outgoing.get(`${element}.${output}`) ?? [],
  };
}
