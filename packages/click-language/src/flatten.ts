/** From a syntax tree to a flat graph of elements and connections: names are resolved, then compound elements expanded. */
import { splitArguments } from "./arguments.ts";
import type { Configuration } from "./ast.ts";
import type { KnownClasses } from "./class-scope.ts";
import type { DefinedElement, Definition } from "./definition.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { elaborate } from "./elaborate.ts";
import { Environment, SubstitutionBudget } from "./environment.ts";
import { expandCompounds } from "./expand-compounds.ts";
import type { Connection, Graph, GraphElement } from "./graph.ts";
import { Tunnels } from "./tunnels.ts";

export interface FlattenOptions extends KnownClasses {
  /** Values for the configuration's variables; they override its `define`s. */
  readonly variables?: ReadonlyMap<string, string>;
  /**
   * The parsed text of a `require(library NAME)` in that file, `undefined` where there is none, or why it cannot be read. Of
   * several with the same file name the first counts.
   */
  readonly library?: (name: string, from: string) => Configuration | string | undefined;
  /** Whether there is such a package; without it, there is any. */
  readonly provides?: (packageName: string) => boolean;
}

const maximumConnections = 1_000_000;

/** Flattens a parsed configuration. */
export function flatten(configuration: Configuration, diagnostics: Diagnostics, options: FlattenOptions = {}): Graph {
  const { top, classes, requirements, tunnels: groups } = elaborate(configuration, diagnostics, options);
  const budget = new SubstitutionBudget(() =>
    diagnostics.error(configuration.end, "the values of variables grow too long", "look for variables made of others"),
  );
  const variables = new Environment(undefined, budget);
  for (const [name, value] of top.variables) variables.define(name, value);
  for (const [name, value] of options.variables ?? []) variables.define(name, value);
  const pairs = [...groups];
  // After very many errors, what expanding tells besides is of no use.
  if (!diagnostics.crowded)
    expandCompounds(top, variables, { classes, diagnostics, budget, tunnels: pairs, end: configuration.end });

  const tunnels = new Tunnels(top, (element, message) => diagnostics.error(top.elements[element]?.place, message));
  for (const pair of pairs) tunnels.add(pair);
  const elements: GraphElement[] = [];
  /** Elements of the definition among those of the graph. */
  const indices = top.elements.map((e) => {
    if (e.class.kind === "tunnel") return -1;
    elements.push(graphElement(e));
    return elements.length - 1;
  });
  return { elements, connections: connectionsOf(top, tunnels, indices, diagnostics), requirements };
}

function graphElement({ name, class: cls, config, configPlace, place }: DefinedElement): GraphElement {
  // Arguments stand in the text as long as they are what is written there.
  const written = configPlace?.source.text.startsWith(config, configPlace.offset) ?? false;
  const argumentsOf = splitArguments({ text: config, place: configPlace ?? place });
  return {
    name,
    className: cls.kind === "tunnel" ? "" : cls.kind === "compound" ? cls.title : cls.name,
    configText: config,
    arguments: written ? argumentsOf : argumentsOf.map(({ text }) => ({ text, place: configPlace ?? place })),
    place,
  };
}

/** Connections between real elements: those through compounds and groups become ones from end to end. */
function connectionsOf(
  top: Definition,
  tunnels: Tunnels,
  indices: readonly number[],
  diagnostics: Diagnostics,
): Connection[] {
  tunnels.prepare();
  const list: Connection[] = [];
  for (const c of top.connections) {
    const from = tunnels.reach({ element: c.from, port: c.fromPort }, true);
    const to = tunnels.reach({ element: c.to, port: c.toPort }, false);
    if (list.length + from.length * to.length > maximumConnections) {
      diagnostics.error(c.place, `more than ${maximumConnections} connections`);
      break;
    }
    for (const a of from)
      for (const b of to)
        list.push({
          from: { element: indices[a.element] as number, port: a.port },
          to: { element: indices[b.element] as number, port: b.port },
          place: c.place,
        });
  }
  list.sort(compareConnections);
  return list.filter((c, i) => i === 0 || compareConnections(list[i - 1] as Connection, c) !== 0);
}

function compareConnections(a: Connection, b: Connection): number {
  return (
    a.to.element - b.to.element || a.to.port - b.to.port || a.from.element - b.from.element || a.from.port - b.from.port
  );
}
