/**
 * Frames of several slots that a guest sends on a netmap ring: all slots but the last have `NS_MOREFRAG`. Every field is the
 * guest's to write at any time: it is read once, and what was read is checked and kept here.
 *
 * A frame is taken whole or refused whole. One whose last slot is not there yet waits for it; one of too many slots is
 * refused, and what follows of it too, up to its end.
 */
import { maximumFrameSlots, NS, netmapRing, netmapSlot, ringSlots } from "@clickos/xen-ring";
import { joined } from "./held-frames.ts";
import { bufferSize, shortestFrame } from "./vif.ts";

const mask = ringSlots - 1;
const slotWords = netmapSlot.size >> 2;
const slotsWord = netmapRing.offsets.slots >> 2;
/** In the word of a slot's length and flags. */
export const moreFragments: number = NS.moreFrag << 16;

/** What is wrong with a frame, in the words of a port's `drops`. */
export type ChainFault = "bad transmit slot" | "transmit frame too long" | "too many transmit slots";

/** What a chain is read from. */
export interface ChainSource {
  readonly words: Int32Array;
  /** Word index of the ring. */
  readonly ring: number;
  /** Where each buffer is in the guest's memory. */
  readonly buffers: Int32Array;
  /** Bytes of the longest frame. */
  readonly limit: number;
}

export class NetmapChain {
  /** The pieces of the frame that was read: offsets in the guest's memory, and lengths. */
  readonly offsets: Int32Array = new Int32Array(maximumFrameSlots);
  readonly lengths: Int32Array = new Int32Array(maximumFrameSlots);
  pieces = 0;
  fault: ChainFault | undefined;
  /** A frame was refused before its end was there: what follows is its rest. */
  unfinished = false;
  private readonly from: ChainSource;

  constructor(from: ChainSource) {
    this.from = from;
  }
  /** Reads the frame that begins in a slot. Returns the slot after it, or -1 while its end is not before `head`. */
  read(first: number, head: number): number {
    const { words, ring, buffers, limit } = this.from;
    let total = 0;
    this.fault = undefined;
    this.pieces = 0;
    for (let i = first; i !== head; ) {
      const slot = ring + slotsWord + i * slotWords;
      const index = (words[slot] as number) >>> 0;
      const lengthAndFlags = words[slot + 1] as number;
      const offset = (words[slot + 2] as number) >>> 0;
      const length = lengthAndFlags & 0xffff;
      const more = (lengthAndFlags & moreFragments) !== 0;
      i = (i + 1) & mask;
      if (index >= buffers.length || offset > bufferSize || offset + length > bufferSize || length === 0)
        this.fault = "bad transmit slot";
      else {
        this.offsets[this.pieces] = (buffers[index] as number) + offset;
        this.lengths[this.pieces] = length;
      }
      this.pieces++;
      total += length;
      if (!more) {
        if (total < shortestFrame) this.fault ??= "bad transmit slot";
        if (total > limit) this.fault ??= "transmit frame too long";
        return i;
      }
      if (this.pieces === maximumFrameSlots) {
        this.fault = "too many transmit slots";
        this.unfinished = true;
        return i;
      }
    }
    return -1;
  }
  /** Copies of the frames from a slot on; what makes no sense is left out. */
  frames(first: number, head: number, memory: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (let cur = first; cur !== head; ) {
      const end = this.read(cur, head);
      if (end < 0) break;
      cur = this.unfinished ? this.skip(end, head) : end;
      if (this.fault) continue;
      const pieces = Array.from({ length: this.pieces }, (_, p) => {
        const at = this.offsets[p] as number;
        return memory.slice(at, at + (this.lengths[p] as number));
      });
      frames.push(joined(pieces));
    }
    return frames;
  }
  /** The slot after the rest of a frame that was refused; `head` while its end is not there. */
  skip(first: number, head: number): number {
    const { words, ring } = this.from;
    for (let i = first; i !== head; ) {
      const more = (words[ring + slotsWord + i * slotWords + 1] as number) & moreFragments;
      i = (i + 1) & mask;
      if (more === 0) {
        this.unfinished = false;
        return i;
      }
    }
    return head;
  }
}
