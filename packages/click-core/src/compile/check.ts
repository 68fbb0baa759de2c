/** From a flat graph to one that can be compiled: classes found, arguments read, ports and processing settled. */
import type { Connection, Diagnostics, Graph, GraphElement, Place } from "@clickos/click-language";
import { closest } from "@clickos/click-language/closest";
import { checkPorts, type Processing, resolveProcessing, usedPorts } from "@clickos/click-language/ports";
import { type Fields, type Struct, struct } from "@clickos/layout";
import { type ConfigSpec, type LookupName, readArguments } from "../element/argument-types.ts";
import type { ElementClass, ElementSet } from "../element/element.ts";
import { Information } from "../element/information.ts";
import { checkHandlers } from "./describe.ts";
import { neighboursOf } from "./flow.ts";
import { findPeers } from "./peers.ts";

/** An element of a checked graph. It is made once; staging, handlers, images and hot swap read it. */
export interface ElementInstance {
  readonly index: number;
  readonly source: GraphElement;
  readonly class: ElementClass;
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
}

/** Checks a graph against a set of classes. Everything wrong is reported; the result is then not to be used. */
export function check(graph: Graph, elements: ElementSet, diagnostics: Diagnostics): CheckedGraph {
  const used = usedPorts(graph);
  const names = new Set<string>();
  const information = new Information();
  const classOf = (e: GraphElement): ElementClass | undefined =>
    Object.hasOwn(elements, e.className) ? elements[e.className] : undefined;
  for (const source of graph.elements)
    classOf(source)?.inform?.(
      {
        arguments: source.arguments.map((a) => a.text),
        scope: source.name.slice(0, source.name.lastIndexOf("/") + 1),
        error: (message, argument) =>
          diagnostics.error(
            (argument === undefined ? undefined : source.arguments[argument]?.place) ?? source.place,
            `'${source.name} :: ${source.className}': ${message}`,
          ),
      },
      information,
    );
  const checked = graph.elements.map((source, index) => {
    if (names.has(source.name)) diagnostics.error(source.place, `element '${source.name}' is declared twice`);
    names.add(source.name);
    const cls = classOf(source);
    if (!cls) {
      const near = diagnostics.crowded ? undefined : closest(source.className, Object.keys(elements));
      diagnostics.error(
        source.place,
        `unknown element class '${source.className}'`,
        near ? `did you mean '${near}'?` : undefined,
      );
      return undefined;
    }
    const before = diagnostics.count;
    const say = `'${source.name} :: ${source.className}'`;
    const lookup: LookupName = (kind, name) => information.lookup(kind, name, source.name);
    const config = readArguments(
      (cls.config ?? {}) as ConfigSpec,
      source.arguments,
      (argument, message, hint) => diagnostics.error(argument?.place ?? source.place, `${say}: ${message}`, hint),
      lookup,
    );
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
            lookup,
            error: (message, argument) => diagnostics.error(placeOf(argument), `${say}: ${message}`),
            warning: (message, argument) => diagnostics.warning(placeOf(argument), `${say}: ${message}`),
          });
    return { index, source, class: cls, config, plan };
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
