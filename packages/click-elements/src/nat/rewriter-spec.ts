/** What IPRewriter does with new flows on an input. */
import { parseIpAddress } from "@clickos/click-core/element";

/** `undefined` in a pattern keeps what the packet has. */
export interface RewritePattern {
  readonly source: number | undefined;
  readonly destination: number | undefined;
  readonly sourcePorts: readonly [number, number] | undefined;
  readonly destinationPort: number | undefined;
}

export type InputSpec =
  | { readonly kind: "drop" }
  | { readonly kind: "nochange"; readonly output: number }
  | { readonly kind: "pattern"; readonly pattern: RewritePattern; readonly forward: number; readonly reply: number };

/** Parses an input specification; the result is a `string` that says what is wrong with it. */
export function parseInputSpec(text: string, noutputs: number): InputSpec | string {
  const words = text.trim().split(/\s+/);
  const kind = words[0] ?? "";
  const output = (word: string | undefined): number | string =>
    word !== undefined && /^\d+$/.test(word) && Number(word) < noutputs
      ? Number(word)
      : `output '${word ?? ""}' is not connected`;
  const both = (at: number, pattern: RewritePattern): InputSpec | string => {
    if (words.length !== at + 2) return `'${text.trim()}' does not end in a forward and a reply output`;
    const forward = output(words[at]);
    const reply = output(words[at + 1]);
    if (typeof forward === "string") return forward;
    if (typeof reply === "string") return reply;
    return { kind: "pattern", pattern, forward, reply };
  };
  switch (kind) {
    case "drop":
    case "discard":
      return { kind: "drop" };
    case "nochange":
    case "pass":
    case "passthrough": {
      const port = output(words[1] ?? "0");
      return typeof port === "string" ? port : { kind: "nochange", output: port };
    }
    case "keep":
      return both(1, { source: undefined, destination: undefined, sourcePorts: undefined, destinationPort: undefined });
    case "pattern": {
      const pattern = parsePattern(words.slice(1, 5));
      return typeof pattern === "string" ? pattern : both(5, pattern);
    }
    default:
      return `'${kind}' is not drop, pass, nochange, keep or pattern`;
  }
}

function parsePattern(words: readonly string[]): RewritePattern | string {
  const [saddr = "", sport = "", daddr = "", dport = ""] = words;
  const address = (word: string): number | undefined | string =>
    word === "-" ? undefined : (parseIpAddress(word) ?? `'${word}' is not an IP address or '-'`);
  const source = address(saddr);
  const destination = address(daddr);
  if (typeof source === "string") return source;
  if (typeof destination === "string") return destination;
  const range = /^(\d{1,5})(?:-(\d{1,5}))?[#?]?$/.exec(sport);
  const first = Number(range?.[1]);
  const last = Number(range?.[2] ?? range?.[1]);
  if (sport !== "-" && !(range && first >= 1 && last <= 65535 && first <= last))
    return `'${sport}' is not a port, a range of ports, or '-'`;
  if (dport !== "-" && !(/^\d{1,5}$/.test(dport) && Number(dport) <= 65535)) return `'${dport}' is not a port or '-'`;
  return {
    source,
    destination,
    sourcePorts: sport === "-" ? undefined : [first, last],
    destinationPort: dport === "-" ? undefined : Number(dport),
  };
}
