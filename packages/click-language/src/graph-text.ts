/** Prints a flat graph as configuration text. */
import type { Connection, Graph } from "./graph.ts";

/** The flat graph as configuration text: elements in order, then their connections in chains. */
export function graphText(graph: Graph): string {
  const lines: string[] = [];
  if (graph.requirements.length > 0)
    lines.push(`require(${graph.requirements.map((r) => `package ${r.name}`).join(", ")});`, "");
  for (const e of graph.elements)
    lines.push(`${e.name} :: ${e.className}${e.configText.trim() ? `(${e.configText.trim()})` : ""};`);
  if (graph.connections.length > 0) lines.push("", ...chains(graph));
  return `${lines.join("\n")}\n`;
}

/** Connections, joined into chains where an element's only way on is from port 0 to port 0. */
function chains(graph: Graph): string[] {
  const name = (i: number): string => graph.elements[i]?.name ?? "?";
  const { connections } = graph;
  const next = new Map<number, number>();
  const continued = new Set<number>();
  const fromZero = new Map<number, number[]>();
  connections.forEach((c, i) => {
    if (c.from.port === 0) fromZero.set(c.from.element, [...(fromZero.get(c.from.element) ?? []), i]);
  });
  connections.forEach((c, i) => {
    if (c.to.port !== 0) return;
    const follow = (fromZero.get(c.to.element) ?? []).find((j) => !continued.has(j) && j !== i);
    if (follow !== undefined) {
      next.set(i, follow);
      continued.add(follow);
    }
  });
  const used = new Set<number>();
  const lines: string[] = [];
  const chain = (start: number): void => {
    const first = connections[start] as Connection;
    let text = `${name(first.from.element)}${first.from.port ? ` [${first.from.port}]` : ""}`;
    for (let i: number | undefined = start, n = 0; i !== undefined && !used.has(i); i = next.get(i), n++) {
      const { to } = connections[i] as Connection;
      text += `${n === 0 ? " -> " : "\n    -> "}${to.port ? `[${to.port}] ` : ""}${name(to.element)}`;
      used.add(i);
    }
    lines.push(`${text};`);
  };
  connections.forEach((_, i) => {
    if (!continued.has(i)) chain(i);
  });
  connections.forEach((_, i) => {
    if (!used.has(i)) chain(i);
  });
  return lines;
}
