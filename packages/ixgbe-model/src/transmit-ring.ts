/**
 * A transmit queue's ring, section 7.2.3: where it is, which descriptors are the hardware's, and what context descriptors said.
 *
 * The ring was checked to be in memory when the queue was enabled; each buffer is checked before it is read.
 */
import type { FrameMemory } from "@clickos/vale";
import type { LineRate } from "./line-rate.ts";
import { checkRing } from "./receive-ring.ts";
import * as R from "./registers.ts";

/** What a context descriptor says, section 7.2.3.2.3. */
export interface TransmitContext {
  /** The tag to put in; bytes of the headers of the link, IP, TCP or UDP; of a segment's payload. */
  vlan: number;
  macBytes: number;
  ipBytes: number;
  l4Bytes: number;
  segmentBytes: number;
  /** The kind of IP and of what follows it, as TX_TUCMD_…. */
  kinds: number;
}

/** Contexts that a queue keeps. */
const contextCount = 2;

export class TransmitRing {
  readonly memory: FrameMemory;
  /** Where the descriptors are, in bytes, and how many. */
  base = 0;
  count = 0;
  /** The next descriptor that hardware reads, and the first that it must not. Within the ring while it is enabled. */
  head = 0;
  tail = 0;
  enabled = false;
  /** Frames shorter than this are padded to it, HLREG0.TXPADEN. */
  least = 0;
  /** Where hardware writes its head, TDWBAL; -1 for nowhere. */
  headAt = -1;
  /** The line that says when a frame may be sent; none sends at once. */
  line: LineRate | undefined;
  /** Frames that were not sent because their buffer was not in memory. */
  dmaErrors = 0;
  /** Whether a descriptor that asks for it was marked done since the queue was last looked at. */
  reported = false;
  readonly contexts: readonly TransmitContext[] = Array.from({ length: contextCount }, () => ({
    vlan: 0,
    macBytes: 0,
    ipBytes: 0,
    l4Bytes: 0,
    segmentBytes: 0,
    kinds: 0,
  }));

  private readonly size: number;

  constructor(memory: FrameMemory) {
    this.memory = memory;
    this.size = memory.bytes.length;
  }

  /** Hardware begins to use the ring that stands there. @throws {RangeError} as a receive ring does. */
  enable(base: number, bytes: number): void {
    checkRing("transmit", base, bytes, this.size);
    this.base = base;
    this.count = bytes / R.descriptorSize;
    this.head = this.head < this.count ? this.head : 0;
    this.tail = this.tail < this.count ? this.tail : 0;
    this.enabled = true;
  }
  /** After a reset of the NIC. */
  reset(): void {
    this.base = this.count = this.head = this.tail = this.dmaErrors = 0;
    this.headAt = -1;
    this.enabled = this.reported = false;
  }
  /** A head or tail that software wrote, within the ring once it is enabled. */
  within(value: number): number {
    if (!this.enabled) return value & 0xffff;
    return this.count > 0 ? value % this.count : 0;
  }
  /** The descriptor after one. */
  after(i: number): number {
    return i + 1 === this.count ? 0 : i + 1;
  }
  /** The word at which a descriptor begins. */
  wordOf(i: number): number {
    return (this.base + i * R.descriptorSize) >> 2;
  }
  /** The buffer of the descriptor at a word, if that many bytes of it are in memory; -1 otherwise. */
  buffer(descriptor: number, length: number): number {
    const { words } = this.memory;
    const address = words[descriptor] as number;
    return address >= 0 && address + length <= this.size && words[descriptor + 1] === 0 ? address : -1;
  }
  /** The hardware is done with the next descriptor. */
  done(command: number): void {
    if ((command & R.TX_CMD_RS) !== 0) {
      this.memory.words[this.wordOf(this.head) + 3] = R.TX_DD;
      this.reported = true;
    }
    this.head = this.after(this.head);
  }
  /** Keeps what the context descriptor at a word says. */
  setContext(d: number): void {
    const { words } = this.memory;
    const lengths = words[d] as number;
    const last = words[d + 3] as number;
    const context = this.contexts[(last >>> 4) & (contextCount - 1)] as TransmitContext;
    context.vlan = lengths >>> 16;
    context.macBytes = (lengths >>> 9) & 0x7f;
    context.ipBytes = lengths & 0x1ff;
    context.l4Bytes = (last >>> 8) & 0xff;
    context.segmentBytes = last >>> 16;
    context.kinds = (words[d + 2] as number) & (R.TX_TUCMD_IPV4 | R.TX_TUCMD_L4T);
  }
  /** Writes the head where software asked for it, section 7.2.3.5.2. */
  writeHead(): void {
    const { headAt } = this;
    if (headAt >= 0 && headAt + 4 <= this.size) this.memory.words[headAt >> 2] = this.head;
  }
}
