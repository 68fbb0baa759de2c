/** Port counts: what classes allow, and what connections use. */
import type { Connection, Graph, PortCounts } from "./graph.ts";

/** What a class says of its ports, in Click's codes. */
export interface PortCodes {
  /** How many there are: `1/1-2`. */
  readonly ports: string;
  /** Push (`h`), pull (`l`) or agnostic (`a`): `a/ah`. */
  readonly processing: string;
  /** Which inputs' packets reach which outputs; without it, all reach all. */
  readonly flow?: string;
}

/** Ports used by each element's connections. */
export function usedPorts(graph: Graph): PortCounts[] {
  const counts = graph.elements.map(() => ({ inputs: 0, outputs: 0 }));
  for (const { from, to } of graph.connections) {
    const a = counts[from.element];
    const b = counts[to.element];
    if (a) a.outputs = Math.max(a.outputs, from.port + 1);
    if (b) b.inputs = Math.max(b.inputs, to.port + 1);
  }
  return counts;
}

/** The range a port count code allows: `1`, `1-2`, `0-`, `-`, `-2`, `=` (as many as inputs), `=+` (one more). */
export function portRange(code: string, inputs: number): [number, number] {
  if (code.startsWith("=")) return [inputs + code.length - 1, inputs + code.length - 1];
  if (code === "-") return [0, Number.POSITIVE_INFINITY];
  const [low, high] = code.split("-");
  return [Number(low || 0), high === undefined ? Number(low) : high === "" ? Number.POSITIVE_INFINITY : Number(high)];
}

/** What an element is called in messages. */
export function elementTitle(e: { readonly name: string; readonly className: string }): string {
  return `${e.name} :: ${e.className}`;
}

/** Connections by the port that they go to, then by the one that they come from. */
export function sortedConnections(graph: Graph): Connection[] {
  return [...graph.connections].sort(
    ({ from: a, to: b }, { from: c, to: d }) =>
      b.element - d.element || b.port - d.port || a.element - c.element || a.port - c.port,
  );
}
