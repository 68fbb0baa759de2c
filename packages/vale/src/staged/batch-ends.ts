/** Batches as ends: frames of a list come from one, and frames from a ring go into one. */
import { batchSize, type FrameBatch } from "../frame-batch.ts";
import type { FrameRegion } from "../frame-memory.ts";
import { packetWords } from "../packet-memory.ts";
import type { FrameSink, FrameSource, PlaceNumbers, SinkKind, SourceKind } from "./ends.ts";

/** Frames that a list names. */
const listed: SourceKind = {
  name: "batch",
  places: ["list", "offsets", "lengths", "base"],
  slots: batchSize,
  frame({ memory, place, c }, slot) {
    const index = memory.load32(slot.shl(2).add(place("list"))).shl(2);
    return {
      address: memory.load32(index.add(place("offsets"))).add(place("base")),
      length: memory.load32(index.add(place("lengths"))),
      good: c.i32(1),
    };
  },
};

/** Buffers in a row, and the lengths of what is in them: batches that are filled, and ports in memory. */
export const buffers: SinkKind = {
  name: "buffers",
  places: ["first", "lengths", "stride"],
  slots: batchSize,
  room: ({ c, place }, slot) => ({ address: slot.mul(place("stride")).add(place("first")), good: c.i32(1) }),
  fill({ memory, place }, slot, _address, length) {
    memory.store32(slot.shl(2).add(place("lengths")), length);
  },
};

let all: Int32Array | undefined;
/** The list of all frames of a batch, in order: it is not to be written to. */
export function allFrames(): Int32Array {
  if (!all) {
    all = packetWords(batchSize);
    for (let i = 0; i < batchSize; i++) all[i] = i;
  }
  return all;
}

/** Frames of one batch after the other. */
export class BatchSource implements FrameSource {
  readonly frameLimit = 0x7fffffff;
  readonly kind: SourceKind = listed;
  readonly memory: WebAssembly.Memory;
  private first = 0;
  private count = 0;
  private readonly at: [number, number, number, number] = [0, 0, 0, 0];

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
  }
  get places(): PlaceNumbers {
    return this.at;
  }
  get cursor(): number {
    return this.first;
  }
  /** Sets what comes: frames `first` to before `count` of a list, of a batch that is in packet memory as the list is. */
  set(batch: FrameBatch, list: Int32Array, count: number, first = 0): void {
    this.first = first;
    this.at[0] = list.byteOffset;
    this.at[1] = batch.offsets.byteOffset;
    this.at[2] = batch.lengths.byteOffset;
    this.at[3] = (batch.memory.region as FrameRegion).at;
    this.count = count;
  }
  begin(): number {
    return this.count - this.first;
  }
  done(): void {}
}

/** A batch that is filled from its beginning on. */
export class BatchSink implements FrameSink {
  readonly kind: SinkKind = buffers;
  readonly cursor = 0;
  readonly memory: WebAssembly.Memory;
  readonly places: PlaceNumbers;
  readonly frameLimit: number;
  private readonly batch: FrameBatch;

  /** Buffers stand `stride` bytes apart, and hold frames of `frameLimit` bytes. */
  constructor(batch: FrameBatch, { at, memory }: FrameRegion, stride: number, frameLimit: number) {
    this.batch = batch;
    this.memory = memory;
    this.frameLimit = frameLimit;
    this.places = [at, batch.lengths.byteOffset, stride, 0];
    for (let i = 0; i < batchSize; i++) batch.offsets[i] = i * stride;
  }
  begin(): number {
    return batchSize;
  }
  done(frames: number): void {
    this.batch.count = frames;
  }
}
