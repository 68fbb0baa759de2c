/**
 * Tickets of tasks, as ScheduleInfo gives them (elements/standard/scheduleinfo.cc). An entry is for an element, or with a slash at
 * its end for all that is in a compound; it is known in the compound that it stands in. Along the compounds around an element
 * entries multiply; for one and the same of them the outermost entry counts.
 */
import { scopes } from "./scopes.ts";

/** What a task has when nothing is said. */
export const defaultTickets = 1024;
export const maximumTickets = 32768;
const fractionBits = 10n;
/** What an entry may have at most. */
const mostTickets = 0xffffffff;

export interface TicketCount {
  /** 0 where the task is none: it never runs. */
  readonly tickets: number;
  /** There were to be more than there can be. */
  readonly tooMany: boolean;
}

export class TicketTable {
  /** By the compound that entries stand in, with a slash at its end or empty: tickets by name. */
  private readonly entries = new Map<string, Map<string, number>>();

  /** `factor` is that of the usual tickets; `false` where it is none. */
  define(compound: string, name: string, factor: number): boolean {
    const tickets = Math.round(factor * defaultTickets);
    if (!(tickets >= 0 && tickets <= mostTickets)) return false;
    const known = this.entries.get(compound);
    if (known) known.set(name, tickets);
    else this.entries.set(compound, new Map([[name, tickets]]));
    return true;
  }

  of(element: string): TicketCount {
    if (this.entries.size === 0) return { tickets: defaultTickets, tooMany: false };
    const compounds = scopes(element);
    const levels = [...compounds.toReversed(), element];
    const factors = levels.map(() => defaultTickets);
    for (const compound of compounds) {
      const names = this.entries.get(compound);
      if (!names) continue;
      // An entry for an inner level has the levels around it, as far as the compound, begin anew.
      let found = false;
      for (let i = levels.length - 1; i >= 0; i--) {
        const level = levels[i] as string;
        if (level.length < compound.length) break;
        const entry = names.get(level.slice(compound.length));
        if (entry !== undefined) {
          factors[i] = entry;
          found = true;
        } else if (found) factors[i] = defaultTickets;
      }
    }
    const product = factors
      .filter((factor) => factor !== defaultTickets)
      .reduce((tickets, factor) => (tickets * BigInt(factor)) >> fractionBits, BigInt(defaultTickets));
    if (product > BigInt(maximumTickets)) return { tickets: maximumTickets, tooMany: true };
    return { tickets: Number(product), tooMany: false };
  }
}
