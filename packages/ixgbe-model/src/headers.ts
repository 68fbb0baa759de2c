/**
 * What the NIC knows of packet headers: numbers and where fields stand, from the start of their header. It reads them in frames
 * under way, without views or allocation.
 */

/** IEEE 802.3 clause 3.1.1. */
export const etherTypeAt = 12;
export const etherHeaderBytes = 14;
/** IEEE 802.1Q clause 9.6: a tag is its EtherType and its control information, whose bit 12 is DEI (the datasheet's CFI). */
export const vlanTagBytes = 4;
export const tagCfi = 0x1000;
export const tagId = 0xfff;
export const etherTypeIpv4 = 0x0800;
export const etherTypeIpv6 = 0x86dd;

/** RFC 791 section 3.1. */
export const ipv4 = {
  bytes: 20,
  totalLength: 2,
  identification: 4,
  fragment: 6,
  protocol: 9,
  checksum: 10,
  source: 12,
  moreFragments: 0x2000,
  fragmentOffset: 0x1fff,
} as const;
/** RFC 8200 section 3. */
export const ipv6 = { bytes: 40, payloadLength: 4, nextHeader: 6, source: 8 } as const;
/** Extension headers that say how long they are, and the fragment header: RFC 8200 section 4. */
export const extension = { hopByHop: 0, routing: 43, fragment: 44, destination: 60 } as const;
export const protocol = { tcp: 6, udp: 17, sctp: 132 } as const;
/** RFC 9293 section 3.1. */
export const tcp = { bytes: 20, sequence: 4, flags: 12, checksum: 16 } as const;
/** RFC 768. */
export const udp = { bytes: 8, length: 4, checksum: 6 } as const;

/** A word of 16 bits in network order. */
export function read16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
export function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}
export function read32(bytes: Uint8Array, at: number): number {
  return ((read16(bytes, at) << 16) | read16(bytes, at + 2)) >>> 0;
}
export function write32(bytes: Uint8Array, at: number, value: number): void {
  write16(bytes, at, value >>> 16);
  write16(bytes, at + 2, value & 0xffff);
}

/** The one's complement sum of bytes (RFC 1071), added to another and folded to 16 bits; an odd last byte is a high half. */
export function onesSum(bytes: Uint8Array, at: number, length: number, start = 0): number {
  let sum = start;
  const even = at + (length & ~1);
  let i = at;
  for (; i < even; i += 2) sum += ((bytes[i] as number) << 8) | (bytes[i + 1] as number);
  if (length & 1) sum += (bytes[i] as number) << 8;
  return fold(sum);
}
/** A sum of less than 2^31, folded. */
export function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}
