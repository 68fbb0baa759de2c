/**
 * Link types of captures: their names, and where in a packet of one the IP header is. LINKTYPE_ values of
 * https://www.tcpdump.org/linktypes.html; the names are those of Click's `encap` handlers and arguments.
 */
import { parseInteger } from "@clickos/click-core/element";
import { etherTypes } from "@clickos/wire/ethernet";

export const linkTypes = {
  null: 0,
  ethernet: 1,
  ppp: 9,
  fddi: 10,
  hostRaw: 12,
  pppHdlc: 50,
  rfc1483: 100,
  raw: 101,
  cHdlc: 104,
  ieee80211: 105,
  linuxSll: 113,
  prism: 119,
  aironet: 120,
  sunAtm: 123,
  ieee80211Radio: 127,
} as const;

/** The first name of a type is the one that is shown. */
const names: readonly (readonly [name: string, type: number])[] = [
  ["NULL", linkTypes.null],
  ["IP", linkTypes.raw],
  ["ETHER", linkTypes.ethernet],
  ["FDDI", linkTypes.fddi],
  ["ATM", linkTypes.rfc1483],
  ["RFC1483", linkTypes.rfc1483],
  ["ATM_RFC1483", linkTypes.rfc1483],
  ["802_11", linkTypes.ieee80211],
  ["802.11", linkTypes.ieee80211],
  ["802_11_RADIO", linkTypes.ieee80211Radio],
  ["802.11_RADIO", linkTypes.ieee80211Radio],
  ["SLL", linkTypes.linuxSll],
  ["AIRONET", linkTypes.aironet],
  ["HDLC", linkTypes.cHdlc],
  ["PPP_HDLC", linkTypes.pppHdlc],
  ["PPP", linkTypes.ppp],
  ["SUNATM", linkTypes.sunAtm],
  ["PRISM", linkTypes.prism],
];

/** A link type by its name, or `#` and a number. */
export function parseLinkType(text: string): number | undefined {
  const named = names.find(([name]) => name === text)?.[1];
  if (named !== undefined || !text.startsWith("#")) return named;
  const number = Number(parseInteger(text.slice(1)) ?? Number.NaN);
  return number >= 0 && number < 0x7fffffff ? number : undefined;
}

export function linkTypeName(type: number): string {
  if (type < 0) return "<none>";
  return names.find(([, known]) => known === type)?.[0] ?? `#${type}`;
}

/** Raw IP has two numbers: some systems write the one that is their own. */
export function canonicalLinkType(type: number): number {
  return type === linkTypes.hostRaw ? linkTypes.raw : type;
}

type IpFinder = (data: DataView, at: number) => number | undefined;

const fits = (data: DataView, at: number, bytes: number): boolean => at >= 0 && at + bytes <= data.byteLength;
const isIp = (etherType: number): boolean => etherType === etherTypes.ip || etherType === etherTypes.ip6;

/** A header whose last two bytes are the type of what follows. */
const typed =
  (bytes: number): IpFinder =>
  (data, at) =>
    fits(data, at, bytes) && isIp(data.getUint16(at + bytes - 2)) ? at + bytes : undefined;

const ethernet: IpFinder = (data, at) => {
  const plain = typed(14)(data, at);
  if (plain !== undefined || !fits(data, at, 18) || data.getUint16(at + 12) !== etherTypes.vlan) return plain;
  return typed(18)(data, at);
};

const fddi: IpFinder = (data, at) =>
  // Frame control, two addresses, and LLC with SNAP: only asynchronous LLC frames hold packets.
  fits(data, at, 21) && (data.getUint8(at) & 0xf0) === 0x50 ? llc(data, at + 13) : undefined;

/** LLC with or without SNAP (RFC 1042, RFC 1483), and frames of other kinds bridged in it (RFC 2684). */
const llc: IpFinder = (data, at) => {
  if (!fits(data, at, 4)) return undefined;
  const sap = data.getUint16(at);
  const snap = fits(data, at, 8);
  const organisation = snap ? (data.getUint16(at + 3) << 8) | data.getUint8(at + 5) : -1;
  const type = snap ? data.getUint16(at + 6) : 0;
  if (snap && sap === 0xaaaa && data.getUint8(at + 2) === 3 && organisation === 0 && isIp(type)) return at + 8;
  if (sap === 0x0606) return at + 4;
  if (!snap || sap !== 0xaaaa) return undefined;
  // Ethernet's type in SNAP, or Cisco's bridging: as if two addresses were before it.
  if (organisation === 0x000000 || organisation === 0x0000f8) return ethernetType(data, at + 6);
  if (organisation !== 0x0080c2) return undefined;
  if (type === 1 || type === 7) return ethernet(data, at + 8);
  return type === 4 || type === 10 ? fddi(data, at + 9) : undefined;
};

const ethernetType: IpFinder = (data, at) => {
  if (isIp(data.getUint16(at))) return at + 2;
  return data.getUint16(at) === etherTypes.vlan && fits(data, at, 6) && isIp(data.getUint16(at + 4))
    ? at + 6
    : undefined;
};

const ieee80211: IpFinder = (data, at) => {
  // Only data frames hold packets; between two access points they have a fourth address.
  if (!fits(data, at, 24) || (data.getUint8(at) & 0x0c) !== 0x08) return undefined;
  return llc(data, at + ((data.getUint8(at + 1) & 3) === 3 ? 30 : 24));
};

const isPppIp = (protocol: number): boolean => protocol === 0x21 || protocol === 0x57;

const finders: Readonly<Record<number, IpFinder>> = {
  [linkTypes.raw]: (_data, at) => at,
  [linkTypes.hostRaw]: (_data, at) => at,
  [linkTypes.ethernet]: ethernet,
  [linkTypes.fddi]: fddi,
  [linkTypes.rfc1483]: llc,
  [linkTypes.sunAtm]: (data, at) => llc(data, at + 4),
  [linkTypes.linuxSll]: typed(16),
  [linkTypes.cHdlc]: typed(4),
  [linkTypes.ieee80211]: ieee80211,
  [linkTypes.prism]: (data, at) => ieee80211(data, at + 144),
  [linkTypes.ieee80211Radio](data, at) {
    const length = fits(data, at, 4) ? data.getUint16(at + 2, true) : 0;
    return length >= 8 ? ieee80211(data, at + length) : undefined;
  },
  [linkTypes.pppHdlc](data, at) {
    if (!fits(data, at, 4)) return undefined;
    const address = data.getUint8(at);
    if (address === 0xff) return data.getUint8(at + 2) === 0 && isPppIp(data.getUint8(at + 3)) ? at + 4 : undefined;
    return address === 0x0f || address === 0x8f ? typed(4)(data, at) : undefined;
  },
  [linkTypes.ppp](data, at) {
    const protocol = fits(data, at, 2) && data.getUint16(at) === 0xff03 ? at + 2 : at;
    if (!fits(data, protocol, 2)) return undefined;
    const first = data.getUint8(protocol);
    // The protocol's first byte may be left out.
    if (isPppIp(first)) return protocol + 1;
    return first === 0 && isPppIp(data.getUint8(protocol + 1)) ? protocol + 2 : undefined;
  },
  [linkTypes.null](data, at) {
    if (!fits(data, at, 4)) return undefined;
    // AF_INET and AF_INET6 of various systems, in either byte order.
    const family = data.getUint16(at, true) || data.getUint16(at + 2);
    return [2, 24, 28, 30].includes(family) ? at + 4 : undefined;
  },
};

/** Whether IP packets are found in packets of that type. */
export function holdsIp(linkType: number): boolean {
  return finders[linkType] !== undefined;
}

/** An IP header in a packet: where it is, and where what follows it is. */
export interface FoundIp {
  readonly network: number;
  readonly transport: number;
  /** The destination, of version 4. */
  readonly destination: number | undefined;
}

/** Finds the IP header, which is whole, in a packet of a link type. */
export function findIp(bytes: Uint8Array, linkType: number): FoundIp | undefined {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const network = finders[linkType]?.(data, 0);
  if (network === undefined || !fits(data, network, 1)) return undefined;
  const first = data.getUint8(network);
  if (first >>> 4 === 6)
    return fits(data, network, 40) ? { network, transport: network + 40, destination: undefined } : undefined;
  const length = (first & 15) * 4;
  if (first >>> 4 !== 4 || length < 20 || !fits(data, network, length)) return undefined;
  return { network, transport: network + length, destination: data.getUint32(network + 16) };
}
