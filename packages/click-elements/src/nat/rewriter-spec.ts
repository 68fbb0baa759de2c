/**
 * What a rewriter does with new flows on an input: `drop`, `pass [OUTPUT]`, `keep FOUTPUT ROUTPUT`, or `pattern SADDR SPORT
 * DADDR DPORT FOUTPUT ROUTPUT`, whose source port may be a range.
 */
import { type ArgumentType, arg, Mistake } from "@clickos/click-core/element";
import { takeWord } from "@clickos/click-language/arguments";

/** `null` in a pattern keeps what the packet has. */
export interface RewritePattern {
  readonly source: number | null;
  readonly destination: number | null;
  readonly sourcePorts: readonly [number, number] | null;
  readonly destinationPort: number | null;
}

export type InputSpec =
  | { readonly kind: "drop" }
  | { readonly kind: "nochange"; readonly output: number }
  | { readonly kind: "pattern"; readonly pattern: RewritePattern; readonly forward: number; readonly reply: number };

const kept = <T>(type: ArgumentType<T>): ArgumentType<T | null> => arg.either(arg.literal("-", null), type);

/** `1024`, or `1024-65535`, first and last. */
const portRange: ArgumentType<readonly [number, number]> = {
  expects: "a port or a range of ports",
  parse(text, scope) {
    const [first, last = first, more] = text.replace(/[#?]$/, "").split("-");
    const [low, high] = [arg.u16.parse(first ?? "", scope), arg.u16.parse(last ?? "", scope)];
    const isRange = more === undefined && typeof low === "number" && typeof high === "number";
    return isRange && low >= 1 && low <= high ? [low, high] : undefined;
  },
};

const pass = arg.words({ OUTPUT: arg.optional(arg.outputPort, 0) });
const outputs = { FOUTPUT: arg.outputPort, ROUTPUT: arg.outputPort };
const keep = arg.words(outputs);
const pattern = arg.words({
  SADDR: kept(arg.ipAddress),
  SPORT: kept(portRange),
  DADDR: kept(arg.ipAddress),
  DPORT: kept(arg.port("tcp", "udp")),
  ...outputs,
});

export const inputSpec: ArgumentType<InputSpec> = {
  expects: "drop, pass, keep or pattern",
  parse(text, scope) {
    const [kind, rest] = takeWord(text);
    const words = <T>(type: ArgumentType<T>, make: (value: T) => InputSpec): InputSpec | Mistake => {
      const value = type.parse(rest, scope);
      if (value === undefined) return new Mistake(`'${text}' is not ${kind} ${type.expects}`);
      return value instanceof Mistake ? value : make(value);
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
        return words(keep, ({ FOUTPUT: forward, ROUTPUT: reply }) => {
          const nothing = { source: null, destination: null, sourcePorts: null, destinationPort: null };
          return { kind: "pattern", pattern: nothing, forward, reply };
        });
      case "pattern":
      case "xpattern":
        return words(pattern, (p) => ({
          kind: "pattern",
          pattern: { source: p.SADDR, destination: p.DADDR, sourcePorts: p.SPORT, destinationPort: p.DPORT },
          forward: p.FOUTPUT,
          reply: p.ROUTPUT,
        }));
      default:
        return undefined;
    }
  },
};
