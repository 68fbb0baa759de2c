/**
 * What is said of push and pull ports that meet. Click lets ports take over what they are connected to, connection by
 * connection, until nothing changes, and names the places where two kinds meet first; which those are depends on the order.
 */
import type { Diagnostics, Place } from "./diagnostics.ts";
import { flows } from "./flow-code.ts";
import type { Graph, PortCounts } from "./graph.ts";
import { elementTitle, type PortCodes, sortedConnections } from "./port-counts.ts";

/** Looks at connections, in all: long chains of agnostic elements in the wrong order take one round each. */
const maximumLooks = 1 << 24;

type Letter = "h" | "l" | "a";

interface Join {
  readonly from: { readonly element: number; readonly port: number };
  readonly to: { readonly element: number; readonly port: number };
  /** Inside an element: its agnostic input and output are the same. */
  readonly inside: boolean;
  readonly place: Place;
}

/** Reports the ports where push and pull meet. */
export function reportConflicts(
  graph: Graph,
  classes: readonly (PortCodes | undefined)[],
  counts: readonly PortCounts[],
  diagnostics: Diagnostics,
): void {
  const letters = (code: string, count: number): Letter[] =>
    Array.from({ length: count }, (_, port) => {
      const letter = code[Math.min(port, code.length - 1)];
      return letter === "h" || letter === "l" ? letter : "a";
    });
  const ports = graph.elements.map((_, i) => {
    const [inputs = "a", outputs = inputs] = classes[i]?.processing.split("/") ?? [];
    const count = counts[i] as PortCounts;
    return { inputs: letters(inputs, count.inputs), outputs: letters(outputs, count.outputs) };
  });
  const joins: Join[] = sortedConnections(graph).map((c) => ({ ...c, inside: false }));
  graph.elements.forEach((e, element) => {
    const { inputs = [], outputs = [] } = ports[element] ?? {};
    inputs.forEach((input, port) => {
      if (input !== "a") return;
      outputs.forEach((output, other) => {
        if (output === "a" && flows(classes[element]?.flow, port, other))
          joins.push({ from: { element, port: other }, to: { element, port }, inside: true, place: e.place });
      });
    });
  });
  const conflicts = new Set<Join>();
  let looks = 0;
  for (let changed = true; changed && looks < maximumLooks; looks += joins.length) {
    changed = false;
    for (const join of joins) {
      const { from, to } = join;
      const outputs = ports[from.element]?.outputs as Letter[];
      const inputs = ports[to.element]?.inputs as Letter[];
      const [output, input] = [outputs[from.port] as Letter, inputs[to.port] as Letter];
      if (output === input || conflicts.has(join)) continue;
      if (input === "a") inputs[to.port] = output;
      else if (output === "a") outputs[from.port] = input;
      else {
        conflicts.add(join);
        report(graph, join, output, diagnostics);
        continue;
      }
      changed = true;
    }
  }
}

function report(graph: Graph, { from, to, inside, place }: Join, output: Letter, diagnostics: Diagnostics): void {
  const [a, b] = [graph.elements[from.element], graph.elements[to.element]];
  if (!a || !b) return;
  const [left, right] = output === "h" ? ["push", "pull"] : ["pull", "push"];
  const message = inside
    ? `agnostic '${elementTitle(a)}' in mixed context: ${right} input ${to.port}, ${left} output ${from.port}`
    : `'${elementTitle(a)}' ${left} output ${from.port} connected to '${elementTitle(b)}' ${right} input ${to.port}`;
  const kind = (inside ? right : left) === "push" ? "a Queue" : "an Unqueue";
  diagnostics.error(place, message, {
    landmark: "",
    hint: inside ? `put ${kind} before or after it` : `put ${kind} between them`,
  });
}
