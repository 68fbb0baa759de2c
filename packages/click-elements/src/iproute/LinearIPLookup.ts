/**
 * LinearIPLookup(ADDR1/MASK1 [GW1] OUT1, ...) — sends IP packets to the output of the longest matching route; routes may change.
 *
 * It is RadixIPLookup, as fast as that, with other places in the table: a route takes the first one that is free, and keeps it
 * when it gets another next hop. A mask is a prefix.
 *
 * Handlers: add, set, remove, ctrl (write), table, lookup (read), as RadixIPLookup has them.
 *
 *   ... -> GetIPAddress(16) -> rt :: LinearIPLookup(18.26.4.24/32 0, 18.26.4.0/24 1, 0.0.0.0/0 18.26.4.1 1);
 *   rt [0] -> ...; rt [1] -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { routingTable } from "./routing-table.ts";

export const LinearIPLookup: ElementClass = routingTable({
  name: "LinearIPLookup",
  places: "first free",
  flush: false,
  complains: "LinearIPLookup",
});
