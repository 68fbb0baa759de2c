/**
 * A receive queue's ring, sections 7.1.5 to 7.1.9: where it is, which descriptors are the hardware's, and how frames get into
 * their buffers. Which queue a frame is for is decided before.
 *
 * The ring was checked to be in memory when the queue was enabled; each buffer is checked before it is written to. A frame whose
 * buffer is not in memory is lost: hardware has a completion with an error there.
 */
import { copyPart, type FrameBatch, type FrameMemory } from "@clickos/vale";
import { DescriptorRing } from "./descriptor-ring.ts";
import * as R from "./registers.ts";

/** What is told of a frame in its descriptor. */
export interface FrameReport {
  /** Packet type and RSS type: word 0 of an advanced descriptor. */
  type: number;
  /** Word 1 of an advanced descriptor. */
  hash: number;
  /** Status and errors, as word 2 of an advanced descriptor has them, without DD and EOP. */
  status: number;
  /** The tag that was taken off the frame, or -1. */
  tag: number;
}

/** Frames of which nothing is told. */
export const nothingToReport: FrameReport = { type: 0, hash: 0, status: 0, tag: -1 };

/** Bytes of the two addresses, before a tag; and of a tag. */
const addressBytes = 12;
const tagBytes = 4;

export class ReceiveRing extends DescriptorRing {
  /** Bytes of a buffer, SRRCTL.BSIZEPACKET. */
  bufferSize = 2048;
  /** Descriptors are written back in the advanced format. */
  advanced = false;
  /** Frames for which there is no descriptor are dropped; otherwise they wait. */
  drops = false;
  /** VLAN tags are taken off, RXDCTL.VME. */
  takesTags = false;
  /** Frames that were lost because they need more descriptors than the ring has. */
  tooLong = 0;

  constructor(memory: FrameMemory) {
    super(memory, "receive");
  }

  /** After a reset of the NIC. */
  override reset(): void {
    super.reset();
    this.tooLong = 0;
  }
  /** Descriptors that are the hardware's. */
  get free(): number {
    const free = this.tail - this.head;
    return !this.enabled ? 0 : free < 0 ? free + this.count : free;
  }

  /**
   * Puts a frame into as many buffers as it takes. False when there are too few descriptors for it; a frame that the ring can
   * never hold, or that has a bad buffer, is lost. `length` may be less than the frame's.
   */
  put(batch: FrameBatch, i: number, length: number, report: FrameReport): "put" | "lost" | "full" {
    const tagged = report.tag >= 0 && this.takesTags;
    const bytes = tagged ? length - tagBytes : length;
    if (bytes <= 0) return "lost";
    const parts = Math.ceil(bytes / this.bufferSize);
    if (parts >= this.count) {
      this.tooLong++;
      return "lost";
    }
    if (parts > this.free) return "full";
    if (!this.buffersGood(bytes)) return this.lose(parts);
    for (let done = 0; done < bytes; ) {
      const part = Math.min(this.bufferSize, bytes - done);
      const d = (this.base + this.head * R.descriptorSize) >> 2;
      // It is looked at again: a part before may have been written over it, where software put a buffer over the ring.
      const buffer = this.buffer(d, part);
      const memory = this.memoryOf(d);
      if (buffer < 0 || !memory) return this.lose(parts - Math.floor(done / this.bufferSize));
      copyUntagged(batch, i, done, part, memory, buffer, tagged);
      done += part;
      this.writeBack(d, part, done === bytes, report, tagged);
      this.head = this.head + 1 === this.count ? 0 : this.head + 1;
    }
    return "put";
  }

  /** Whether the buffers of a frame are in memory. */
  private buffersGood(bytes: number): boolean {
    let at = this.head;
    for (let done = 0; done < bytes; done += this.bufferSize) {
      const d = (this.base + at * R.descriptorSize) >> 2;
      if (this.buffer(d, Math.min(this.bufferSize, bytes - done)) < 0) return false;
      at = at + 1 === this.count ? 0 : at + 1;
    }
    return true;
  }
  /** Hardware is done with the next descriptors, and says nothing in them. */
  private lose(descriptors: number): "lost" {
    this.head = (this.head + descriptors) % this.count;
    this.dmaErrors++;
    return "lost";
  }

  private writeBack(d: number, length: number, last: boolean, report: FrameReport, tagged: boolean): void {
    const { words } = this.memory;
    const done = last ? R.RX_DD | R.RX_EOP : R.RX_DD;
    const status = last ? report.status : 0;
    const tag = tagged && last ? report.tag << 16 : 0;
    if (this.advanced) {
      words[d] = report.type;
      words[d + 1] = report.hash;
      words[d + 2] = status | done;
      words[d + 3] = length | tag;
    } else {
      words[d + 2] = length;
      // Status in the first byte, errors in the second: TCPE and IPE where an advanced descriptor has them, and RXE below.
      const errors = ((status >>> 24) & 0xc0) | ((status >>> 29) & 1);
      words[d + 3] = (status & 0xff) | done | (errors << 8) | tag;
    }
  }
}

/** Copies a part of a frame, from `skip` on, counted without its tag where that is taken off. */
function copyUntagged(
  batch: FrameBatch,
  i: number,
  skip: number,
  length: number,
  memory: FrameMemory,
  to: number,
  tagged: boolean,
): void {
  const before = tagged ? Math.max(0, Math.min(length, addressBytes - skip)) : length;
  if (before > 0) copyPart(batch, i, skip, before, memory, to);
  if (length > before) copyPart(batch, i, skip + before + tagBytes, length - before, memory, to + before);
}
