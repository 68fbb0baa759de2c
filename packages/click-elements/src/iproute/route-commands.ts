/** What the handlers of routing tables do, in the words of Click's IPRouteTable. They refuse by throwing a text, or a
 * `HandlerRefusal` with Click's status. */
import {
  type HandlerContext,
  HandlerRefusal,
  type HostRouteTable,
  Mistake,
  type Route,
  readText,
} from "@clickos/click-core/element";
import { takeWord } from "@clickos/click-language/arguments";
import { addedRoute, formatRoute, type IpRoute, ipRoute, isPrefix, removedRoute, routeOf } from "./route-text.ts";

/** How commands are refused that a table cannot follow: `-ENOENT` and `-EEXIST`. */
const status = { noEntry: -2, exists: -17 };

export type RouteCommand = "add" | "set" | "remove";
type Context = Pick<HandlerContext<unknown, unknown>, "heap" | "scope" | "noutputs">;

/** Does one command. @returns what undoes it. */
export function runRouteCommand(
  command: RouteCommand,
  text: string,
  table: HostRouteTable,
  context: Context,
): () => boolean {
  const { heap } = context;
  const route = readRoute(command, text, context);
  const { address, length } = route;
  const former = table.get(address, length);
  const put = (r: Route) => (): boolean => table.set(heap, r);
  const take = (): boolean => table.delete(heap, address, length);
  if (command === "remove") {
    const same = former && (route.output < 0 || (former.output === route.output && former.gateway === route.gateway));
    if (!same) throw new HandlerRefusal(`route '${formatRoute(route)}' not found`, status.noEntry);
    take();
    return put(former);
  }
  if (former && command === "add")
    throw new HandlerRefusal(`conflict with existing route '${formatRoute(ipRoute(former))}'`, status.exists);
  if (!table.set(heap, route)) throw `no memory to store route '${formatRoute(route)}'`;
  return former ? put(former) : take;
}

/** Does the commands of all lines, or none of them. */
export function runRouteCommands(text: string, table: HostRouteTable, context: Context): void {
  const undo: (() => boolean)[] = [];
  try {
    for (const line of withoutComments(text).split("\n")) {
      const [command, rest] = takeWord(line);
      if (command === "") continue;
      if (command !== "add" && command !== "set" && command !== "remove") throw `bad command '${command}'`;
      undo.push(runRouteCommand(command, rest, table, context));
    }
  } catch (problem) {
    // What a command took is there again when it is undone: nothing else takes memory meanwhile.
    for (const step of undo.reverse()) if (!step()) throw new Error("a route could not be put back");
    throw problem;
  }
}

function readRoute(command: RouteCommand, text: string, { scope, noutputs }: Context): IpRoute {
  const remove = command === "remove";
  const words = readText(remove ? removedRoute : addedRoute, text.trim(), scope);
  if (words instanceof Mistake) throw `expected 'ADDR/MASK [GATEWAY${remove ? " OUTPUT]" : "] OUTPUT"}'`;
  const route = routeOf(words);
  if (route.output < (remove ? -1 : 0) || route.output >= noutputs) throw "bad OUTPUT";
  if (!isPrefix(route)) throw `the mask of '${formatRoute(route)}' is not a prefix`;
  return route;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, " ");
}
