/** Sends IP packets by the longest prefix of their destination. */
import type { FrameBatch } from "../frame-batch.ts";
import type { FrameRegion } from "../frame-memory.ts";
import type { Lookup } from "../lookup.ts";
import { nowhere } from "../lookup-result.ts";
import { memoryOf } from "../packet-memory.ts";
import { prefixCode } from "../staged/prefix.ts";
import { SwitchError } from "../switch-error.ts";
import { type Destination, Destinations } from "./destination.ts";
import { keepAddresses } from "./frame-bytes.ts";
import { findIp, type IpHeader, ip4, ip6 } from "./ip-frame.ts";
import { parsePrefix } from "./prefix.ts";
import { PrefixTrie, roots } from "./prefix-trie.ts";

/** Where packets to the addresses of a prefix go. */
export interface PrefixEntry {
  /** As `10.0.0.0/8` or `2001:db8::/32`; an address without a length is one. */
  readonly prefix: string;
  /** The name of the port, which may be attached later. */
  readonly port: string;
}

export interface PrefixOptions {
  readonly table: readonly PrefixEntry[];
  /** Where IP packets go to which no prefix fits; dropped by default. */
  readonly otherwise?: Destination;
  /** Where frames go that have no IP header, such as those of ARP; flooded by default. */
  readonly others?: Destination;
}

/** A lookup whose table is replaced as a whole. */
export interface PrefixLookup extends Lookup {
  /** Another table takes the place of the one there is. @throws {SwitchError} `BAD_TABLE`; all stays as it is. */
  replace(table: readonly PrefixEntry[]): void;
}

/**
 * Looks up the IPv4 or IPv6 destination behind up to two VLAN tags. The switch is no router: frames keep their addresses and hop counts.
 *
 * @throws {SwitchError} `BAD_TABLE` for a prefix that is none, or is there twice.
 */
export function prefixLookup(options: PrefixOptions): PrefixLookup {
  const { otherwise = "drop", others = "flood" } = options;
  const destinations = new Destinations();
  const numbersOf = (to: Destination) => [destinations.numberOf(to, false), destinations.numberOf(to, true)] as const;
  const [otherStation, otherGroup] = numbersOf(others);
  // What is in the trie does not know whether a frame is for a group; the result that it gives for 'flood' is that of a group's.
  const unmatched = destinations.numberOf(otherwise, true);
  const made = (entries: readonly PrefixEntry[]): PrefixTrie => {
    const seen = new Set<string>();
    const routes = entries.map(({ prefix: text, port }) => {
      const prefix = parsePrefix(text);
      if (!prefix)
        throw new SwitchError(
          "BAD_TABLE",
          `'${text}' is no prefix: an address, '/' and its length, without bits behind it`,
        );
      const key = `${prefix.bytes}/${prefix.length}`;
      if (seen.has(key)) throw new SwitchError("BAD_TABLE", `${text} is in the table more than once`);
      seen.add(key);
      return { prefix, number: destinations.numberOfPort(port) };
    });
    return new PrefixTrie(routes, unmatched);
  };
  let trie = made(options.table);
  const header: IpHeader = { version: 0, at: 0 };

  const find = (batch: FrameBatch, i: number): number => {
    const at = batch.offsets[i] as number;
    const { bytes } = batch.memory;
    findIp(bytes, at, batch.lengths[i] as number, header);
    if (header.version === 0) return (bytes[at] as number) & 1 ? otherGroup : otherStation;
    return header.version === 4
      ? trie.find(bytes, at + header.at + ip4.destination, roots.ip4)
      : trie.find(bytes, at + header.at + ip6.destination, roots.ip6);
  };
  const lookup = (batch: FrameBatch, i: number, ingress: number): number => {
    keepAddresses(batch, i, batch.offsets[i] as number);
    const to = destinations.resultOf(find(batch, i));
    return to === ingress ? nowhere : to;
  };
  return {
    name: "prefix",
    lookup,
    lookupInVlan: lookup,
    lookupBatch(batch, first, count, ingress, out) {
      const memory = memoryOf(trie.words);
      if (!memory || !destinations.memory) return first;
      return prefixCode(memory).find(
        trie.words.byteOffset,
        destinations.words.byteOffset,
        destinations.resultOf(otherGroup),
        destinations.resultOf(otherStation),
        ingress,
        batch.offsets.byteOffset,
        batch.lengths.byteOffset,
        (batch.memory.region as FrameRegion).at,
        first,
        count,
        out.byteOffset,
      );
    },
    enter: (port, name) => destinations.enter(port, name),
    forget: (port) => destinations.leave(port),
    replace(entries) {
      trie = made(entries);
    },
  };
}
