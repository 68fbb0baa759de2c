/** From a flat graph to one that can be compiled: classes found, arguments read, ports and processing settled. */
import type { Connection, Diagnostics, Graph, GraphElement } from "@clickos/click-language";
import {
  checkRange,
  checkUse,
  elementTitle,
  type PortCounts,
  type Processing,
  type ResolvedProcessing,
  resolveProcessing,
} from "@clickos/click-language/ports";
import { type Fields, type Struct, struct } from "@clickos/layout";
import { type NameTables, standardNames } from "../arguments/machine-names.ts";
import { readArguments, readKeywordsFirst } from "../arguments/read-arguments.ts";
import type { Scope } from "../arguments/scope.ts";
import type { ElementClass, ElementSet } from "../element/element.ts";
import { elementReport } from "../element/element-report.ts";
import { ElementScope, Information } from "../element/information.ts";
import { offerOf } from "../element/peer.ts";
import { classHint } from "./class-hint.ts";
import { configureOrder, defaultPhase } from "./configure-order.ts";
import { checkHandlers } from "./describe.ts";
import { neighboursOf } from "./flow.ts";
import { findPeers } from "./peers.ts";

/** An element of a checked graph. It is made once; staging, handlers, images and hot swap read it. */
export interface ElementInstance {
  readonly index: number;
  readonly source: GraphElement;
  readonly class: ElementClass;
  /** What names mean to it. */
  readonly scope: Scope;
  readonly config: any;
  readonly plan: any;
  readonly inputs: readonly Processing[];
  readonly outputs: readonly Processing[];
  /** The layout of its state. */
  readonly state: Struct<Fields>;
  /** The device that it works with. */
  readonly device: number | undefined;
  /** What its class's `peers` found. */
  readonly peers: any;
}

export interface CheckedGraph {
  readonly elements: readonly ElementInstance[];
  readonly connections: readonly Connection[];
  readonly information: Information;
  /** Names that the configuration does not define. */
  readonly tables: NameTables;
  /** Elements in the order in which they are configured and initialized. */
  readonly order: readonly number[];
}

/**
 * Checks a graph against a set of classes, in Click's stages: what is wrong in one is reported, and those after it are left out.
 * The result is not to be used then.
 */
export function check(
  graph: Graph,
  elements: ElementSet,
  diagnostics: Diagnostics,
  tables: NameTables = standardNames,
): CheckedGraph {
  const information = new Information();
  const failed: CheckedGraph = { information, tables, connections: graph.connections, elements: [], order: [] };
  // What is wrong with the text makes the rest unknown.
  if (diagnostics.failed) return failed;
  const classes = findClasses(graph, elements, diagnostics);
  if (diagnostics.failed) return failed;
  diagnostics.parsed = true;
  const codes = classes.map((c) => c.ports);
  const counts = checkRange(graph, codes, diagnostics);
  if (diagnostics.failed) return failed;
  const processing = resolveProcessing(graph, classes, counts, diagnostics);
  if (diagnostics.failed) return failed;
  checkUse(graph, counts, processing, diagnostics);
  if (diagnostics.failed) return failed;

  const order = configureOrder(classes.map((c) => c.configurePhase ?? defaultPhase));
  const names = {
    information,
    tables,
    elements: new Map(
      graph.elements.map(({ name, className }, index) => {
        const offers = (to: { readonly name: string }): boolean =>
          offerOf(classes[index] as ElementClass, to) !== undefined;
        const { inputs: ninputs, outputs: noutputs } = counts[index] as PortCounts;
        return [name, { index, name, className, ninputs, noutputs, offers }];
      }),
    ),
  };
  const configured: Configured[] = [];
  const shared: Shared = { information, attached: new Set(), diagnostics };
  const configureOne = (index: number): void => {
    const source = graph.elements[index] as GraphElement;
    const ports = counts[index] as PortCounts;
    const scope = new ElementScope(names, source.name, ports);
    const cls = classes[index] as ElementClass;
    const its = processing[index] as ResolvedProcessing;
    configured[index] = configure({ index, source, class: cls, scope }, ports, its, shared);
  };
  const late = order.filter((index) => classes[index]?.readsLate);
  for (const index of order) if (!classes[index]?.readsLate) configureOne(index);
  if (diagnostics.failed) return failed;
  for (const index of late) configureOne(index);
  if (diagnostics.failed) return failed;

  const instances = configured.map((e, i): ElementInstance => {
    const { inputs, outputs } = processing[i] as ResolvedProcessing;
    const { config, plan, class: cls } = e;
    const state = stateLayout(cls, { config, plan, ninputs: inputs.length, noutputs: outputs.length });
    return { ...e, inputs, outputs, state, device: cls.device?.({ config, plan }), peers: undefined };
  });
  const checked: CheckedGraph = { information, tables, connections: graph.connections, elements: instances, order };
  const peers = findPeers(checked, neighboursOf(graph.connections), diagnostics);
  return { ...checked, elements: instances.map((e, i) => ({ ...e, peers: peers[i] })) };
}

/** The class of each element; those that are not there are reported. */
function findClasses(graph: Graph, elements: ElementSet, diagnostics: Diagnostics): ElementClass[] {
  return graph.elements.flatMap((e) => {
    if (Object.hasOwn(elements, e.className)) return [elements[e.className] as ElementClass];
    const hint = diagnostics.crowded ? undefined : classHint(e.className, Object.keys(elements));
    diagnostics.error(e.place, `unknown element class '${e.className}'`, hint);
    return [];
  });
}

type Configured = Pick<ElementInstance, "index" | "source" | "class" | "scope" | "config" | "plan">;

/** What elements have in common while they are configured. */
interface Shared {
  readonly information: Information;
  readonly attached: Set<string>;
  readonly diagnostics: Diagnostics;
}

/** Has an element say what it has to say to others, and read its arguments. */
function configure(
  e: Pick<ElementInstance, "index" | "source" | "class" | "scope">,
  { inputs, outputs }: PortCounts,
  processing: ResolvedProcessing,
  { information, attached, diagnostics }: Shared,
): Configured {
  const { source, scope, class: cls } = e;
  const before = diagnostics.count;
  const stage = cls.readsLate ? "initializing" : "configuring";
  const section = { stage, element: elementTitle(source), place: source.place } as const;
  const report = elementReport(diagnostics, section, source.arguments);
  const texts = source.arguments.map((a) => a.text);
  const compound = source.name.slice(0, source.name.lastIndexOf("/") + 1);
  cls.inform?.({ ...report, name: source.name, arguments: texts, compound, scope }, information);
  const read = cls.keywordsFirst ? readKeywordsFirst : readArguments;
  const config: any = read(cls.config ?? {}, source.arguments, scope, {
    error(argument, subject, message, hint) {
      const found = diagnostics.crowded ? undefined : hint?.();
      report.error(message, {
        ...argument,
        ...(subject ? { subject } : {}),
        ...(found === undefined ? {} : { hint: found }),
      });
    },
    warning: (argument, subject, message) => report.warning(message, { ...argument, subject }),
    note: (argument, subject, message) => report.note(message, { ...argument, subject }),
  });
  const plan =
    diagnostics.count > before
      ? undefined
      : cls.prepare?.({
          ...report,
          name: source.name,
          config,
          ninputs: inputs,
          noutputs: outputs,
          inputIsPush: (port) => processing.inputs[port] === "push",
          outputIsPush: (port) => processing.outputs[port] !== "pull",
          arguments: texts,
          scope,
          attach: (place) => !attached.has(place) && attached.add(place) !== undefined,
        });
  return { ...e, config, plan };
}

/** Layouts of the classes whose elements all have the same state. */
const layouts = new WeakMap<Fields, Struct<Fields>>();

function stateLayout(
  cls: ElementClass,
  context: { config: any; plan: any; ninputs: number; noutputs: number },
): Struct<Fields> {
  const { name, state = {} } = cls;
  const made = (layout: Struct<Fields>): Struct<Fields> => {
    checkHandlers(cls, layout);
    return layout;
  };
  if (typeof state === "function") return made(struct(state(context), { name }));
  let layout = layouts.get(state);
  if (!layout) {
    layout = made(struct(state, { name }));
    layouts.set(state, layout);
  }
  return layout;
}
