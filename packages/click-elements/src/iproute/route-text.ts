/** Routes as configurations and handlers write them: `ADDR/MASK [GATEWAY] OUTPUT`. */
import {
  type ArgumentType,
  arg,
  formatIpAddress,
  formatIpPrefix,
  type IpPrefix,
  Mistake,
  type PrepareContext,
  prefixMask,
  type Route,
  readText,
} from "@clickos/click-core/element";

/** A route; a gateway of 0 is none. */
export interface IpRoute extends IpPrefix {
  readonly gateway: number;
  readonly output: number;
}

const gateway = arg.either(arg.literal("-", 0), arg.ipAddress);

/** The words of a route. */
export interface RouteText {
  readonly PREFIX: IpPrefix;
  readonly GATEWAY: number;
  readonly OUTPUT: number;
}

/** What arguments, and the handlers that add a route, take; whether the output is there is asked afterwards. */
export const addedRoute: ArgumentType<RouteText> = arg.words({
  PREFIX: arg.ipPrefix,
  GATEWAY: arg.optional(gateway, 0),
  OUTPUT: arg.i32,
});
/** What the handler that removes one takes: an output of -1 is any next hop. */
export const removedRoute: ArgumentType<RouteText> = arg.either(
  arg.words({ PREFIX: arg.ipPrefix, GATEWAY: arg.optional(gateway, 0), OUTPUT: arg.optional(arg.i32, -1) }),
  addedRoute,
);

export function routeOf({ PREFIX: { address, mask, length }, GATEWAY, OUTPUT }: RouteText): IpRoute {
  return { address, mask, length, gateway: GATEWAY, output: OUTPUT };
}

/** A route of a table, whose masks are prefixes. */
export function ipRoute({ address, length, gateway, output }: Route): IpRoute {
  return { address, mask: prefixMask(length), length, gateway, output };
}

/** Whether a mask has no zero before a one. */
export function isPrefix({ mask }: IpPrefix): boolean {
  return (~mask & (~mask + 1)) === 0;
}

/** A route in a line of words, as in messages. */
export function formatRoute(route: IpRoute): string {
  return [...columns(route), route.output].join(" ");
}

/** A line of a table: columns by tabs, two of them after a short entry. */
export function formatTableLine(route: IpRoute): string {
  const [prefix, gateway] = columns(route);
  return `${prefix}\t${prefix.length < 16 ? "\t" : ""}${gateway}\t${gateway.length < 8 ? "\t" : ""}${route.output}\n`;
}

function columns(route: IpRoute): [prefix: string, gateway: string] {
  return [formatIpPrefix(route), route.gateway === 0 ? "-" : formatIpAddress(route.gateway)];
}

/** Reads an element's arguments, in Click's words where they are wrong. Of several routes for a prefix the first stays. */
export function readRoutes(
  texts: readonly string[],
  { noutputs, scope, error, warning }: Pick<PrepareContext<unknown>, "noutputs" | "scope" | "error" | "warning">,
  problemOf: (route: IpRoute) => string | undefined = () => undefined,
): IpRoute[] {
  const routes = texts.flatMap((text, i) => {
    const words = readText(addedRoute, text.trim(), scope);
    if (words instanceof Mistake) error(`argument ${i + 1} should be 'ADDR/MASK [GATEWAY] OUTPUT'`, i, words.hint);
    else if (words.OUTPUT < 0 || words.OUTPUT >= noutputs) error(`argument ${i + 1} bad OUTPUT`, i);
    else {
      const route = routeOf(words);
      const problem = problemOf(route);
      if (problem === undefined) return route;
      error(`argument ${i + 1}: ${problem}`, i);
    }
    return [];
  });
  return withoutRepeated(routes, warning);
}

/** The first route of each prefix. Of others it is told in Click's words, which have it the other way round. */
function withoutRepeated(routes: readonly IpRoute[], warning: (text: string) => void): IpRoute[] {
  const known = new Set<string>();
  const first = routes.filter(({ address, mask }) => {
    const { size } = known;
    return known.add(`${address}/${mask}`).size > size;
  });
  const repeated = routes.length - first.length;
  if (repeated > 0) warning(`${repeated} ${repeated > 1 ? "routes" : "route"} replaced by later versions`);
  return first;
}
