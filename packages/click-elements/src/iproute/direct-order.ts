/** The order in which Click's DirectIPLookup lists its routes: by a hash of 16 bits, and in a chain the newest first. */
import type { Route } from "@clickos/click-core/element";

function chainOf({ address, length }: Route): number {
  let hash = address ^ (length << 5) ^ ((address >>> (length >> 2)) - length);
  hash ^= (hash >>> 23) ^ Math.imul(hash >>> 15, length) ^ Math.imul(address >>> 17, 53);
  hash -= (address >>> 3) ^ Math.imul(hash >>> length, 7) ^ Math.imul(hash >>> 11, 103);
  return (hash ^ (hash >>> 17)) & 0xffff;
}

/** Orders routes; `added` is the number of a route among all that were added. The default route was always there. */
export function directOrder(a: Route & { readonly added: number }, b: Route & { readonly added: number }): number {
  const since = (r: typeof a): number => (r.length === 0 ? -1 : r.added);
  return chainOf(a) - chainOf(b) || since(b) - since(a);
}
