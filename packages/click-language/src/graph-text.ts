/** Prints a flat graph as configuration text. */
import { quoteAlways } from "./arguments.ts";
import type { Connection, Graph } from "./graph.ts";

/** The flat graph as configuration text: requirements, elements in order, then their connections in chains. */
export function graphText(graph: Graph): string {
  const lines: string[] = [];
  if (graph.requirements.length > 0)
    lines.push(
      `require(${graph.requirements.map((r) => (r.name ? `${r.type} ${quoteAlways(r.name)}` : r.type)).join(", ")});`,
      "",
    );
  for (const e of graph.elements) lines.push(`${e.name} :: ${e.className}${e.configText ? `(${e.configText})` : ""};`);
  if (graph.elements.length > 0) lines.push("");
  lines.push(...chains(graph));
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * Connections, joined into chains: one into input 0 of an element goes on with one that leaves its output 0, best one that
 * leads into an input 0 again. A chain stands where its first connection does; circles come last.
 */
function chains({ elements, connections }: Graph): string[] {
  const name = (i: number): string => elements[i]?.name ?? "?";
  const leavingZero = new Map<number, number[]>();
  connections.forEach(({ from }, i) => {
    if (from.port !== 0) return;
    const list = leavingZero.get(from.element);
    if (list) list.push(i);
    else leavingZero.set(from.element, [i]);
  });
  const starts = connections.map(() => true);
  const next = connections.map(({ to }, i) => {
    if (to.port !== 0) return undefined;
    const leaving = (leavingZero.get(to.element) ?? []).filter((d) => d !== i);
    const chosen = leaving.find((d) => connections[d]?.to.port === 0) ?? leaving.at(-1);
    if (chosen !== undefined) starts[chosen] = false;
    return chosen;
  });
  const used = new Set<number>();
  const lines: string[] = [];
  const chain = (start: number): void => {
    const { from } = connections[start] as Connection;
    let text = `${name(from.element)}${from.port ? ` [${from.port}]` : ""}`;
    for (let i: number | undefined = start; i !== undefined && !used.has(i); i = next[i]) {
      const { to } = connections[i] as Connection;
      text += `${i === start ? " -> " : "\n    -> "}${to.port ? `[${to.port}] ` : ""}${name(to.element)}`;
      used.add(i);
    }
    lines.push(`${text};`);
  };
  connections.forEach((_, i) => {
    if (starts[i]) chain(i);
  });
  connections.forEach((_, i) => {
    if (!used.has(i)) chain(i);
  });
  return lines;
}
