/** Addresses as values: how they are read and written, names aside. */

/** An IPv4 address as an unsigned number, network order read big-endian: 10.0.0.1 is 0x0a000001. */
export type IpAddress = number;

/** An address and mask; `address` has no bits outside `mask`. */
export interface IpPrefix {
  readonly address: IpAddress;
  readonly mask: IpAddress;
  /** Number of leading one bits in the mask. */
  readonly length: number;
}

/** The address of a host, as given, and the network that it is in: 10.0.0.1/24. */
export interface IpAddressWithPrefix {
  readonly address: IpAddress;
  readonly mask: IpAddress;
  /** Number of leading one bits in the mask. */
  readonly length: number;
}

/** Bytes between points, most significant first; `undefined` where one is over 255. */
function parseBytes(text: string): { address: number; bytes: number } | undefined {
  if (!/^\d+(?:\.\d+){0,3}$/.test(text)) return undefined;
  const bytes = text.split(".").map(Number);
  if (bytes.some((b) => b > 255)) return undefined;
  return { address: bytes.reduce((n, b, i) => n + b * 2 ** (24 - 8 * i), 0), bytes: bytes.length };
}

export function parseIpAddress(text: string): IpAddress | undefined {
  const read = parseBytes(text);
  return read?.bytes === 4 ? read.address : undefined;
}

export function formatIpAddress(address: IpAddress): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

export function prefixMask(length: number): IpAddress {
  return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
}

export function withMask(address: IpAddress, mask: IpAddress): IpAddressWithPrefix {
  return { address, mask, length: mask === 0 ? 0 : Math.clz32(~mask) };
}

/** The network that an address is in. */
export function networkOf({ address, mask, length }: IpAddressWithPrefix): IpPrefix {
  return { address: (address & mask) >>> 0, mask, length };
}

/**
 * `ADDRESS/LENGTH` or `ADDRESS/MASK`. Bytes at the address' end may be left out, as far as the mask does not reach them:
 * `10/8`. `named` says what address a name stands for.
 */
export function parseWithSlash(
  text: string,
  named: (name: string) => IpAddress | undefined = () => undefined,
): IpAddressWithPrefix | undefined {
  const slash = text.lastIndexOf("/");
  if (slash <= 0 || slash + 1 === text.length) return undefined;
  const [first, second] = [text.slice(0, slash), text.slice(slash + 1)];
  const read = parseBytes(first) ?? { address: named(first), bytes: 4 };
  if (read.address === undefined) return undefined;
  const mask =
    /^\d+$/.test(second) && Number(second) <= 32
      ? prefixMask(Number(second))
      : (parseIpAddress(second) ?? named(second));
  if (mask === undefined || (mask & ~prefixMask(read.bytes * 8)) !== 0) return undefined;
  return withMask(read.address, mask);
}

/** `a.b.c.d/n`, `a.b.c.d/m.m.m.m`, or a bare address, which is a /32. */
export function parseIpPrefix(text: string): IpPrefix | undefined {
  const read = parseWithSlash(text);
  if (read) return networkOf(read);
  const address = parseIpAddress(text);
  return address === undefined ? undefined : withMask(address, 0xffffffff);
}

/** `10.0.0.0/8`; a mask that is no prefix is written as an address. */
export function formatIpPrefix({ address, mask, length }: IpAddressWithPrefix): string {
  return `${formatIpAddress(address)}/${mask === prefixMask(length) ? length : formatIpAddress(mask)}`;
}

/** Six bytes from `aa:bb:cc:dd:ee:ff`, or with hyphens. */
export function parseEtherAddress(text: string): Uint8Array | undefined {
  if (!/^[0-9A-Fa-f]{1,2}([:-])(?:[0-9A-Fa-f]{1,2}\1){4}[0-9A-Fa-f]{1,2}$/.test(text)) return undefined;
  return Uint8Array.from(text.split(/[:-]/), (p) => Number.parseInt(p, 16));
}

/** `AA-BB-CC-0D-0E-0F`. */
export function formatEtherAddress(bytes: Uint8Array): string {
  return [...bytes].map((b) => b.toString(16).toUpperCase().padStart(2, "0")).join("-");
}
