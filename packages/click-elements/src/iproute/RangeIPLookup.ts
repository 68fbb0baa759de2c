/**
 * RangeIPLookup(ADDR1/MASK1 [GW1] OUT1, ...) — sends IP packets to the output of the longest matching route; routes may change.
 *
 * It is DirectIPLookup by another name: both are RadixIPLookup without the messages, and with another order in the table.
 *
 * Handlers: add, set, remove, ctrl, flush (write), table, lookup (read), as RadixIPLookup has them.
 *
 *   ... -> GetIPAddress(16) -> rt :: RangeIPLookup(18.26.4.0/24 0, 0.0.0.0/0 18.26.4.1 1); rt [0] -> ...; rt [1] -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { directOrder } from "./direct-order.ts";
import { routingTable } from "./routing-table.ts";

export const RangeIPLookup: ElementClass = routingTable({
  name: "RangeIPLookup",
  places: "first free",
  flush: true,
  order: directOrder,
});
