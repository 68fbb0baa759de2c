/** What names mean where an element stands. */
import type { IpAddress, IpAddressWithPrefix } from "./addresses.ts";
import type { NameTables } from "./machine-names.ts";

/** Protocols whose ports have names. */
export type PortProtocol = "tcp" | "udp" | "sctp" | "dccp";

/** What can have a name, and what the name then stands for. */
export interface NameValues {
  readonly ip: IpAddress;
  readonly prefix: IpAddressWithPrefix;
  readonly ether: Uint8Array;
  readonly "tcp port": number;
  readonly "udp port": number;
  readonly "sctp port": number;
  readonly "dccp port": number;
  /** Bytes of a packet's annotations; `size` is 0 where as many are meant as whoever uses them needs. */
  readonly annotation: { readonly offset: number; readonly size: number };
  /** What flows are rewritten to; only those who define it and those who use it know its form. */
  readonly "rewriter pattern": unknown;
}
export type NameKind = keyof NameValues;

/** An element that an argument names. */
export interface NamedElement {
  /** Its place in the graph. */
  readonly index: number;
  /** Its full name. */
  readonly name: string;
  readonly className: string;
  /** How many of its inputs and outputs are connected. */
  readonly ninputs: number;
  readonly noutputs: number;
  /** Whether its class offers other elements an interface of that name. */
  offers(to: { readonly name: string }): boolean;
}

/** What an element's arguments may ask: names of its compound, then of those around it; its ports. */
export interface Scope {
  readonly ninputs: number;
  readonly noutputs: number;
  lookup<K extends NameKind>(kind: K, name: string): NameValues[K] | undefined;
  /** Names of protocols, ports and devices that no configuration defines; the standard ones when absent. */
  readonly tables?: NameTables;
  /** Names of a kind that have a meaning here. */
  names(kind: NameKind): Iterable<string>;
  element(name: string): NamedElement | undefined;
  /** Names that elements have here. */
  elementNames(): Iterable<string>;
}

/** Where nothing has a name, and nothing is connected. */
export const emptyScope: Scope = {
  ninputs: 0,
  noutputs: 0,
  lookup: () => undefined,
  names: () => [],
  element: () => undefined,
  elementNames: () => [],
};
