/** What a front end with a netif ring was answered about receiving, and has not read. */
import { NETRXF } from "@clickos/xen-ring";
import { joined } from "./held-frames.ts";
import type { NetifBackRing } from "./netif-ring.ts";
import { shortestFrame } from "./vif.ts";

const frameSize = 4096;

export interface AnsweredRing {
  readonly ring: NetifBackRing;
  /** The front end's. */
  readonly memory: Uint8Array;
  /** Bytes of the longest frame. */
  readonly limit: number;
  /** Where a granted page is, or an error number below 0. */
  pin(ref: number): number;
  unpin(ref: number): void;
}

export class NetifAnswers {
  private readonly of: AnsweredRing;
  /** By answer: the grant that it is about, which the answer does not say. */
  private readonly refs: Uint32Array;

  constructor(of: AnsweredRing) {
    this.of = of;
    this.refs = new Uint32Array(of.ring.size);
  }
  /** The next answer is about this grant. */
  note(ref: number): void {
    const { rspProd, size } = this.of.ring;
    this.refs[rspProd & (size - 1)] = ref;
  }
  /**
   * Copies of the frames in answers that the front end has not read, while it stands still. It has asked for `posted` pages behind
   * those. What makes no sense is left out.
   */
  unread(posted: number): Uint8Array[] {
    const { ring, memory, limit } = this.of;
    const frames: Uint8Array[] = [];
    const first = (ring.reqProd - posted) >>> 0;
    const count = (ring.rspProd - first) >>> 0;
    if (count > ring.size) return frames;
    let pieces: Uint8Array[] = [];
    let good = true;
    for (let i = 0; i < count; i++) {
      const at = ring.slot(first + i);
      const offset = ring.data.getUint16(at + 2, true);
      const flags = ring.data.getUint16(at + 4, true);
      const status = ring.data.getInt16(at + 6, true);
      const ref = this.refs[(first + i) & (ring.size - 1)] as number;
      const page = status > 0 && offset + status <= frameSize ? this.of.pin(ref) : -1;
      if (page < 0) good = false;
      else {
        pieces.push(memory.slice(page + offset, page + offset + status));
        this.of.unpin(ref);
      }
      if (flags & NETRXF.moreData) continue;
      const frame = joined(pieces);
      if (good && frame.length >= shortestFrame && frame.length <= limit) frames.push(frame);
      pieces = [];
      good = true;
    }
    return frames;
  }
}
