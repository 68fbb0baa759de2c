/** Messages of recvmsg(2) and sendmsg(2), and the parts that they are made of; of machines with pointers of eight bytes. */

/** struct msghdr */
export const msghdr = {
  size: 56,
  name: 0,
  nameLength: 8,
  iov: 16,
  iovCount: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
} as const;
/** struct iovec */
export const iovec = { size: 16, base: 0, length: 8 } as const;

/** Writes a word of the machine: an address below 2^53. */
export function pointer(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}
/** Writes where a part is. */
export function part(view: DataView, index: number, base: number, length: number): void {
  pointer(view, index * iovec.size + iovec.base, base);
  pointer(view, index * iovec.size + iovec.length, length);
}
