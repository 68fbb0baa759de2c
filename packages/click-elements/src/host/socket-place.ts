/** Where a control or chatter socket is, as their arguments say it: Click's words for what is wrong with them. */
import { arg, Mistake, readText, type Scope } from "@clickos/click-core/element";
import { maximumPath } from "@clickos/unix-socket/node";
import { parseControlAddress, pathProblem } from "./control-server.ts";

export type SocketPlace =
  /** A port, which may have an address before it and `+` behind it. */
  | { readonly type: "TCP"; readonly port: string }
  | { readonly type: "UNIX"; readonly path: string }
  | { readonly type: "SOCKET"; readonly fd: number };

export interface SocketPlaceRules {
  readonly scope: Scope;
  /** Types that the element has. */
  readonly types: readonly SocketPlace["type"][];
  /** Whether a port may have `+`. */
  readonly search: boolean;
  /** Whether it is said what is wrong with a port. */
  readonly saysWhy?: boolean;
  /** The quote in front of a type that is not known. */
  readonly openQuote?: string;
  error(message: string, argument?: number): void;
}

const argumentOf = { TCP: "PORT", UNIX: "FILENAME", SOCKET: "FD" } as const;
const none: SocketPlace = { type: "TCP", port: "0" };

export function readSocketPlace(
  { TYPE, WHERE }: { readonly TYPE: string; readonly WHERE: string | undefined },
  rules: SocketPlaceRules,
): SocketPlace {
  const { error, scope, openQuote = "'" } = rules;
  const wrong = (message: string, argument?: number): SocketPlace => {
    error(message, argument);
    return none;
  };
  const type = rules.types.find((t) => t === TYPE.toUpperCase());
  if (!type) return wrong(`unknown socket type ${openQuote}${TYPE.toUpperCase()}'`, 0);
  if (WHERE === undefined) return wrong(`${argumentOf[type]}: required argument missing`);
  if (type === "UNIX") {
    if (Buffer.byteLength(WHERE, "latin1") > maximumPath) return wrong("filename too long", 1);
    return { type, path: WHERE };
  }
  if (type === "SOCKET") {
    const fd = readText(arg.i32, WHERE, scope);
    return typeof fd === "number" && fd >= 0 ? { type, fd } : wrong("FD: invalid number", 1);
  }
  const port = readText(arg.port("tcp"), WHERE, scope);
  if (!(port instanceof Mistake)) return { type, port: String(port) };
  const address = parseControlAddress(WHERE);
  if (!address || (address.search && (!rules.search || address.port === 0)))
    return wrong(rules.saysWhy ? `PORT: ${port.message}` : "PORT requires TCP port", 1);
  return { type, port: WHERE };
}

/**
 * Refuses a place at which nobody can listen, unless it is to be tried again: what can be known when the element is made keeps
 * a configuration from taking another's place.
 */
export function refuseUseless(place: SocketPlace, { RETRIES }: { readonly RETRIES: number }): void {
  const problem = place.type === "UNIX" && RETRIES <= 0 ? pathProblem(place.path) : undefined;
  if (problem !== undefined) throw problem;
}
