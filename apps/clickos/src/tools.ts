/** The tools that look at configurations without running them: check, fmt, flatten, graph, explain. */
import { diagnose } from "@clickos/click-core/compile";
import type { ElementClass, ElementSet } from "@clickos/click-core/element";
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
  lint,
  mermaidPicture,
  parse,
  pictureOf,
  type Source,
  textPicture,
} from "@clickos/click-language";
import { closest } from "@clickos/click-language/closest";
import { elementPage } from "./element-page.ts";
import { CommandError } from "./failure.ts";
import { readBytes, readInput } from "./files.ts";
import { librariesOf } from "./libraries.ts";
import { machineNames } from "./machine-names.ts";
import { printable } from "./printable.ts";
import type { UserElements } from "./user-elements.ts";

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
  diagnose(source, elements, diagnostics, { variables, library, machine: machineNames });
  lint(parse(source, new Diagnostics()), diagnostics);
  return diagnostics.list;
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

const accessText = { r: "read", w: "write", rw: "read, write" };

/** An element's manual page. @throws {CommandError} */
export function explainElement(name: string, { elements, pages }: UserElements): string {
  const cls = Object.hasOwn(elements, name) ? elements[name] : undefined;
  if (!cls) {
    const near =
      Object.keys(elements).find((n) => n.toLowerCase() === name.toLowerCase()) ?? closest(name, Object.keys(elements));
    throw new CommandError(
      `there is no element '${name}'${near ? `; did you mean '${near}'?` : "; clickos explain --list shows all"}`,
    );
  }
  const { page, category, inputs, outputs, flow, arguments: args, handlers } = elementPage(cls, pages);
  const rows: (readonly [string, string])[] = [
    ["category", category],
    ["inputs", inputs],
    ["outputs", outputs],
    ...(flow === undefined ? [] : [["flow", flow] as const]),
    ...args.map(({ name, text }) => [name, text] as const),
    ...handlers.map(({ name, access, text }) => [name, `handler: ${accessText[access]}; ${text}`] as const),
  ];
  const width = Math.max(...rows.map(([key]) => key.length));
  return [page, "", ...rows.map(([key, value]) => `  ${key.padEnd(width)}  ${value}`)].join("\n");
}

/** All elements by category, a line each. */
export function listElements({ elements, pages }: UserElements): string {
  const categories = new Map<string, string[]>();
  const names = Object.keys(elements).sort();
  const width = Math.max(...names.map((n) => n.length));
  for (const name of names) {
    const { category, summary } = elementPage(elements[name] as ElementClass, pages);
    const line = `  ${name.padEnd(width)}  ${summary}`.trimEnd();
    categories.set(category, [...(categories.get(category) ?? []), line]);
  }
  return [...categories]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([category, lines]) => `${category}\n${lines.join("\n")}`)
    .join("\n\n");
}
