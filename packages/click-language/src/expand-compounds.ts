/**
 * Expands compound elements: each is taken out, and the elements of its class come in, under names that start with its own.
 * Where class text does not fit the use, that is said as Click says it, at the place that Click names.
 */
import { splitText } from "./arguments.ts";
import type { ClassScope } from "./class-scope.ts";
import { choose, signatureOf, useOf } from "./compound.ts";
import { type DefinedElement, type Definition, hasNumericComponent, tunnel } from "./definition.ts";
import type { Diagnostics, Place } from "./diagnostics.ts";
import { Environment, type SubstitutionBudget } from "./environment.ts";
import type { TunnelPair } from "./tunnels.ts";

/** Elements, joints included: a few lines can ask for any number of them. */
const maximumElements = 300_000;
const maximumCompounds = 10_000;
const maximumDepth = 1000;

export interface ExpandContext {
  readonly classes: ClassScope;
  readonly diagnostics: Diagnostics;
  readonly budget: SubstitutionBudget;
  /** Receives each compound element's joints. */
  readonly tunnels: TunnelPair[];
  /** Where the reader stands when it has read everything. */
  readonly end: Place;
}

/** Expands all compound elements of a definition, in place. */
export function expandCompounds(top: Definition, variables: Environment, context: ExpandContext): void {
  new Expansion(top, context).run(variables);
}

class Expansion {
  private readonly top: Definition;
  private readonly context: ExpandContext;
  private readonly diagnostics: Diagnostics;
  private compounds = 0;
  /** No more is expanded: there is too much of it. */
  private full = false;

  constructor(top: Definition, context: ExpandContext) {
    this.top = top;
    this.context = context;
    this.diagnostics = context.diagnostics;
  }

  run(variables: Environment): void {
    const written = this.top.elements.length;
    for (let i = 0; i < written; i++) this.element(i, variables, 0);
  }

  private element(index: number, variables: Environment, depth: number): void {
    const element = this.top.elements[index] as DefinedElement;
    this.top.nameAnonymous(element, index);
    const cls = element.class;
    if (cls.kind === "tunnel") return;
    element.config = variables.expand(element.config);
    if (cls.kind !== "compound" || this.full) return;
    const args = splitText(element.config);
    const { class: chosen, values, candidates } = choose(cls, args, element.inputs, element.outputs);
    if (candidates) this.noMatch(useOf(cls.title, args.length, element.inputs, element.outputs), candidates);
    if (!chosen) {
      element.class = { kind: "unknown", name: cls.title };
      return;
    }
    if (chosen.kind !== "compound") {
      element.class = chosen;
      return;
    }
    this.compounds++;
    if (this.compounds > maximumCompounds) this.stop(element.place, `more than ${maximumCompounds} compound elements`);
    else if (depth >= maximumDepth) this.stop(element.place, `compound element '${element.name}' is nested too deeply`);
    else this.into(index, chosen, this.scope(chosen, values, variables), depth);
  }

  private stop(place: Place, message: string): void {
    if (!this.full) this.diagnostics.error(place, message);
    this.full = true;
  }

  private scope(cls: Definition, values: readonly string[], variables: Environment): Environment {
    const scope = new Environment(variables.outside(cls.depth), this.context.budget);
    cls.parameters.forEach((p, i) => scope.define(p.variable, values[i] ?? ""));
    for (const [name, value] of cls.variables) scope.define(name, scope.expand(value));
    return scope;
  }

  private noMatch(use: string, candidates: readonly Definition[]): void {
    this.diagnostics.error(this.context.end, `no match for '${use}'`);
    candidates.forEach((c, i) =>
      this.diagnostics.error(c.place, `${i === 0 ? "candidates are:\n" : ""}  ${signatureOf(c)}`),
    );
  }

  private into(index: number, cls: Definition, variables: Environment, depth: number): void {
    const { top } = this;
    const outer = top.elements[index] as DefinedElement;
    const prefix = `${outer.name}/`;
    outer.class = tunnel;
    const pair = this.addTunnels(outer.name, outer.place);
    /** The definition's elements among all. */
    const made: (number | undefined)[] = [pair.input, pair.output];
    for (let i = 2; i < cls.elements.length && !this.full; i++) {
      const inner = cls.elements[i] as DefinedElement;
      const name = prefix + inner.name;
      if (top.elements.length >= maximumElements) this.stop(outer.place, `more than ${maximumElements} elements`);
      const earlier = top.named.get(name);
      if (earlier !== undefined) {
        this.redeclared(name, outer.place, earlier);
        made.push(undefined);
        continue;
      }
      if (this.context.classes.find(name)) this.diagnostics.error(outer.place, `'${name}' is an element class`);
      if (inner.class.kind === "tunnel") {
        // A group: its input and output follow it.
        const group = this.addTunnels(name, inner.place);
        made.push(group.outer, group.input, group.output);
        i += 2;
      } else made.push(this.add({ ...inner, name, config: variables.expand(inner.config) }));
    }
    for (const c of cls.connections) {
      const [from, to] = [made[c.from], made[c.to]];
      if (from !== undefined && to !== undefined) top.connect({ ...c, from, to });
    }
    for (const i of made.slice(2)) if (i !== undefined) this.element(i, variables, depth + 1);
  }

  private add(element: Omit<DefinedElement, "inputs" | "outputs">): number {
    if (hasNumericComponent(element.name))
      this.diagnostics.error(this.context.end, `element name '${element.name}' has all-digit component`);
    return this.top.add({ ...element });
  }

  private redeclared(name: string, place: Place, earlier: number): void {
    this.diagnostics.error(place, `redeclaration of element '${name}'`);
    this.diagnostics.error(this.top.elements[earlier]?.place, `'${name}' previously declared here`);
  }

  private addTunnels(name: string, place: Place): TunnelPair {
    let fine = true;
    const [outer, input, output] = [name, `${name}/input`, `${name}/output`].map((n) => {
      const earlier = this.top.named.get(n);
      if (earlier === undefined) return this.add({ name: n, class: tunnel, config: "", configPlace: undefined, place });
      if (this.top.elements[earlier]?.class.kind !== "tunnel") {
        this.redeclared(n, this.context.end, earlier);
        fine = false;
      }
      return earlier;
    }) as [number, number, number];
    const pair = { outer, input, output };
    if (fine) this.context.tunnels.push(pair);
    return pair;
  }
}
