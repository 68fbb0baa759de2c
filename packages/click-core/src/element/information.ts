/** What information elements say of others: names for addresses and ports, tickets for tasks. */
import type { NameTables } from "../arguments/machine-names.ts";
import type { NamedElement, NameKind, NameValues, Scope } from "../arguments/scope.ts";

/** Names by scope: an entry counts in the compound it stands in and in those inside. */
export class Information {
  /** By kind: values by full name, the compound's included. */
  private readonly values = new Map<NameKind, Map<string, unknown>>();
  /** Tickets of tasks, as factors of the default, by element or compound. */
  readonly tickets: Map<string, number> = new Map();

  /** `compound` has a slash at its end, or is empty. */
  define<K extends NameKind>(kind: K, compound: string, name: string, value: NameValues[K]): void {
    let values = this.values.get(kind);
    if (!values) {
      values = new Map();
      this.values.set(kind, values);
    }
    values.set(compound + name, value);
  }

  /** What a name means to an element. */
  lookup<K extends NameKind>(kind: K, name: string, element: string): NameValues[K] | undefined {
    const values = this.values.get(kind) as Map<string, NameValues[K]> | undefined;
    if (!values) return undefined;
    for (const compound of scopes(element)) {
      const found = values.get(compound + name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Names of a kind that mean something to an element. */
  names(kind: NameKind, element: string): string[] {
    return namesIn(this.values.get(kind)?.keys() ?? [], scopes(element));
  }

  /** The tickets of an element's task; compounds around it count too. */
  ticketsOf(element: string): number {
    let factor = 1;
    const parts = element.split("/");
    for (let i = 1; i <= parts.length; i++) factor *= this.tickets.get(parts.slice(0, i).join("/")) ?? 1;
    return Math.max(1, Math.min(32768, Math.round(defaultTickets * factor)));
  }
}

/** What has a name in a graph: its elements, and what its information elements define. */
export interface Names {
  readonly information: Information;
  readonly elements: ReadonlyMap<string, NamedElement>;
  readonly tables: NameTables;
}

/** What names mean to an element of a graph. */
export class ElementScope implements Scope {
  readonly ninputs: number;
  readonly noutputs: number;
  private readonly known: Names;
  private readonly self: string;

  constructor(names: Names, self: string, ports: { readonly inputs: number; readonly outputs: number }) {
    this.known = names;
    this.self = self;
    this.ninputs = ports.inputs;
    this.noutputs = ports.outputs;
  }

  get tables(): NameTables {
    return this.known.tables;
  }
  lookup<K extends NameKind>(kind: K, name: string): NameValues[K] | undefined {
    return this.known.information.lookup(kind, name, this.self);
  }
  names(kind: NameKind): string[] {
    return this.known.information.names(kind, this.self);
  }
  element(name: string): NamedElement | undefined {
    const { elements } = this.known;
    const compound = scopes(this.self).find((c) => elements.has(c + name));
    return compound === undefined ? undefined : elements.get(compound + name);
  }
  elementNames(): string[] {
    return namesIn(this.known.elements.keys(), scopes(this.self));
  }
}

/** What a task has when nothing is said. */
export const defaultTickets = 1024;

/** `a/b/c` is in the scopes `a/b/`, `a/`, and the top. */
export function scopes(element: string): string[] {
  const list: string[] = [];
  for (let at = element.lastIndexOf("/"); at >= 0; at = element.lastIndexOf("/", at - 1))
    list.push(element.slice(0, at + 1));
  return [...list, ""];
}

/** Full names as they are said in some compounds, the inner ones first. */
function namesIn(names: Iterable<string>, compounds: readonly string[]): string[] {
  const list = [...names];
  return compounds.flatMap((c) => list.filter((n) => n.startsWith(c)).map((n) => n.slice(c.length)));
}
