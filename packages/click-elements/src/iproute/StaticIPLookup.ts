/**
 * StaticIPLookup(ADDR1/MASK1 [GW1] OUT1, ...) — sends IP packets to the output of the longest matching route.
 *
 * Looks up the destination annotation. A route with a gateway sets the annotation to the gateway's address. A
 * packet that no route matches is dropped.
 *
 * Handlers: table (read).
 *
 *   rt :: StaticIPLookup(18.26.4.0/24 0, 0.0.0.0/0 18.26.4.1 1);
 */
import { arg, type ElementClass, element, formatIpAddress, formatIpPrefix, rest } from "@clickos/click-core/element";
import { masked } from "../classification/expression.ts";
import { stageLookup } from "../classification/stage-tree.ts";
import { laterTree } from "../classification/tree-builder.ts";

const destination = { base: "value", offset: 0, width: 4, mask: 0xffffffff } as const;

const route = arg.words({
  PREFIX: arg.ipPrefix,
  GATEWAY: arg.optional(arg.either(arg.literal("-", 0), arg.ipAddress), 0),
  OUTPUT: arg.outputPort,
});

export const StaticIPLookup: ElementClass = element({
  name: "StaticIPLookup",
  ports: "1/-",
  processing: "h/h",
  config: { ROUTE: rest(route) },
  prepare({ config }) {
    // Longest first, so that the first match is the longest.
    const routes = config.ROUTE.toSorted((a, b) => b.PREFIX.length - a.PREFIX.length);
    const hops: { readonly gateway: number; readonly output: number }[] = [];
    const known = new Map<string, number>();
    const hop = ({ GATEWAY: gateway, OUTPUT: output }: { GATEWAY: number; OUTPUT: number }): number => {
      const key = `${gateway} ${output}`;
      const at = known.get(key) ?? hops.push({ gateway, output }) - 1;
      known.set(key, at);
      return at;
    };
    return {
      routes,
      hops,
      tree: laterTree(
        routes.map((r) => ({ when: masked(destination, r.PREFIX.address, r.PREFIX.mask), result: hop(r) })),
      ),
    };
  },
  handlers: {
    table: {
      constant: ({ plan }) =>
        plan.routes
          .map((r) => `${formatIpPrefix(r.PREFIX)}\t${r.GATEWAY ? formatIpAddress(r.GATEWAY) : "-"}\t${r.OUTPUT}`)
          .join("\n"),
    },
  },
  push(c, _port, packet, { plan, output, name, noutputs, data }) {
    // Without outputs there are no routes.
    if (noutputs === 0) {
      packet.drop("no route");
      return;
    }
    const hop = stageLookup(c, { name, data }, plan.tree(), { value: packet.dstIp.get() });
    c.if(hop.ltS(0), () => packet.drop("no route"));
    const gateways = plan.hops.some((h) => h.gateway !== 0);
    const port = c.var("i32", hop, "port");
    if (gateways || plan.hops.some((h, i) => h.output !== i))
      c.switch(
        hop,
        plan.hops.map((h) => () => {
          if (h.gateway !== 0) packet.dstIp.set(h.gateway);
          port.set(h.output);
        }),
      );
    c.switch(
      port.get(),
      Array.from({ length: noutputs - 1 }, (_, i) => () => output(i).push(packet)),
      () => output(noutputs - 1).push(packet),
    );
  },
});
