/**
 * The hash of a flow: of its two ends and what is between them. Staged code for the same is in `staged/five-tuple.ts`.
 *
 * It is quick and depends on a seed, and is no cryptography: who sees where many of their flows go can find some that fall together.
 */

import { word16, word32 } from "./frame-bytes.ts";
import { findIp, findTransport, type IpHeader, ip4, ip6, type Transport } from "./ip-frame.ts";

export const multipliers = [0x85ebca6b, 0xc2b2ae35] as const;
/** How the hash of the first end counts against the second's where directions are told apart. */
export const directed = 5;
/** Where both directions are one. */
export const undirected = 1;
/** Set in what says the type of frames without an IP header, so that no protocol is the same. */
export const otherType = 0x10000;

/** Takes a word into a hash. */
function mix(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, multipliers[0]);
  return h ^ (h >>> 15);
}

const header: IpHeader = { version: 0, at: 0 };
const transport: Transport = { protocol: 0, ports: 0 };

/** Whether a frame of 14 bytes at least has an IP header. */
export function isIp(bytes: Uint8Array, start: number, length: number): boolean {
  findIp(bytes, start, length, header);
  return header.version !== 0;
}

/** The hash of a frame of 14 bytes at least: of its flow, or of its addresses and type where it has no IP header. */
export function flowHash(bytes: Uint8Array, start: number, length: number, seed: number, factor: number): number {
  findIp(bytes, start, length, header);
  const { version, at } = header;
  let [a, b, between] = [seed, seed, 0];
  if (version === 0) {
    b = mix(mix(b, word32(bytes, start)), word16(bytes, start + 4));
    a = mix(mix(a, word32(bytes, start + 6)), word16(bytes, start + 10));
    // Behind the tags; `at` is just behind it.
    between = word16(bytes, start + at - 2) | otherType;
  } else {
    const layout = version === 4 ? ip4 : ip6;
    for (let k = 0; k < layout.addressBytes; k += 4) {
      a = mix(a, word32(bytes, start + at + layout.source + k));
      b = mix(b, word32(bytes, start + at + layout.destination + k));
    }
    findTransport(bytes, start, length, header, transport);
    between = transport.protocol;
    const { ports } = transport;
    a = mix(a, ports === 0 ? 0 : word16(bytes, start + ports));
    b = mix(b, ports === 0 ? 0 : word16(bytes, start + ports + 2));
  }
  const h = Math.imul(mix((Math.imul(a, factor) + b) | 0, between), multipliers[1]);
  return h ^ (h >>> 16);
}
