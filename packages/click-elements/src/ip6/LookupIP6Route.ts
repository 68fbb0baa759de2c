/**
 * LookupIP6Route(ADDR/MASK [GATEWAY] OUTPUT, ...) — a routing table for IPv6.
 *
 * A packet leaves on the OUTPUT of the most specific route that its destination address annotation is in; where the route has a
 * GATEWAY other than `::`, the annotation becomes that. Packets without a route are dropped. The routes are code: a written one has the
 * configuration compiled again.
 *
 * Handlers: table (read); add, as `add 3ffe::/16 3ffe::1 0`, remove, as `remove 3ffe::/16`, and ctrl, which takes both (write).
 *
 *   ... -> GetIP6Address(24) -> rt :: LookupIP6Route(3ffe:1::/32 0, ::/0 3ffe:1::1 1); rt [0] -> ...; rt [1] -> ...
 */
import { arg, type ElementClass, element, type HandlerContext, Mistake, rest } from "@clickos/click-core/element";
import { splitWords, takeWord } from "@clickos/click-language/arguments";
import { ip6Annotation, isInPrefix, loadIp6, storeKnownIp6 } from "../lib/ip6.ts";
import { formatIp6Address, type Ip6Prefix, parseIp6Address, parseIp6Prefix } from "../lib/ip6-address.ts";

interface Route extends Ip6Prefix {
  readonly gateway: Uint8Array;
  readonly output: number;
}

const nothing = new Uint8Array(16);
const isZero = (address: Uint8Array): boolean => address.every((byte) => byte === 0);

function readRoute(text: string): Route | undefined {
  const words = splitWords(text);
  if (words.length !== 2 && words.length !== 3) return undefined;
  const prefix = parseIp6Prefix(words[0] as string);
  const gateway = words.length === 3 ? parseIp6Address(words[1] as string) : nothing;
  const output = words.at(-1) as string;
  return prefix && gateway && /^\d{1,9}$/.test(output) ? { ...prefix, gateway, output: Number(output) } : undefined;
}

const prefixText = ({ address, length }: Ip6Prefix): string => `${formatIp6Address(address)}/${length}`;
const routeText = (route: Route): string => `${prefixText(route)} ${formatIp6Address(route.gateway)} ${route.output}`;

/** Adds a route to others; it takes the place of one of the same prefix. */
function withRoute(routes: readonly Route[], route: Route): Route[] {
  const at = routes.findIndex((other) => prefixText(other) === prefixText(route));
  return at < 0 ? [...routes, route] : routes.with(at, route);
}

function withoutRoute(routes: readonly Route[], prefix: Ip6Prefix): Route[] {
  return routes.filter((other) => prefixText(other) !== prefixText(prefix));
}

type Context = HandlerContext<unknown, { readonly routes: readonly Route[] }>;
const rewrite = (context: Context, routes: readonly Route[]): void =>
  context.reconfigure(routes.map(routeText).join(", "));

function add(text: string, context: Context): void {
  const words = splitWords(text);
  // Two words are a prefix and a port.
  const names = words.length === 2 ? ["PREFIX", "PORT"] : ["PREFIX", "GATEWAY", "PORT"];
  if (words.length > names.length) throw "too many arguments";
  const wrong = names.flatMap((name, i) => {
    const word = words[i];
    if (word === undefined) return [`${name}: required argument missing`];
    if (name === "PORT") return arg.i32.parse(word, context.scope) instanceof Mistake ? ["PORT: invalid number"] : [];
    return (name === "PREFIX" ? parseIp6Prefix(word) : parseIp6Address(word)) ? [] : [`${name}: parse error`];
  });
  if (wrong.length > 0) throw wrong.join("\n");
  const route = readRoute(text);
  if (!route || route.output >= context.noutputs) throw "output port out of range";
  rewrite(context, withRoute(context.plan.routes, route));
}

function remove(text: string, context: Context): void {
  const prefix = parseIp6Prefix(text.trim());
  if (text.trim() === "") throw "PREFIX: required argument missing";
  if (!prefix) throw "PREFIX: parse error";
  rewrite(context, withoutRoute(context.plan.routes, prefix));
}

export const LookupIP6Route: ElementClass = element({
  name: "LookupIP6Route",
  ports: "1/-",
  processing: "h/h",
  config: { ROUTE: rest(arg.raw) },
  prepare({ config, noutputs, error, warning }) {
    let routes: Route[] = [];
    config.ROUTE.forEach((text, i) => {
      const route = readRoute(text);
      if (route) routes = withRoute(routes, route);
      else error(`argument ${i + 1} should be DADDR/MASK [GW] OUTPUT`, i);
    });
    const largest = Math.max(-1, ...routes.map(({ output }) => output));
    if (largest < 0 && config.ROUTE.length === 0) warning("no routes");
    else if (largest >= noutputs) error(`need ${largest + 1} or more output ports`);
    return { routes };
  },
  handlers: {
    add: { flags: "", write: (_s, text, context) => add(text, context) },
    remove: { flags: "", write: (_s, text, context) => remove(text, context) },
    ctrl: {
      flags: "",
      write(_s, text, context) {
        const [command, rest] = takeWord(text);
        if (command === "add") add(rest, context);
        else if (command === "remove") remove(rest, context);
        else throw "bad command, should be `add' or `remove'";
      },
    },
    table: {
      kind: "table",
      read: (_s, { plan }) => {
        const lines = plan.routes.map((r) => `${prefixText(r)}\t${formatIp6Address(r.gateway)}\t${r.output}\n`);
        return lines.length > 0 ? `# Active routes\n${lines.join("")}` : "";
      },
    },
  },
  push(c, _port, packet, { plan, output }) {
    const to = ip6Annotation(packet);
    const address = loadIp6(c, to);
    const specificFirst = [...plan.routes].sort((a, b) => b.length - a.length);
    for (const route of specificFirst) {
      const take = (): void => {
        if (!isZero(route.gateway)) storeKnownIp6(c, to, route.gateway);
        output(route.output).push(packet);
      };
      if (route.length === 0) {
        take();
        return;
      }
      c.if(isInPrefix(c, address, route), take);
    }
    packet.drop("no route");
  },
});
