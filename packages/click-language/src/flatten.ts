/** Expands compound elements and chains to a flat graph of elements and connections. */
import { type Argument, expand, splitArguments, takeWord } from "./arguments.ts";
import type {
  Arrow,
  ClassExpression,
  CompoundBody,
  ConfigText,
  Configuration,
  ElementExpression,
  Endpoint,
  Statement,
} from "./ast.ts";
import { bindArguments, portsUsed } from "./compound.ts";
import type { Diagnostics, Place } from "./diagnostics.ts";
import type { Connection, Graph, GraphElement, Port, PortCounts, Requirement } from "./graph.ts";
import { maximumNesting } from "./parser.ts";

export interface FlattenOptions {
  /** Values for the configuration's variables; they override its `define`s. */
  readonly variables?: ReadonlyMap<string, string>;
  /** Whether a name is that of an element class. Without it, names that start with a capital letter are. */
  readonly isClass?: (name: string) => boolean;
  /** The parsed text of a `require(library NAME)`. */
  readonly library?: (name: string) => Configuration | undefined;
}

type Class =
  | { readonly kind: "primitive"; readonly name: string }
  | {
      readonly kind: "compound";
      readonly name: string;
      readonly bodies: readonly CompoundBody[];
      readonly scope: Scope;
      /** What the name meant before, for a class that ends in `...`. */
      readonly base: Class | undefined;
    };

/** What names mean at one level. */
interface Scope {
  readonly prefix: string;
  readonly classes: Map<string, Class>;
  readonly parent: Scope | undefined;
  readonly names: Map<string, Node>;
  readonly variables: Map<string, string>;
  /** Compounds declared here, to be expanded when all connections are known. */
  readonly compounds: (() => void)[];
  readonly count: { elements: number };
  readonly input: Node | undefined;
  readonly output: Node | undefined;
  readonly depth: number;
}

/** A graph node before compounds are spliced out: an element, or the input or output side of a compound. */
interface Node {
  readonly id: number;
  readonly name: string;
  readonly element: number | undefined;
  /** Ports used by connections. */
  inputs: number;
  outputs: number;
  /** For a compound: where connections into it go, and where those out of it come from. */
  inside?: { readonly input: Node; readonly output: Node };
  /** Its ports, where they are known before connections are. */
  known?: PortCounts;
}

/** A node at one side of an arrow. */
interface Side {
  readonly node: Node;
  readonly endpoint: Endpoint;
}

interface Edge {
  readonly from: Node;
  readonly fromPort: number;
  readonly to: Node;
  readonly toPort: number;
  readonly place: Place;
}

const maximumElements = 100_000;
/** Compounds that are expanded, each in others: a few lines can ask for any number of them. */
const maximumCompounds = 10_000;
/** Characters that variables put in, in all. */
const maximumSubstitution = 16 << 20;

/** Flattens a parsed configuration. */
export function flatten(configuration: Configuration, diagnostics: Diagnostics, options: FlattenOptions = {}): Graph {
  return new Flattener(diagnostics, options).run(configuration);
}

class Flattener {
  private readonly elements: GraphElement[] = [];
  private readonly edges: Edge[] = [];
  private readonly requirements: Requirement[] = [];
  private readonly diagnostics: Diagnostics;
  private readonly options: FlattenOptions;
  private nodes = 0;
  private substituted = 0;
  /** Compounds are not expanded any more: they are nested too deeply, or too many. */
  private full = false;
  private expanded = 0;

  constructor(diagnostics: Diagnostics, options: FlattenOptions) {
    this.diagnostics = diagnostics;
    this.options = options;
  }

  run(configuration: Configuration): Graph {
    const top: Scope = {
      prefix: "",
      classes: new Map(),
      parent: undefined,
      names: new Map(),
      variables: new Map(this.options.variables),
      compounds: [],
      count: { elements: 0 },
      input: undefined,
      output: undefined,
      depth: 0,
    };
    this.body(this.withLibraries(configuration.statements, 0), top);
    return { elements: this.elements, connections: this.connections(), requirements: this.requirements };
  }

  /** Puts the statements of libraries before those that require them. */
  private withLibraries(statements: readonly Statement[], depth: number): readonly Statement[] {
    const list: Statement[] = [];
    for (const s of statements) {
      if (s.kind === "require")
        for (const argument of splitArguments(s.config)) {
          const [word, rest] = takeWord(argument.text);
          if (word === "library") {
            const library = depth < maximumNesting ? this.options.library?.(rest) : undefined;
            if (library) list.push(...this.withLibraries(library.statements, depth + 1));
            else this.diagnostics.error(argument.place, `library '${rest}' is not found`);
          } else if (argument.text !== "")
            this.requirements.push({ name: word === "package" ? rest : argument.text, place: argument.place });
        }
      list.push(s);
    }
    return list;
  }

  private body(statements: readonly Statement[], scope: Scope): void {
    const made = new Map<ElementExpression, Node | Node[]>();
    const declared = new Set<string>();
    collectNames(statements, declared);
    this.declareAll(statements, scope, { made, declared });
    this.connectAll(statements, scope, made);
    for (const expand of scope.compounds) expand();
  }

  private defineVariables(config: ConfigText, scope: Scope): void {
    for (const argument of splitArguments(config)) {
      const match = /^\$(?:(\w+)|\{(\w+)\})\s*([\s\S]*)$/.exec(argument.text);
      const name = match?.[1] ?? match?.[2];
      if (!match || name === undefined)
        this.diagnostics.error(argument.place, "define takes '$variable value'", "write define($x 5)");
      else if (!(scope.depth === 0 && this.options.variables?.has(name)))
        scope.variables.set(name, this.substitute(match[3] ?? "", scope, argument.place));
    }
  }

  private resolve(expression: ClassExpression, scope: Scope, naming?: string): Class {
    if (expression.kind === "compound")
      return {
        kind: "compound",
        name: naming ?? "",
        bodies: expression.bodies,
        scope,
        base: expression.extends && naming !== undefined ? this.lookup(naming, scope) : undefined,
      };
    let name = expression.name;
    if (expression.kind === "variable") {
      const value = variableIn(scope, name);
      if (value === undefined || !/^[\w@/]+$/.test(value)) {
        this.diagnostics.error(
          expression.place,
          value === undefined ? `variable '$${name}' is not defined` : `'${value}' ($${name}) is not a class name`,
        );
        return { kind: "primitive", name: "Error" };
      }
      name = value;
    }
    return this.lookup(name, scope);
  }

  private lookup(name: string, scope: Scope): Class {
    for (let s: Scope | undefined = scope; s; s = s.parent) {
      const found = s.classes.get(name);
      if (found) return found;
    }
    return { kind: "primitive", name };
  }

  /** Makes the elements of the scope in the order they stand. Groups are no scopes: theirs are made with the rest. */
  private declareAll(
    statements: readonly Statement[],
    scope: Scope,
    known: { made: Map<ElementExpression, Node | Node[]>; declared: ReadonlySet<string> },
  ): void {
    // Variables and classes count from the start; a class given a second time, from there on.
    for (const s of statements) if (s.kind === "define") this.defineVariables(s.config, scope);
    const seen = new Set<string>();
    for (const s of statements)
      if (s.kind === "elementclass" && !scope.classes.has(s.name)) {
        scope.classes.set(s.name, this.resolve(s.class, scope, s.name));
        seen.add(s.name);
      }
    for (const s of statements) {
      if (s.kind === "elementclass") {
        if (!seen.delete(s.name)) scope.classes.set(s.name, this.resolve(s.class, scope, s.name));
      } else if (s.kind === "chain")
        for (const { element } of s.groups.flat()) {
          if (element.kind === "declaration") known.made.set(element, this.declare(element, scope));
          else if (element.kind === "group") {
            const node = this.node("group", undefined);
            node.inside = { input: this.node("input", undefined), output: this.node("output", undefined) };
            node.known = portsUsed(element.statements);
            known.made.set(element, node);
            this.declareAll(element.statements, { ...scope, ...node.inside }, known);
          } else if (element.kind === "name" && this.isBareClass(element.name, scope, known.declared)) {
            // A bare class name is an anonymous element without arguments.
            const { name, place } = element;
            const node = this.create(this.anonymous(name, scope), this.lookup(name, scope), undefined, scope, place);
            known.made.set(element, node ?? []);
          }
        }
    }
  }

  private isBareClass(name: string, scope: Scope, declared: ReadonlySet<string>): boolean {
    if (declared.has(name) || (name === "input" && scope.input) || (name === "output" && scope.output)) return false;
    for (let s: Scope | undefined = scope; s; s = s.parent) if (s.classes.has(name)) return true;
    return this.options.isClass?.(name) || /^[A-Z]/.test(name);
  }

  private declare(element: ElementExpression & { kind: "declaration" }, scope: Scope): Node[] {
    const cls = this.resolve(element.class, scope);
    const className = element.class.kind === "named" ? element.class.name : cls.name;
    if (element.names.length === 0) {
      const node = this.create(this.anonymous(className, scope), cls, element.config, scope, element.place);
      return node ? [node] : [];
    }
    const nodes: Node[] = [];
    for (const name of element.names) {
      if (name.text === "input" || name.text === "output") {
        this.diagnostics.error(name.place, `'${name.text}' is reserved for the ports of a compound element`);
        continue;
      }
      if (/^\d+$/.test(name.text) || name.text.includes("//") || name.text.endsWith("/")) {
        this.diagnostics.error(name.place, `'${name.text}' is not an element name`);
        continue;
      }
      if (scope.names.has(name.text)) {
        this.diagnostics.error(name.place, `redeclaration of element '${name.text}'`, "give one of them another name");
        continue;
      }
      if (this.lookup(name.text, scope).kind === "compound")
        this.diagnostics.error(name.place, `'${name.text}' is an element class`, "give the element another name");
      const node = this.create(name.text, cls, element.config, scope, name.place);
      if (!node) continue;
      scope.names.set(name.text, node);
      nodes.push(node);
    }
    return nodes;
  }

  /** `Class@N`, where N counts the elements of the scope. */
  private anonymous(className: string, scope: Scope): string {
    let n = scope.count.elements + 1;
    while (scope.names.has(`${className}@${n}`)) n++;
    return `${className}@${n}`;
  }

  private named(element: ElementExpression & { kind: "name" }, scope: Scope, connected: boolean): Node | undefined {
    const { name, place } = element;
    if (name === "input" && scope.input) return scope.input;
    if (name === "output" && scope.output) return scope.output;
    const node = scope.names.get(name);
    if (node) return node;
    this.diagnostics.error(
      place,
      `undeclared element '${name}'`,
      connected ? `declare it: ${name} :: Class(...)` : undefined,
    );
    // Said once.
    const stand = this.node(name, undefined);
    scope.names.set(name, stand);
    return stand;
  }

  private connectAll(
    statements: readonly Statement[],
    scope: Scope,
    made: ReadonlyMap<ElementExpression, Node | Node[]>,
  ): void {
    for (const s of statements) {
      if (s.kind !== "chain") continue;
      const sides = s.groups.map((group, i) =>
        group.flatMap((endpoint): Side[] => {
          const { element } = endpoint;
          let nodes = made.get(element);
          if (element.kind === "name") nodes ??= this.named(element, scope, s.groups.length > 1);
          if (element.kind === "implicit") nodes ??= this.implicit(element.place, scope, i === 0);
          if (element.kind === "group" && nodes && "inside" in nodes)
            this.connectAll(element.statements, { ...scope, ...nodes.inside }, made);
          return [nodes ?? []].flat().map((node) => ({ node, endpoint }));
        }),
      );
      s.arrows.forEach((arrow, i) => {
        const [from, to] = [sides[i], sides[i + 1]];
        const place = s.groups[i + 1]?.[0]?.element.place ?? s.place;
        if (from && to && from.length > 0 && to.length > 0) this.join(from, to, arrow, place);
      });
    }
  }

  private implicit(place: Place, scope: Scope, first: boolean): Node | undefined {
    const pseudo = first ? scope.input : scope.output;
    if (!pseudo)
      this.diagnostics.error(
        place,
        `the chain ${first ? "starts" : "ends"} with an arrow, outside a compound element`,
        `name the element ${first ? "before" : "after"} it`,
      );
    return pseudo;
  }

  private join(from: readonly Side[], to: readonly Side[], arrow: Arrow, place: Place): void {
    const [a0, b0] = [from[0], to[0]];
    if (arrow === "->" && from.length === 1 && to.length === 1 && a0 && b0) {
      // Most connections: one port to one port.
      const { outputPorts } = a0.endpoint;
      const { inputPorts } = b0.endpoint;
      if ((outputPorts?.length ?? 1) === 1 && (inputPorts?.length ?? 1) === 1) {
        this.edge(a0.node, outputPorts?.[0] ?? 0, b0.node, inputPorts?.[0] ?? 0, place);
        return;
      }
    }
    const lists = (
      side: readonly Side[],
      which: "outputPorts" | "inputPorts",
      open: number,
    ): { node: Node; port: number }[] =>
      side.flatMap(({ node, endpoint }) => {
        const ports = endpoint[which] ?? (side.length === 1 ? Array.from({ length: open }, (_, p) => p) : [0]);
        return ports.map((port) => ({ node, port }));
      });
    let left = lists(from, "outputPorts", 1);
    let right = lists(to, "inputPorts", 1);
    if (arrow === "=>") {
      // The side without numbers takes as many ports as the other has.
      const open = (side: readonly Side[], which: "outputPorts" | "inputPorts"): boolean =>
        side.length === 1 && side[0]?.endpoint[which] === undefined;
      const [openLeft, openRight] = [open(from, "outputPorts"), open(to, "inputPorts")];
      const known = Math.max(from[0]?.node.known?.outputs ?? 1, to[0]?.node.known?.inputs ?? 1);
      if (openLeft) left = lists(from, "outputPorts", openRight ? known : right.length);
      if (openRight) right = lists(to, "inputPorts", left.length);
    }
    if (left.length !== right.length && (arrow === "=>" || (left.length !== 1 && right.length !== 1))) {
      this.diagnostics.error(
        place,
        `connection mismatch: ${left.length} outputs connected to ${right.length} inputs`,
        arrow === "=>" ? "'=>' connects as many ports as there are on either side" : undefined,
      );
      return;
    }
    for (let i = 0; i < Math.max(left.length, right.length); i++) {
      const a = left[left.length === 1 ? 0 : i] as { node: Node; port: number };
      const b = right[right.length === 1 ? 0 : i] as { node: Node; port: number };
      this.edge(a.node, a.port, b.node, b.port, place);
    }
  }

  private edge(from: Node, fromPort: number, to: Node, toPort: number, place: Place): void {
    from.outputs = Math.max(from.outputs, fromPort + 1);
    to.inputs = Math.max(to.inputs, toPort + 1);
    this.edges.push({ from, fromPort, to, toPort, place });
  }

  /** Puts values for variables; unknown ones are left. Variables of variables do not fill the memory. */
  private substitute(text: string, scope: Scope, place: Place): string {
    return expand(text, {
      variable: (reference, braces) => {
        const [, name = "", fallback] = (braces && /^(\w+)(:?-.*)$/s.exec(reference)) || ["", reference];
        let value = variableIn(scope, name);
        if (fallback !== undefined && (value === undefined || (value === "" && fallback.startsWith(":"))))
          value = fallback.slice(fallback.startsWith(":") ? 2 : 1);
        if (value === undefined || this.substituted > maximumSubstitution) return value === undefined ? value : "";
        this.substituted += value.length;
        if (this.substituted > maximumSubstitution)
          this.diagnostics.error(place, "the values of variables grow too long", "look for variables made of others");
        return value;
      },
    });
  }

  private node(name: string, element: number | undefined): Node {
    return { id: this.nodes++, name, element, inputs: 0, outputs: 0 };
  }

  private create(
    name: string,
    cls: Class,
    config: ConfigText | undefined,
    scope: Scope,
    place: Place,
  ): Node | undefined {
    scope.count.elements++;
    const fullName = scope.prefix + name;
    const text = this.substitute(config?.text ?? "", scope, place);
    const changed = text !== config?.text;
    const args = splitArguments(config ? { text, place: config.place } : undefined).map((a) =>
      changed ? { ...a, place: config?.place ?? place } : a,
    );
    if (this.nodes >= maximumElements * 3) {
      if (!this.full) this.diagnostics.error(place, `more than ${maximumElements} elements`);
      this.full = true;
      return undefined;
    }
    if (cls.kind === "primitive") {
      this.elements.push({ name: fullName, className: cls.name, configText: text, arguments: args, place });
      return this.node(fullName, this.elements.length - 1);
    }
    const node = this.node(fullName, undefined);
    scope.compounds.push(() => this.expand(node, cls, args, text, scope, place));
    return node;
  }

  /** Chooses the body for a compound's arguments and ports, and makes its elements. */
  private expand(
    node: Node,
    cls: Class & { kind: "compound" },
    args: readonly Argument[],
    configText: string,
    scope: Scope,
    place: Place,
  ): void {
    if (this.full) return;
    if (++this.expanded > maximumCompounds) {
      this.full = true;
      this.diagnostics.error(place, `more than ${maximumCompounds} compound elements`);
      return;
    }
    if (scope.depth >= maximumNesting) {
      // A class that contains itself several times would be found too deep at every leaf of a tree without end.
      this.full = true;
      this.diagnostics.error(
        place,
        `compound element '${node.name}' is nested too deeply`,
        "a class may not contain itself",
      );
      return;
    }
    const chosen = this.choose(cls, args, node);
    if (!chosen) {
      this.noBody(cls, args, node, place);
      return;
    }
    if (chosen.kind === "primitive") {
      // An overloaded name that means the built-in class here.
      this.elements.push({ name: node.name, className: chosen.name, configText, arguments: args, place });
      const element = this.node(node.name, this.elements.length - 1);
      node.inside = { input: element, output: element };
      return;
    }
    const inside = {
      input: this.node(`${node.name}/input`, undefined),
      output: this.node(`${node.name}/output`, undefined),
    };
    node.inside = inside;
    const outer = chosen.scope;
    this.body(chosen.body.statements, {
      prefix: `${node.name}/`,
      classes: new Map(),
      parent: outer,
      names: new Map(),
      variables: chosen.variables,
      compounds: [],
      count: { elements: 0 },
      ...inside,
      depth: scope.depth + 1,
    });
    const { input, output } = inside;
    const unused = (what: string, pseudo: Node, inward: boolean): void => {
      const count = inward ? pseudo.outputs : pseudo.inputs;
      const used = new Set(
        count > 1
          ? this.edges.flatMap((e) =>
              inward ? (e.from === pseudo ? e.fromPort : []) : e.to === pseudo ? e.toPort : [],
            )
          : [0],
      );
      for (let port = 0; port < count; port++)
        if (!used.has(port))
          this.diagnostics.warning(place, `compound element '${node.name}' ${what} ${port} is unused`);
    };
    unused("input", input, true);
    unused("output", output, false);
  }

  private choose(
    cls: Class,
    args: readonly Argument[],
    node: Node,
  ):
    | { kind: "compound"; body: CompoundBody; variables: Map<string, string>; scope: Scope }
    | { kind: "primitive"; name: string }
    | undefined {
    if (cls.kind === "primitive") return cls;
    const fitting = cls.bodies.flatMap((body) => {
      const variables = bindArguments(body, args);
      return variables ? [{ kind: "compound" as const, body, variables, scope: cls.scope }] : [];
    });
    // One body is taken as it is: what its ports lack is said better when they are connected.
    if (cls.bodies.length === 1 && !cls.base) return fitting[0];
    const exact = fitting.find(({ body }) => {
      const ports = portsUsed(body.statements);
      return ports.inputs === node.inputs && ports.outputs === node.outputs;
    });
    return exact ?? (cls.base ? this.choose(cls.base, args, node) : undefined);
  }

  private noBody(cls: Class & { kind: "compound" }, args: readonly Argument[], node: Node, place: Place): void {
    const only = cls.bodies.length === 1 && !cls.base ? cls.bodies[0] : undefined;
    if (only) {
      const positional = only.parameters.filter((p) => p.keyword === undefined).length;
      const keywords = only.parameters.flatMap((p) =>
        p.keyword !== undefined && p.keyword !== "__REST__" ? p.keyword : [],
      );
      this.diagnostics.error(
        args[positional]?.place ?? place,
        `compound element '${node.name}' takes ${positional} arguments${keywords.length > 0 ? ` and ${keywords.join(", ")}` : ""}, ${args.length} given`,
      );
      return;
    }
    this.diagnostics.error(
      place,
      `no alternative of '${cls.name}' takes ${args.length} arguments with ${node.inputs} inputs and ${node.outputs} outputs`,
      `its alternatives are ${cls.bodies
        .map((b) => {
          const ports = portsUsed(b.statements);
          return `(${b.parameters.map((p) => `$${p.variable}`).join(", ")}) with ${ports.inputs}/${ports.outputs} ports`;
        })
        .join("; ")}`,
    );
  }

  /** Splices compounds out: every path through their inputs and outputs becomes one connection. */
  private connections(): Connection[] {
    const leaving = new Map<string, Edge[]>();
    for (const e of this.edges) {
      const from = e.from.inside?.output ?? e.from;
      if (from.element !== undefined) continue;
      const key = `${from.id}.${e.fromPort}`;
      const list = leaving.get(key);
      if (list) list.push(e);
      else leaving.set(key, [e]);
    }
    const known = new Map<string, Port[]>();
    const inProgress = new Set<string>();
    const follow = (node: Node, port: number, place: Place, depth: number): Port[] => {
      if (node.element !== undefined) return [{ element: node.element, port }];
      const key = `${node.id}.${port}`;
      const earlier = known.get(key);
      if (earlier) return earlier;
      const circle = inProgress.has(key) || depth > 1000;
      const next = leaving.get(key) ?? [];
      if (circle) this.diagnostics.error(place, `connection through '${node.name}' goes in a circle`);
      else if (next.length === 0 && node.name.includes("/") && !this.diagnostics.failed)
        this.diagnostics.error(place, `'${node.name}' port ${port} is not connected inside the compound element`);
      const targets = new Map<string, Port>();
      inProgress.add(key);
      for (const e of circle ? [] : next)
        for (const target of follow(e.to.inside?.input ?? e.to, e.toPort, place, depth + 1))
          targets.set(`${target.element}.${target.port}`, target);
      inProgress.delete(key);
      const list = [...targets.values()];
      known.set(key, list);
      return list;
    };
    const list: Connection[] = [];
    const seen = new Set<string>();
    for (const e of this.edges) {
      const from = e.from.inside?.output ?? e.from;
      if (from.element === undefined) continue;
      for (const to of follow(e.to.inside?.input ?? e.to, e.toPort, e.place, 0)) {
        const key = `${from.element}.${e.fromPort}>${to.element}.${to.port}`;
        if (!seen.has(key)) list.push({ from: { element: from.element, port: e.fromPort }, to, place: e.place });
        seen.add(key);
      }
    }
    return list;
  }
}

/** A variable's value: that of the innermost scope that has it. */
function variableIn(scope: Scope, name: string): string | undefined {
  for (let s: Scope | undefined = scope; s; s = s.parent) {
    const value = s.variables.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The names that statements declare, in groups too. */
function collectNames(statements: readonly Statement[], names: Set<string>): void {
  for (const s of statements)
    if (s.kind === "chain")
      for (const { element } of s.groups.flat()) {
        if (element.kind === "declaration") for (const name of element.names) names.add(name.text);
        if (element.kind === "group") collectNames(element.statements, names);
      }
}
