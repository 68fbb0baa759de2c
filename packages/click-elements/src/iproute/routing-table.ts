/** An element class with a routing table that handlers change: what RadixIPLookup and its kin are made of. */
import {
  arg,
  type ElementClass,
  element,
  type HostHeap,
  type HostRouteTable,
  type Route,
  type RoutePlaces,
  rest,
  routeTable,
} from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { type RouteCommand, runRouteCommand, runRouteCommands } from "./route-commands.ts";
import { complain, forward, IpRouteTable, readNextHop } from "./route-lookup.ts";
import { formatRoute, formatTableLine, ipRoute, isPrefix, readRoutes } from "./route-text.ts";

export interface RoutingTableOptions {
  readonly name: string;
  /** Where the table lists a route that comes. */
  readonly places: RoutePlaces;
  /** Whether a handler removes all routes. */
  readonly flush: boolean;
  /** What tells of packets without a route; nobody when absent. */
  readonly complains?: string;
  /** The order of the `table` handler's lines, where it is not that of the places. */
  readonly order?: (a: Listed, b: Listed) => number;
  /** The same, of all lines together. */
  readonly arrange?: (routes: readonly Listed[]) => readonly Listed[];
  /** What is said of the class when it is configured. */
  readonly deprecated?: string;
}

export type Listed = Route & { readonly added: number };

export function routingTable({
  name,
  places,
  flush,
  complains,
  order,
  arrange,
  deprecated,
}: RoutingTableOptions): ElementClass {
  const change = (command: RouteCommand) => ({
    kind: "text" as const,
    write: (s: { routes: HostRouteTable }, text: string, context: Parameters<typeof runRouteCommand>[3]) => {
      runRouteCommand(command, text, s.routes, context);
    },
  });
  return element({
    name,
    ports: "1/-",
    processing: "h/h",
    config: { ROUTE: rest(arg.raw) },
    prepare(context) {
      if (deprecated !== undefined) context.warning(deprecated);
      return readRoutes(context.arguments, context, (route) =>
        isPrefix(route) ? undefined : `the mask of '${formatRoute(route)}' is not a prefix`,
      );
    },
    state: { routes: routeTable({ places }), complaints: u32 },
    fill: {
      routes: (table, { heap, plan }) => {
        for (const route of plan) table.set(heap, route);
      },
    },
    offers: (offer) => [
      offer(
        IpRouteTable,
        (_c, { state }) => state.routes,
        (s) => s.routes,
      ),
    ],
    handlers: {
      add: change("add"),
      set: change("set"),
      remove: change("remove"),
      ctrl: { kind: "text", write: (s, text, context) => runRouteCommands(text, s.routes, context) },
      table: {
        flags: "$",
        kind: "table",
        read: ({ routes }) => {
          const list = order ? [...routes.routes()].sort(order) : routes.routes();
          let text = "";
          for (const route of arrange ? arrange([...list]) : list) text += formatTableLine(ipRoute(route));
          return text;
        },
      },
      lookup: {
        flags: "+",
        read: (s, { scope }, text) => readNextHop(text, scope, (address) => s.routes.lookup(address)),
      },
      ...(flush
        ? {
            flush: {
              write: (s: { routes: HostRouteTable }, _: string, { heap }: { heap: HostHeap }) => s.routes.clear(heap),
            },
          }
        : {}),
    },
    push(c, _port, packet, context) {
      const { state, line } = context;
      const address = packet.dstIp.get();
      forward(c, packet, state.routes.lookup(address), context, () => {
        if (complains !== undefined) complain(c, complains, address, state.complaints, line);
      });
    },
  });
}
