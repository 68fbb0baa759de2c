/** A port in memory: two rings of buffers, for programs and tests. */
import { Wakers } from "@clickos/run-loop";
import { batchSize, copyFrame, FrameBatch } from "./frame-batch.ts";
import { longestFrame } from "./mtu.ts";
import type { Port } from "./port.ts";
import { buffers } from "./staged/batch-ends.ts";
import type { FrameSink } from "./staged/ends.ts";

/** Slots of each ring: a batch's. */
const slots = batchSize;
/** A buffer's bytes at least, and a cache line: buffers a power of two apart compete for the same few cache sets. */
const smallestBuffer = 2048;
const line = 64;

export interface MemoryPort extends Port {
  /** Queues frames to enter the switch; returns how many fit. @throws {RangeError} for a frame that is too long. */
  send(frames: readonly Uint8Array[]): number;
  /** Takes the frames that left the switch here. */
  receive(): Uint8Array[];
  /** Frames waiting for `receive`. */
  readonly pending: number;
}

/** A port that carries frames of 2,032 bytes, or those of an MTU. @throws {RangeError} for an MTU that is none. */
export function createMemoryPort(name: string, { mtu }: { readonly mtu?: number | undefined } = {}): MemoryPort {
  const frameLimit = longestFrame(mtu);
  const stride = Math.max(smallestBuffer, (frameLimit + line - 1) & -line) + line;
  const outgoing = new FrameBatch(slots * stride);
  const incoming = new FrameBatch(slots * stride);
  const { region } = incoming.memory;
  let head = 0;
  let tail = 0;
  const ready = new Wakers();
  const sink: FrameSink | undefined =
    incoming.inPacketMemory && region
      ? {
          kind: buffers,
          memory: region.memory,
          places: [region.at, incoming.lengths.byteOffset, stride, 0],
          frameLimit,
          get cursor() {
            return tail & (slots - 1);
          },
          begin: () => slots - (tail - head),
          done(frames) {
            tail += frames;
          },
        }
      : undefined;
  return {
    name,
    frameLimit,
    sink,
    poll: () => (outgoing.count > 0 ? outgoing : null),
    release() {
      outgoing.count = 0;
    },
    deliver(batch, list, count) {
      const room = slots - (tail - head);
      const taken = count < room ? count : room;
      for (let k = 0; k < taken; k++) {
        const i = list[k] as number;
        const slot = tail & (slots - 1);
        copyFrame(batch, i, incoming.memory, slot * stride);
        incoming.lengths[slot] = batch.lengths[i] as number;
        tail++;
      }
      return taken;
    },
    flush() {},
    onReady: (listener) => ready.add(listener),
    send(frames) {
      for (const f of frames)
        if (f.length > frameLimit)
          throw new RangeError(`a frame of ${f.length} bytes; port '${name}' carries at most ${frameLimit}`);
      let sent = 0;
      for (const frame of frames) {
        if (outgoing.count >= slots) break;
        const at = outgoing.count * stride;
        outgoing.memory.bytes.set(frame, at);
        outgoing.offsets[outgoing.count] = at;
        outgoing.lengths[outgoing.count] = frame.length;
        outgoing.count++;
        sent++;
      }
      if (sent > 0) ready.wake();
      return sent;
    },
    receive() {
      const frames: Uint8Array[] = [];
      for (; head < tail; head++) {
        const slot = head & (slots - 1);
        frames.push(incoming.memory.bytes.slice(slot * stride, slot * stride + (incoming.lengths[slot] as number)));
      }
      return frames;
    },
    get pending() {
      return tail - head;
    },
  };
}
