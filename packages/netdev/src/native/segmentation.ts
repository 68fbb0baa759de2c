/**
 * Completes what the kernel left to a network card: checksums, and frames of up to 64 KiB that are to be cut to segments
 * (struct virtio_net_hdr: VIRTIO 1.2, 5.1.6; Documentation/networking/segmentation-offloads.rst).
 */
import { folded, get16, put16, wordSum } from "./internet-checksum.ts";

/** Where the headers of a frame begin; what it is. */
export interface Headers {
  readonly ip: number;
  readonly version: 4 | 6;
  readonly transport: number;
  /** IPPROTO_TCP or IPPROTO_UDP. */
  readonly protocol: 6 | 17;
  /** Where the payload begins. */
  readonly payload: number;
}

const tcp = 6;
const udp = 17;
const ethernetSize = 14;
const tagSize = 4;
const tags: ReadonlySet<number> = new Set([0x8100, 0x88a8]);
const ipv4 = { type: 0x0800, size: 20, length: 2, id: 4, protocol: 9, checksum: 10, addresses: 12, addressesEnd: 20 };
const ipv6 = { type: 0x86dd, size: 40, length: 4, next: 6, addresses: 8, addressesEnd: 40 };
const tcpAt = { size: 20, sequence: 4, dataOffset: 12, flags: 13, checksum: 16 };
const udpAt = { size: 8, length: 4, checksum: 6 };
const flags = { fin: 1, psh: 8, cwr: 0x80 };

/** Finds the headers of TCP or UDP over IP; `undefined` where they are anything else, or not whole. */
export function findHeaders(frame: Uint8Array, length: number): Headers | undefined {
  let ip = ethernetSize;
  while (ip + tagSize <= length && tags.has(get16(frame, ip - 2))) ip += tagSize;
  const type = get16(frame, ip - 2);
  let transport: number;
  let protocol: number;
  if (type === ipv4.type && ip + ipv4.size <= length) {
    const words = (frame[ip] as number) & 15;
    if (words < 5) return undefined;
    transport = ip + words * 4;
    protocol = frame[ip + ipv4.protocol] as number;
  } else if (type === ipv6.type && ip + ipv6.size <= length) {
    transport = ip + ipv6.size;
    protocol = frame[ip + ipv6.next] as number;
  } else return undefined;
  const version = type === ipv4.type ? 4 : 6;
  if (protocol === tcp && transport + tcpAt.size <= length) {
    const words = (frame[transport + tcpAt.dataOffset] as number) >> 4;
    const payload = transport + words * 4;
    return words >= 5 && payload <= length ? { ip, version, transport, protocol, payload } : undefined;
  }
  if (protocol === udp && transport + udpAt.size <= length)
    return { ip, version, transport, protocol, payload: transport + udpAt.size };
  return undefined;
}

/**
 * Completes a checksum: the sum from `start` to the end, where the field has the pseudo header's sum already. @returns whether
 * the places are in the frame.
 */
export function completeChecksum(frame: Uint8Array, length: number, start: number, offset: number): boolean {
  if (start + offset + 2 > length) return false;
  // Zero is sent as all ones: it is the same sum, and means "none" to UDP.
  put16(frame, start + offset, folded(wordSum(frame, start, length)) || 0xffff);
  return true;
}

/** Writes the checksum of TCP or UDP, over the pseudo header too. */
function transportChecksum(frame: Uint8Array, length: number, headers: Headers): void {
  const { ip, transport, protocol, version } = headers;
  const at = transport + (protocol === tcp ? tcpAt.checksum : udpAt.checksum);
  put16(frame, at, 0);
  const { addresses, addressesEnd } = version === 4 ? ipv4 : ipv6;
  const pseudo = wordSum(frame, ip + addresses, ip + addressesEnd) + protocol + (length - transport);
  put16(frame, at, folded(pseudo + wordSum(frame, transport, length)) || 0xffff);
}

/** How many segments of `size` bytes of payload a frame is cut to. */
export function segmentCount(length: number, { payload }: Headers, size: number): number {
  return Math.max(1, Math.ceil((length - payload) / size));
}

/**
 * Writes segment `index` of a frame to another memory: TCP's sequence numbers and flags, IPv4's identification, lengths and
 * checksums are its own. @returns its length.
 */
export function writeSegment(
  frame: Uint8Array,
  length: number,
  headers: Headers,
  size: number,
  index: number,
  to: Uint8Array,
): number {
  const { ip, version, transport, protocol, payload } = headers;
  const begin = payload + index * size;
  const end = Math.min(length, begin + size);
  const total = payload + end - begin;
  to.set(frame.subarray(0, payload));
  to.set(frame.subarray(begin, end), payload);
  if (version === 4) {
    put16(to, ip + ipv4.length, total - ip);
    put16(to, ip + ipv4.id, get16(frame, ip + ipv4.id) + index);
    put16(to, ip + ipv4.checksum, 0);
    put16(to, ip + ipv4.checksum, folded(wordSum(to, ip, transport)));
  } else put16(to, ip + ipv6.length, total - ip - ipv6.size);
  if (protocol === tcp) {
    const at = transport + tcpAt.sequence;
    const sequence = ((get16(frame, at) * 0x10000 + get16(frame, at + 2) + index * size) & -1) >>> 0;
    put16(to, at, sequence >>> 16);
    put16(to, at + 2, sequence & 0xffff);
    let own = to[transport + tcpAt.flags] as number;
    if (end < length) own &= ~(flags.fin | flags.psh);
    if (index > 0) own &= ~flags.cwr;
    to[transport + tcpAt.flags] = own;
  } else put16(to, transport + udpAt.length, total - transport);
  transportChecksum(to, total, headers);
  return total;
}
