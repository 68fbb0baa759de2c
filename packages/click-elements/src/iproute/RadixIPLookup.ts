/**
 * RadixIPLookup(ADDR1/MASK1 [GW1] OUT1, ...) — sends IP packets to the output of the longest matching route; routes may change.
 *
 * Looks up the destination annotation. A route with a gateway sets the annotation to the gateway's address. A
 * packet that no route matches is dropped, and the first five of them are told of. Of several routes for one prefix
 * the first stays.
 *
 * Routes come and go while the router runs. They take memory of the router's heap, about 50 bytes each where there are many;
 * a hot swap keeps them unless the element has other arguments in the new configuration. A mask is a prefix.
 *
 * Handlers: add, set (write `ADDR/MASK [GW] OUT`; `add` refuses a prefix that has a route), remove (write `ADDR/MASK [[GW] OUT]`),
 * ctrl (write lines of these commands with their arguments: all happen or none), flush (write, removes all routes), table
 * (read), lookup (read with an address: the output, -1 where there is no route, and the gateway if there is one).
 *
 *   ... -> GetIPAddress(16) -> rt :: RadixIPLookup(18.26.4.0/24 0, 0.0.0.0/0 18.26.4.1 1); rt [0] -> ...; rt [1] -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { routingTable } from "./routing-table.ts";

export const RadixIPLookup: ElementClass = routingTable({
  name: "RadixIPLookup",
  places: "freed last",
  flush: true,
  complains: "IPRouteTable",
});
