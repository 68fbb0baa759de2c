/** Finds the peers of the elements of a graph: by name, or along the ways of packets. */
import type { Diagnostics } from "@clickos/click-language";
import { elementTitle, flows } from "@clickos/click-language/ports";
import { type ElementReport, elementReport } from "../element/element-report.ts";
import { offerOf, type Peer, type PeerInterface, type PeerSearch } from "../element/peer.ts";
import { scopes } from "../element/scopes.ts";
import { defaultTickets, maximumTickets } from "../element/tickets.ts";
import type { CheckedGraph, ElementInstance } from "./check.ts";
import type { Neighbours } from "./flow.ts";
import { hasTask } from "./tasks.ts";

/**
 * Asks the class of every element that has peers for them, in the order of initialization, up to the first that fails. What is to
 * be said of tickets comes with it.
 */
export function findPeers(
  graph: Pick<CheckedGraph, "elements" | "order" | "information">,
  neighbours: Neighbours,
  diagnostics: Diagnostics,
): readonly unknown[] {
  const byName = new Map(graph.elements.map((e) => [e.source.name, e]));
  const peers: unknown[] = graph.elements.map(() => undefined);
  for (const index of graph.order) {
    const e = graph.elements[index] as ElementInstance;
    const section = { stage: "initializing", element: elementTitle(e.source), place: e.source.place } as const;
    const report = elementReport(diagnostics, section, e.source.arguments);
    if (hasTask(e) && graph.information.tickets.of(e.source.name).tooMany)
      report.warning(`ScheduleInfo too high; reduced to ${maximumTickets / defaultTickets}`);
    peers[index] = e.class.peers?.(searchFrom(e, graph, byName, neighbours, report));
    if (diagnostics.failed) break;
  }
  return peers;
}

function searchFrom(
  e: ElementInstance,
  { elements }: Pick<CheckedGraph, "elements">,
  byName: ReadonlyMap<string, ElementInstance>,
  neighbours: Neighbours,
  report: ElementReport,
): PeerSearch<any, any> {
  const { source } = e;
  const peer = <T, H, A>(found: ElementInstance, to: PeerInterface<T, H, A>): Peer<T, H, A> => {
    const { config, plan, inputs, outputs } = found;
    const of = offerOf(found.class, to)?.about;
    const about = of?.({ config, plan, ninputs: inputs.length, noutputs: outputs.length }) as A;
    return { element: found.index, name: found.source.name, to, about };
  };
  const { error } = report;
  /** Breadth first, as Click visits routers. */
  const along = <T, H, A>(
    to: PeerInterface<T, H, A>,
    direction: "upstream" | "downstream",
    port: number | undefined,
  ): Peer<T, H, A>[] => {
    const forward = direction === "downstream";
    const found = new Set<ElementInstance>();
    const seen = new Set<string>();
    const count = (forward ? e.outputs : e.inputs).length;
    let work = (port === undefined ? Array.from({ length: count }, (_, i) => i) : [port]).map((p) => ({
      element: e.index,
      port: p,
    }));
    while (work.length > 0) {
      const next: typeof work = [];
      for (const from of work)
        for (const at of forward
          ? neighbours.targets(from.element, from.port)
          : neighbours.sources(from.element, from.port)) {
          const key = `${at.element}.${at.port}`;
          if (seen.has(key)) continue;
          seen.add(key);
          const reached = elements[at.element] as ElementInstance;
          if (offerOf(reached.class, to)) found.add(reached);
          else
            (forward ? reached.outputs : reached.inputs).forEach((_, p) => {
              if (forward ? flows(reached.class.flow, at.port, p) : flows(reached.class.flow, p, at.port))
                next.push({ element: at.element, port: p });
            });
        }
      work = next;
    }
    return [...found].map((one) => peer(one, to));
  };
  return {
    name: source.name,
    config: e.config,
    plan: e.plan,
    isPush: (output) => e.outputs[output] === "push",
    inputIsPush: (input) => e.inputs[input] === "push",
    ...report,
    named(name, to, argument) {
      const scope = scopes(source.name).find((s) => byName.has(s + name));
      const found = scope === undefined ? undefined : byName.get(scope + name);
      if (!found) error(`no element named '${name}'`, argument);
      else if (!offerOf(found.class, to))
        error(`'${found.source.name}' is not ${/^[AEIO]/.test(to.name) ? "an" : "a"} ${to.name} element`, argument);
      else return peer(found, to);
      return undefined;
    },
    every: (to) => elements.filter((one) => offerOf(one.class, to)).map((one) => peer(one, to)),
    upstream: (to, input) => along(to, "upstream", input),
    downstream: (to, output) => along(to, "downstream", output),
  };
}
