/** The tools that look at configurations without running them: check, fmt, flatten, graph, explain. */
import { readFileSync } from "node:fs";
import { diagnose } from "@clickos/click-core/compile";
import type { ConfigSpec, ElementSet, LiveType } from "@clickos/click-core/element";
import { archiveMember } from "@clickos/click-elements/node";
import {
  ConfigurationError,
  type Diagnostic,
  Diagnostics,
  dotPicture,
  flatten,
  formatConfiguration,
  formatDiagnostics,
  graphText,
  lineAndColumn,
  lint,
  mermaidPicture,
  parse,
  pictureOf,
  type Source,
  textPicture,
} from "@clickos/click-language";
import { CommandError } from "./failure.ts";
import { readBytes, readInput } from "./files.ts";
import { librariesOf } from "./libraries.ts";
import { printable } from "./printable.ts";

/** As for `click`: along the path of the environment. */
const library = librariesOf(process.env.CLICKPATH ?? "");

/** Reads a configuration, or the one in an archive; `-` is standard input. */
export function readConfiguration(file: string): Source {
  const bytes = file === "-" ? readInput() : readBytes(file);
  return { file: file === "-" ? "<stdin>" : file, text: archiveMember(Buffer.from(bytes), "config").toString("utf8") };
}

/** What is wrong with a configuration in the first of Click's stages in which anything is, and what is not as it should be. */
export function checkSource(
  source: Source,
  elements: ElementSet,
  variables: ReadonlyMap<string, string>,
): Diagnostic[] {
  const diagnostics = new Diagnostics();
  diagnose(source, elements, diagnostics, { variables, library });
  lint(parse(source, new Diagnostics()), diagnostics);
  return diagnostics.list;
}

/** Diagnostics as plain data. */
export function diagnosticsJson(list: readonly Diagnostic[]): unknown {
  return list.map((d) => {
    const at = d.place && lineAndColumn(d.place);
    return {
      severity: d.severity,
      message: d.message,
      ...(d.section ? { element: d.section.element } : {}),
      ...(d.subject ? { subject: d.subject } : {}),
      ...(at ? { file: at.file, line: at.line, column: at.column } : {}),
      ...(d.hint ? { hint: d.hint } : {}),
    };
  });
}

export function diagnosticsText(list: readonly Diagnostic[]): string {
  return printable(formatDiagnostics(list));
}

export const formatSource: (source: Source) => string = formatConfiguration;

/** The flat configuration: compounds expanded, elements and connections in order. */
export function flattenSource(source: Source, elements: ElementSet, variables: ReadonlyMap<string, string>): string {
  const diagnostics = new Diagnostics();
  const graph = flatten(parse(source), diagnostics, { variables, classes: elements, library });
  diagnostics.throwIfFailed();
  return graphText(graph);
}

export const pictureFormats = ["text", "dot", "mermaid", "svg"] as const;
export type PictureFormat = (typeof pictureFormats)[number];

/** A picture, and what is wrong with the configuration as far as drawing tells. */
export async function drawSource(
  source: Source,
  elements: ElementSet,
  variables: ReadonlyMap<string, string>,
  format: PictureFormat,
): Promise<{ picture: string; problems: readonly Diagnostic[] }> {
  const picture = pictureOf(source, elements, variables);
  const problems = picture.diagnostics.list;
  if (picture.graph.elements.length === 0 && picture.diagnostics.failed) throw new ConfigurationError(problems);
  if (format === "dot") return { picture: dotPicture(picture), problems };
  if (format === "mermaid") return { picture: mermaidPicture(picture), problems };
  if (format === "text") return { picture: textPicture(picture), problems };
  const { Graphviz } = await import("@hpcc-js/wasm-graphviz");
  return { picture: (await Graphviz.load()).layout(dotPicture(picture), "svg", "dot"), problems };
}

type Manual = Readonly<Record<string, { readonly category: string; readonly page: string }>>;

function manual(): Manual {
  return JSON.parse(readFileSync(new URL("./manual.json", import.meta.url), "utf8")) as Manual;
}

/** An element's manual page. */
export function explainElement(name: string, elements: ElementSet): string {
  const spec = Object.hasOwn(elements, name) ? elements[name] : undefined;
  if (!spec) {
    const near = Object.keys(elements).find((n) => n.toLowerCase() === name.toLowerCase());
    throw new CommandError(
      `there is no element '${name}'${near ? `; did you mean '${near}'?` : "; clickos explain --list shows all"}`,
    );
  }
  const entry = manual()[name];
  const [inputs, outputs] = spec.ports.split("/");
  const words: Record<string, string> = { h: "push", l: "pull", a: "push or pull" };
  const processing = spec.processing.split("/").map((code) => [...code].map((ch) => words[ch] ?? ch).join(", then "));
  const lines = [entry?.page ?? name, ""];
  const table: [string, string][] = [
    ["category", entry?.category ?? "-"],
    ["inputs", `${inputs} (${processing[0]})`],
    ["outputs", `${outputs} (${processing[1] ?? processing[0]})`],
  ];
  for (const [argument, s] of Object.entries((spec.config ?? {}) as ConfigSpec)) {
    const type = s.type.expects;
    const kinds = { required: "required", positional: "optional", keyword: "keyword", rest: "any number" };
    const kind = s.kind === "accepted" ? `accepted, changes nothing: ${s.reason}` : kinds[s.kind];
    const fallback = s.kind === "keyword" || s.kind === "positional" ? defaultText(s.fallback) : "";
    const live =
      "live" in s.type ? `; handler ${(s.type as LiveType<any, any>).live.handler ?? argument.toLowerCase()}` : "";
    table.push([argument, `${type}; ${kind}${fallback}${live}`]);
  }
  const width = Math.max(...table.map(([key]) => key.length));
  for (const [key, value] of table) lines.push(`  ${key.padEnd(width)}  ${value}`);
  return lines.join("\n");
}

function defaultText(value: unknown): string {
  if (value instanceof Uint8Array) return `, by default ${value.length} bytes`;
  if (Array.isArray(value)) return "";
  return value === "" || value === undefined || value === null ? "" : `, by default ${String(value)}`;
}

/** All elements by category, a line each. */
export function listElements(elements: ElementSet): string {
  const pages = manual();
  const categories = new Map<string, string[]>();
  const names = Object.keys(elements).sort();
  const width = Math.max(...names.map((n) => n.length));
  for (const name of names) {
    const category = pages[name]?.category ?? "other";
    const summary = /—\s*([^\n]*)/.exec(pages[name]?.page ?? "")?.[1]?.replace(/\.$/, "") ?? "";
    const line = `  ${name.padEnd(width)}  ${summary}`.trimEnd();
    categories.set(category, [...(categories.get(category) ?? []), line]);
  }
  return [...categories]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([category, lines]) => `${category}\n${lines.join("\n")}`)
    .join("\n\n");
}
