/**
 * Frames on a byte stream, as QEMU's `-netdev stream` has them: before each its length, four bytes, network order.
 *
 * Frames are copied from what was read straight to the inbox. A frame that came in pieces is put together first; while the inbox
 * has no room, the rest of what was read waits, and nothing more is to be read.
 */
import { copyFrame, type FrameBatch, FrameMemory } from "@clickos/vale";
import { type DropCounts, reasons } from "./drop-counts.ts";
import type { Inbox } from "./inbox.ts";

const lengthSize = 4;
/** What QEMU takes itself: NET_BUFSIZE of include/net/net.h. A longer one is no frame. */
const longestSent = 4096 + 65_536;

export class StreamFrames {
  private readonly inbox: Inbox;
  private readonly frameLimit: number;
  private readonly drops: DropCounts;
  /** A frame of which only the beginning has come, its length before it. */
  private readonly partial: Uint8Array;
  private have = 0;
  /** Bytes of a frame that is too long, still to come. */
  private skipping = 0;
  /** What was read and has no room yet. */
  private rest: Uint8Array | undefined;

  constructor(inbox: Inbox, frameLimit: number, drops: DropCounts) {
    this.inbox = inbox;
    this.frameLimit = frameLimit;
    this.drops = drops;
    this.partial = new Uint8Array(lengthSize + frameLimit);
  }

  /** Whether something waits for room: nothing more is to be read. */
  get waits(): boolean {
    return this.rest !== undefined;
  }
  /** Begins anew, with another connection. What came whole stays. */
  reset(): void {
    this.have = 0;
    this.skipping = 0;
    this.rest = undefined;
  }
  /** Takes what was read. @returns false when it is no such stream: the connection is to be closed. */
  accept(bytes: Uint8Array): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (this.skipping > 0) {
        const skipped = Math.min(this.skipping, bytes.length - at);
        this.skipping -= skipped;
        at += skipped;
        continue;
      }
      if (this.have < lengthSize && bytes.length - at < lengthSize - this.have) {
        this.keep(bytes, at, bytes.length);
        break;
      }
      if (this.have > 0 && this.have < lengthSize) at = this.keep(bytes, at, at + lengthSize - this.have);
      const from = this.have > 0 ? this.partial : bytes;
      const length = lengthAt(from, this.have > 0 ? 0 : at);
      if (length > longestSent) {
        this.drops.add(reasons.framing);
        return false;
      }
      if (length > this.frameLimit) {
        this.drops.add(reasons.tooLong);
        at += this.have > 0 ? 0 : lengthSize;
        this.have = 0;
        this.skipping = length;
        continue;
      }
      const missing = lengthSize + length - this.have;
      if (bytes.length - at < missing) {
        this.keep(bytes, at, bytes.length);
        break;
      }
      if (!this.inbox.fits(length)) {
        this.rest = bytes.subarray(at);
        break;
      }
      if (this.have > 0) {
        at = this.keep(bytes, at, at + missing);
        this.inbox.put(this.partial.subarray(lengthSize, this.have));
        this.have = 0;
      } else {
        this.inbox.put(bytes.subarray(at + lengthSize, at + missing));
        at += missing;
      }
    }
    this.inbox.wake();
    return true;
  }
  /** After the inbox got room: goes on. The same result. */
  resume(): boolean {
    const { rest } = this;
    this.rest = undefined;
    return rest === undefined || this.accept(rest);
  }

  private keep(bytes: Uint8Array, from: number, to: number): number {
    this.partial.set(bytes.subarray(from, to), this.have);
    this.have += to - from;
    return to;
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

const bufferBytes = 65_536;
const buffersAtMost = 32;

/** Writes bytes, and says when they are written or lost. They stay as they are until then. */
export type WriteBytes = (bytes: Uint8Array, done: () => void) => void;

/**
 * Frames that leave on a stream: gathered in buffers of 64 KiB that are used again when the stream has written them. While all
 * 32 are under way there is no room.
 */
export class StreamWriter {
  private readonly write: WriteBytes;
  private readonly unused: StreamBuffer[] = [];
  private made = 0;
  private current: StreamBuffer | undefined;
  private end = 0;

  constructor(write: WriteBytes) {
    this.write = write;
  }

  /** Copies a frame, its length before it. @returns false where there is no room. */
  put(batch: FrameBatch, i: number): boolean {
    const length = batch.lengths[i] as number;
    if (this.current && this.end + lengthSize + length > bufferBytes) this.flush();
    this.current ??= this.buffer();
    if (!this.current) return false;
    const { memory, view } = this.current;
    view.setUint32(this.end, length);
    copyFrame(batch, i, memory, this.end + lengthSize);
    this.end += lengthSize + length;
    return true;
  }
  flush(): void {
    const { current, end } = this;
    if (!current || end === 0) return;
    this.current = undefined;
    this.end = 0;
    this.write(current.memory.bytes.subarray(0, end), current.done);
  }

  private buffer(): StreamBuffer | undefined {
    const found = this.unused.pop();
    if (found || this.made >= buffersAtMost) return found;
    this.made++;
    const memory = new FrameMemory(new ArrayBuffer(bufferBytes));
    const made: StreamBuffer = {
      memory,
      view: new DataView(memory.bytes.buffer),
      done: () => void this.unused.push(made),
    };
    return made;
  }
}

interface StreamBuffer {
  readonly memory: FrameMemory;
  readonly view: DataView;
  readonly done: () => void;
}
