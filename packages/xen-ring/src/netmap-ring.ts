/**
 * The netmap ring on a granted page.
 *
 * Fields and their meaning are `struct netmap_ring` and `struct netmap_slot` of net/netmap.h, packed to fit 256
 * slots and the header in 4 KiB. Transmit and receive are named from the guest's side. The guest moves `head`,
 * the back end `tail`; indices are below `numSlots`.
 *
 * Receive: slots from `head` to before `tail` hold frames. Transmit: slots from `head` to before `tail` are free.
 */
import { type ArrayField, array, type Struct, struct, type U32Field, u16, u32 } from "@clickos/layout";

/** Slots of a ring; one is always kept empty. */
export const ringSlots = 256;

/** Flags of a slot (`NS_*`). The frame goes on in the next slot; `len` is this slot's part. */
export const NS = { moreFrag: 0x0020 } as const;
/** In flags of received slots from this bit on: how many slots of the frame are left, with this one (`NS_RFRAGS`). */
export const rfragsShift = 8;
/** Slots of a frame at most (`NETMAP_MAX_FRAGS`). */
export const maximumFrameSlots = 64;

/** Fields of `netmap_slot`. */
export type SlotFields = { bufIdx: U32Field; len: U32Field; flags: U32Field; ptr: U32Field };

/** `struct netmap_slot`, 12 bytes: buffer index, length, flags, and the data's offset in the buffer (`ptr`). */
export const netmapSlot: Struct<SlotFields> = struct(
  { bufIdx: u32, len: u16, flags: u16, ptr: u32 },
  { name: "netmap_slot" },
);

/**
 * `struct netmap_ring`, 3136 bytes. `event` is nonzero while the one who gets what the ring carries wants to be told of more: the guest of
 * what it receives, the back end of what the guest sends. Whoever sends the event clears it.
 */
export const netmapRing: Struct<{
  numSlots: U32Field;
  nrBufSize: U32Field;
  head: U32Field;
  cur: U32Field;
  tail: U32Field;
  flags: U32Field;
  event: U32Field;
  slots: ArrayField<Struct<SlotFields>>;
}> = struct(
  {
    numSlots: u32,
    nrBufSize: u32,
    head: u32,
    cur: u32,
    tail: u32,
    flags: u32,
    event: u32,
    slots: array(netmapSlot, ringSlots),
  },
  { name: "netmap_ring", at: { slots: 64 } },
);
