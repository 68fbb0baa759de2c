/** How a hash table lies in memory. */
import { type ArrayField, array, type Struct, struct, type U32Field, type U64Field, u32, u64 } from "@clickos/layout";

/**
 * The start of a table. Entries are blocks of the heap. `slots` has a slot for each key, found by linear probing from where the
 * upper bits of its hash say, all but `shift`: a reference to the entry in the low half of its 64 bits, the hash in the high one, zero
 * where it is free. A table that grows has twice as many, and moves the keys of the `former` ones a few at a time: those before
 * `moved` are done.
 */
export const header: Struct<{
  length: U32Field;
  used: U32Field;
  slots: U32Field;
  shift: U32Field;
  former: U32Field;
  formerShift: U32Field;
  moved: U32Field;
}> = struct(
  { length: u32, used: u32, slots: u32, shift: u32, former: u32, formerShift: u32, moved: u32 },
  { name: "hashTable", size: 32 },
);

/** Bytes of a slot. */
export const slotSize = 8;
export const firstSlots = 8;
export const firstShift = 29;
/** What is in a slot of the former ones whose key was moved, or removed: a reference to nothing. */
export const gone = 1;
/** Slots that are moved with each key that is added; so all are, long before the next time. */
export const movedAtOnce = 16;

/** How many keys `slots` slots take before there are to be more, and how many at most. */
export const fill = { wanted: [3, 4], most: [7, 8] } as const;

/**
 * A queue of entries by the time at which they expire: a binary heap. Node `n`, from 1 on, has the children `2n` and `2n + 1`.
 * Level `l` has the nodes from `2^l` on, in a block of its own, so that a queue that grows is never copied.
 */
export const queueLayout: Struct<{ count: U32Field; levels: ArrayField<U32Field> }> = struct(
  { count: u32, levels: array(u32, 27) },
  { name: "queue" },
);
export const nodeSize = 16;
export const nodeLayout: Struct<{ time: U64Field; entry: U32Field }> = struct(
  { time: u64, entry: u32 },
  { name: "node" },
);

/**
 * What an entry starts with in a table that has queues. `expires` is when it is due: no earlier than the time in its node, as an
 * entry that is put off is left where it is until its turn comes. It may be put off to any time that is not before `bound`, which
 * is the time in its node where it waits in the last queue, and later than any time elsewhere. `place` is its node, with the
 * queue's number + 1 in the upper bits; 0 where it waits in none.
 */
export const entryHeader: Struct<{ expires: U64Field; bound: U64Field; place: U32Field }> = struct(
  { expires: u64, bound: u64, place: u32 },
  { name: "entry", size: 24 },
);
export const entryHeaderSize = 20;
export const unbounded = 0xffffffffffffffffn;
/** Bits of `place` that number the node. */
export const placeBits = 28;
