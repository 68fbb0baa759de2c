/**
 * A guest's netmap rings for code that moves frames: slots that hold one frame, in buffers that stand in a row. Every field is the
 * guest's to write at any time: it is loaded once, checked, and what was loaded is used.
 */
import type { SinkKind, SourceKind } from "@clickos/vale";
import { maximumFrame } from "@clickos/vale";
import { netmapRing, netmapSlot, rfragsShift, ringSlots } from "@clickos/xen-ring";
import { moreFragments } from "./netmap-chain.ts";
import { bufferSize, shortestFrame } from "./vif.ts";

const slotsAt = netmapRing.offsets.slots;
const indexAt = slotsAt + netmapSlot.offsets.bufIdx;
const lengthAt = slotsAt + netmapSlot.offsets.len;
const offsetAt = slotsAt + netmapSlot.offsets.ptr;
const bufferShift = Math.log2(bufferSize);

/** The flags of a received frame's last slot, in the word of its length. */
export const lastSlot: number = 1 << (16 + rfragsShift);
/** What a guest may propose as offset for a frame. */
export const furthestOffset = 1024;

/** Where the ring is; where the first buffer is, and how many there are. */
const places: readonly string[] = ["ring", "buffers", "count"];

/** What a guest sends. */
export const netmapTransmit: SourceKind = {
  name: "netmap transmit",
  places,
  slots: ringSlots,
  frame({ memory, place }, i) {
    const slot = i.mul(netmapSlot.size).add(place("ring"));
    const index = memory.load32(slot, indexAt);
    const lengthAndFlags = memory.load32(slot, lengthAt);
    const offset = memory.load32(slot, offsetAt);
    const length = lengthAndFlags.and(0xffff);
    const good = index
      .ltU(place("count"))
      .and(lengthAndFlags.and(moreFragments).eqz())
      .and(offset.leU(bufferSize))
      .and(offset.add(length).leU(bufferSize))
      .and(length.geU(shortestFrame));
    return { address: index.shl(bufferShift).add(place("buffers")).add(offset), length, good };
  },
};

/** Where the first buffer is, of which frames begin so many bytes in at most; the rest as above. */
const emptyPlaces: readonly string[] = [...places, "furthest"];

/** Buffers that a guest has posted, one a slot, as frames of no bytes where one can begin. */
export const netmapEmpty: SourceKind = {
  name: "netmap empty",
  places: emptyPlaces,
  slots: ringSlots,
  frame({ memory, place, c }, i) {
    const slot = i.mul(netmapSlot.size).add(place("ring"));
    const index = memory.load32(slot, indexAt);
    const wanted = memory.load32(slot, offsetAt);
    const furthest = place("furthest");
    const offset = c.select(wanted.ltU(furthest), wanted, furthest);
    return {
      address: index.shl(bufferShift).add(place("buffers")).add(offset),
      length: c.i32(0),
      good: index.ltU(place("count")).and(wanted.leU(furthestOffset)),
    };
  },
};

/** Slots of buffers into which frames were put. What the slot says of its buffer by now is the guest's affair. */
export const netmapArrived: SinkKind = {
  name: "netmap arrived",
  places,
  slots: ringSlots,
  byAddress: true,
  room: ({ c }) => ({ address: c.i32(0), good: c.i32(1) }),
  fill({ memory, place }, i, address, length) {
    const slot = i.mul(netmapSlot.size).add(place("ring"));
    memory.store32(slot, length.or(lastSlot), lengthAt);
    memory.store32(slot, address.sub(place("buffers")).and(bufferSize - 1), offsetAt);
  },
};

/** What a guest receives. */
export const netmapReceive: SinkKind = {
  name: "netmap receive",
  places,
  slots: ringSlots,
  room({ memory, place }, i, length) {
    const slot = i.mul(netmapSlot.size).add(place("ring"));
    const index = memory.load32(slot, indexAt);
    const offset = memory.load32(slot, offsetAt);
    const good = index.ltU(place("count")).and(offset.leU(furthestOffset)).and(offset.add(length).leU(maximumFrame));
    return { address: index.shl(bufferShift).add(place("buffers")).add(offset), good };
  },
  fill({ memory, place }, i, _address, length) {
    memory.store32(i.mul(netmapSlot.size).add(place("ring")), length.or(lastSlot), lengthAt);
  },
};
