/**
 * StaticIPLookup(ADDR1/MASK1 [GW1] OUT1, ...) — sends IP packets to the output of the longest matching route.
 *
 * Looks up the destination annotation. A route with a gateway sets the annotation to the gateway's address. A
 * packet that no route matches is dropped, and the first five of them are told of. Of several routes for one prefix
 * the first stays.
 *
 * The routes are part of the code: RadixIPLookup and its kin have some that come and go. Here a mask need not be a
 * prefix (10.0.0.1/255.0.0.255).
 *
 * Handlers: table (read), lookup (read with an address: the output, -1 where there is no route, and the gateway if there is one).
 *
 *   ... -> GetIPAddress(16) -> rt :: StaticIPLookup(18.26.4.0/24 0, 0.0.0.0/0 18.26.4.1 1); rt [0] -> ...; rt [1] -> ...
 */
import { arg, type ElementClass, type ElementContext, element, rest } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { u32 } from "@clickos/layout";
import { masked } from "../classification/expression.ts";
import { stageLookup } from "../classification/stage-tree.ts";
import { laterTree } from "../classification/tree-builder.ts";
import { complain, forward, IpRouteTable, readNextHop, type StagedNextHop } from "./route-lookup.ts";
import { formatTableLine, type IpRoute, isPrefix, readRoutes } from "./route-text.ts";

const destination = { base: "value", offset: 0, width: 4, mask: 0xffffffff } as const;

interface Hop {
  readonly gateway: number;
  readonly output: number;
}

interface Plan {
  readonly routes: readonly IpRoute[];
  /** The first that matches decides. */
  readonly sorted: readonly IpRoute[];
  readonly hops: readonly Hop[];
  readonly tree: ReturnType<typeof laterTree>;
}

/**
 * The routes in an order in which the first match decides. A route decides what one before it would have where its prefix is
 * within that one's; of prefixes that overlap otherwise, as they may with masks that are no prefixes, the first given does.
 */
function byPrecedence(routes: readonly IpRoute[]): readonly IpRoute[] {
  if (routes.every(isPrefix)) return routes.toSorted((a, b) => b.length - a.length);
  const order: IpRoute[] = [];
  for (const r of routes) {
    const at = order.findIndex((o) => (o.mask & ~r.mask) === 0 && (r.address & o.mask) >>> 0 === o.address);
    order.splice(at < 0 ? order.length : at, 0, r);
  }
  return order;
}

function find({ sorted }: Plan, address: number): IpRoute | undefined {
  return sorted.find((r) => (address & r.mask) >>> 0 === r.address);
}

function stageNextHop(
  c: FunctionBuilder,
  { plan: { hops, tree }, name, data }: Pick<ElementContext<unknown, Plan, any>, "plan" | "name" | "data">,
  address: I32,
): StagedNextHop {
  const none = c.i32(0);
  if (hops.length === 0) return { output: c.i32(-1), gateway: none };
  /** Less than 0 where there is none. */
  const hop = stageLookup(c, { name, data }, tree(), { value: address });
  const gateways = hops.some((h) => h.gateway !== 0);
  if (!gateways && hops.every((h, i) => h.output === i)) return { output: hop, gateway: none };
  const output = c.var("i32", hop, "output");
  const gateway = c.var("i32", 0, "gateway");
  c.switch(
    hop,
    hops.map((h) => () => {
      output.set(h.output);
      if (h.gateway !== 0) gateway.set(h.gateway);
    }),
  );
  return { output: output.get(), gateway: gateways ? gateway.get() : none };
}

export const StaticIPLookup: ElementClass = element({
  name: "StaticIPLookup",
  ports: "1/-",
  processing: "h/h",
  config: { ROUTE: rest(arg.raw) },
  prepare(context): Plan {
    const routes = readRoutes(context.arguments, context);
    const sorted = byPrecedence(routes);
    const hops: Hop[] = [];
    const known = new Map<string, number>();
    const hop = ({ gateway, output }: IpRoute): number => {
      const key = `${gateway} ${output}`;
      const at = known.get(key) ?? hops.push({ gateway, output }) - 1;
      known.set(key, at);
      return at;
    };
    const rules = sorted.map((r) => ({ when: masked(destination, r.address, r.mask), result: hop(r) }));
    return { routes, sorted, hops, tree: laterTree(rules) };
  },
  state: { complaints: u32 },
  offers: (offer) => [
    offer(
      IpRouteTable,
      (c, context) => ({ lookup: (address) => stageNextHop(c, context, address) }),
      (_s, { plan }) => ({ lookup: (address) => find(plan, address) }),
    ),
  ],
  handlers: {
    table: { kind: "table", constant: ({ plan }) => plan.routes.map(formatTableLine).join("") },
    lookup: {
      flags: "+",
      read: (_s, { plan, scope }, text) => readNextHop(text, scope, (address) => find(plan, address)),
    },
  },
  push(c, _port, packet, context) {
    const { state, line } = context;
    const address = packet.dstIp.get();
    forward(c, packet, stageNextHop(c, context, address), context, () =>
      complain(c, "LinearIPLookup", address, state.complaints, line),
    );
  },
});
