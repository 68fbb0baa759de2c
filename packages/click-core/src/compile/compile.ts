/** From configuration text to a module: parse, flatten, check, stage, encode. */
import {
  type Diagnostic,
  Diagnostics,
  type FlattenOptions,
  flatten,
  type Graph,
  type GraphElement,
  parse,
  type Source,
} from "@clickos/click-language";
import { splitArguments } from "@clickos/click-language/arguments";
import { elementTitle } from "@clickos/click-language/ports";
import type { ModuleIr } from "@clickos/codegen";
import { type MachineNames, NameTables } from "../arguments/machine-names.ts";
import type { LibraryDigest } from "../element/digest.ts";
import type { ElementSet } from "../element/element.ts";
import type { HandlerEntry } from "../element/handler.ts";
import { type CheckedGraph, check, type ElementInstance } from "./check.ts";
import { describeHandlers, libraryDigest } from "./describe.ts";
import type { MemoryPlan } from "./memory-plan.ts";
import type { Platform } from "./platform.ts";
import { stageRouter } from "./stage.ts";

export interface CheckedConfiguration {
  readonly source: Source;
  readonly graph: Graph;
  readonly checked: CheckedGraph;
}

export interface CheckOptions {
  readonly variables?: ReadonlyMap<string, string>;
  readonly library?: FlattenOptions["library"];
  /** Names of the machine that the configuration is compiled for. */
  readonly machine?: MachineNames;
  /** Receives warnings and notes. */
  readonly warn?: (warnings: readonly Diagnostic[]) => void;
  /** Elements that the configuration has besides those that it says, after them. */
  readonly added?: readonly AddedElement[];
}

/** An element that is not in the text of a configuration. */
export interface AddedElement {
  readonly name: string;
  readonly className: string;
  readonly configText: string;
  /** Who adds it, for messages. */
  readonly by: string;
}

/** Parses, flattens and checks a configuration; everything that is wrong with it goes to `diagnostics`. */
export function diagnose(
  source: Source,
  elements: ElementSet,
  diagnostics: Diagnostics,
  options: CheckOptions = {},
): CheckedConfiguration {
  const flat = flatten(parse(source), diagnostics, {
    classes: elements,
    // Packages are what is loaded besides: there is none.
    provides: () => false,
    ...(options.variables ? { variables: options.variables } : {}),
    ...(options.library ? { library: options.library } : {}),
  });
  const added = (options.added ?? []).map(addedElement);
  const graph = { ...flat, elements: [...flat.elements, ...added].map((e) => underItsOwnName(e, elements)) };
  const checked = check(graph, elements, diagnostics, options.machine && new NameTables(options.machine));
  return { source, graph, checked };
}

/** An element whose class is called by another of its names has that class. */
function underItsOwnName(e: GraphElement, elements: ElementSet): GraphElement {
  const { className } = e;
  const cls = Object.hasOwn(elements, className) ? elements[className] : undefined;
  return cls?.aliases?.includes(className) ? { ...e, className: cls.name } : e;
}

function addedElement({ name, className, configText, by }: AddedElement): GraphElement {
  const place = { source: { file: by, text: configText, lineless: true }, offset: 0 };
  return { name, className, configText, arguments: splitArguments({ text: configText, place }), place };
}

/**
 * Parses, flattens and checks a configuration.
 *
 * @throws {ConfigurationError} with everything that is wrong.
 */
export function checkConfiguration(
  source: Source,
  elements: ElementSet,
  options: CheckOptions = {},
): CheckedConfiguration {
  const diagnostics = new Diagnostics();
  const configuration = diagnose(source, elements, diagnostics, options);
  diagnostics.throwIfFailed();
  if (diagnostics.list.length > 0) options.warn?.(diagnostics.list);
  return configuration;
}

/** Other arguments for an element of a configuration. */
export interface ElementChange {
  readonly element: string;
  readonly text: string;
  /** Its `config` shows what it showed before. */
  readonly hidden?: boolean;
}

/**
 * The same configuration with other arguments for one element.
 *
 * @throws {ConfigurationError}
 */
export function checkGraph(
  configuration: CheckedConfiguration,
  { element, text, hidden = false }: ElementChange,
  elements: ElementSet,
): CheckedConfiguration {
  const diagnostics = new Diagnostics();
  const place = { source: { file: `${element}.config`, text }, offset: 0 };
  const changed = (e: GraphElement): GraphElement => ({
    ...e,
    configText: hidden ? e.configText : text,
    arguments: splitArguments({ text, place }),
    place,
  });
  const graph: Graph = {
    ...configuration.graph,
    elements: configuration.graph.elements.map((e) => (e.name === element ? changed(e) : e)),
  };
  const checked = check(graph, elements, diagnostics, configuration.checked.tables);
  diagnostics.throwIfFailed();
  return { source: configuration.source, graph, checked };
}

/** Whether an element has a host side in this place. */
export function needsService(e: ElementInstance): boolean {
  return e.class.service !== undefined && (e.class.needsService?.(e.config as never) ?? true);
}

/**
 * A compiled configuration that describes itself: whoever has its memory reads its plain handlers, without the element
 * library that it was made with.
 */
export interface Program {
  readonly ir: ModuleIr;
  readonly memory: MemoryPlan;
  /** The handlers that element classes define; the standard ones follow from the memory plan. */
  readonly handlers: readonly HandlerEntry[];
  /** The classes that its code, and what its handlers need on the host, come from. */
  readonly library: LibraryDigest;
}

export interface CompiledRouter extends Program {
  /** The elements that it was made from. */
  readonly checked: CheckedGraph;
  /** Whether what it does depends on its seed: only then one has to be drawn. */
  readonly seeded: boolean;
}

/** Compiles a checked configuration for a platform; a back end encodes the result's `ir`. */
export function compile(checked: CheckedGraph, platform: Platform): CompiledRouter {
  if (!platform.services) {
    const diagnostics = new Diagnostics();
    diagnostics.parsed = true;
    for (const e of checked.elements)
      if (needsService(e) && !e.class.serviceIsOptional)
        diagnostics.error(e.source.place, "needs the host's files, sockets or handlers, which are not available here", {
          section: { stage: "initializing", element: elementTitle(e.source), place: e.source.place },
          hint: "use FromDevice and ToDevice in a virtual machine or a browser",
        });
    diagnostics.throwIfFailed();
  }
  const { module, plan, seeded } = stageRouter(checked, platform);
  let handlers: readonly HandlerEntry[] | undefined;
  let library: LibraryDigest | undefined;
  return {
    ir: module.toIr(),
    memory: plan,
    // Thousands of elements have tens of thousands; a router that nobody asks does without.
    get handlers() {
      handlers ??= describeHandlers(checked, plan);
      return handlers;
    },
    // Images and hot swaps want it.
    get library() {
      library ??= libraryDigest(checked);
      return library;
    },
    checked,
    seeded,
  };
}
