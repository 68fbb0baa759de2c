/**
 * Pictures of a configuration as text: for Graphviz, for Mermaid, and to be read. They need no more than that the
 * text parses: classes that are not known are drawn all the same.
 */
import { Diagnostics, type Source } from "./diagnostics.ts";
import { flatten } from "./flatten.ts";
import type { Graph, GraphElement } from "./graph.ts";
import { parse } from "./parser.ts";
import { type PortCodes, usedPorts } from "./port-counts.ts";
import { type Processing, resolveProcessing } from "./processing.ts";

export interface Picture {
  readonly graph: Graph;
  /** What is known of each connection: `undefined` where a class is not. */
  readonly processing: readonly (Processing | undefined)[];
  readonly unknown: ReadonlySet<number>;
  /** What is wrong with the configuration, as far as drawing it tells. */
  readonly diagnostics: Diagnostics;
}

/** Flattens a configuration and finds push and pull, as far as that goes with the classes that are known. */
export function pictureOf(
  source: Source,
  classes: Readonly<Record<string, PortCodes>>,
  variables?: ReadonlyMap<string, string>,
): Picture {
  const diagnostics = new Diagnostics();
  // Any class may be drawn.
  const graph = flatten(parse(source), diagnostics, variables ? { variables } : {});
  const codes = graph.elements.map((e) => (Object.hasOwn(classes, e.className) ? classes[e.className] : undefined));
  const resolved = resolveProcessing(graph, codes, usedPorts(graph), new Diagnostics());
  const unknown = new Set(codes.flatMap((c, i) => (c ? [] : [i])));
  return {
    graph,
    diagnostics,
    unknown,
    processing: graph.connections.map((c) => resolved[c.from.element]?.outputs[c.from.port]),
  };
}

interface Box {
  readonly name: string;
  readonly boxes: Map<string, Box>;
  readonly elements: { readonly index: number; readonly label: string }[];
}

/** Elements in the boxes of the compounds they stand in. */
function boxes(graph: Graph): Box {
  const top: Box = { name: "", boxes: new Map(), elements: [] };
  graph.elements.forEach((e, index) => {
    const parts = e.name.split("/");
    const label = parts.pop() as string;
    let box = top;
    for (const part of parts) {
      let inner = box.boxes.get(part);
      if (!inner) {
        inner = { name: part, boxes: new Map(), elements: [] };
        box.boxes.set(part, inner);
      }
      box = inner;
    }
    box.elements.push({ index, label });
  });
  return top;
}

function shorten(text: string, length = 40): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}

/** `name :: Class(arguments)`; anonymous elements are their class. */
function label(e: GraphElement, name: string): string {
  const config = e.configText.trim() ? `(${shorten(e.configText)})` : "";
  return name.startsWith(`${e.className}@`) ? `${e.className}${config}` : `${name} :: ${e.className}${config}`;
}

/** For Graphviz. Push connections are solid, pull ones dashed. */
export function dotPicture(picture: Picture): string {
  const { graph } = picture;
  const lines = [
    "digraph click {",
    "  rankdir=TB;",
    '  node [shape=box, style="rounded,filled", fillcolor="#f4f6fa", color="#5b6b86", fontname="Helvetica", fontsize=10, margin="0.3,0.08"];',
    '  edge [color="#33415c", fontname="Helvetica", fontsize=9];',
    '  graph [fontname="Helvetica", fontsize=11, color="#a9b4c6", style=rounded];',
  ];
  const text = (s: string): string => `"${s.replace(/[\\"]/g, "\\$&")}"`;
  let clusters = 0;
  const draw = (box: Box, indent: string): void => {
    for (const { index, label: name } of box.elements) {
      const e = graph.elements[index] as GraphElement;
      const odd = picture.unknown.has(index) ? ', fillcolor="#fde8e8", color="#c0392b"' : "";
      lines.push(`${indent}n${index} [label=${text(label(e, name))}${odd}];`);
    }
    for (const inner of box.boxes.values()) {
      lines.push(`${indent}subgraph cluster_${clusters++} {`, `${indent}  label=${text(inner.name)};`);
      draw(inner, `${indent}  `);
      lines.push(`${indent}}`);
    }
  };
  draw(boxes(graph), "  ");
  graph.connections.forEach(({ from, to }, i) => {
    const attributes = [
      ...(picture.processing[i] === "pull" ? ["style=dashed", "arrowhead=empty"] : []),
      ...(from.port > 0 ? [`taillabel="${from.port}"`] : []),
      ...(to.port > 0 ? [`headlabel="${to.port}"`] : []),
    ];
    lines.push(`  n${from.element} -> n${to.element}${attributes.length > 0 ? ` [${attributes.join(", ")}]` : ""};`);
  });
  return `${[...lines, "}"].join("\n")}\n`;
}

/** For Mermaid. Push connections are solid, pull ones dotted. */
export function mermaidPicture(picture: Picture): string {
  const { graph } = picture;
  const lines = ["flowchart TB"];
  const text = (s: string): string =>
    `"${s.replace(/"/g, "#quot;").replace(/[<>]/g, (ch) => (ch === "<" ? "#lt;" : "#gt;"))}"`;
  let groups = 0;
  const draw = (box: Box, indent: string): void => {
    for (const { index, label: name } of box.elements)
      lines.push(`${indent}n${index}[${text(label(graph.elements[index] as GraphElement, name))}]`);
    for (const inner of box.boxes.values()) {
      lines.push(`${indent}subgraph g${groups++} [${text(inner.name)}]`);
      draw(inner, `${indent}  `);
      lines.push(`${indent}end`);
    }
  };
  draw(boxes(graph), "  ");
  graph.connections.forEach(({ from, to }, i) => {
    const ports = from.port > 0 || to.port > 0 ? `|"${from.port} → ${to.port}"|` : "";
    lines.push(`  n${from.element} ${picture.processing[i] === "pull" ? "-.->" : "-->"}${ports} n${to.element}`);
  });
  return `${lines.join("\n")}\n`;
}

/** To be read: elements in their boxes, each with where its outputs go; `->` pushes, `~>` is pulled. */
export function textPicture(picture: Picture): string {
  const { graph } = picture;
  const lines: string[] = [];
  const outgoing = new Map<number, string[]>();
  graph.connections.forEach(({ from, to }, i) => {
    const arrow = picture.processing[i] === "pull" ? "~>" : picture.processing[i] === "push" ? "->" : "?>";
    const text = `${from.port > 0 || (outgoing.get(from.element)?.length ?? 0) > 0 ? `[${from.port}] ` : ""}${arrow} ${to.port > 0 ? `[${to.port}] ` : ""}${graph.elements[to.element]?.name ?? "?"}`;
    const list = outgoing.get(from.element);
    if (list) list.push(text);
    else outgoing.set(from.element, [text]);
  });
  const draw = (box: Box, indent: string): void => {
    for (const { index, label: name } of box.elements) {
      const e = graph.elements[index] as GraphElement;
      lines.push(
        `${indent}${name} :: ${e.className}${e.configText.trim() ? `(${shorten(e.configText)})` : ""}${picture.unknown.has(index) ? "  (unknown class)" : ""}`,
      );
      for (const to of outgoing.get(index) ?? []) lines.push(`${indent}    ${to}`);
    }
    for (const inner of box.boxes.values()) {
      lines.push(`${indent}┌ ${inner.name}`);
      draw(inner, `${indent}│ `);
      lines.push(`${indent}└`);
    }
  };
  draw(boxes(graph), "");
  return `${lines.join("\n")}\n`;
}
