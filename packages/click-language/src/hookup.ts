/** Checks of what is connected, in Click's order: ports that are not there, then ports used twice, then unused ones. */
import type { Diagnostics } from "./diagnostics.ts";
import type { Connection, Graph, PortCounts } from "./graph.ts";
import { elementTitle, portRange, sortedConnections, usedPorts } from "./port-counts.ts";
import type { ResolvedProcessing } from "./processing.ts";

/**
 * The ports that elements have: those used, within what their codes allow. Connections to others are reported.
 */
export function checkRange(
  graph: Graph,
  codes: readonly (string | undefined)[],
  diagnostics: Diagnostics,
): readonly PortCounts[] {
  const counts = usedPorts(graph).map((used, i) => {
    const [inputCode = "-", outputCode = inputCode] = codes[i]?.split("/") ?? [];
    const within = (count: number, [low, high]: [number, number]): number => Math.min(Math.max(count, low), high);
    const inputs = within(used.inputs, portRange(inputCode, 0));
    return { inputs, outputs: within(used.outputs, portRange(outputCode, inputs)) };
  });
  for (const { from, to } of sortedConnections(graph))
    for (const [what, port] of [
      ["input", to],
      ["output", from],
    ] as const) {
      const e = graph.elements[port.element];
      const count = counts[port.element]?.[`${what}s`] ?? 0;
      if (e && port.port >= count)
        diagnostics.error(e.place, `'${elementTitle(e)}' has no ${what} ${port.port}`, portsHint(what, count));
    }
  return counts;
}

function portsHint(what: string, count: number): string {
  return count === 0 ? `it has no ${what}s` : `it has ${count} ${what}${count === 1 ? "" : "s"}, counted from 0`;
}

/** Reports push outputs and pull inputs that are connected twice, and then ports that nothing is connected to. */
export function checkUse(
  graph: Graph,
  counts: readonly PortCounts[],
  processing: readonly ResolvedProcessing[],
  diagnostics: Diagnostics,
): void {
  const sides = [
    { what: "input", end: "to", active: "pull", reuse: "join them with a scheduler such as RoundRobinSched" },
    { what: "output", end: "from", active: "push", reuse: "put a Tee there to copy packets" },
  ] as const;
  const key = ({ element, port }: Connection["to"]): string => `${element}.${port}`;
  for (const { what, end, active, reuse } of sides) {
    const seen = new Set<string>();
    const ends = graph.connections.map((c) => c[end]).sort((a, b) => a.element - b.element || a.port - b.port);
    for (const port of ends) {
      const e = graph.elements[port.element];
      if (e && seen.has(key(port)) && processing[port.element]?.[`${what}s`][port.port] === active)
        diagnostics.error(e.place, `illegal reuse of '${elementTitle(e)}' ${active} ${what} ${port.port}`, reuse);
      seen.add(key(port));
    }
  }
  for (const { what, end } of sides) {
    const used = new Set(graph.connections.map((c) => key(c[end])));
    graph.elements.forEach((e, element) => {
      const count = counts[element]?.[`${what}s`] ?? 0;
      for (let port = 0; port < count; port++)
        if (!used.has(`${element}.${port}`))
          diagnostics.error(
            e.place,
            `'${elementTitle(e)}' ${what} ${port} unused`,
            what === "output" ? "connect it, or end it in Discard" : "connect something to it, or feed it from Idle",
          );
    });
  }
}
