/**
 * Transmit checksum offload, section 7.2.5: the NIC sums and writes; software has put the sum of the pseudo-header where TCP's or
 * UDP's checksum goes. What would be outside of the frame is left as it is.
 */
import { ipv4, onesSum, tcp, udp, write16 } from "./headers.ts";
import * as R from "./registers.ts";
import type { TransmitContext } from "./transmit-ring.ts";

/** The checksum that SCTP has, CRC32c, is not modelled. */
const checksumAt = (kinds: number): number =>
  (kinds & R.TX_TUCMD_L4T) === R.TX_TUCMD_TCP ? tcp.checksum : (kinds & R.TX_TUCMD_L4T) === 0 ? udp.checksum : -1;

/**
 * Writes the checksums that are ordered into a frame of `length` bytes; `moved` is what a tag has moved its headers by. `l4Length`
 * is added to the sum of the pseudo-header, which of a packet that is cut to segments has no length.
 */
export function insertChecksums(
  bytes: Uint8Array,
  at: number,
  length: number,
  context: TransmitContext,
  moved: number,
  orders: { readonly ipChecksum: boolean; readonly l4Checksum: boolean },
  l4Length = 0,
): void {
  const ipAt = context.macBytes + moved;
  const l4At = ipAt + context.ipBytes;
  if (orders.ipChecksum && (context.kinds & R.TX_TUCMD_IPV4) !== 0 && context.ipBytes >= ipv4.bytes && l4At <= length) {
    write16(bytes, at + ipAt + ipv4.checksum, 0);
    write16(bytes, at + ipAt + ipv4.checksum, ~onesSum(bytes, at + ipAt, context.ipBytes) & 0xffff);
  }
  const place = checksumAt(context.kinds);
  if (!orders.l4Checksum || place < 0 || l4At + place + 2 > length) return;
  const sum = onesSum(bytes, at + l4At, length - l4At, l4Length);
  // UDP writes ones for a sum of none: zero says that there is no checksum.
  const checksum = ~sum & 0xffff;
  write16(bytes, at + l4At + place, checksum === 0 && place === udp.checksum ? 0xffff : checksum);
}

/** A legacy descriptor's: sums from one place to the end, and writes the checksum to another. */
export function insertChecksum(bytes: Uint8Array, at: number, length: number, from: number, to: number): void {
  if (from >= length || to + 2 > length) return;
  write16(bytes, at + to, ~onesSum(bytes, at + from, length - from) & 0xffff);
}
