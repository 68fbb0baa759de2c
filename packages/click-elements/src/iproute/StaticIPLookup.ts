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
import {
  arg,
  type ElementClass,
  element,
  formatIpAddress,
  parseIpAddress,
  parseIpPrefix,
  rest,
} from "@clickos/click-core/element";
import { masked } from "../classification/expression.ts";
import { stageLookup } from "../classification/stage-tree.ts";
import { laterTree } from "../classification/tree-builder.ts";

interface Route {
  readonly address: number;
  readonly mask: number;
  readonly length: number;
  readonly gateway: number;
  readonly output: number;
}

const destination = { base: "value", offset: 0, width: 4, mask: 0xffffffff } as const;

function parseRoute(text: string, noutputs: number): Route | string {
  const words = text.trim().split(/\s+/);
  const prefix = parseIpPrefix(words[0] ?? "");
  if (!prefix) return `'${words[0] ?? ""}' is not an IP prefix`;
  const port = words.at(-1) ?? "";
  const gateway = words.length === 3 ? parseIpAddress(words[1] === "-" ? "0.0.0.0" : (words[1] ?? "")) : 0;
  if (words.length < 2 || words.length > 3) return `'${text.trim()}' is not ADDR/MASK [GATEWAY] OUTPUT`;
  if (gateway === undefined) return `'${words[1]}' is not a gateway address`;
  if (!/^\d+$/.test(port) || Number(port) >= noutputs) return `output '${port}' is not connected`;
  return { ...prefix, gateway, output: Number(port) };
}

export const StaticIPLookup: ElementClass = element({
  name: "StaticIPLookup",
  ports: "1/-",
  processing: "h/h",
  config: { ROUTE: rest(arg.raw) },
  prepare({ config, noutputs, error }) {
    const routes: Route[] = [];
    config.ROUTE.forEach((text: string, i: number) => {
      const route = parseRoute(text, noutputs);
      if (typeof route === "string") error(`route ${i + 1}: ${route}`, i);
      else routes.push(route);
    });
    // Longest first, so that the first match is the longest.
    routes.sort((a, b) => b.length - a.length);
    const hops: { readonly gateway: number; readonly output: number }[] = [];
    const known = new Map<string, number>();
    const hop = ({ gateway, output }: Route): number => {
      const key = `${gateway} ${output}`;
      const at = known.get(key) ?? hops.push({ gateway, output }) - 1;
      known.set(key, at);
      return at;
    };
    return {
      routes,
      hops,
      tree: laterTree(routes.map((r) => ({ when: masked(destination, r.address, r.mask), result: hop(r) }))),
    };
  },
  handlers: {
    table: {
      constant: ({ plan }) =>
        plan.routes
          .map(
            (r: Route) =>
              `${formatIpAddress(r.address)}/${r.length}\t${r.gateway ? formatIpAddress(r.gateway) : "-"}\t${r.output}`,
          )
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
