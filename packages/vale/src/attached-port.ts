/** A port in its place in a switch: what is known of it there, and what is on its way to it. */
import { batchSize } from "./frame-batch.ts";
import type { LoanSide } from "./loan.ts";
import type { Mirror, MirrorOptions } from "./mirror.ts";
import { packetWords } from "./packet-memory.ts";
import type { Port } from "./port.ts";
import { PortCounters } from "./port-counters.ts";
import type { PortFeatures } from "./port-options.ts";
import type { BatchSource } from "./staged/batch-ends.ts";
import type { FrameSink } from "./staged/ends.ts";
import { FrameMover } from "./staged/mover.ts";
import type { TokenBucket } from "./token-bucket.ts";
import type { VlanRules } from "./vlan-rules.ts";

export class AttachedPort implements PortFeatures {
  readonly port: Port;
  readonly features: PortFeatures;
  readonly frameLimit: number;
  readonly closed: boolean;
  readonly group: string | true | undefined;
  readonly broadcastLimit: TokenBucket | undefined;
  readonly unknownLimit: TokenBucket | undefined;
  readonly entering: TokenBucket | undefined;
  readonly leaving: TokenBucket | undefined;
  readonly mirror: MirrorOptions | undefined;
  readonly vlans: VlanRules | undefined;
  readonly flood: boolean;
  readonly priority: number;
  /** Nothing holds for its frames but what the lookup says, and how long they are. */
  readonly plain: boolean;
  /** The mirrors that get what enters here, and what leaves. */
  enteringTo: readonly Mirror[] = [];
  leavingTo: readonly Mirror[] = [];
  /** What moves its frames while its buffers are lent to the other port, or those of the other to it; and what ends that. */
  loan: { readonly side: LoanSide; end(): void } | undefined;
  readonly counters: PortCounters;
  /** Frames of the batch at hand that go there, by index. */
  readonly list: Int32Array = packetWords(batchSize);
  /** Batches of its own that were moved without code. */
  batches = 0;
  /** Moves frames of batches to it, once there were some. */
  private fromBatch: FrameMover | undefined;
  /** Moves its frames to another port, or into a batch. */
  private mover: FrameMover | undefined;
  private sink: FrameSink | undefined;

  /** With the counters of the port in whose place it comes. */
  constructor(port: Port, features: PortFeatures, counters: PortCounters = new PortCounters()) {
    this.port = port;
    this.features = features;
    this.counters = counters;
    this.frameLimit = Math.min(port.frameLimit ?? features.frameLimit, features.frameLimit);
    this.closed = features.closed;
    this.group = features.group;
    this.broadcastLimit = features.broadcastLimit;
    this.unknownLimit = features.unknownLimit;
    this.entering = features.entering;
    this.leaving = features.leaving;
    this.mirror = features.mirror;
    this.vlans = features.vlans;
    this.priority = features.priority;
    this.flood = features.flood;
    const { group, broadcastLimit, unknownLimit, entering, leaving, mirror, vlans } = features;
    this.plain = !(group || broadcastLimit || unknownLimit || entering || leaving || mirror || vlans);
  }
  /** Whether frames that entered here may leave at another port. */
  reaches(other: AttachedPort): boolean {
    return other.mirror === undefined && (this.group === undefined || this.group !== other.group);
  }
  /** Whether the buckets of what goes to many have to know the time. */
  get limited(): boolean {
    return this.broadcastLimit !== undefined || this.unknownLimit !== undefined;
  }
  /** Sets their time. */
  fill(now: number): void {
    this.broadcastLimit?.fill(now);
    this.unknownLimit?.fill(now);
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
