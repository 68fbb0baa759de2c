/** A device of a router that runs in process, joined to an attachment: frames go both ways in turns of the router's loop. */
import type { Router } from "@clickos/click-core";
import { maximumLargeFrame } from "@clickos/click-core/element";
import type { Attachment } from "@clickos/netdev";
import type { LoopSource } from "@clickos/run-loop";
import { copyFrame, FrameBatch, maximumMtu } from "@clickos/vale";

const longestFrame = maximumMtu + 18;
/** Frames that leave together. */
const burst = 64;

export class LiveDevice implements LoopSource {
  readonly number: number;
  readonly port: Attachment;
  /** Frames that came in and left. */
  in = 0;
  out = 0;
  private readonly router: Router;
  /** Frames that leave, in the router's memory, and those of them that the attachment carries. */
  private leaving = new FrameBatch(new ArrayBuffer(0));
  private offsets = this.leaving.offsets.subarray(0, burst);
  private lengths = this.leaving.lengths.subarray(0, burst);
  private readonly fitting = new Int32Array(burst);
  private readonly lost: Record<string, number> = {};

  constructor(router: Router, number: number, port: Attachment) {
    this.router = router;
    this.number = number;
    this.port = port;
  }

  turn(): "idle" | "more" | "polling" {
    const moved = this.receive() + this.send();
    return moved > 0 ? "more" : this.port.onReady ? "idle" : "polling";
  }
  get wakesIn(): bigint | undefined {
    return this.port.readyIn;
  }
  onWake(listener: () => void): () => void {
    return this.port.onReady?.(listener) ?? (() => {});
  }
  /** Frames that the attachment or the router had no room for, by reason. */
  get drops(): Readonly<Record<string, number>> {
    return { ...this.lost, ...this.port.drops };
  }
  close(): void {
    this.port.detached?.();
  }

  private receive(): number {
    const { port } = this;
    const batch = port.poll();
    if (!batch) return 0;
    const device = this.router.device(this.number);
    const { memory } = this.batchIn(device.buffer);
    let taken = 0;
    let refused = 0;
    for (let i = 0; i < batch.count; i++) {
      const length = batch.lengths[i] as number;
      if (length > maximumLargeFrame) {
        this.drop("longer than a packet buffer", 1);
        continue;
      }
      // Those after one that there is no room for have none either: frames stay in order.
      const at = refused > 0 ? 0 : device.place(length);
      if (at === 0) refused++;
      else {
        copyFrame(batch, i, memory, at);
        taken++;
      }
    }
    this.drop("no room in the router", refused);
    this.in += taken;
    port.release();
    return batch.count || 1;
  }

  private send(): number {
    const { port, fitting } = this;
    const device = this.router.device(this.number);
    const batch = this.batchIn(device.buffer);
    const count = device.take(this.offsets, this.lengths);
    if (count === 0) return device.pending > 0 ? this.sendFormer(device.receive(burst)) : 0;
    batch.count = count;
    let fits = 0;
    for (let i = 0; i < count; i++)
      if ((batch.lengths[i] as number) <= (port.frameLimit ?? longestFrame)) fitting[fits++] = i;
    this.deliver(batch, count, fits);
    device.giveBack();
    return count;
  }
  /** Frames of a configuration that another has taken the place of. */
  private sendFormer(frames: readonly Uint8Array[]): number {
    const total = frames.reduce((sum, { length }) => sum + length, 0);
    const batch = new FrameBatch(new ArrayBuffer(total));
    let fits = 0;
    let at = 0;
    for (const frame of frames) {
      batch.memory.bytes.set(frame, at);
      batch.offsets[batch.count] = at;
      batch.lengths[batch.count] = frame.length;
      at += frame.length;
      if (frame.length <= (this.port.frameLimit ?? longestFrame)) this.fitting[fits++] = batch.count;
      batch.count++;
    }
    this.deliver(batch, batch.count, fits);
    return frames.length;
  }
  /** Gives the attachment those of a batch that it carries. */
  private deliver(batch: FrameBatch, count: number, fits: number): void {
    const { port, fitting } = this;
    this.drop("longer than the attachment carries", count - fits);
    if (fits === 0) return;
    const taken = port.deliver(batch, fitting, fits);
    this.drop("no room in the attachment", fits - taken);
    this.out += taken;
    port.flush();
  }
  /** The batch over the router's memory. */
  private batchIn(buffer: ArrayBufferLike): FrameBatch {
    if (this.leaving.memory.bytes.buffer !== buffer) {
      this.leaving = new FrameBatch(buffer);
      this.offsets = this.leaving.offsets.subarray(0, burst);
      this.lengths = this.leaving.lengths.subarray(0, burst);
    }
    return this.leaving;
  }

  private drop(reason: string, count: number): void {
    if (count > 0) this.lost[reason] = (this.lost[reason] ?? 0) + count;
  }
}
