/** What information elements say of others: names for addresses and ports, tickets for tasks. */
import type { NameTables } from "../arguments/machine-names.ts";
import type { NamedElement, NameKind, NameValues, Scope } from "../arguments/scope.ts";
import { scopes } from "./scopes.ts";
import { TicketTable } from "./tickets.ts";

/** Names by scope: an entry counts in the compound it stands in and in those inside. */
export class Information {
  /** By kind: values by full name, the compound's included. */
  private readonly values = new Map<NameKind, Map<string, unknown>>();
  readonly tickets: TicketTable = new TicketTable();

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

/** Full names as they are said in some compounds, the inner ones first. */
function namesIn(names: Iterable<string>, compounds: readonly string[]): string[] {
  const list = [...names];
  return compounds.flatMap((c) => list.filter((n) => n.startsWith(c)).map((n) => n.slice(c.length)));
}
