/**
 * What tells whose a frame is: its flow, its IP source, the station that sent it, or its VLAN; as words that can be compared.
 *
 * Shape: `keyWords` words. Word 0 has the VIDs of up to two tags, the outer one low; word 1 the IP version, and above it the protocol; word
 * 2 the ports, the source's low, as they stand in the frame; words 3 to 6 and 7 to 10 two addresses, an IPv4 or Ethernet address at the
 * beginning of its four words. What a kind of key does not have is 0. Words and ports have the bytes of the frame, the first one lowest.
 */
import { word16, word32 } from "./frame-bytes.ts";
import {
  findIp,
  findTransport,
  type IpHeader,
  ip4,
  ip6,
  mostTags,
  type Transport,
  tagBytes,
  typeOffset,
  types,
} from "./ip-frame.ts";

/**
 * - `flow`: IP addresses, protocol and ports; fragments count as in `fiveTupleLookup`
 * - `source`: the IP source
 * - `subscriber`: the Ethernet source, behind its tags: a station at the customer's line
 * - `vlan`: the outer tag's VLAN
 *
 * The tags are a part of each but the last: the same address in another VLAN is another's.
 */
export type FrameKeyKind = "flow" | "source" | "subscriber" | "vlan";

export const frameKeyKinds: readonly FrameKeyKind[] = ["flow", "source", "subscriber", "vlan"];
export const keyWords = 11;
const at = { tags: 0, protocol: 1, ports: 2, first: 3, second: 7 } as const;
const vidMask = 0xfff;
const protocolShift = 8;
const portBits = 16;

/** Reads keys of one kind. */
export class FrameKeyReader {
  private readonly kind: FrameKeyKind;
  private readonly isReversed: boolean;
  private readonly header: IpHeader = { version: 0, at: 0 };
  private readonly transport: Transport = { protocol: 0, ports: 0 };

  /** With `reversed`, source and destination change places: the key of what is sent back. */
  constructor(kind: FrameKeyKind, reversed = false) {
    this.kind = kind;
    this.isReversed = reversed;
  }

  /** Reads the key of a frame of 14 bytes at least; whether it has one. Groups and the unspecified address are nobody's. */
  read(bytes: Uint8Array, start: number, length: number, key: Int32Array): boolean {
    key.fill(0);
    key[at.tags] = tagsOf(bytes, start, length);
    if (this.kind === "vlan") {
      const vid = (key[at.tags] as number) & vidMask;
      key[at.tags] = vid;
      return vid !== 0;
    }
    if (this.kind === "subscriber") {
      const address = start + (this.isReversed ? 0 : 6);
      key[at.first] = word32(bytes, address);
      key[at.first + 1] = word16(bytes, address + 4);
      return ((bytes[address] as number) & 1) === 0;
    }
    return this.readIp(bytes, start, length, key);
  }
  private readIp(bytes: Uint8Array, start: number, length: number, key: Int32Array): boolean {
    const { header, transport, isReversed } = this;
    findIp(bytes, start, length, header);
    const { version } = header;
    if (version === 0) return false;
    const layout = version === 4 ? ip4 : ip6;
    const source = start + header.at + (isReversed ? layout.destination : layout.source);
    const words = layout.addressBytes / 4;
    key[at.protocol] = version;
    let any = 0;
    for (let k = 0; k < words; k++) {
      const word = word32(bytes, source + 4 * k);
      key[at.first + k] = word;
      any |= word;
    }
    const first = bytes[source] as number;
    if (any === 0 || (version === 4 ? first >= firstGroup4 : first === firstByteOfGroup6)) return false;
    if (this.kind === "source") return true;
    const destination = start + header.at + (isReversed ? layout.source : layout.destination);
    for (let k = 0; k < words; k++) key[at.second + k] = word32(bytes, destination + 4 * k);
    findTransport(bytes, start, length, header, transport);
    key[at.protocol] = version | (transport.protocol << protocolShift);
    if (transport.ports === 0) return true;
    const from = word16(bytes, start + transport.ports);
    const to = word16(bytes, start + transport.ports + 2);
    key[at.ports] = isReversed ? to | (from << portBits) : from | (to << portBits);
    return true;
  }
}

/** 224.0.0.0/3: groups (RFC 5771), what is reserved (RFC 1112, section 4), and all stations. */
const firstGroup4 = 224;
/** ff00::/8, RFC 4291, section 2.4. */
const firstByteOfGroup6 = 0xff;

/** VIDs of up to two tags (IEEE 802.1Q, types 0x8100 and 0x88a8), the outer one low. */
function tagsOf(bytes: Uint8Array, start: number, length: number): number {
  let tags = 0;
  for (let k = 0; k < mostTags; k++) {
    const type = typeOffset + k * tagBytes;
    if (type + tagBytes + 2 > length) break;
    const word = word16(bytes, start + type);
    if (word !== types.vlan && word !== types.serviceVlan) break;
    const vid = (((bytes[start + type + 2] as number) << 8) | (bytes[start + type + 3] as number)) & vidMask;
    tags |= vid << (k * portBits);
  }
  return tags;
}

/** What a key says, as numbers and bytes. */
export interface FrameKey {
  readonly kind: FrameKeyKind;
  /** VIDs of the outer and the inner tag; 0 without one. */
  readonly vlan: number;
  readonly innerVlan: number;
  /** The Ethernet source of a subscriber. */
  readonly mac?: Uint8Array;
  /** IP addresses: 4 or 16 bytes. */
  readonly source?: Uint8Array;
  readonly destination?: Uint8Array;
  readonly protocol?: number;
  /** 0 where there are none. */
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** What the words of a key say. */
export function frameKeyOf(kind: FrameKeyKind, key: Int32Array): FrameKey {
  const tags = key[at.tags] as number;
  const bytesAt = (word: number, count: number): Uint8Array =>
    Uint8Array.from({ length: count }, (_, i) => ((key[word + (i >> 2)] as number) >>> ((i & 3) * 8)) & 255);
  const vlans = { kind, vlan: tags & vidMask, innerVlan: (tags >>> portBits) & vidMask };
  if (kind === "vlan") return vlans;
  if (kind === "subscriber") return { ...vlans, mac: bytesAt(at.first, 6) };
  const protocol = key[at.protocol] as number;
  const length = (protocol & 255) === 4 ? ip4.addressBytes : ip6.addressBytes;
  const source = bytesAt(at.first, length);
  if (kind === "source") return { ...vlans, source };
  const ports = key[at.ports] as number;
  const swapped = (port: number): number => ((port & 255) << 8) | (port >>> 8);
  return {
    ...vlans,
    source,
    destination: bytesAt(at.second, length),
    protocol: protocol >>> protocolShift,
    sourcePort: swapped(ports & 0xffff),
    destinationPort: swapped(ports >>> portBits),
  };
}
