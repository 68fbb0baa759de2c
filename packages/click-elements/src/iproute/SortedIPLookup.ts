/**
 * SortedIPLookup(ADDR1/MASK1 [GW1] OUT1, ...) — sends IP packets to the output of the longest matching route: deprecated.
 *
 * It is LinearIPLookup, which Click says to use instead, with another order in the table: a route comes after all that are within its
 * prefix.
 *
 * Handlers: add, set, remove, ctrl (write), table, lookup (read), as RadixIPLookup has them.
 *
 *   ... -> GetIPAddress(16) -> rt :: SortedIPLookup(0.0.0.0/0 18.26.4.1 1, 18.26.4.0/24 0); rt [0] -> ...; rt [1] -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { type Listed, routingTable } from "./routing-table.ts";

const bits = 32;
const within = (address: number, length: number): number =>
  length === 0 ? 0 : (address & (-1 << (bits - length))) >>> 0;
const key = (address: number, length: number): string => `${address}/${length}`;

/**
 * Routes in the order in which they came, but that each waits for those within its prefix: it comes right after the last of them.
 */
function withinFirst(routes: readonly Listed[]): readonly Listed[] {
  const ordered = routes.toSorted((a, b) => a.added - b.added);
  const waiting = new Map(ordered.map((route) => [key(route.address, route.length), { route, inside: 0 }]));
  /** The routes whose prefixes hold one's, the longest first. */
  const around = ({ address, length }: Listed) => {
    const found: { route: Listed; inside: number }[] = [];
    for (let l = length - 1; l >= 0; l--) {
      const other = waiting.get(key(within(address, l), l));
      if (other) found.push(other);
    }
    return found;
  };
  for (const route of ordered) for (const other of around(route)) other.inside++;
  const leaves = ordered.filter(({ address, length }) => waiting.get(key(address, length))?.inside === 0);
  const result: Listed[] = [];
  const put = (route: Listed): void => {
    result.push(route);
    for (const other of around(route)) if (--other.inside === 0) put(other.route);
  };
  for (const leaf of leaves) put(leaf);
  return result;
}

export const SortedIPLookup: ElementClass = routingTable({
  name: "SortedIPLookup",
  places: "first free",
  flush: false,
  complains: "SortedIPLookup",
  arrange: withinFirst,
  deprecated: "SortedIPLookup is deprecated; use LinearIPLookup or RadixIPLookup instead",
});
