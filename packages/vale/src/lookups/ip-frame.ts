/**
 * Where the IP header of a frame is, and the five numbers of its flow: addresses, protocol, ports. Staged code for the same is in
 * `staged/ip-frame.ts`, and the tests hold both against each other.
 *
 * Tags of VLANs are skipped, two at most (0x8100 and 0x88a8, IEEE 802.1Q). A frame has an IP header where its type says so, the version
 * fits, and the whole header is in the frame: 40 bytes of IPv6 (RFC 8200), or those that the header length of IPv4 says, 20 at least
 * (RFC 791). All other frames have none. Checksums and total lengths are not looked at.
 */

/** Types as a load of two bytes gives them, the first byte lowest. */
export const types = { vlan: 0x0081, serviceVlan: 0xa888, ip4: 0x0008, ip6: 0xdd86 } as const;
export const typeOffset = 12;
export const tagBytes = 4;
export const mostTags = 2;

export const ip4 = { least: 20, fragment: 6, protocol: 9, source: 12, destination: 16, addressBytes: 4 } as const;
/** More fragments (bit 13) and the offset (bits 0 to 12), as a load of two bytes gives them. */
export const fragmentMask = 0xff3f;
export const ip6 = { bytes: 40, next: 6, source: 8, destination: 24, addressBytes: 16 } as const;

/** Protocols whose headers begin with two ports: TCP, UDP, DCCP, SCTP, UDP-Lite. */
export const withPorts: readonly number[] = [6, 17, 33, 132, 136];
/** Headers of IPv6 that another follows, each as long as its second byte says: hop-by-hop options, routing, destination options. */
export const extensions: readonly number[] = [0, 43, 60];
export const fragmentHeader = 44;
/** So many are looked through; what follows has no ports. */
export const mostExtensions = 8;

/** What a frame carries. */
export interface IpHeader {
  /** 4, 6, or 0 for none. */
  version: 0 | 4 | 6;
  /** Where it begins, in bytes from the beginning of the frame. */
  at: number;
}

/** Finds the IP header of a frame of `length` bytes, 14 at least, that begins at `start`. */
export function findIp(bytes: Uint8Array, start: number, length: number, out: IpHeader): void {
  const type = (at: number): number => (bytes[start + at] as number) | ((bytes[start + at + 1] as number) << 8);
  let at = typeOffset;
  for (let tags = 0; tags < mostTags && (type(at) === types.vlan || type(at) === types.serviceVlan); tags++) {
    if (at + tagBytes + 2 > length) break;
    at += tagBytes;
  }
  const etherType = type(at);
  at += 2;
  const first = at < length ? (bytes[start + at] as number) : 0;
  out.at = at;
  out.version = 0;
  if (etherType === types.ip4) {
    const header = (first & 15) * 4;
    if (first >> 4 === 4 && header >= ip4.least && at + header <= length) out.version = 4;
  } else if (etherType === types.ip6 && first >> 4 === 6 && at + ip6.bytes <= length) out.version = 6;
}

/** What a packet's transport header is, and where. */
export interface Transport {
  protocol: number;
  /** In bytes from the beginning of the frame; 0 where there are no ports, or none in the frame. */
  ports: number;
}

/**
 * Finds the ports of an IP packet. A fragment has none, the first one of a datagram neither, so that all go one way; a fragment of IPv6
 * counts as of protocol 44, which its fragments have in common.
 */
export function findTransport(
  bytes: Uint8Array,
  start: number,
  length: number,
  header: IpHeader,
  out: Transport,
): void {
  const byte = (at: number): number => bytes[start + at] as number;
  let { at } = header;
  out.ports = 0;
  if (header.version === 4) {
    out.protocol = byte(at + ip4.protocol);
    const isFragment = ((byte(at + ip4.fragment) | (byte(at + ip4.fragment + 1) << 8)) & fragmentMask) !== 0;
    if (isFragment) return;
    at += (byte(at) & 15) * 4;
  } else {
    out.protocol = byte(at + ip6.next);
    at += ip6.bytes;
    for (let k = 0; k < mostExtensions && extensions.includes(out.protocol) && at + 8 <= length; k++) {
      out.protocol = byte(at);
      at += (byte(at + 1) + 1) * 8;
    }
  }
  if (withPorts.includes(out.protocol) && at + 4 <= length) out.ports = at;
}
