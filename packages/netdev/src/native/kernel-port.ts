/**
 * A port whose frames are read and written one a system call on a file descriptor: TAP devices and packet sockets.
 *
 * The kernel copies each frame straight to where the switch finds it, and takes it from where another port has it. Frames in
 * memory that a guest can write to are copied once more, as their addresses must stay those that were looked up.
 */
import { Wakers } from "@clickos/run-loop";
import { batchSize, copyFrame, FrameBatch, FrameMemory } from "@clickos/vale";
import type { Attachment } from "../attachment.ts";
import { type DropCounts, reasons } from "../drop-counts.ts";
import { errno, errnoName, type Libc, libc } from "./libc.ts";
import { onReadable } from "./readiness.ts";

/** Frames that are read before the switch has them. What one is cut into fits behind. */
export const framesAtOnce = 64;
/** Bytes before a frame, for a tag that is put back. */
export const headroom = 64;

/** Reads and writes frames of one descriptor. Addresses are the process's. */
export interface FrameChannel {
  readonly fd: number;
  /**
   * Reads a frame to the next place of the batch, or several where it was cut into pieces. @returns what is negative is no
   * frame: the error number with its sign changed.
   */
  receive(frames: ReceivedFrames): number;
  /** Writes a frame. @returns 0 or more, or the error number with its sign changed. */
  send(address: number, length: number): number;
}

/** Where received frames go: places of equal size in one memory. */
export class ReceivedFrames {
  readonly batch: FrameBatch;
  /** Bytes of a frame at most. */
  readonly frameLimit: number;
  readonly address: number;
  readonly drops: DropCounts;
  private readonly stride: number;

  constructor(c: Libc, frameLimit: number, drops: DropCounts) {
    this.frameLimit = frameLimit;
    this.drops = drops;
    this.stride = ((frameLimit + 63) & -64) + headroom + 64;
    this.batch = new FrameBatch(new ArrayBuffer(batchSize * this.stride));
    this.address = c.addressOf(this.batch.memory.bytes);
  }
  get hasPlace(): boolean {
    return this.batch.count < batchSize;
  }
  /** Where the next frame begins: there is headroom before it, and a byte behind the longest. */
  get place(): number {
    return this.batch.count * this.stride + headroom;
  }
  /** Adds the frame that stands there. */
  add(at: number, length: number): void {
    const { batch } = this;
    if (length > this.frameLimit) {
      this.drops.add(reasons.tooLong);
      return;
    }
    batch.offsets[batch.count] = at;
    batch.lengths[batch.count++] = length;
  }
}

export interface KernelPortOptions {
  readonly name: string;
  readonly frameLimit: number;
  readonly drops: DropCounts;
  /** How many frames the kernel had no room for so far; asked for whenever the drops are read. */
  kernelDrops(): number;
  /** What is wrong at the moment, where the descriptor is good. */
  problem?(): string | undefined;
  /** The descriptor is closed. */
  closed?(): void;
}

const kernelFull = "no room in the kernel's queue";

/** What the kernel says when a device is gone for good. */
const gone: ReadonlySet<number> = new Set([errno.EBADFD, errno.ENODEV, errno.ENXIO]);

export function kernelPort(
  channel: FrameChannel,
  { name, frameLimit, drops, kernelDrops, ...options }: KernelPortOptions,
): Attachment {
  const c = libc();
  const frames = new ReceivedFrames(c, frameLimit, drops);
  const { batch } = frames;
  const scratch = new FrameMemory(new ArrayBuffer((frameLimit + 15) & -16));
  const scratchAddress = c.addressOf(scratch.bytes);
  let memory: FrameMemory | undefined;
  let memoryAddress = 0;
  let open = true;
  let problem: string | undefined;
  const ready = new Wakers();
  /** It is, until a read finds nothing. */
  let readable = true;
  const ends = onReadable(channel.fd, () => {
    readable = true;
    ready.wake();
  });

  const fill = (): void => {
    // What could not be read counts too, so that errors without end hold nobody up.
    for (let reads = 0; reads < framesAtOnce && batch.count < framesAtOnce; reads++) {
      const result = channel.receive(frames);
      if (result >= 0) continue;
      if (result === -errno.EAGAIN) {
        readable = false;
        return;
      }
      if (result === -errno.EINTR) continue;
      drops.add(`receiving: ${errnoName(-result)}`);
      if (gone.has(-result)) {
        readable = false;
        problem = "the interface is gone";
      }
    }
  };
  const addressIn = (batch: FrameBatch, i: number): number => {
    if (batch.memory.shared) {
      copyFrame(batch, i, scratch, 0);
      return scratchAddress;
    }
    if (batch.memory !== memory) {
      memory = batch.memory;
      memoryAddress = c.addressOf(memory.bytes);
    }
    return memoryAddress + (batch.offsets[i] as number);
  };
  return {
    name,
    frameLimit,
    get problem() {
      return problem ?? options.problem?.();
    },
    get drops() {
      const lost = open ? kernelDrops() : 0;
      if (lost > 0) drops.counts[kernelFull] = lost;
      return drops.counts;
    },
    poll() {
      if (batch.count === 0 && readable && open) fill();
      // Where all were bad so far there may be more.
      return batch.count > 0 || (readable && open) ? batch : null;
    },
    release() {
      batch.count = 0;
    },
    deliver(from, list, count) {
      if (!open) return 0;
      for (let k = 0; k < count; k++) {
        const i = list[k] as number;
        const result = channel.send(addressIn(from, i), from.lengths[i] as number);
        if (result >= 0) continue;
        if (result === -errno.EAGAIN || result === -errno.ENOBUFS) return k;
        drops.add(result === -errno.EMSGSIZE ? reasons.tooLong : `sending: ${errnoName(-result)}`);
      }
      return count;
    },
    flush() {},
    onReady: (listener) => ready.add(listener),
    detached() {
      if (!open) return;
      const lost = kernelDrops();
      if (lost > 0) drops.counts[kernelFull] = lost;
      open = false;
      ends();
      c.close(channel.fd);
      options.closed?.();
    },
  };
}
