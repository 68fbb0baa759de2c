/**
 * How a route table lies in memory: what staged code and the host agree on.
 *
 * Addresses are cut into ranges that one route decides, as in DXR (Zec, Rizzo, Mikuc: "DXR: towards a billion routing
 * lookups per second in software", Computer Communication Review 42(5), 2012): the highest bits of an address choose an entry
 * of an array, and behind it are the ranges of the addresses that begin with them. An entry is a word:
 *
 *   0                             no route
 *   hop << 10 | length + 1 << 4   all its addresses go by this route, whose prefix has that length
 *   block | 1…5                   a block of 2^n ranges
 *   block | 8                     a block of 64 entries, for the next 6 bits
 *
 *   ranges   count · the last address of each range but the last, ascending, the rest 0xffffffff · an entry of the second kind each
 *   hop      gateway · output + 1 · number of its routes · next hop in its hash chain
 *   route    address · the entry that it makes · next route in its hash chain · when it was added
 *
 * An entry says the length of its route, so that a route that comes or goes changes the ranges of shorter ones, and of none
 * that is longer (as in DIR-24-8-BASIC: Gupta, Lin, McKeown, Infocom 1998). Ranges of two routes are never joined, so a route
 * that goes needs no memory.
 *
 * Zero is an empty table. Blocks are in the router's heap, at 16 bytes and multiples of it; `root` and `hops` are relative
 * to the table: at 0 they are within it.
 */
import { type ArrayField, array, type Struct, struct, type U32Field, u32 } from "@clickos/layout";
import { maximumChunks } from "./chunks.ts";

export const table: Struct<{
  noGateway: U32Field;
  noOutput: U32Field;
  smallRoot: ArrayField<U32Field>;
  root: U32Field;
  rootBits: U32Field;
  hops: U32Field;
  hopBits: U32Field;
  hopsUsed: U32Field;
  freeHop: U32Field;
  hopCount: U32Field;
  length: U32Field;
  placesUsed: U32Field;
  freePlace: U32Field;
  added: U32Field;
  routeBuckets: U32Field;
  hopBuckets: U32Field;
  routeChunks: ArrayField<U32Field>;
  routeBucketChunks: ArrayField<U32Field>;
  hopBucketChunks: ArrayField<U32Field>;
}> = struct(
  {
    /** The hop of number 0, which is none. */
    noGateway: u32,
    noOutput: u32,
    /** The root of a small table. */
    smallRoot: array(u32, 2),
    /** From `smallRoot` to the root; and the bits of an address that choose one of its entries, less 1. */
    root: u32,
    rootBits: u32,
    /** From the table to the hops, room for 2^hopBits of them; and hops ever used, 0 included. */
    hops: u32,
    hopBits: u32,
    hopsUsed: u32,
    freeHop: u32,
    hopCount: u32,
    length: u32,
    /** Places of routes ever used, and the first free one + 1. */
    placesUsed: u32,
    freePlace: u32,
    /** Routes ever added. */
    added: u32,
    /** Number of hash chains. */
    routeBuckets: u32,
    hopBuckets: u32,
    routeChunks: array(u32, maximumChunks),
    routeBucketChunks: array(u32, maximumChunks),
    hopBucketChunks: array(u32, maximumChunks),
  },
  { name: "routeTable" },
);

/** Of an entry. */
export const tagMask = 15;
export const indexTag = 8;
/** The logarithm of how many ranges a block has at most. */
export const maximumRangesTag = 5;
export const indexBits = 6;
export const indexBytes: number = 4 << indexBits;
export const lengthShift = 4;
export const hopShift = 10;
/** The logarithm of a hop's bytes, and of a route's. */
export const hopSizeBits = 4;
export const routeBytes = 16;

/** The entry of a route. */
export function entryOf(hop: number, length: number): number {
  return ((hop << hopShift) | ((length + 1) << lengthShift)) >>> 0;
}
/** The length of an entry's route plus 1; 0 of no route. */
export function lengthField(entry: number): number {
  return (entry >>> lengthShift) & 63;
}
