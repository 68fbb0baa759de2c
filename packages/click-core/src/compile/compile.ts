/** From configuration text to a module: parse, flatten, check, stage, encode. */
import type { ElementSet } from "../element/element.ts";
import { ConfigurationError, Diagnostics, type Source } from "../language/diagnostics.ts";
import { flatten, type Graph } from "../language/flatten.ts";
import { parse } from "../language/parser.ts";
import { type CheckedGraph, check } from "./check.ts";
import type { RouterLayout } from "./layout.ts";
import type { Platform } from "./platform.ts";
import { stageRouter } from "./stage.ts";

export interface CheckedConfiguration {
  readonly graph: Graph;
  readonly checked: CheckedGraph;
}

/**
 * Parses, flattens and checks a configuration.
 *
 * @throws {ConfigurationError} with everything that is wrong.
 */
export function checkConfiguration(source: Source, elements: ElementSet): CheckedConfiguration {
  const diagnostics = new Diagnostics();
  const graph = flatten(parse(source, diagnostics), diagnostics);
  const checked = check(graph, elements, diagnostics);
  diagnostics.throwIfFailed();
  if (graph.elements.length === 0)
    throw new ConfigurationError([
      { severity: "error", message: "the configuration has no elements", place: { source, offset: 0 } },
    ]);
  return { graph, checked };
}

export interface CompiledRouter {
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly layout: RouterLayout;
  readonly checked: CheckedGraph;
  /** The code, for reading. */
  text(): string;
}

/** Compiles a checked configuration for a platform. */
export function compile(checked: CheckedGraph, platform: Platform): CompiledRouter {
  if (!platform.services) {
    const diagnostics = new Diagnostics();
    for (const e of checked.elements)
      if (e.class.service)
        diagnostics.error(
          e.source.place,
          `'${e.source.name} :: ${e.class.name}' needs the host's files, which are not available here`,
          "use FromDevice and ToDevice in a virtual machine or a browser",
        );
    diagnostics.throwIfFailed();
  }
  const { module, layout } = stageRouter(checked, platform);
  return { wasm: module.toWasm(), layout, checked, text: () => module.toText() };
}
