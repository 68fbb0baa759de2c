/** From a flat graph to one that can be compiled: classes found, arguments read, ports and processing settled. */
import type { Connection, Diagnostics, Graph, GraphElement, Place } from "@clickos/click-language";
import { checkPorts, type Processing, resolveProcessing, usedPorts } from "@clickos/click-language/ports";
import { type Fields, type Struct, struct } from "@clickos/layout";
import { type NameTables, standardNames } from "../arguments/machine-names.ts";
import { type ArgumentReport, readArguments } from "../arguments/read-arguments.ts";
import type { Scope } from "../arguments/scope.ts";
import type { ElementClass, ElementSet } from "../element/element.ts";
import { ElementScope, Information } from "../element/information.ts";
import { classHint } from "./class-hint.ts";
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
}

/** Checks a graph against a set of classes. Everything wrong is reported; the result is then not to be used. */
export function check(
  graph: Graph,
  elements: ElementSet,
  diagnostics: Diagnostics,
  tables: NameTables = standardNames,
): CheckedGraph {
  const used = usedPorts(graph);
  const declared = new Set<string>();
  const attached = new Set<string>();
  const information = new Information();
  const names = {
    information,
    tables,
    elements: new Map(graph.elements.map(({ name, className }, index) => [name, { index, name, className }])),
  };
  const scopeOf = (source: GraphElement, index: number): Scope =>
    new ElementScope(names, source.name, used[index] as { inputs: number; outputs: number });
  const classOf = (e: GraphElement): ElementClass | undefined =>
    Object.hasOwn(elements, e.className) ? elements[e.className] : undefined;
  graph.elements.forEach((source, index) =>
    classOf(source)?.inform?.(
      {
        arguments: source.arguments.map((a) => a.text),
        compound: source.name.slice(0, source.name.lastIndexOf("/") + 1),
        scope: scopeOf(source, index),
        error: (message, argument) =>
          diagnostics.error(
            (argument === undefined ? undefined : source.arguments[argument]?.place) ?? source.place,
            `'${source.name} :: ${source.className}': ${message}`,
          ),
      },
      information,
    ),
  );
  const checked = graph.elements.map((source, index) => {
    if (declared.has(source.name)) diagnostics.error(source.place, `element '${source.name}' is declared twice`);
    declared.add(source.name);
    const cls = classOf(source);
    if (!cls) {
      diagnostics.error(
        source.place,
        `unknown element class '${source.className}'`,
        diagnostics.crowded ? undefined : classHint(source.className, Object.keys(elements)),
      );
      return undefined;
    }
    const before = diagnostics.count;
    const say = `'${source.name} :: ${source.className}'`;
    const scope = scopeOf(source, index);
    const report: ArgumentReport = {
      error: (argument, message, hint) =>
        diagnostics.error(
          argument?.place ?? source.place,
          `${say}: ${message}`,
          diagnostics.crowded ? undefined : hint?.(),
        ),
      warning: (argument, message) => diagnostics.warning(argument?.place ?? source.place, `${say}: ${message}`),
    };
    const config: any = readArguments(cls.config ?? {}, source.arguments, scope, report);
    const placeOf = (argument: number | undefined): Place =>
      (argument === undefined ? undefined : source.arguments[argument]?.place) ?? source.place;
    const counts = used[index] as { inputs: number; outputs: number };
    const plan =
      diagnostics.count > before
        ? undefined
        : cls.prepare?.({
            name: source.name,
            config,
            ninputs: counts.inputs,
            noutputs: counts.outputs,
            arguments: source.arguments.map((a) => a.text),
            scope,
            error: (message, argument, hint) =>
              diagnostics.error(placeOf(argument), `${say}: ${message}`, diagnostics.crowded ? undefined : hint?.()),
            warning: (message, argument) => diagnostics.warning(placeOf(argument), `${say}: ${message}`),
            attach: (place) => !attached.has(place) && attached.add(place) !== undefined,
          });
    return { index, source, class: cls, scope, config, plan };
  });
  checkPorts(
    graph,
    checked.map((e) => e?.class.ports),
    used,
    diagnostics,
  );
  const processing = resolveProcessing(
    graph,
    checked.map((e) => e?.class),
    used,
    diagnostics,
  );
  const sound = !diagnostics.failed;
  const instances = checked.flatMap((e, i): ElementInstance[] => {
    if (!e) return [];
    const { inputs = [], outputs = [] } = processing[i] ?? {};
    const { config, plan, class: cls } = e;
    // What is wrong with an element was reported: its state is not asked for then.
    const state = sound
      ? stateLayout(cls, { config, plan, ninputs: inputs.length, noutputs: outputs.length })
      : noState;
    const device = sound ? cls.device?.({ config: config as never, plan }) : undefined;
    return [{ ...e, inputs, outputs, state, device, peers: undefined }];
  });
  const peers =
    sound && instances.some((e) => e.class.peers)
      ? findPeers({ elements: instances }, neighboursOf(graph.connections), diagnostics)
      : [];
  return {
    information,
    tables,
    connections: graph.connections,
    elements: peers.length === 0 ? instances : instances.map((e, i) => ({ ...e, peers: peers[i] })),
  };
}

const noState = struct({});
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
