/** Frames between two interfaces of which one takes the place of the other: what stood in the rings of the former. */
import { batchSize, FrameBatch } from "@clickos/vale";

/** Frames that stood in the rings of an interface, each in memory of its own, in their order. */
export interface HeldFrames {
  /** From the guest: the switch had not taken them. */
  readonly sent: readonly Uint8Array[];
  /** For the guest: it had not read them. */
  readonly unread: readonly Uint8Array[];
}

/** Frames begin on a line of the cache. */
const align = (length: number): number => (length + 63) & ~63;

/** Copies of the frames of a batch. */
export function copiesOf({ memory, offsets, lengths, count }: FrameBatch): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const at = offsets[i] as number;
    return memory.bytes.slice(at, at + (lengths[i] as number));
  });
}

/** A frame that stood in pieces. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first && pieces.length === 1) return first;
  const frame = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    frame.set(piece, at);
    at += piece.length;
  }
  return frame;
}

/** Frames in a batch; at most 256. */
export function batchOf(frames: readonly Uint8Array[]): FrameBatch {
  const batch = new FrameBatch(new ArrayBuffer(frames.reduce((sum, f) => sum + align(f.length), 64)));
  let at = 0;
  for (const frame of frames) {
    batch.memory.bytes.set(frame, at);
    batch.offsets[batch.count] = at;
    batch.lengths[batch.count] = frame.length;
    batch.count++;
    at += align(frame.length);
  }
  return batch;
}

/** Takes everything that a port has to give, as the switch would. */
export function drain(port: { poll(): FrameBatch | null; release(): void }): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let batch = port.poll(); batch; batch = port.poll()) {
    frames.push(...copiesOf(batch));
    port.release();
  }
  return frames;
}

/** Gives frames to a port; how many it had no room for. */
export function giveAll(
  port: { deliver(batch: FrameBatch, list: Int32Array, count: number): number; flush(): void },
  frames: readonly Uint8Array[],
): number {
  let given = 0;
  for (let first = 0; first === given && first < frames.length; first += batchSize) {
    const batch = batchOf(frames.slice(first, first + batchSize));
    const list = Int32Array.from({ length: batch.count }, (_, i) => i);
    given += port.deliver(batch, list, batch.count);
  }
  port.flush();
  return frames.length - given;
}

/** Frames that a backlog has at most: interfaces that a rate holds back may be replaced again and again, each with a full ring. */
const mostFrames = 1024;

/** Frames that go to the switch before those of a ring. */
export class Backlog {
  bytes = 0;
  private frames: readonly Uint8Array[] = [];

  get isEmpty(): boolean {
    return this.frames.length === 0;
  }
  /** Adds frames; how many there was no room for. */
  add(frames: readonly Uint8Array[]): number {
    const all = [...this.frames, ...frames];
    this.frames = all.slice(0, mostFrames);
    return all.length - this.frames.length;
  }
  /** The first ones, `burst` at most; their `bytes`, too. */
  next(burst: number): FrameBatch {
    const count = Math.min(burst, batchSize);
    const first = this.frames.slice(0, count);
    this.frames = this.frames.slice(count);
    this.bytes = first.reduce((sum, { length }) => sum + length, 0);
    return batchOf(first);
  }
}
