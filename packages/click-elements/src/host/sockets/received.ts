/**
 * What sockets have received and the router has not taken yet. What waits is bounded: of datagrams the latest are lost and
 * counted; a stream is to be left unread while it is `full`, and its bytes are cut into packets as the router takes them.
 */
import { annotation, type HostFrame, maximumLargeFrame } from "@clickos/click-core/element";

const maximumWaiting = 1024;
const maximumBytes = 4 << 20;
const maximumStreamBytes = 256 << 10;

interface Waiting {
  readonly data: Uint8Array;
  readonly timestampNs: bigint;
}

abstract class Received {
  protected readonly queue: Waiting[] = [];
  protected bytes = 0;
  /** The longest packet. */
  protected readonly limit: number;

  constructor(snapLength: number) {
    this.limit = Math.min(snapLength, maximumLargeFrame);
  }

  get empty(): boolean {
    return this.queue.length === 0;
  }

  /** The next packet, if there is one. */
  abstract next(): HostFrame | undefined;

  protected put(data: Uint8Array, timestampNs: bigint): void {
    this.queue.push({ data, timestampNs });
    this.bytes += data.length;
  }
}

/** Datagrams: a longer one is cut, and its extra length annotation says how much is missing. */
export class ReceivedDatagrams extends Received {
  drops = 0;

  /** Adds one that came; `false` where there is no room. */
  add(data: Uint8Array, timestampNs: bigint): boolean {
    if (this.queue.length >= maximumWaiting || this.bytes + data.length > maximumBytes) {
      this.drops++;
      return false;
    }
    this.put(data, timestampNs);
    return true;
  }

  next(): HostFrame | undefined {
    const first = this.queue.shift();
    if (!first) return undefined;
    const { data, timestampNs } = first;
    this.bytes -= data.length;
    const missing = data.length - this.limit;
    if (missing <= 0) return { frame: data, timestampNs };
    return {
      frame: data.subarray(0, this.limit),
      timestampNs,
      annotate: (annotations) => annotations.setUint32(annotation.extraLength, missing, true),
    };
  }
}

/** A stream: a packet is what one read has found, or as much of it as fits. */
export class ReceivedStream extends Received {
  /** Whether the stream is to be left unread. */
  get full(): boolean {
    return this.bytes >= maximumStreamBytes || this.queue.length >= maximumWaiting;
  }
  /** Whether it is to be read again. */
  get low(): boolean {
    return this.bytes < maximumStreamBytes / 2 && this.queue.length < maximumWaiting / 2;
  }

  add(data: Uint8Array, timestampNs: bigint): void {
    this.put(data, timestampNs);
  }

  next(): HostFrame | undefined {
    const first = this.queue[0];
    if (!first) return undefined;
    const { data, timestampNs } = first;
    const frame = data.subarray(0, this.limit);
    if (frame.length === data.length) this.queue.shift();
    else this.queue[0] = { data: data.subarray(this.limit), timestampNs };
    this.bytes -= frame.length;
    return { frame, timestampNs };
  }
}
