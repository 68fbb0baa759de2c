/**
 * A transmit queue's ring, section 7.2.3: what software asked of it, and what context descriptors said.
 */
import type { FrameMemory } from "@clickos/vale";
import { DescriptorRing } from "./descriptor-ring.ts";
import type { LineRate } from "./line-rate.ts";
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

export class TransmitRing extends DescriptorRing {
  /** Frames shorter than this are padded to it, HLREG0.TXPADEN. */
  least = 0;
  /** Where hardware writes its head, TDWBAL; -1 for nowhere. */
  headAt = -1;
  /** The line that says when a frame may be sent; none sends at once. */
  line: LineRate | undefined;
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

  constructor(memory: FrameMemory) {
    super(memory, "transmit");
  }

  /** After a reset of the NIC. */
  override reset(): void {
    super.reset();
    this.headAt = -1;
    this.reported = false;
  }
  /** The descriptor after one. */
  after(i: number): number {
    return i + 1 === this.count ? 0 : i + 1;
  }
  /** The word at which a descriptor begins. */
  wordOf(i: number): number {
    return (this.base + i * R.descriptorSize) >> 2;
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
