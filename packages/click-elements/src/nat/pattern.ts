/**
 * Patterns: what the flows of a rewriter are turned into. They are the words SADDR SPORT DADDR DPORT, SADDR DADDR SPORT or SADDR
 * DADDR, or the name that IPRewriterPatterns has given to some. `-` keeps what a packet has.
 *
 * SPORT may be a range of ports, and SADDR one of addresses, or a prefix: its addresses but the first and the last one.
 */
import { arg, formatIpAddress, readPrefix, type Scope } from "@clickos/click-core/element";

/** What the flows of a pattern are given; 0 keeps what a packet has. */
export interface RewritePattern {
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
  /** Whether it says anything of ports. */
  readonly ports: boolean;
  /** What varies from flow to flow, the port or else the address, goes up to so many above. */
  readonly variation: number;
  /** How it is chosen: the packet's own port if it can be, and else at random; always at random; or the next one. */
  readonly order: "own" | "random" | "next";
}

/** A pattern, and where it counts what `#` takes next, where other elements may use it, too. */
export interface PatternUse {
  readonly pattern: RewritePattern;
  readonly shared?: { readonly element: string; readonly index: number };
}

/** A pattern with the outputs that packets leave on; they may be below 0, which no rewriter has. */
export interface OutputPattern extends PatternUse {
  readonly forward: number;
  readonly reply: number;
}

interface Varied {
  readonly from: number;
  /** None where the word is a plain value. */
  readonly variation?: number;
  readonly order?: RewritePattern["order"];
}

const orders = new Map<string, RewritePattern["order"]>([
  ["#", "next"],
  ["?", "random"],
]);

/** The ends of a range, and what says how one is chosen of it. */
function ranged(text: string): { order?: RewritePattern["order"]; low: string; high: string | undefined } {
  const order = orders.get(text.at(-1) ?? "");
  const range = order ? text.slice(0, -1) : text;
  const dash = range.indexOf("-");
  const [low, high] = dash < 0 ? [range, undefined] : [range.slice(0, dash), range.slice(dash + 1)];
  return { low, high, ...(order ? { order } : {}) };
}

const number = (text: string, scope: Scope): number | undefined => {
  const value = arg.i32.parse(text, scope);
  return typeof value === "number" ? value : undefined;
};
const addressOf = (text: string, scope: Scope): number | undefined => {
  const value = arg.ipAddress.parse(text, scope);
  return typeof value === "number" ? value : undefined;
};

function readPort(text: string, scope: Scope): number | undefined {
  if (text === "-") return 0;
  const value = number(text, scope);
  return value !== undefined && value > 0 && value < 0x10000 ? value : undefined;
}
function readPorts(text: string, scope: Scope): Varied | undefined {
  const single = readPort(text, scope);
  if (single !== undefined) return { from: single };
  const { low, high, order = "own" } = ranged(text);
  const [from, to] = [number(low, scope), high === undefined ? undefined : number(high, scope)];
  if (from === undefined || to === undefined || from < 0 || to < from || to > 0xffff) return undefined;
  return { from, variation: to - from, order };
}

const readAddress = (text: string, scope: Scope): number | undefined => (text === "-" ? 0 : addressOf(text, scope));
function readAddresses(text: string, scope: Scope): Varied | undefined {
  const single = readAddress(text, scope);
  if (single !== undefined) return { from: single };
  const { low, high, order = "own" } = ranged(text);
  if (high !== undefined) {
    const [from, to] = [addressOf(low, scope), addressOf(high, scope)];
    return from === undefined || to === undefined || to < from ? undefined : { from, variation: to - from, order };
  }
  const bare = addressOf(low, scope);
  const prefix = bare === undefined ? readPrefix(low, scope) : { address: bare, mask: 0xffffffff };
  if (!prefix || prefix.address === 0 || prefix.mask === 0) return undefined;
  const hosts = ~prefix.mask >>> 0;
  if ((hosts & (hosts + 1)) !== 0) return undefined;
  const first = (prefix.address & prefix.mask) >>> 0;
  if (hosts <= 1) return { from: first, variation: hosts, order };
  return { from: (first | 1) >>> 0, variation: hosts - 2, order };
}

/** What some words mean, or what is wrong with them. */
export function readPattern(words: readonly string[], scope: Scope): PatternUse | string {
  const [first = "", second = "", third = "", fourth = "-"] = words;
  if (words.length < 1 || words.length > 4) return "syntax error";
  if (words.length === 1)
    return (scope.lookup("rewriter pattern", first) as PatternUse | undefined) ?? `no such pattern '${first}'`;
  const ports = words.length > 2;
  const [sport, daddr] = words.length === 4 ? [second, third] : [ports ? third : "-", second];
  const source = readAddresses(first, scope);
  if (!source) return "bad source address";
  const sourcePort = readPorts(sport, scope);
  if (!sourcePort) return "bad source port";
  const destination = readAddress(daddr, scope);
  if (destination === undefined) return "bad destination address";
  const destinationPort = readPort(fourth, scope);
  if (destinationPort === undefined) return "bad destination port";
  const given = [source.order, sourcePort.order];
  return {
    pattern: {
      source: source.from,
      sourcePort: sourcePort.from,
      destination,
      destinationPort,
      ports,
      // One of them varies: the port, where both could.
      variation: sourcePort.variation ?? source.variation ?? 0,
      order: given.includes("next") ? "next" : given.includes("random") ? "random" : "own",
    },
  };
}

/** The outputs that two words name, or what is wrong with them. */
export function readOutputs(words: readonly string[], scope: Scope): { forward: number; reply: number } | string {
  const [first, second] = words;
  const forward = words.length === 2 ? number(first as string, scope) : undefined;
  if (forward === undefined) return "bad forward port";
  const reply = number(second as string, scope);
  return reply === undefined ? "bad reply port" : { forward, reply };
}

/** A pattern and the outputs behind it, or what is wrong. */
export function readOutputPattern(words: readonly string[], scope: Scope): OutputPattern | string {
  if (words.length <= 2) return "syntax error";
  const pattern = readPattern(words.slice(0, -2), scope);
  if (typeof pattern === "string") return pattern;
  const outputs = readOutputs(words.slice(-2), scope);
  return typeof outputs === "string" ? outputs : { ...pattern, ...outputs };
}

/** As the handler `patterns` shows it. */
export function patternText(pattern: RewritePattern): string {
  const { source, sourcePort, destination, destinationPort, ports, variation } = pattern;
  const address = (n: number): string => (n === 0 ? "-" : formatIpAddress(n));
  const upTo = (n: string | number): string => (variation === 0 ? "" : `-${n}`);
  if (!ports) {
    const from = variation === 0 ? address(source) : formatIpAddress(source);
    return `${from}${upTo(formatIpAddress((source + variation) >>> 0))} ${address(destination)}`;
  }
  const port = sourcePort === 0 ? "-" : `${sourcePort}${upTo(sourcePort + variation)}`;
  return `${address(source)} ${port} ${address(destination)} ${destinationPort || "-"}`;
}
