/** Expands compound elements and chains to a flat graph of elements and connections. */
import { type Argument, splitArguments, substitute } from "./arguments.ts";
import type { ClassExpression, CompoundBody, ConfigText, Configuration, Endpoint, Statement } from "./ast.ts";
import type { Diagnostics, Place } from "./diagnostics.ts";

/** An element of the flat graph. Its name has the names of the compounds around it before it, with slashes. */
export interface GraphElement {
  readonly name: string;
  readonly className: string;
  readonly configText: string;
  readonly arguments: readonly Argument[];
  readonly place: Place;
}

export interface Port {
  readonly element: number;
  readonly port: number;
}

export interface Connection {
  readonly from: Port;
  readonly to: Port;
  readonly place: Place;
}

export interface Graph {
  readonly elements: readonly GraphElement[];
  readonly connections: readonly Connection[];
}

type Class =
  | { readonly kind: "primitive"; readonly name: string }
  | { readonly kind: "compound"; readonly body: CompoundBody; readonly scope: Scope };

/** What names mean at one level. */
interface Scope {
  readonly prefix: string;
  readonly classes: Map<string, Class>;
  readonly parent: Scope | undefined;
  readonly names: Map<string, Node>;
  readonly variables: ReadonlyMap<string, string>;
  readonly input: Node | undefined;
  readonly output: Node | undefined;
  readonly depth: number;
}

/** A graph node before compounds are spliced out: an element, or the input or output side of a compound. */
interface Node {
  readonly name: string;
  readonly element: number | undefined;
  /** For a compound: where connections into it go, and where those out of it come from. */
  readonly inside?: { readonly input: Node; readonly output: Node };
}

interface Edge {
  readonly from: Node;
  readonly fromPort: number;
  readonly to: Node;
  readonly toPort: number;
  readonly place: Place;
}

const maximumElements = 100_000;

/** Flattens a parsed configuration. */
export function flatten(configuration: Configuration, diagnostics: Diagnostics): Graph {
  return new Flattener(diagnostics).run(configuration);
}

class Flattener {
  private readonly elements: GraphElement[] = [];
  private readonly edges: Edge[] = [];
  private readonly diagnostics: Diagnostics;
  private anonymous = 0;

  constructor(diagnostics: Diagnostics) {
    this.diagnostics = diagnostics;
  }

  run(configuration: Configuration): Graph {
    const top: Scope = {
      prefix: "",
      classes: new Map(),
      parent: undefined,
      names: new Map(),
      variables: new Map(),
      input: undefined,
      output: undefined,
      depth: 0,
    };
    this.body(configuration.statements, top);
    return { elements: this.elements, connections: this.connections() };
  }

  private body(statements: readonly Statement[], scope: Scope): void {
    // Classes and declarations first: an element may be used in a chain above its declaration.
    for (const s of statements) if (s.kind === "elementclass") scope.classes.set(s.name, this.resolve(s.class, scope));
    const declared = new Map<Endpoint, Node | undefined>();
    for (const s of statements) {
      if (s.kind !== "chain") continue;
      for (const endpoint of s.endpoints)
        if (endpoint.element.kind === "declaration") declared.set(endpoint, this.declare(endpoint, scope));
    }
    for (const s of statements) {
      if (s.kind !== "chain") continue;
      const nodes = s.endpoints.map((e) =>
        declared.has(e) ? declared.get(e) : this.named(e, scope, s.endpoints.length > 1),
      );
      for (let i = 1; i < nodes.length; i++) {
        const [from, to] = [nodes[i - 1], nodes[i]];
        const [a, b] = [s.endpoints[i - 1] as Endpoint, s.endpoints[i] as Endpoint];
        if (from && to)
          this.edges.push({ from, fromPort: a.outputPort ?? 0, to, toPort: b.inputPort ?? 0, place: b.element.place });
      }
    }
  }

  private resolve(expression: ClassExpression, scope: Scope): Class {
    if (expression.kind === "compound") return { kind: "compound", body: expression.body, scope };
    for (let s: Scope | undefined = scope; s; s = s.parent) {
      const found = s.classes.get(expression.name);
      if (found) return found;
    }
    return { kind: "primitive", name: expression.name };
  }

  private declare(endpoint: Endpoint, scope: Scope): Node | undefined {
    const { element } = endpoint;
    if (element.kind !== "declaration") return undefined;
    const cls = this.resolve(element.class, scope);
    const className = cls.kind === "primitive" ? cls.name : element.class.kind === "named" ? element.class.name : "";
    if (element.names.length === 0)
      return this.create(`${className}@${++this.anonymous}`, cls, element.config, scope, element.place);
    let last: Node | undefined;
    for (const name of element.names) {
      if (name.text === "input" || name.text === "output") {
        this.diagnostics.error(name.place, `'${name.text}' is reserved for the ports of a compound element`);
        continue;
      }
      const earlier = scope.names.get(name.text);
      if (earlier) {
        this.diagnostics.error(name.place, `element '${name.text}' is declared twice`);
        continue;
      }
      last = this.create(name.text, cls, element.config, scope, name.place);
      if (last) scope.names.set(name.text, last);
    }
    return last;
  }

  private named(endpoint: Endpoint, scope: Scope, connected: boolean): Node | undefined {
    const { element } = endpoint;
    if (element.kind !== "name") return undefined;
    const { name, place } = element;
    if (name === "input" && scope.input) return scope.input;
    if (name === "output" && scope.output) return scope.output;
    const node = scope.names.get(name);
    if (node) return node;
    // A bare class name in a chain is an anonymous element without arguments.
    if (/^[A-Z]/.test(name) || this.resolve({ kind: "named", name, place }, scope).kind === "compound") {
      const cls = this.resolve({ kind: "named", name, place }, scope);
      return this.create(`${name}@${++this.anonymous}`, cls, undefined, scope, place);
    }
    this.diagnostics.error(
      place,
      `element '${name}' is not declared`,
      connected ? `declare it: ${name} :: Class(...)` : undefined,
    );
    return undefined;
  }

  private create(
    name: string,
    cls: Class,
    config: ConfigText | undefined,
    scope: Scope,
    place: Place,
  ): Node | undefined {
    const fullName = scope.prefix + name;
    const text = substitute(config?.text ?? "", scope.variables);
    const args = splitArguments(config ? { text, place: config.place } : undefined);
    if (cls.kind === "primitive") {
      if (this.elements.length >= maximumElements) {
        if (this.elements.length === maximumElements)
          this.diagnostics.error(place, `more than ${maximumElements} elements`);
        return undefined;
      }
      this.elements.push({ name: fullName, className: cls.name, configText: text, arguments: args, place });
      return { name: fullName, element: this.elements.length - 1 };
    }
    if (scope.depth >= 64) {
      this.diagnostics.error(
        place,
        `compound element '${fullName}' is nested too deeply`,
        "a class may not contain itself",
      );
      return undefined;
    }
    const input: Node = { name: `${fullName}/input`, element: undefined };
    const output: Node = { name: `${fullName}/output`, element: undefined };
    this.body(cls.body.statements, {
      prefix: `${fullName}/`,
      classes: new Map(),
      parent: cls.scope,
      names: new Map(),
      variables: this.bind(cls.body, args, fullName, place),
      input,
      output,
      depth: scope.depth + 1,
    });
    return { name: fullName, element: undefined, inside: { input, output } };
  }

  private bind(body: CompoundBody, args: readonly Argument[], name: string, place: Place): Map<string, string> {
    const variables = new Map<string, string>();
    const positional = body.parameters.filter((p) => p.keyword === undefined);
    const rest = [...args];
    for (const p of body.parameters) {
      if (p.keyword === undefined) continue;
      const at = rest.findIndex((a) => a.text === p.keyword || a.text.startsWith(`${p.keyword} `));
      const given = at < 0 ? undefined : rest.splice(at, 1)[0];
      variables.set(p.variable, given?.text.slice(p.keyword.length).trim() ?? "");
    }
    if (rest.length !== positional.length)
      this.diagnostics.error(
        rest[positional.length]?.place ?? place,
        `compound element '${name}' takes ${positional.length} arguments, ${rest.length} given`,
      );
    positional.forEach((p, i) => {
      variables.set(p.variable, rest[i]?.text ?? "");
    });
    return variables;
  }

  /** Splices compounds out: every path through their inputs and outputs becomes one connection. */
  private connections(): Connection[] {
    const source = (n: Node): Node => n.inside?.output ?? n;
    const target = (n: Node): Node => n.inside?.input ?? n;
    const leaving = new Map<Node, Edge[]>();
    for (const e of this.edges) {
      const from = source(e.from);
      leaving.set(from, [...(leaving.get(from) ?? []), e]);
    }
    const list: Connection[] = [];
    const seen = new Set<string>();
    const follow = (from: Port, node: Node, port: number, place: Place, depth: number): void => {
      if (node.element !== undefined) {
        const key = `${from.element}.${from.port}>${node.element}.${port}`;
        if (!seen.has(key)) list.push({ from, to: { element: node.element, port }, place });
        seen.add(key);
        return;
      }
      const next = (leaving.get(node) ?? []).filter((e) => e.fromPort === port);
      if (depth > 1000) this.diagnostics.error(place, `connection through '${node.name}' goes in a circle`);
      else if (next.length === 0)
        this.diagnostics.error(place, `'${node.name}' port ${port} is not connected inside the compound element`);
      else for (const e of next) follow(from, target(e.to), e.toPort, place, depth + 1);
    };
    for (const e of this.edges) {
      const from = source(e.from);
      if (from.element !== undefined)
        follow({ element: from.element, port: e.fromPort }, target(e.to), e.toPort, e.place, 0);
    }
    return list;
  }
}

/** The flat graph as configuration text. */
export function graphText(graph: Graph): string {
  const name = (i: number): string => graph.elements[i]?.name ?? "?";
  const lines = graph.elements.map(
    (e) => `${e.name} :: ${e.className}${e.configText.trim() ? `(${e.configText.trim()})` : ""};`,
  );
  for (const c of graph.connections)
    lines.push(`${name(c.from.element)} [${c.from.port}] -> [${c.to.port}] ${name(c.to.element)};`);
  return `${lines.join("\n")}\n`;
}
