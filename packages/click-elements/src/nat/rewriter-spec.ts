/**
 * What a rewriter does with new flows on an input: `drop`, `pass [OUTPUT]`, `keep FOUTPUT ROUTPUT`, or `pattern`, with the
 * words SADDR SPORT DADDR DPORT, SADDR DADDR SPORT, or SADDR DADDR, and then FOUTPUT ROUTPUT. `-` keeps what a packet has.
 * SPORT may be a range of ports, and SADDR one of addresses, or a prefix: its addresses but the first and the last one.
 */
import { type ArgumentType, arg, formatIpAddress, Mistake } from "@clickos/click-core/element";
import { splitWords, takeWord } from "@clickos/click-language/arguments";

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

export type InputSpec =
  | { readonly kind: "drop" }
  | { readonly kind: "nochange"; readonly output: number }
  | { readonly kind: "keep"; readonly forward: number; readonly reply: number }
  | { readonly kind: "pattern"; readonly pattern: RewritePattern; readonly forward: number; readonly reply: number };

/** Specifications whose new flows get mappings. */
export type MappingSpec = Extract<InputSpec, { readonly forward: number }>;

interface Varied {
  readonly from: number;
  readonly variation: number;
  readonly order: RewritePattern["order"];
}

const orders = new Map<string, RewritePattern["order"]>([
  ["#", "next"],
  ["?", "random"],
]);

/** A range, with what says how one is chosen of it. */
function ranged<T>(text: string, parse: (text: string) => T): { order: Varied["order"]; ends: T[] } {
  const order = orders.get(text.at(-1) ?? "");
  const range = order ? text.slice(0, -1) : text;
  const dash = range.indexOf("-");
  const ends = dash < 0 ? [range] : [range.slice(0, dash), range.slice(dash + 1)];
  return { order: order ?? "own", ends: ends.map(parse) };
}

/** A number, or two with a dash between them. */
const port: ArgumentType<Varied> = {
  expects: "a port or a range of ports",
  parse(text, scope) {
    const { order, ends } = ranged(text, (end) => arg.u16.parse(end, scope));
    const [low, high = low] = ends;
    if (typeof low !== "number" || typeof high !== "number" || high < low) return undefined;
    if (ends.length === 1 && (low === 0 || order !== "own")) return undefined;
    return { from: low, variation: high - low, order };
  },
};

const address: ArgumentType<Varied> = {
  expects: "an address, a range or a prefix",
  parse(text, scope) {
    const single = arg.ipAddress.parse(text, scope);
    if (typeof single === "number") return { from: single, variation: 0, order: "own" };
    const { order, ends } = ranged(text, (end) => end);
    if (ends.length === 2) {
      const [low, high] = ends.map((end) => arg.ipAddress.parse(end, scope));
      if (typeof low !== "number" || typeof high !== "number" || high < low) return undefined;
      return { from: low, variation: high - low, order };
    }
    const prefix = arg.ipPrefix.parse(ends[0] as string, scope);
    if (prefix === undefined || prefix instanceof Mistake || prefix.address === 0 || prefix.mask === 0)
      return undefined;
    const hosts = ~prefix.mask >>> 0;
    if (hosts <= 1) return { from: prefix.address, variation: hosts, order };
    return { from: (prefix.address | 1) >>> 0, variation: hosts - 2, order };
  },
};

const unchanged: Varied = { from: 0, variation: 0, order: "own" };
const kept = <T>(type: ArgumentType<T>, nothing: T): ArgumentType<T> => arg.either(arg.literal("-", nothing), type);
const singlePort: ArgumentType<number> = {
  expects: "a port",
  parse: (text, scope) => arg.port("tcp", "udp").parse(text, scope) || undefined,
};

const outputs = { FOUTPUT: arg.outputPort, ROUTPUT: arg.outputPort };
const SADDR = kept(address, unchanged);
const SPORT = kept(port, unchanged);
const DADDR = kept(arg.ipAddress, 0);
const fourWords = arg.words({ SADDR, SPORT, DADDR, DPORT: kept(singlePort, 0), ...outputs });
const threeWords = arg.words({ SADDR, DADDR, SPORT, ...outputs });
const twoWords = arg.words({ SADDR, DADDR, ...outputs });
const keep = arg.words(outputs);
const pass = arg.words({ OUTPUT: arg.optional(arg.outputPort, 0) });

export const inputSpec: ArgumentType<InputSpec> = {
  expects: "drop, pass, keep or pattern",
  parse(text, scope) {
    const [kind, rest] = takeWord(text);
    const words = <T>(type: ArgumentType<T>, make: (value: T) => InputSpec): InputSpec | Mistake => {
      const value = type.parse(rest, scope);
      if (value === undefined) return new Mistake(`'${text}' is not ${kind} ${type.expects}`);
      return value instanceof Mistake ? value : make(value);
    };
    const pattern = (p: {
      readonly SADDR: Varied;
      readonly SPORT?: Varied;
      readonly DADDR: number;
      readonly DPORT?: number;
      readonly FOUTPUT: number;
      readonly ROUTPUT: number;
    }): InputSpec => {
      const { SADDR: source, SPORT: sourcePort, DADDR: destination, DPORT: destinationPort = 0 } = p;
      // One of them varies: the port, where both could.
      const { variation, order } = sourcePort && sourcePort.variation > 0 ? sourcePort : source;
      return {
        kind: "pattern",
        pattern: {
          source: source.from,
          sourcePort: sourcePort?.from ?? 0,
          destination,
          destinationPort,
          ports: sourcePort !== undefined,
          variation,
          order,
        },
        forward: p.FOUTPUT,
        reply: p.ROUTPUT,
      };
    };
    switch (kind) {
      case "drop":
      case "discard":
        return rest === "" ? { kind: "drop" } : new Mistake(`nothing is expected after '${kind}'`);
      case "nochange":
      case "pass":
      case "passthrough":
        return words(pass, ({ OUTPUT: output }) => ({ kind: "nochange", output }));
      case "keep":
        return words(keep, ({ FOUTPUT: forward, ROUTPUT: reply }) => ({ kind: "keep", forward, reply }));
      case "pattern":
      case "xpattern": {
        const count = splitWords(rest).length;
        return count === 4 ? words(twoWords, pattern) : words<any>(count === 5 ? threeWords : fourWords, pattern);
      }
      default:
        return undefined;
    }
  },
};

/** As the handler `patterns` shows it. */
export function inputSpecText(spec: InputSpec): string {
  if (spec.kind !== "pattern") return `<${spec.kind}>`;
  const { source, sourcePort, destination, destinationPort, ports, variation } = spec.pattern;
  const upTo = (n: number): string => (variation === 0 ? "" : `-${ports ? n : formatIpAddress(n >>> 0)}`);
  const address = (n: number): string => (n === 0 ? "-" : formatIpAddress(n));
  const first = ports ? address(source) : `${address(source)}${upTo(source + variation)}`;
  if (!ports) return `${first} ${address(destination)}`;
  const port = sourcePort === 0 ? "-" : `${sourcePort}${upTo(sourcePort + variation)}`;
  return `${first} ${port} ${address(destination)} ${destinationPort || "-"}`;
}
