/**
 * Completes a checksum that a guest left to its interface (`NETTXF_csum_blank`): the field holds the sum of the pseudo
 * header, or anything; it is computed anew. TCP and UDP over IPv4 and IPv6; RFC 1071, RFC 8200 section 8.1.
 */

/** Whether there was a checksum to complete, in a frame of `length` bytes at `at`. */
export function completeChecksum(bytes: Uint8Array, at: number, length: number): boolean {
  const u8 = (offset: number): number => bytes[at + offset] as number;
  const u16 = (offset: number): number => (u8(offset) << 8) | u8(offset + 1);
  let ip = 14;
  let type = length >= 14 ? u16(12) : 0;
  if (type === 0x8100 && length >= 18) {
    type = u16(16);
    ip = 18;
  }
  let protocol: number;
  let l4: number;
  let end: number;
  let sum = 0;
  const add = (from: number, to: number): void => {
    let i = from;
    for (; i + 1 < to; i += 2) sum += u16(i);
    if (i < to) sum += u8(i) << 8;
  };
  if (type === 0x0800 && length >= ip + 20 && u8(ip) >>> 4 === 4) {
    const header = (u8(ip) & 15) * 4;
    end = ip + u16(ip + 2);
    // Later fragments have no header, first ones not all the data.
    if (header < 20 || u16(ip + 6) & 0x3fff) return false;
    protocol = u8(ip + 9);
    l4 = ip + header;
    add(ip + 12, ip + 20);
  } else if (type === 0x86dd && length >= ip + 40 && u8(ip) >>> 4 === 6) {
    protocol = u8(ip + 6);
    l4 = ip + 40;
    end = l4 + u16(ip + 4);
    add(ip + 8, ip + 40);
  } else return false;
  const field = protocol === 6 ? l4 + 16 : protocol === 17 ? l4 + 6 : 0;
  if (field === 0 || end > length || field + 2 > end) return false;
  bytes[at + field] = 0;
  bytes[at + field + 1] = 0;
  sum += protocol + (end - l4);
  add(l4, end);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  let result = ~sum & 0xffff;
  // A UDP checksum of zero would mean that there is none.
  if (result === 0 && protocol === 17) result = 0xffff;
  bytes[at + field] = result >>> 8;
  bytes[at + field + 1] = result & 0xff;
  return true;
}
