/** A port in its place in a switch: what is known of it there, and what is on its way to it. */
import { batchSize } from "./frame-batch.ts";
import { packetWords } from "./packet-memory.ts";
import type { Port } from "./port.ts";
import { PortCounters } from "./port-counters.ts";
import type { BatchSource } from "./staged/batch-ends.ts";
import type { FrameSink } from "./staged/ends.ts";
import { FrameMover } from "./staged/move.ts";

export class AttachedPort {
  readonly port: Port;
  /** Bytes of the longest frame that goes there. */
  readonly frameLimit: number;
  /** Its addresses are fixed: it gets nothing that is for nobody known. */
  readonly closed: boolean;
  readonly counters: PortCounters = new PortCounters();
  /** Frames of the batch at hand that go there, by index. */
  readonly list: Int32Array = packetWords(batchSize);
  /** Moves frames of batches to it, once there were some. */
  private fromBatch: FrameMover | undefined;
  /** Moves its frames to another port, or into a batch. */
  private mover: FrameMover | undefined;
  private sink: FrameSink | undefined;

  constructor(port: Port, frameLimit: number, closed: boolean) {
    this.port = port;
    this.frameLimit = frameLimit;
    this.closed = closed;
  }
  /** What moves frames of a batch to it. */
  moverFrom(source: BatchSource): FrameMover | undefined {
    const { sink } = this.port;
    if (!this.fromBatch && sink) this.fromBatch = new FrameMover(source, sink);
    return this.fromBatch;
  }
  /** What moves its own frames to a sink. */
  moverTo(sink: FrameSink): FrameMover | undefined {
    const { source } = this.port;
    if (source && (!this.mover || this.sink !== sink)) {
      this.mover = new FrameMover(source, sink);
      this.sink = sink;
    }
    return this.mover;
  }
}
