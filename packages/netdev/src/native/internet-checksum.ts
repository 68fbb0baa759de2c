/** The Internet checksum (RFC 1071) over bytes of a frame. */

/** The sum of 16-bit words, network order, not folded; a last odd byte counts as the upper one. */
export function wordSum(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  let at = from;
  for (; at + 1 < to; at += 2) sum += ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return at < to ? sum + ((bytes[at] as number) << 8) : sum;
}

/** Folds a sum to 16 bits and complements it. */
export function folded(sum: number): number {
  let value = sum;
  while (value > 0xffff) value = (value & 0xffff) + Math.floor(value / 0x10000);
  return ~value & 0xffff;
}

export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}
export function get16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
