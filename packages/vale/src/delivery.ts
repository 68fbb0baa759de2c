/** The last step of a frame's way: a batch's frames are given to the ports that they go to, and counted there. */
import type { AttachedPort } from "./attached-port.ts";
import { batchSize, bytesOf, type FrameBatch } from "./frame-batch.ts";
import { memoryOf } from "./packet-memory.ts";
import { counter } from "./port-counters.ts";
import { PortSet } from "./port-set.ts";
import { BatchSource } from "./staged/batch-ends.ts";
import { inRate } from "./token-bucket.ts";
import type { VlanFrames } from "./vlan-frames.ts";

/** Fewer frames than these cost less by TypeScript than calls of code: `npm run bench:switch -- batch` shows it. */
export const fewFrames = 8;

export class Delivery {
  /** Ports that frames went to in this round. */
  readonly delivered: PortSet = new PortSet();
  private readonly now: () => number;
  /** In a switch with VLANs: the frames of the batch at hand. */
  private readonly vlans: VlanFrames | undefined;
  /** Frames of a list, for what moves them. */
  private readonly listed: BatchSource | undefined;
  /** Bytes of the batch at hand, as it entered. */
  private total = 0;
  /** The longest frame of the batch at hand. */
  private longest = 0;
  /** Those of a list that a port takes. */
  private readonly fitting = new Int32Array(batchSize);

  /** `now` gives milliseconds; `memory` is the packet memory, where there is one. */
  constructor(now: () => number, vlans: VlanFrames | undefined, memory: WebAssembly.Memory | undefined) {
    this.now = now;
    this.vlans = vlans;
    this.listed = memory && new BatchSource(memory);
  }

  /** Counts the frames of a batch, and notes its bytes and its longest frame. */
  enter({ lengths, count }: FrameBatch, { counters }: AttachedPort): void {
    let bytes = 0;
    let most = 0;
    for (let i = 0; i < count; i++) {
      const length = lengths[i] as number;
      bytes += length;
      if (length > most) most = length;
    }
    this.longest = most;
    this.total = bytes;
    counters.add(counter.inPackets, count);
    counters.add(counter.inBytes, bytes);
  }

  /** What `deliver` does where nothing is in use that it looks at. */
  deliverPlain(batch: FrameBatch, target: AttachedPort, to: number, count: number): void {
    const { list, counters } = target;
    if (this.longest > target.frameLimit) {
      this.deliver(batch, target, to, list, count);
      return;
    }
    this.delivered.add(to);
    const taken = this.give(batch, target, list, count);
    counters.add(counter.outPackets, taken);
    counters.add(counter.outBytes, taken === batch.count ? this.total : bytesOf(batch, list, taken));
    if (taken < count) counters.add(counter.noRoom, count - taken);
  }
  deliver(batch: FrameBatch, target: AttachedPort, to: number, list: Int32Array, count: number): void {
    this.delivered.add(to);
    if (this.vlans) this.longest = this.vlans.shape(list, count, target.vlans);
    let wanted = list;
    let fits = count;
    if (this.longest > target.frameLimit) {
      // Some frame of the batch is too long for it: not necessarily one of the list.
      wanted = this.fitting;
      fits = 0;
      for (let k = 0; k < count; k++)
        if ((batch.lengths[list[k] as number] as number) <= target.frameLimit) wanted[fits++] = list[k] as number;
    }
    const { counters, leaving } = target;
    counters.add(counter.tooLong, count - fits);
    if (leaving) {
      leaving.fill(this.now());
      const passed = inRate(leaving, batch, wanted, fits, this.fitting);
      counters.add(counter.overRateOut, fits - passed);
      wanted = this.fitting;
      fits = passed;
    }
    const taken = fits > 0 ? this.give(batch, target, wanted, fits) : 0;
    counters.add(counter.outPackets, taken);
    // A port that takes all frames has their bytes, unless tags are put in or taken off for it.
    const isAll = taken === batch.count && !this.vlans;
    counters.add(counter.outBytes, isAll ? this.total : bytesOf(batch, wanted, taken));
    counters.add(counter.noRoom, fits - taken);
    if (target.leavingTo.length > 0) for (const mirror of target.leavingTo) mirror.mark(wanted, taken);
  }
  /** How many of a list a port took. */
  private give(batch: FrameBatch, target: AttachedPort, list: Int32Array, count: number): number {
    const { listed } = this;
    const mover =
      listed && count >= fewFrames && batch.inPacketMemory && memoryOf(list) ? target.moverFrom(listed) : undefined;
    if (!listed || !mover) return target.port.deliver(batch, list, count);
    listed.set(batch, list, count);
    const taken = mover.run(target.frameLimit);
    if (taken === count) return taken;
    const rest = this.fitting;
    for (let k = taken; k < count; k++) rest[k - taken] = list[k] as number;
    return taken + target.port.deliver(batch, rest, count - taken);
  }
}
