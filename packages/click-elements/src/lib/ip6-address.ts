/** IPv6 addresses and prefixes as configurations have them, and as text (RFC 5952). */
import { type ArgumentType, parseIpAddress } from "@clickos/click-core/element";

export const ip6AddressSize = 16;
const groups = 8;

/** Eight groups of up to four hexadecimal digits, `::` for zeros once, or an IPv4 address in place of the last two. */
export function parseIp6Address(text: string): Uint8Array | undefined {
  if (text.length > 64) return undefined;
  const tail = /^(.*:)([\d.]+)$/.exec(text);
  const ipv4 = tail?.[2]?.includes(".") ? parseIpAddress(tail[2]) : undefined;
  const whole = ipv4 === undefined ? text : `${tail?.[1]}${(ipv4 >>> 16).toString(16)}:${(ipv4 & 0xffff).toString(16)}`;
  const sides = whole.split("::").map((side) => (side === "" ? [] : side.split(":")));
  const [head = [], rest] = sides;
  const count = head.length + (rest?.length ?? 0);
  if (sides.length > 2 || (rest ? count >= groups : count !== groups)) return undefined;
  const words = [...head, ...new Array<string>(groups - count).fill("0"), ...(rest ?? [])];
  const bytes = new Uint8Array(ip6AddressSize);
  for (const [i, word] of words.entries()) {
    if (!/^[0-9a-f]{1,4}$/i.test(word)) return undefined;
    const value = Number.parseInt(word, 16);
    bytes.set([value >> 8, value & 0xff], i * 2);
  }
  return bytes;
}

/** As Click writes it: the longest run of zeros is `::`, and addresses that hold one of IPv4 show that. */
export function formatIp6Address(bytes: Uint8Array): string {
  const words = Array.from(
    { length: groups },
    (_, i) => ((bytes[i * 2] as number) << 8) | (bytes[i * 2 + 1] as number),
  );
  const zeros = (from: number, to: number): boolean => words.slice(from, to).every((word) => word === 0);
  if (zeros(0, groups)) return "::";
  const ipv4 = bytes.subarray(12).join(".");
  if (zeros(0, 6)) return `::${ipv4}`;
  if (zeros(0, 4) && words[4] === 0 && words[5] === 0xffff) return `::ffff:${ipv4}`;
  let [best, length] = [0, 1];
  for (let from = 0; from < groups; from++) {
    let to = from;
    while (to < groups && words[to] === 0) to++;
    if (to - from > length) [best, length] = [from, to - from];
  }
  const text = (part: readonly number[]): string => part.map((word) => word.toString(16)).join(":");
  return length < 2 ? text(words) : `${text(words.slice(0, best))}::${text(words.slice(best + length))}`;
}

export const ip6Address: ArgumentType<Uint8Array> = { expects: "an IPv6 address", parse: parseIp6Address };

export interface Ip6Prefix {
  /** The network: the host's bits are gone. */
  readonly address: Uint8Array;
  readonly length: number;
}

const bits = ip6AddressSize * 8;

/** A mask's length, where its ones come before its zeros. */
function maskLength(mask: Uint8Array): number | undefined {
  const text = [...mask].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(text) ? text.replaceAll("0", "").length : undefined;
}

/** An address, a slash, and a number of bits or a mask; an address alone is a prefix of all bits. */
export function parseIp6Prefix(text: string): Ip6Prefix | undefined {
  const slash = text.lastIndexOf("/");
  const address = parseIp6Address(slash < 0 ? text : text.slice(0, slash));
  if (!address) return undefined;
  if (slash < 0) return { address, length: bits };
  const after = text.slice(slash + 1);
  const mask = parseIp6Address(after);
  const length = /^\d{1,3}$/.test(after) ? Number(after) : mask && maskLength(mask);
  if (length === undefined || length > bits) return undefined;
  return { address: address.map((byte, i) => byte & (0xff00 >> Math.min(Math.max(length - i * 8, 0), 8))), length };
}

export const ip6Prefix: ArgumentType<Ip6Prefix> = { expects: "an IPv6 prefix", parse: parseIp6Prefix };
