/** What information elements say of others: names for addresses and ports, tickets for tasks. */

export type NameKind = "ip" | "prefix" | "ether" | "port";

/** Names by scope: an entry counts in the compound it stands in and in those inside. */
export class Information {
  private readonly names = new Map<string, string>();
  /** Tickets of tasks, as factors of the default, by element or compound. */
  readonly tickets: Map<string, number> = new Map();

  define(kind: NameKind, scope: string, name: string, value: string): void {
    this.names.set(`${kind} ${scope}${name}`, value);
  }

  /** What a name means to an element. */
  lookup(kind: NameKind, name: string, element: string): string | undefined {
    for (const scope of scopes(element)) {
      const found = this.names.get(`${kind} ${scope}${name}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The tickets of an element's task; compounds around it count too. */
  ticketsOf(element: string): number {
    let factor = 1;
    const parts = element.split("/");
    for (let i = 1; i <= parts.length; i++) factor *= this.tickets.get(parts.slice(0, i).join("/")) ?? 1;
    return Math.max(1, Math.min(32768, Math.round(defaultTickets * factor)));
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
