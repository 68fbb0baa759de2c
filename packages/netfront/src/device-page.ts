/**
 * The page that a virtual interface is set up through, in the guest's memory. The toolstack fills in what the
 * guest needs before it starts; the guest grants its rings and buffers and writes their references.
 */
import { type BytesField, bytes, type Struct, struct, type U32Field, u32 } from "@clickos/layout";

export const devicePageMagic = 0x46495643;

/** Kinds of rings: netmap's, or netif's with grants for each packet, or with grants that stay. */
export const ringKinds = { netmap: 0, netif: 1, persistent: 2 } as const;
export type RingKind = keyof typeof ringKinds;

/** Pages that an interface with netif rings has posted for receiving, whenever it stands still. */
export const postedPages = 64;

/** Grant entries that an interface needs for itself: rings, pages for receiving, packets under way. */
export const ownGrants: Readonly<Record<RingKind, number>> = {
  netmap: 2,
  netif: 2 + postedPages + 256,
  persistent: 2 + postedPages,
};
/** Whether the pool's frames are granted for it, once. */
export const grantsPool: Readonly<Record<RingKind, boolean>> = { netmap: true, netif: false, persistent: true };

export const devicePage: Struct<{
  magic: U32Field;
  /** Written by the guest: `xenbusState`. */
  state: U32Field;
  /** From the toolstack: who the back end is, the guest's event channel, the interface's address. */
  backendId: U32Field;
  eventChannel: U32Field;
  mac: BytesField;
  /** From the guest: references of the two ring pages. */
  rxRingRef: U32Field;
  txRingRef: U32Field;
  /** From the guest: the first of `bufferFrames` references in a row, and the number of 2 KiB buffers in them. */
  bufferRef: U32Field;
  bufferFrames: U32Field;
  bufferCount: U32Field;
  /** From the guest: what kind of rings they are. */
  rings: U32Field;
  /** From the guest: bytes of the longest frame that it takes. */
  frameLimit: U32Field;
}> = struct(
  {
    magic: u32,
    state: u32,
    backendId: u32,
    eventChannel: u32,
    mac: bytes(6),
    rxRingRef: u32,
    txRingRef: u32,
    bufferRef: u32,
    bufferFrames: u32,
    bufferCount: u32,
    rings: u32,
    frameLimit: u32,
  },
  { name: "vif_page" },
);
