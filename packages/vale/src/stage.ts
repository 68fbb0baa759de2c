/** A batch of the switch's own that frames of guests are copied to by code, so that they cannot change any more. */
import { batchSize, FrameBatch, maximumFrame } from "./frame-batch.ts";
import { BatchSink } from "./staged/batch-ends.ts";

/** Bytes between its buffers: a cache line more than their size, or all would compete for few sets. */
const stageStride = 2048 + 64;

export interface Stage {
  readonly batch: FrameBatch;
  readonly sink: BatchSink;
}

/** Makes one, where there is packet memory for it. */
export function makeStage(): Stage | undefined {
  const batch = new FrameBatch(batchSize * stageStride);
  const { region } = batch.memory;
  if (!batch.inPacketMemory || !region) return undefined;
  return { batch, sink: new BatchSink(batch, region, stageStride, maximumFrame) };
}
