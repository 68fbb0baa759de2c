/** Prefixes of addresses as text: `10.0.0.0/8`, `2001:db8::/32`; an address alone is its own. */

export interface Prefix {
  /** The bytes of the address, 4 or 16, those behind the prefix 0. */
  readonly bytes: Uint8Array;
  /** How many bits of it count. */
  readonly length: number;
}

const bitsOfByte = 8;

/** Reads a prefix; `undefined` when it is none, or has bits set behind its length. */
export function parsePrefix(text: string): Prefix | undefined {
  const [address = "", bits, ...rest] = text.split("/");
  if (rest.length > 0) return undefined;
  const bytes = address.includes(":") ? parseIp6(address) : parseIp4(address);
  if (!bytes || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return undefined;
  const most = bytes.length * bitsOfByte;
  const length = bits === undefined ? most : Number(bits);
  if (length > most) return undefined;
  for (let bit = length; bit < most; bit++) if ((bytes[bit >> 3] as number) & (0x80 >> (bit & 7))) return undefined;
  return { bytes, length };
}

function parseIp4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return Uint8Array.from(parts, Number);
}

/** RFC 4291, section 2.2, with the last four bytes in the form of IPv4 where they are. */
function parseIp6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1) as string[];
  const tail = last.at(-1);
  if (tail?.includes(".")) {
    const four = parseIp4(tail);
    if (!four) return undefined;
    const [a, b, c, d] = four as unknown as [number, number, number, number];
    last.splice(-1, 1, ((a << 8) | b).toString(16), ((c << 8) | d).toString(16));
  }
  const [front = [], back = []] = groups;
  const missing = 8 - front.length - back.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...front, ...Array.from({ length: missing }, () => "0"), ...back];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(
    all.flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    }),
  );
}
