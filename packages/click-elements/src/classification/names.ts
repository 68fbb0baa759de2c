/** What a word may mean in an IP pattern: protocols, ports, TCP flags and ICMP types by name. */
import { portNamed, protocolNamed, type Scope } from "@clickos/click-core/element";
import { icmpTypes, ipProtocols, protocolGroups, tcpFlags } from "@clickos/wire/names";
import { dataTypes, fieldOf, formatProtocol, formatType, typeWords, unknown } from "./ip-types.ts";
import type { Report } from "./patterns.ts";

const own = (table: Readonly<Record<string, number>>, word: string): number | undefined =>
  Object.hasOwn(table, word) ? table[word] : undefined;

const { fin, syn, rst, psh, ack, urg } = tcpFlags;
const flags: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries({ fin, syn, rst, psh, ack, urg }).map(([name, { mask, shift }]) => [name, mask << shift]),
);

/** What a word means: a type of data and its value. */
export interface Meaning {
  readonly type: number;
  readonly value: number;
}

/** The type that a word stands for, such as `port`; `undefined` where it stands for none. */
export function typeNamed(word: string): number | undefined {
  return own(typeWords, word);
}

/**
 * What a name means where type and protocol are known, or not yet (0 and `unknown`). `undefined` where it is no name; `"refused"`
 * where it has several meanings there, or none, which is reported.
 */
export function meaningOf(
  word: string,
  type: number,
  protocol: number,
  scope: Scope,
  report?: Pick<Report, "error">,
): Meaning | "refused" | undefined {
  const { icmp, tcp, udp } = ipProtocols;
  const { tcpudp } = protocolGroups;
  const of = (...protocols: number[]): boolean => protocol === unknown || protocols.includes(protocol);
  const { proto, port, tcpOpt } = dataTypes;
  const all: readonly (readonly [type: number, value: number | undefined, fits: boolean])[] = [
    [proto, protocolNamed(word, scope), true],
    [port, portNamed(word, "tcp", scope), of(tcp, tcpudp)],
    [port, portNamed(word, "udp", scope), of(udp, tcpudp)],
    [tcpOpt, own(flags, word), of(tcp, tcpudp)],
    [fieldOf.icmpType, own(icmpTypes, word), of(icmp)],
  ];
  const known = all.filter(([, value]) => value !== undefined);
  if (known.length === 0) return undefined;
  const fits = known.filter(([itsType, , fits]) => fits && (type === 0 || type === itsType));
  // What is the same port of TCP and of UDP is one meaning.
  const [first, ...others] = fits.filter(
    ([itsType, value], i) => i === 0 || itsType !== port || fits[i - 1]?.[0] !== port || fits[i - 1]?.[1] !== value,
  );
  if (first && others.length === 0) return { type: first[0], value: first[1] as number };
  const ways = known.map(([itsType]) => `'${described(itsType, protocol, word)}'`).join(", ");
  report?.error(`'${described(type, protocol, word)}' is ${first ? "ambiguous" : "meaningless"}; try ${ways}`);
  return "refused";
}

function described(type: number, protocol: number, word: string): string {
  const its = formatType(0, type);
  const transport = formatProtocol(protocol);
  const blank = transport || (word && its) ? " " : "";
  return `${its ? `${its} ` : ""}${transport}${blank}${word}`;
}
