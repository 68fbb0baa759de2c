/**
 * What the headers of a segment have for themselves, section 7.2.4.6: lengths, the identification of IPv4, the sequence number and
 * flags of TCP.
 */
import { ipv4, ipv6, read16, read32, tcp, udp, write16, write32 } from "./headers.ts";
import * as R from "./registers.ts";
import type { TransmitContext } from "./transmit-ring.ts";

/**
 * Corrects the headers of segment `n`, counted from 0, whose link header, but for a tag, begins `at`; they were copied from the
 * packet. `sent` bytes of payload are in segments before it, and `part` are its own; `flags` of TCP it keeps.
 */
export function finishSegment(
  bytes: Uint8Array,
  at: number,
  context: TransmitContext,
  n: number,
  sent: number,
  part: number,
  flags: number,
): void {
  const ipAt = at + context.macBytes;
  const l4At = ipAt + context.ipBytes;
  const l4Length = context.l4Bytes + part;
  if ((context.kinds & R.TX_TUCMD_IPV4) !== 0) {
    if (context.ipBytes < ipv4.bytes) return;
    write16(bytes, ipAt + ipv4.totalLength, context.ipBytes + l4Length);
    write16(bytes, ipAt + ipv4.identification, (read16(bytes, ipAt + ipv4.identification) + n) & 0xffff);
  } else {
    if (context.ipBytes < ipv6.bytes) return;
    write16(bytes, ipAt + ipv6.payloadLength, context.ipBytes - ipv6.bytes + l4Length);
  }
  if ((context.kinds & R.TX_TUCMD_L4T) === R.TX_TUCMD_TCP) {
    if (context.l4Bytes < tcp.bytes) return;
    write32(bytes, l4At + tcp.sequence, (read32(bytes, l4At + tcp.sequence) + sent) >>> 0);
    // The upper four bits are the header's length.
    const word = read16(bytes, l4At + tcp.flags);
    write16(bytes, l4At + tcp.flags, (word & 0xf000) | (word & flags & 0xfff));
  } else if (context.l4Bytes >= udp.bytes) write16(bytes, l4At + udp.length, l4Length);
}
