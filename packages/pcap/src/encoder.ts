/** Encodes captures: pcap with microseconds or nanoseconds, or pcapng with nanoseconds; little endian, one interface. */
import { linkTypeEthernet } from "./records.ts";

/** Characters of an interface's name that are kept. */
const longestName = 256;

export type CaptureFormat = "pcap" | "pcapng";

export interface CaptureOptions {
  /** LINKTYPE_ value of the frames; Ethernet when absent. */
  readonly linkType?: number;
  /** Bytes of a frame that are kept, at most. */
  readonly snapLength?: number;
  /** Whether a pcap has nanoseconds; microseconds when absent. */
  readonly nanoseconds?: boolean | undefined;
  /** What a pcapng calls the interface; a pcap has no place for it. */
  readonly interfaceName?: string | undefined;
}

/** A buffer that begins with a capture's header, to which records are added. Those who add make room before. */
export class CaptureEncoder {
  buffer: Uint8Array<ArrayBuffer> = new Uint8Array(1 << 16);
  /** Bytes of the buffer that are filled. */
  used = 0;
  private data = new DataView(this.buffer.buffer);
  private readonly ng: boolean;
  private readonly snapLength: number;
  private readonly unit: bigint;

  constructor(format: CaptureFormat, options: CaptureOptions = {}) {
    this.ng = format === "pcapng";
    this.snapLength = options.snapLength ?? 262144;
    this.unit = options.nanoseconds ? 1n : 1000n;
    const linkType = options.linkType ?? linkTypeEthernet;
    if (this.ng) {
      this.words(0x0a0d0d0a, 28, 0x1a2b3c4d, 0x00000001, 0xffffffff, 0xffffffff, 28);
      // Interface block, with if_name where there is one, and if_tsresol = 9.
      const name = new TextEncoder().encode((options.interfaceName ?? "").slice(0, longestName));
      const padded = (name.length + 3) & ~3;
      const length = 32 + (name.length > 0 ? 4 + padded : 0);
      this.words(1, length, linkType, this.snapLength);
      if (name.length > 0) {
        this.words(2 | (name.length << 16));
        this.bytes(name);
        this.used += padded - name.length;
      }
      this.words(0x00010009, 9, 0, length);
    } else this.words(options.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, 0x00040002, 0, 0, this.snapLength, linkType);
  }

  /** Whether the record of a frame fits behind the others. */
  fits(frame: Uint8Array): boolean {
    return this.used + this.sizeOf(frame) <= this.buffer.length;
  }

  /** Makes the buffer as long as it must be for a frame's record to fit, or twice as long. */
  grow(frame: Uint8Array): void {
    const bigger = new Uint8Array(Math.max(this.used + this.sizeOf(frame), 2 * this.buffer.length));
    bigger.set(this.buffer.subarray(0, this.used));
    this.buffer = bigger;
    this.data = new DataView(bigger.buffer);
  }

  /** Adds a frame's record, which fits. */
  add(frame: Uint8Array, timestampNs: bigint, originalLength: number = frame.length): void {
    const length = Math.min(frame.length, this.snapLength);
    const shown = length < frame.length ? frame.subarray(0, length) : frame;
    if (this.ng) {
      const padded = (length + 3) & ~3;
      this.words(6, 32 + padded, 0, Number(timestampNs >> 32n), Number(timestampNs & 0xffffffffn));
      this.words(length, originalLength);
      this.bytes(shown);
      // What was in the buffer before is nobody's business.
      this.buffer.fill(0, this.used, this.used + padded - length);
      this.used += padded - length;
      this.words(32 + padded);
    } else {
      this.words(Number(timestampNs / 1_000_000_000n), Number((timestampNs % 1_000_000_000n) / this.unit));
      this.words(length, originalLength);
      this.bytes(shown);
    }
  }

  /** The length of the record at an offset of the buffer. */
  lengthAt(at: number): number {
    return this.ng ? this.data.getUint32(at + 4, true) : 16 + this.data.getUint32(at + 8, true);
  }

  /** Takes bytes out at the front. */
  drop(count: number): void {
    this.buffer.copyWithin(0, count, this.used);
    this.used -= count;
  }

  private sizeOf(frame: Uint8Array): number {
    const length = Math.min(frame.length, this.snapLength);
    return this.ng ? 32 + ((length + 3) & ~3) : 16 + length;
  }

  private words(...values: readonly number[]): void {
    for (const value of values) {
      this.data.setUint32(this.used, value >>> 0, true);
      this.used += 4;
    }
  }

  private bytes(from: Uint8Array): void {
    this.buffer.set(from, this.used);
    this.used += from.length;
  }
}
