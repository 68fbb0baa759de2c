/**
 * Transmission of frames that need work, sections 7.2.3 to 7.2.5: frames in several buffers, tags to put in, checksums, segments of a
 * long packet, padding. They are put together in memory of the NIC, and changed there.
 *
 * A descriptor without a frame's end waits for it. What cannot be sent is skipped: a frame that is longer than any, or has no bytes,
 * or has a buffer that is not in memory.
 */
import { FrameMemory, GatheredFrames } from "@clickos/vale";
import { type FrameCounts, fcsBytes } from "./frame-counts.ts";
import { etherTypeAt, vlanTagBytes, write16 } from "./headers.ts";
import * as R from "./registers.ts";
import { finishSegment } from "./segmentation.ts";
import { insertChecksum, insertChecksums } from "./transmit-checksum.ts";
import type { Leaves } from "./transmit-plain.ts";
import type { TransmitContext, TransmitRing } from "./transmit-ring.ts";

/** Bytes of the longest frame that is sent, without its check sequence, and before a tag is put in. */
const longestSent = R.MFS_MAXIMUM - fcsBytes;
/** Bytes of the longest packet that is cut to segments, by the 18 bits of PAYLEN, with its headers. */
const longestPacket = (1 << 18) + 1024;

/** What is to be done to a frame, by its first descriptor, or its last where that is a legacy one. */
interface Orders {
  context: TransmitContext | undefined;
  /** Put a tag in; -1 for none. */
  tag: number;
  ipChecksum: boolean;
  l4Checksum: boolean;
  segments: boolean;
  /** Legacy: where the checksum starts, and where it goes; -1 for none. */
  sumFrom: number;
  sumTo: number;
}

export class FrameSender {
  private readonly counts: FrameCounts;
  private readonly leaves: Leaves;
  private readonly gathered = new GatheredFrames(longestSent + vlanTagBytes);
  /** A packet that is cut to segments; made when there is one. */
  private packet: FrameMemory | undefined;
  private readonly tagged = new FrameMemory(new ArrayBuffer(8));
  private readonly zeros = new FrameMemory(new ArrayBuffer(64));
  private readonly orders: Orders = {
    context: undefined,
    tag: -1,
    ipChecksum: false,
    l4Checksum: false,
    segments: false,
    sumFrom: -1,
    sumTo: -1,
  };
  /** EtherType of tags, DMATXCTL.VT, and flags that the first, middle and last segments keep, DTXTCPFLG. */
  tagType = 0x8100;
  flagMasks: readonly [first: number, middle: number, last: number] = [0xfff, 0xfff, 0xfff];

  constructor(counts: FrameCounts, leaves: Leaves) {
    this.counts = counts;
    this.leaves = leaves;
  }

  /** Sends frames from the head on as long as there is room. Returns whether it did away with any descriptor. */
  send(ring: TransmitRing): boolean {
    const from = ring.head;
    this.gathered.clear();
    while (ring.head !== ring.tail && this.gathered.hasRoom) {
      if (ring.line !== undefined && !ring.line.free) break;
      const d = ring.wordOf(ring.head);
      const command = ring.memory.words[d + 2] as number;
      if ((command & R.TX_CMD_DEXT) !== 0 && (command & R.TX_DTYP) === R.TX_DTYP_CONTEXT) {
        ring.setContext(d);
        ring.done(command);
      } else if (!this.sendFrame(ring)) break;
    }
    this.handOver();
    return ring.head !== from;
  }

  /** Sends the frame at the head; false when its end is not there yet. */
  private sendFrame(ring: TransmitRing): boolean {
    const { words } = ring.memory;
    let end = ring.head;
    let length = 0;
    let good = true;
    let last = 0;
    do {
      if (end === ring.tail) return false;
      last = ring.wordOf(end);
      const bytes = (words[last + 2] as number) & 0xffff;
      if (ring.buffer(last, bytes) < 0) good = false;
      length += bytes;
      end = ring.after(end);
    } while (((words[last + 2] as number) & R.TX_CMD_EOP) === 0);
    if (!good) ring.dmaErrors++;
    this.readOrders(ring, ring.wordOf(ring.head), last);
    const most = this.orders.segments ? longestPacket : longestSent;
    if (length === 0 || length > most) good = false;
    if (good && this.orders.segments) this.sendSegments(ring, end, length);
    else if (good) this.sendWhole(ring, end, length);
    while (ring.head !== end) ring.done(words[ring.wordOf(ring.head) + 2] as number);
    return true;
  }

  private readOrders(ring: TransmitRing, first: number, last: number): void {
    const { words } = ring.memory;
    const { orders } = this;
    const command = words[first + 2] as number;
    orders.context = undefined;
    orders.tag = orders.sumFrom = orders.sumTo = -1;
    orders.ipChecksum = orders.l4Checksum = orders.segments = false;
    if ((command & R.TX_CMD_DEXT) === 0) {
      // A legacy frame's are in its last descriptor.
      const all = words[last + 2] as number;
      const word = words[last + 3] as number;
      if ((all & R.TX_CMD_VLE) !== 0) orders.tag = word >>> 16;
      if ((all & R.TX_CMD_IC) !== 0) {
        orders.sumTo = (all >>> 16) & 0xff;
        orders.sumFrom = (word >>> 8) & 0xff;
      }
      return;
    }
    const options = words[first + 3] as number;
    const context = ring.contexts[((options & R.TX_IDX) >>> 4) & 1] as TransmitContext;
    orders.context = context;
    orders.ipChecksum = (options & R.TX_POPTS_IXSM) !== 0;
    orders.l4Checksum = (options & R.TX_POPTS_TXSM) !== 0;
    orders.segments = (command & R.TX_CMD_TSE) !== 0 && context.segmentBytes > 0;
    if ((command & R.TX_CMD_VLE) !== 0) orders.tag = context.vlan;
  }

  /** Puts the frame of the descriptors up to `end` together, with a tag where one is to be put in, and its checksums. */
  private sendWhole(ring: TransmitRing, end: number, length: number): void {
    const { gathered, orders } = this;
    const { words } = ring.memory;
    const { batch } = gathered;
    let done = 0;
    for (let i = ring.head; i !== end; i = ring.after(i)) {
      const d = ring.wordOf(i);
      const bytes = (words[d + 2] as number) & 0xffff;
      const buffer = ring.buffer(d, bytes);
      const memory = ring.memoryOf(d);
      // Memory may be shared, and descriptors others than when they were checked.
      if (!memory || buffer < 0 || done + bytes > length) {
        this.drop(ring);
        return;
      }
      this.addPart(memory, buffer, bytes, done);
      done += bytes;
    }
    if (length < ring.least) gathered.add(this.zeros, 0, ring.least - length);
    const size = gathered.end();
    const at = batch.offsets[batch.count - 1] as number;
    const moved = orders.tag >= 0 && length > etherTypeAt ? vlanTagBytes : 0;
    const { bytes } = batch.memory;
    if (orders.context) insertChecksums(bytes, at, length + moved, orders.context, moved, orders);
    else if (orders.sumTo >= 0) insertChecksum(bytes, at, length + moved, orders.sumFrom + moved, orders.sumTo + moved);
    this.count(ring, bytes, at, size);
  }

  /** Takes back the frame that is being put together. */
  private drop(ring: TransmitRing): void {
    this.gathered.end();
    this.gathered.batch.count--;
    ring.dmaErrors++;
  }

  /** Adds some bytes of a frame, of which `done` are there; a tag goes before the twelfth. */
  private addPart(from: FrameMemory, at: number, length: number, done: number): void {
    const { gathered, orders } = this;
    const before = orders.tag < 0 ? length : Math.max(0, Math.min(length, etherTypeAt - done));
    if (before > 0) gathered.add(from, at, before);
    if (before === length) return;
    if (done <= etherTypeAt && done + before === etherTypeAt) {
      write16(this.tagged.bytes, 0, this.tagType);
      write16(this.tagged.bytes, 2, orders.tag);
      gathered.add(this.tagged, 0, vlanTagBytes);
    }
    gathered.add(from, at + before, length - before);
  }

  /** Cuts a packet to segments, section 7.2.4: each has the headers, corrected, and its part of the payload. */
  private sendSegments(ring: TransmitRing, end: number, length: number): void {
    const { gathered, orders } = this;
    const context = orders.context as TransmitContext;
    const headerBytes = context.macBytes + context.ipBytes + context.l4Bytes;
    const segmentBytes = Math.min(context.segmentBytes, longestSent - headerBytes);
    if (headerBytes >= length || headerBytes < etherTypeAt + 2 || segmentBytes <= 0) return;
    const packet = this.collect(ring, end, length);
    if (!packet) {
      ring.dmaErrors++;
      return;
    }
    const moved = orders.tag >= 0 ? vlanTagBytes : 0;
    const [first, middle, final] = this.flagMasks;
    for (let at = headerBytes, n = 0; at < length; at += segmentBytes, n++) {
      const part = Math.min(segmentBytes, length - at);
      if (!gathered.hasRoom) this.handOver();
      this.addPart(packet, 0, headerBytes, 0);
      gathered.add(packet, at, part);
      const short = ring.least - headerBytes - part;
      if (short > 0) gathered.add(this.zeros, 0, short);
      const size = gathered.end();
      const { batch } = gathered;
      const start = batch.offsets[batch.count - 1] as number;
      const { bytes } = batch.memory;
      const flags = at + part === length ? final : n === 0 ? first : middle;
      finishSegment(bytes, start + moved, context, n, at - headerBytes, part, flags);
      insertChecksums(bytes, start, headerBytes + part + moved, context, moved, orders, part + context.l4Bytes);
      this.count(ring, bytes, start, size);
    }
  }
  /** The bytes of the descriptors up to `end` in one piece; none when they are not what they were when they were checked. */
  private collect(ring: TransmitRing, end: number, whole: number): FrameMemory | undefined {
    this.packet ??= new FrameMemory(new ArrayBuffer(longestPacket));
    const { words } = ring.memory;
    let done = 0;
    for (let i = ring.head; i !== end; i = ring.after(i)) {
      const d = ring.wordOf(i);
      const length = (words[d + 2] as number) & 0xffff;
      const at = ring.buffer(d, length);
      const memory = ring.memoryOf(d);
      if (!memory || at < 0 || done + length > whole) return undefined;
      this.packet.bytes.set(memory.bytes.subarray(at, at + length), done);
      done += length;
    }
    return this.packet;
  }

  private count(ring: TransmitRing, bytes: Uint8Array, at: number, length: number): void {
    this.counts.add(bytes, at, length);
    ring.line?.take(length);
  }
  private handOver(): void {
    if (this.gathered.batch.count > 0) this.leaves(this.gathered.batch);
    this.gathered.clear();
  }
}
