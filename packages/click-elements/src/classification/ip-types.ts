/**
 * Types of what IP patterns speak of, numbered as Click numbers them: kinds of data, and fields of headers, which are a number
 * each that says the protocol, the first bit and how many there are.
 */
import { ipProtocols, protocolGroups } from "@clickos/wire/names";

export const dataTypes = {
  none: 0,
  integer: 3,
  host: 10,
  proto: 11,
  frag: 12,
  port: 13,
  tcpOpt: 14,
  ether: 15,
  net: 30,
  unfrag: 31,
  ect: 32,
  ce: 33,
} as const;

/** No protocol. */
export const unknown = -1000;

const isField = 0x40000000;

/** The bits of a header from `first` on; a protocol of 0 is the IP header. */
export function headerField(protocol: number, first: number, bits: number): number {
  return isField | (protocol << 21) | (first << 5) | (bits - 1);
}

/** `undefined` where the type is none of a field. */
export function fieldBits(type: number): { protocol: number; first: number; bits: number } | undefined {
  if ((type & isField) === 0) return undefined;
  return { protocol: (type >>> 21) & 0x1ff, first: (type >>> 5) & 0xffff, bits: (type & 0x1f) + 1 };
}

export const fieldOf: Readonly<
  Record<"len" | "id" | "vers" | "hl" | "tos" | "dscp" | "ttl" | "tcpWin" | "icmpType", number>
> = {
  len: headerField(0, 16, 16),
  id: headerField(0, 32, 16),
  vers: headerField(0, 0, 4),
  hl: headerField(0, 4, 4),
  tos: headerField(0, 8, 8),
  dscp: headerField(0, 8, 6),
  ttl: headerField(0, 64, 8),
  tcpWin: headerField(ipProtocols.tcp, 112, 16),
  icmpType: headerField(ipProtocols.icmp, 0, 8),
};

/** The words that say a type. */
export const typeWords: Readonly<Record<string, number>> = {
  ce: dataTypes.ce,
  dscp: fieldOf.dscp,
  ect: dataTypes.ect,
  frag: dataTypes.frag,
  hl: fieldOf.hl,
  host: dataTypes.host,
  id: fieldOf.id,
  len: fieldOf.len,
  net: dataTypes.net,
  opt: dataTypes.tcpOpt,
  port: dataTypes.port,
  proto: dataTypes.proto,
  tos: fieldOf.tos,
  ttl: fieldOf.ttl,
  type: fieldOf.icmpType,
  unfrag: dataTypes.unfrag,
  vers: fieldOf.vers,
  win: fieldOf.tcpWin,
};

/** Words that have a meaning of their own, before names. */
export const syntaxWords: ReadonlySet<string> = new Set(["dest", "dst", "ether", "ip", "not", "src"]);

export const directions = { src: 1, dst: 2, both: 3, either: 4 } as const;

const directionText = ["", "src ", "dst ", "src and dst ", "src or dst "];

const typeText: ReadonlyMap<number, string> = new Map([
  [dataTypes.none, "<none>"],
  [dataTypes.host, "ip host"],
  [dataTypes.proto, "proto"],
  [dataTypes.ether, "ether host"],
  [dataTypes.frag, "ip frag"],
  [dataTypes.port, "port"],
  [dataTypes.tcpOpt, "tcp opt"],
  [dataTypes.net, "ip net"],
  [dataTypes.unfrag, "ip unfrag"],
  [dataTypes.ect, "ip ect"],
  [dataTypes.ce, "ip ce"],
  [fieldOf.len, "ip len"],
  [fieldOf.id, "ip id"],
  [fieldOf.vers, "ip vers"],
  [fieldOf.hl, "ip hl"],
  [fieldOf.tos, "ip tos"],
  [fieldOf.dscp, "ip dscp"],
  [fieldOf.ttl, "ip ttl"],
  [fieldOf.tcpWin, "tcp win"],
  [fieldOf.icmpType, "icmp type"],
]);

/** A type, with its direction, as messages name it. */
export function formatType(direction: number, type: number): string {
  const before = directionText[direction] ?? "";
  const known = typeText.get(type);
  if (known !== undefined) return before + known;
  const field = fieldBits(type);
  if (!field) return `${before}<unknown type ${type}>`;
  return `${before}${field.protocol === 0 ? "ip" : formatProtocol(field.protocol)}[...]`;
}

const numbers = { ...ipProtocols, ...protocolGroups };

const protocolText: ReadonlyMap<number, string> = new Map(
  (["icmp", "igmp", "ipip", "tcp", "udp", "tcpudp", "transp"] as const).map((name) => [numbers[name], name]),
);

export function formatProtocol(protocol: number): string {
  return protocol === unknown ? "" : (protocolText.get(protocol) ?? `ip proto ${protocol}`);
}
