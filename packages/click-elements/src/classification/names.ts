/** What a word may mean in a pattern: protocols, ports, TCP flags and ICMP types by name. */
import { portNamed, type Scope } from "@clickos/click-core/element";
import { tcpFlags as flagFields, icmpTypes, ipProtocols } from "@clickos/wire/names";
import { PatternError } from "./patterns.ts";

/** The bits of TCP's flags, in the byte that has them. */
export const tcpFlags: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(flagFields).map(([name, { mask, shift }]) => [name, mask << shift]),
);

/** TCP and UDP together: no number of a protocol. */
export const tcpOrUdp = 256;

const own = (table: Readonly<Record<string, number>>, word: string): number | undefined =>
  Object.hasOwn(table, word) ? table[word] : undefined;

/** The number of a protocol; `tcpudp` is both. */
export function protocolNamed(word: string): number | undefined {
  return word === "tcpudp" ? tcpOrUdp : own(ipProtocols, word);
}

export type NamedType = "proto" | "port" | "tcp opt" | "icmp type";

/** What a name stands for in a place where type and protocol are known, or not yet. */
export interface Meaning {
  readonly type: NamedType;
  readonly value: number;
}

/**
 * The one meaning of a word; `undefined` when it is no name at all.
 *
 * @throws {PatternError} where it has several, or only such as do not fit.
 */
export function meaningOf(
  word: string,
  type: string | undefined,
  protocol: number | undefined,
  scope: Scope,
): Meaning | undefined {
  const { icmp, tcp, udp } = ipProtocols;
  const ofProtocol = (...protocols: number[]): boolean => protocol === undefined || protocols.includes(protocol);
  const all: readonly [type: NamedType, value: number | undefined, fits: boolean, say: string][] = [
    ["proto", protocolNamed(word), true, `proto ${word}`],
    ["port", portNamed(word, "tcp", scope), ofProtocol(tcp, tcpOrUdp), `tcp port ${word}`],
    ["port", portNamed(word, "udp", scope), ofProtocol(udp, tcpOrUdp), `udp port ${word}`],
    ["tcp opt", own(tcpFlags, word), ofProtocol(tcp, tcpOrUdp), `tcp opt ${word}`],
    ["icmp type", own(icmpTypes, word), ofProtocol(icmp), `icmp type ${word}`],
  ];
  const known = all.filter(([, value]) => value !== undefined);
  const fitting = known.filter(([itsType, , fits]) => fits && (type === undefined || type === itsType));
  const [first] = fitting;
  if (first && fitting.every(([itsType, value]) => itsType === first[0] && value === first[1]))
    return { type: first[0], value: first[1] as number };
  if (known.length === 0) return undefined;
  const ways = known.map(([, , , say]) => `'${say}'`).join(" or ");
  throw new PatternError(
    fitting.length > 0 ? `'${word}' can be ${ways}; say which` : `'${word}' means nothing here, but ${ways} does`,
  );
}
