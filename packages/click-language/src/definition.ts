/**
 * What a configuration, or a compound class, defines: elements and connections, before compounds are expanded. Names of
 * classes are resolved when they are read, to what they mean there.
 */
import type { Parameter } from "./ast.ts";
import type { Place } from "./diagnostics.ts";

/** What a class name means. */
export type Class =
  | { readonly kind: "primitive"; readonly name: string }
  /** There is none of that name, and it was said. */
  | { readonly kind: "unknown"; readonly name: string }
  | Definition;

/**
 * What only joins connections: each compound element and group is one, and its input and its output are two more, inside.
 * What is connected to port 3 of it is connected to what its input's port 3 is connected to.
 */
export const tunnel = { kind: "tunnel" } as const;

export interface DefinedElement {
  name: string;
  class: Class | typeof tunnel;
  config: string;
  /** Where its configuration stands, while that is as it was written. */
  readonly configPlace: Place | undefined;
  /** Where its name starts, or its class where it has no name. */
  readonly place: Place;
  /** Ports in use. */
  inputs: number;
  outputs: number;
}

/** By elements and their ports. */
export interface DefinedConnection {
  readonly from: number;
  readonly fromPort: number;
  readonly to: number;
  readonly toPort: number;
  readonly place: Place;
}

/** Names of elements that were not given one start so, until all names are known. */
const anonymousMark = ";";

export class Definition {
  readonly kind: "compound" = "compound" as const;
  /** Empty for a compound without a name. */
  readonly name: string;
  readonly place: Place;
  /** How many definitions are around. */
  readonly depth: number;
  readonly elements: DefinedElement[] = [];
  /** Elements by name. */
  readonly named: Map<string, number> = new Map();
  readonly connections: DefinedConnection[] = [];
  readonly parameters: Parameter[] = [];
  /** Its own variables and their texts, in order. */
  readonly variables: Map<string, string> = new Map();
  /** What is tried where arguments or ports do not fit: another body of the class, or what its name meant before. */
  alternative: Class | undefined;
  /** Ports of a compound, when it is complete. */
  inputs = 0;
  outputs = 0;
  private readonly hidden: number;

  constructor(name: string, place: Place, depth: number) {
    this.name = name;
    this.place = place;
    this.depth = depth;
    // A compound's input and output do not count in the numbers of its elements.
    this.hidden = depth > 0 ? 2 : 0;
  }

  /** The name, in messages. */
  get title(): string {
    return this.name || "<anonymous>";
  }

  /** A name for an element without one: `Class@N`, where N counts elements. */
  anonymousName(className: string): string {
    return `${anonymousMark}${className}@${this.elements.length - this.hidden + 1}`;
  }

  /** Whether the name is taken, as one of an element. */
  has(name: string): boolean {
    return this.named.has(name);
  }

  add({ name, class: meaning, config, configPlace, place }: Omit<DefinedElement, "inputs" | "outputs">): number {
    const index = this.elements.length;
    this.named.set(name, index);
    this.elements.push({ name, class: meaning, config, configPlace, place, inputs: 0, outputs: 0 });
    return index;
  }

  connect(connection: DefinedConnection): void {
    const [from, to] = [this.elements[connection.from], this.elements[connection.to]];
    if (!from || !to) return;
    this.connections.push(connection);
    from.outputs = Math.max(from.outputs, connection.fromPort + 1);
    to.inputs = Math.max(to.inputs, connection.toPort + 1);
  }

  /** Gives an element without a name its final one, which no other has. */
  nameAnonymous(element: DefinedElement, index: number): void {
    if (!element.name.startsWith(anonymousMark)) return;
    let name = element.name.slice(1);
    if (this.named.has(name)) {
      const [, before = "", number] = /^(.*@)(\d*)/s.exec(name) ?? [];
      let n = Number(number);
      do name = `${before}${++n}`;
      while (this.named.has(name));
    }
    this.named.set(name, index);
    element.name = name;
  }

  /**
   * Checks the use of an input or output: what is wrong with it, and how many ports it has. Connections come out of an
   * input, and go into an output.
   */
  checkPseudo(index: number, which: "input" | "output", title: string): { ports: number; problems: string[] } {
    const element = this.elements[index] as DefinedElement;
    const outward = which === "output";
    const ports = outward ? element.inputs : element.outputs;
    const used = new Set<number>();
    if (ports > 0)
      for (const c of this.connections) {
        if (outward && c.to === index) used.add(c.toPort);
        if (!outward && c.from === index) used.add(c.fromPort);
      }
    const problems: string[] = [];
    if ((outward ? element.outputs : element.inputs) > 0)
      problems.push(`'${title}' pseudoelement '${which}' may only be used as ${outward ? "input" : "output"}`);
    for (let port = 0; port < ports; port++) if (!used.has(port)) problems.push(`'${title}' ${which} ${port} missing`);
    return { ports, problems };
  }
}

/** Whether a component between slashes is a number, which no element's name may have. */
export function hasNumericComponent(name: string): boolean {
  return /(?:^|\/)\d+(?:\/|$)/.test(name);
}
