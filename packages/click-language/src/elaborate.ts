/**
 * From a syntax tree to definitions: what is written is gone through in the order of the text, names are looked up among
 * those that were read before, and chains become connections.
 *
 * Everything that is wrong is reported where, and in the order in which, Click's parser does.
 */
import type {
  ClassExpression,
  CompoundBody,
  CompoundClass,
  Configuration,
  Endpoint,
  Group,
  Point,
  PortList,
  Requires,
  Statement,
} from "./ast.ts";
import { ClassScope } from "./class-scope.ts";
import { closest } from "./closest.ts";
import { connectSides } from "./connect.ts";
import { type Class, Definition, hasNumericComponent, tunnel } from "./definition.ts";
import type { Diagnostics, Place } from "./diagnostics.ts";
import type { FlattenOptions } from "./flatten.ts";
import type { Requirement } from "./graph.ts";
import { lineAndColumn } from "./lines.ts";
import { readDefinitions, readRequirements } from "./requirements.ts";
import type { TunnelPair } from "./tunnels.ts";

/** Libraries that require each other, at most. */
const maximumLibraries = 1000;

type Chain = Statement & { readonly kind: "chain" };

/** An endpoint whose element is looked up, before it is made. */
interface Pending {
  readonly endpoint: Endpoint;
  /** The element's name; of one without, its class's. */
  name: string;
  /** What the name means as a class. */
  type: Class | undefined;
  declared: Class | undefined;
  config: Endpoint["config"];
  /** Of a group: the ports that its inside uses. */
  groupPorts?: { readonly inputs: number; readonly outputs: number };
}

/** The ports that are written on either side of an endpoint, or follow from what it is. */
interface EndpointPorts {
  readonly inputs: PortList | undefined;
  readonly outputs: PortList | undefined;
}

/** An endpoint's element. */
interface Made extends EndpointPorts {
  readonly element: number;
}

/** What the definitions are made of besides: groups of the file itself. */
export interface Elaborated {
  readonly top: Definition;
  readonly requirements: readonly Requirement[];
  readonly tunnels: readonly TunnelPair[];
  readonly classes: ClassScope;
}

export function elaborate(configuration: Configuration, diagnostics: Diagnostics, options: FlattenOptions): Elaborated {
  const elaborator = new Elaborator(configuration, diagnostics, options);
  elaborator.file(configuration);
  return elaborator;
}

class Elaborator implements Elaborated {
  readonly top: Definition;
  readonly requirements: Requirement[] = [];
  readonly tunnels: TunnelPair[] = [];
  readonly classes: ClassScope;
  private readonly diagnostics: Diagnostics;
  private readonly options: FlattenOptions;
  /** What is being defined. */
  private current: Definition;
  /** The text being read, and how many of its syntax errors were reported. */
  private configuration: Configuration;
  private reported = 0;
  private readonly libraries = new Set<string>();

  constructor(configuration: Configuration, diagnostics: Diagnostics, options: FlattenOptions) {
    this.configuration = configuration;
    this.diagnostics = diagnostics;
    this.options = options;
    this.classes = new ClassScope(options);
    this.top = new Definition("", configuration.end, 0);
    this.current = this.top;
  }

  file(configuration: Configuration): void {
    const outer = { configuration: this.configuration, reported: this.reported };
    this.configuration = configuration;
    this.reported = 0;
    this.statements(configuration.statements);
    this.reportUpTo(configuration.problems.length);
    this.configuration = outer.configuration;
    this.reported = outer.reported;
  }

  /** Reports what the parser found before that point. */
  private reportUpTo(count: number): void {
    const { problems } = this.configuration;
    for (; this.reported < count && this.reported < problems.length; this.reported++) {
      const p = problems[this.reported];
      if (p) this.diagnostics[p.severity](p.place, p.message);
    }
  }

  private error(at: Point, message: string, hint?: string): void {
    this.errorElsewhere(at, at, message, hint);
  }
  /** An error that is found at one place, and is about another. */
  private errorElsewhere(at: Point, place: Place, message: string, hint?: string): void {
    this.reportUpTo(at.problems);
    this.diagnostics.error(place, message, hint);
  }

  private statements(statements: readonly Statement[]): void {
    for (const s of statements) {
      if (s.kind === "chain") this.chain(s);
      else if (s.kind === "elementclass") this.elementclass(s);
      else if (s.kind === "define") {
        for (const definition of readDefinitions(s.config))
          if (definition) this.defineVariable(definition.name, definition.value, s.end);
          else this.error(s.end, "bad 'define' declaration: not a variable", "write define($x 5)");
      } else this.requirement(s);
    }
  }

  private defineVariable(name: string, value: string, at: Point): void {
    const { variables, parameters } = this.current;
    if (variables.has(name) || parameters.some((p) => p.variable === name))
      this.error(at, `parameter '$${name}' multiply defined`);
    else variables.set(name, value);
  }

  private requirement(s: Requires): void {
    for (const item of readRequirements(s.config)) {
      if (!item) this.error(s.end, "syntax error at requirement");
      else if (item.type === "library") this.library(item.name, s.end);
      else {
        if (item.type === "package" && this.options.provides && !this.options.provides(item.name)) {
          this.reportUpTo(s.end.problems);
          this.diagnostics.error(undefined, `requirement '${item.name}' not available`);
        }
        this.requirements.push({ ...item, place: s.end });
      }
    }
  }

  /** Reads a library where it is required; each is read once. */
  private library(name: string, at: Point): void {
    if (this.current.depth > 0) {
      this.error(at, "'require library' must be used at file scope");
      return;
    }
    const library = this.options.library?.(name, lineAndColumn(at).file);
    if (library === undefined || typeof library === "string") {
      this.error(at, library ?? `library '${name}' not found in CLICKPATH/conf`);
      return;
    }
    const { file } = library.source;
    if (this.libraries.has(file)) return;
    this.libraries.add(file);
    if (this.libraries.size > maximumLibraries) this.error(at, `more than ${maximumLibraries} libraries`);
    else {
      this.reportUpTo(at.problems);
      this.file(library);
    }
  }

  private elementclass(s: Statement & { readonly kind: "elementclass" }): void {
    if (s.class?.kind === "compound") this.compound(s.class, s.name);
    else this.classes.define(s.name, s.class ? this.namedClass(s.class) : { kind: "unknown", name: s.name });
  }

  /** The class of that name; where there is none, that is said once. */
  private namedClass({ name, place }: ClassExpression & { readonly kind: "named" }): Class {
    const found = this.classes.find(name);
    if (found) return found;
    if (this.classes.open) return this.classes.primitive(name);
    this.error(place, `unknown element class '${name}'`, this.didYouMean(name));
    return this.unknownClass(name);
  }

  private unknownClass(name: string): Class {
    const cls = { kind: "unknown", name } as const;
    this.classes.define(name, cls);
    return cls;
  }

  private didYouMean(name: string): string | undefined {
    const near = this.diagnostics.crowded ? undefined : closest(name, this.classes.names());
    return near === undefined ? undefined : `did you mean '${near}'?`;
  }

  /** Defines a compound class: its bodies, each the next one's alternative. */
  private compound(expression: CompoundClass, name: string): Definition {
    const bodies: Definition[] = [];
    let base: Class | undefined;
    expression.bodies.forEach((body, i) => {
      if (body.extends) {
        base = this.classes.find(name) ?? (this.classes.open && name !== "" ? this.classes.primitive(name) : undefined);
        if (!base) {
          this.error(body.extends, `cannot extend unknown element class '${name}'`, this.didYouMean(name));
          base = this.unknownClass(name);
        }
      }
      const definition = this.body(body, name);
      const last = bodies.at(-1);
      bodies.push(definition);
      if (!last) return;
      last.alternative = definition;
      // A body sees the one before it under the name, unless that is the first.
      if (i < expression.bodies.length - 1) this.classes.define(name, definition);
    });
    const [first, last] = [bodies[0] as Definition, bodies.at(-1) as Definition];
    last.alternative = base;
    this.classes.define(name, first);
    return first;
  }

  private body(body: CompoundBody, name: string): Definition {
    const outer = this.current;
    const definition = new Definition(name, body.place, outer.depth + 1);
    this.current = definition;
    this.classes.enter();
    for (const which of ["input", "output"])
      definition.add({ name: which, class: tunnel, config: "", configPlace: undefined, place: body.place });
    this.parameters(body);
    this.statements(body.statements);
    this.classes.leave();
    this.current = outer;
    this.reportUpTo(body.end.problems);
    const [inputs, outputs] = [
      definition.checkPseudo(0, "input", definition.title),
      definition.checkPseudo(1, "output", definition.title),
    ];
    for (const message of [...inputs.problems, ...outputs.problems])
      this.errorElsewhere(body.end, definition.place, message);
    definition.inputs = inputs.ports;
    definition.outputs = outputs.ports;
    definition.elements.forEach((e, i) => definition.nameAnonymous(e, i));
    return definition;
  }

  private parameters(body: CompoundBody): void {
    const { parameters } = this.current;
    let outOfOrder = false;
    for (const p of body.parameters) {
      if (parameters.some((other) => other.variable === p.variable)) {
        this.error(p.place, `parameter '$${p.variable}' multiply defined`);
        continue;
      }
      const before = parameters.at(-1);
      if (p.keyword !== undefined && parameters.some((other) => other.keyword === p.keyword))
        this.error(p.place, `repeated keyword parameter '${p.keyword}' in compound element`);
      parameters.push(p);
      if (!before || outOfOrder) continue;
      outOfOrder = before.keyword === "__REST__" || (p.keyword === undefined && before.keyword !== undefined);
      if (outOfOrder)
        this.error(
          p.place,
          "compound element parameters out of order\n(The correct order is '[positional], [keywords], [__REST__]'.)",
        );
    }
  }

  private chain(s: Chain): void {
    let before: readonly Made[] = [];
    s.lists.forEach((list, i) => {
      const pending = list.endpoints.map((e) => this.look(e));
      const arrowFollows = i + 1 < s.lists.length || s.dangling;
      this.reportUpTo(list.end.problems);
      if (i === 0 && !arrowFollows) spreadDeclaration(pending);
      const sides = pending.map((p) => this.make(p, list.end));
      const place = list.endpoints[0]?.place ?? s.place;
      if (list.arrow)
        connectSides(
          before.map((side) => ({ element: side.element, ports: side.outputs })),
          sides.map((side) => ({ element: side.element, ports: side.inputs })),
          list.arrow,
          (from, to) =>
            this.current.connect({
              from: from.element,
              fromPort: from.port,
              to: to.element,
              toPort: to.port,
              place,
            }),
          (message) => this.error(list.end, message),
        );
      else if (sides.some((side) => side.inputs)) this.error(list.end, "input ports ignored at start of chain");
      before = sides;
    });
    if (before.some((side) => side.outputs)) this.error(s.end, "output ports ignored at end of chain");
  }

  /** Looks up what an endpoint names, and defines the classes that are written out in it. */
  private look(endpoint: Endpoint): Pending {
    const { head, config } = endpoint;
    const made: Pending = { endpoint, name: "", type: undefined, declared: undefined, config };
    if (head.kind === "group") {
      made.name = this.current.anonymousName("");
      made.groupPorts = this.group(head, made.name);
    } else if (head.kind === "compound") made.type = this.compound(head, "");
    else {
      made.name = head.name;
      made.type = this.classes.find(head.name);
    }
    if (endpoint.class)
      made.declared =
        endpoint.class.kind === "compound" ? this.compound(endpoint.class, "") : this.namedClass(endpoint.class);
    if (config?.start && this.current.has(made.name))
      this.error(config.start, "configuration string ignored on element reference");
    // Where classes are not known, what looks like one is one.
    if (this.classes.open && head.kind === "name" && !made.type && !made.declared && !this.current.has(made.name))
      if (config || /^[A-Z][^/]*$/.test(made.name)) made.type = this.classes.primitive(made.name);
    return made;
  }

  /** The element that an endpoint stands for, which is made if there is none of its name. */
  private make(pending: Pending, at: Point): Made {
    const { endpoint, name, declared } = pending;
    const { place } = endpoint;
    let { type } = pending;
    let element = type ? undefined : this.current.named.get(name);
    if (element === undefined) {
      if (declared && type)
        this.errorElsewhere(at, place, `class '${name}' used as element name`, "give the element another name");
      else if (!declared && !type) {
        const hint = this.didYouMean(name) ?? `declare it: ${name} :: Class(...)`;
        this.errorElsewhere(at, place, `undeclared element '${name}'`, hint);
        type = this.unknownClass(name);
      }
      const full = type ? this.current.anonymousName(name) : name;
      if (hasNumericComponent(full)) this.error(at, `element name '${full}' has all-digit component`);
      element = this.current.add({
        name: full,
        class: type ?? (declared as Class),
        config: pending.config?.text ?? "",
        configPlace: pending.config?.place,
        place,
      });
    } else if (declared) {
      this.errorElsewhere(at, place, `redeclaration of element '${name}'`);
      const earlier = this.current.elements[element];
      if (earlier && earlier.class.kind !== "tunnel")
        this.diagnostics.error(earlier.place, `element '${name}' previously declared here`);
    }
    return { element, ...portsOf(pending) };
  }

  /** The elements of a group are the surrounding compound's; what is its own is its input and its output. */
  private group(group: Group, name: string): { inputs: number; outputs: number } {
    const { named } = this.current;
    const [input, output] = [named.get("input"), named.get("output")];
    const pair = this.addTunnels(name, group.place);
    named.set("input", pair.input);
    named.set("output", pair.output);
    this.statements(group.statements);
    this.reportUpTo(group.end.problems);
    const inputs = this.current.checkPseudo(pair.input, "input", "<anonymous group>");
    const outputs = this.current.checkPseudo(pair.output, "output", "<anonymous group>");
    for (const message of [...inputs.problems, ...outputs.problems]) this.error(group.end, message);
    restore(named, "input", input);
    restore(named, "output", output);
    return { inputs: inputs.ports, outputs: outputs.ports };
  }

  private addTunnels(name: string, place: Place): TunnelPair {
    const [outer, input, output] = [name, `${name}/input`, `${name}/output`].map((n) =>
      this.current.add({ name: n, class: tunnel, config: "", configPlace: undefined, place }),
    ) as [number, number, number];
    const pair = { outer, input, output };
    if (this.current === this.top) this.tunnels.push(pair);
    return pair;
  }
}

function restore(named: Map<string, number>, name: string, element: number | undefined): void {
  if (element === undefined) named.delete(name);
  else named.set(name, element);
}

/** The ports on either side of an endpoint; a group has all that its inside uses, where none are written. */
function portsOf({ endpoint, groupPorts }: Pending): EndpointPorts {
  const all = (count = 0): PortList | undefined =>
    count > 0 ? { ports: Array.from({ length: count }, (_, i) => i), open: false } : undefined;
  return {
    inputs: endpoint.inputPorts ?? all(groupPorts?.inputs),
    outputs: endpoint.outputPorts ?? all(groupPorts?.outputs),
  };
}

/** `a, b :: Class(...)` declares both, where it is a statement by itself. */
function spreadDeclaration(pending: Pending[]): void {
  if (pending.length < 2) return;
  for (const p of pending) {
    const { inputs, outputs } = portsOf(p);
    if (inputs || outputs || p.endpoint.head.kind === "implicit") return;
  }
  const last = pending.at(-1) as Pending;
  const bare = (p: Pending): boolean => p.endpoint.head.kind === "name" && !p.endpoint.class && !p.endpoint.config;
  if (!pending.slice(0, -1).every(bare)) return;
  for (const p of pending.slice(0, -1)) {
    p.declared = last.declared;
    p.config = last.config;
  }
}
