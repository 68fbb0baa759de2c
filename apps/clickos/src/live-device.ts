/** A device of a router that runs in process, joined to an attachment: frames go both ways in turns of the router's loop. */
import type { Router } from "@clickos/click-core";
import { maximumLargeFrame } from "@clickos/click-core/element";
import type { Attachment } from "@clickos/netdev";
import type { LoopSource } from "@clickos/run-loop";
import { batchSize, FrameBatch, maximumMtu } from "@clickos/vale";

const longestFrame = maximumMtu + 18;
const stride = (longestFrame + 63) & -64;
/** Frames that leave together. */
const burst = 64;

export class LiveDevice implements LoopSource {
  readonly number: number;
  readonly port: Attachment;
  /** Frames that came in and left. */
  in = 0;
  out = 0;
  private readonly router: Router;
  private readonly leaving = new FrameBatch(new ArrayBuffer(burst * stride));
  private readonly inOrder = Int32Array.from({ length: batchSize }, (_, i) => i);
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
    const frames: Uint8Array[] = [];
    for (let i = 0; i < batch.count; i++) {
      const at = batch.offsets[i] as number;
      const length = batch.lengths[i] as number;
      if (length > maximumLargeFrame) this.drop("longer than a packet buffer", 1);
      else frames.push(batch.memory.bytes.subarray(at, at + length));
    }
    const taken = this.router.device(this.number).send(frames);
    this.drop("no room in the router", frames.length - taken);
    this.in += taken;
    port.release();
    return batch.count || frames.length || 1;
  }

  private send(): number {
    const { leaving, port } = this;
    const frames = this.router.device(this.number).receive(burst);
    leaving.count = 0;
    for (const frame of frames) {
      if (frame.length > (port.frameLimit ?? longestFrame)) {
        this.drop("longer than the attachment carries", 1);
        continue;
      }
      const at = leaving.count * stride;
      leaving.memory.bytes.set(frame, at);
      leaving.offsets[leaving.count] = at;
      leaving.lengths[leaving.count++] = frame.length;
    }
    if (leaving.count > 0) {
      const taken = port.deliver(leaving, this.inOrder, leaving.count);
      this.drop("no room in the attachment", leaving.count - taken);
      this.out += taken;
      port.flush();
    }
    return frames.length;
  }

  private drop(reason: string, count: number): void {
    if (count > 0) this.lost[reason] = (this.lost[reason] ?? 0) + count;
  }
}
