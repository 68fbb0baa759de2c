/** Spreads flows over a group of ports: a hash of addresses, protocol and ports says which. */
import type { FrameBatch } from "../frame-batch.ts";
import type { FrameRegion } from "../frame-memory.ts";
import type { Lookup } from "../lookup.ts";
import { nowhere } from "../lookup-result.ts";
import { memoryOf } from "../packet-memory.ts";
import { fiveTupleCode } from "../staged/five-tuple.ts";
import { SwitchError } from "../switch-error.ts";
import { type Destination, Destinations } from "./destination.ts";
import { directed, flowHash, isIp, undirected } from "./flow-hash.ts";
import { keepAddresses } from "./frame-bytes.ts";
import { places, SpreadTable } from "./spread-table.ts";

export interface FiveTupleOptions {
  /** Names of the ports over which frames are spread; those that are attached take part. */
  readonly group: readonly string[];
  /** Where frames go that enter at a port of the group; dropped by default. */
  readonly fromGroup?: Destination;
  /** Where frames go that have no IP header; `"hash"`, the default, spreads them by their addresses and type. */
  readonly others?: Destination | "hash";
  /** Both directions of a flow go to the same port. */
  readonly symmetric?: boolean;
  /** A whole number of 32 bits, for switches that shall spread alike; drawn by default. */
  readonly seed?: number;
}

const mostMembers = 1024;

/**
 * Sends all frames of a flow to one port of a group: a flow is two IP addresses, a protocol, and two ports where it is TCP, UDP,
 * SCTP, DCCP or UDP-Lite. Fragments, the first one too, are spread by addresses and protocol, so that those of a datagram stay together;
 * fragments of IPv6 have protocol 44 for that. What a frame has behind a header that is not whole does not count.
 *
 * When a port of the group leaves, its flows go to the others and all else stays; when it comes back it has the same flows again. While
 * none is there, frames are for nobody.
 *
 * @throws {SwitchError} `BAD_TABLE` for a group or a seed that is none.
 */
export function fiveTupleLookup(options: FiveTupleOptions): Lookup {
  const { group, fromGroup = "drop", others = "hash", symmetric = false } = options;
  const seed = options.seed ?? (Math.random() * 2 ** 32) >>> 0;
  if (group.length === 0 || group.length > mostMembers)
    throw new SwitchError("BAD_TABLE", `a group of ${group.length} ports; it has from 1 to ${mostMembers}`);
  if (new Set(group).size < group.length)
    throw new SwitchError("BAD_TABLE", "a group that names a port more than once");
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new SwitchError("BAD_TABLE", `a seed of ${seed}; it is a whole number from 0 to 2^32 - 1`);
  const destinations = new Destinations();
  const numbersOf = (to: Destination) => [destinations.numberOf(to, false), destinations.numberOf(to, true)] as const;
  const [backStation, backGroup] = numbersOf(fromGroup);
  const hashesOthers = others === "hash";
  const [otherStation, otherGroup] = numbersOf(hashesOthers ? "drop" : others);
  const members = new Map(group.map((name, member) => [name, member]));
  const table = new SpreadTable(group.length, seed);
  /** Members by their ports. */
  const inGroup = new Map<number, number>();
  const factor = symmetric ? undirected : directed;

  const find = (batch: FrameBatch, i: number, ingress: number): number => {
    const at = batch.offsets[i] as number;
    const length = batch.lengths[i] as number;
    const { bytes } = batch.memory;
    const isGroup = ((bytes[at] as number) & 1) === 1;
    if (inGroup.has(ingress)) return destinations.resultOf(isGroup ? backGroup : backStation);
    if (!hashesOthers && !isIp(bytes, at, length)) return destinations.resultOf(isGroup ? otherGroup : otherStation);
    return table.results[flowHash(bytes, at, length, seed, factor) & (places - 1)] as number;
  };
  const lookup = (batch: FrameBatch, i: number, ingress: number): number => {
    keepAddresses(batch, i, batch.offsets[i] as number);
    const to = find(batch, i, ingress);
    return to === ingress ? nowhere : to;
  };
  return {
    name: "five-tuple",
    lookup,
    lookupInVlan: lookup,
    lookupBatch(batch, first, count, ingress, out) {
      const memory = memoryOf(table.results);
      if (!memory) return first;
      const isBack = inGroup.has(ingress);
      return fiveTupleCode(memory).find(
        isBack ? 0 : table.results.byteOffset,
        places - 1,
        seed,
        factor,
        hashesOthers ? 1 : 0,
        destinations.resultOf(isBack ? backGroup : otherGroup),
        destinations.resultOf(isBack ? backStation : otherStation),
        ingress,
        batch.offsets.byteOffset,
        batch.lengths.byteOffset,
        (batch.memory.region as FrameRegion).at,
        first,
        count,
        out.byteOffset,
      );
    },
    enter(port, name) {
      destinations.enter(port, name);
      const member = members.get(name);
      if (member === undefined) return;
      inGroup.set(port, member);
      table.enter(member, port);
    },
    forget(port) {
      destinations.leave(port);
      const member = inGroup.get(port);
      if (member === undefined) return;
      inGroup.delete(port);
      table.leave(member);
    },
  };
}
