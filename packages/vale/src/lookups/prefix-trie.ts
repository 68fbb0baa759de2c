/**
 * The longest prefix of an address, by a trie that takes a byte of the address at each step: four steps for IPv4 at most, and 16 for IPv6.
 *
 * A node has 256 words, one for each value of the byte: the number of what was found, shifted by one, or the place of the next node
 * (in words, from the beginning) with the lowest bit set. A prefix that ends within a byte fills all words that begin with it (controlled
 * prefix expansion, Srinivasan and Varghese, 1999). Both kinds of addresses have a root in the same memory.
 */
import { packetWords } from "../packet-memory.ts";
import type { Prefix } from "./prefix.ts";

const nodeWords = 256;
const nextNode = 1;
const smallestNodes = 16;

export const roots: { readonly ip4: number; readonly ip6: number } = { ip4: 0, ip6: nodeWords };

export class PrefixTrie {
  words: Int32Array = packetWords(smallestNodes * nodeWords);
  private used = 2 * nodeWords;

  /** Prefixes with their numbers; those that no prefix has get `otherwise`. Of two that are the same the first holds. */
  constructor(given: readonly { readonly prefix: Prefix; readonly number: number }[], otherwise: number) {
    this.words.fill(otherwise << 1, 0, this.used);
    // Longer ones stand upon shorter ones; of equals the one that comes last stands.
    const inOrder = given.map((route, i) => ({ ...route, i }));
    inOrder.sort((a, b) => a.prefix.length - b.prefix.length || b.i - a.i);
    for (const { prefix, number } of inOrder) this.put(prefix, number);
  }
  private put({ bytes, length }: Prefix, number: number): void {
    let node: number = bytes.length === 4 ? roots.ip4 : roots.ip6;
    let depth = 0;
    for (; length > (depth + 1) * 8; depth++) node = this.below(node + (bytes[depth] as number));
    const bits = length - depth * 8;
    const from = node + (bytes[depth] ?? 0);
    this.words.fill(number << 1, from, from + (1 << (8 - bits)));
  }
  /** The node that a word leads to; one is made that has everywhere what the word says. */
  private below(at: number): number {
    const word = this.words[at] as number;
    if (word & nextNode) return word >>> 1;
    const node = this.used;
    this.used += nodeWords;
    if (this.used > this.words.length) {
      const more = packetWords(this.words.length * 2);
      more.set(this.words);
      this.words = more;
    }
    this.words.fill(word, node, node + nodeWords);
    this.words[at] = (node << 1) | nextNode;
    return node;
  }
  /** The number of the longest prefix of an address. */
  find(bytes: Uint8Array, at: number, root: number): number {
    let node = root;
    for (let k = at; ; k++) {
      const word = this.words[node + (bytes[k] as number)] as number;
      if (!(word & nextNode)) return word >>> 1;
      node = word >>> 1;
    }
  }
}
