/** A port whose frames are the binary messages of a WebSocket, as long as there is one. */
import { copyFrame, type FrameBatch, FrameMemory, longestFrame } from "@clickos/vale";
import type { Attachment } from "./attachment.ts";
import { DropCounts, reasons } from "./drop-counts.ts";
import { Inbox } from "./inbox.ts";

/** What is used of ws. */
export interface Peer {
  readonly readyState: number;
  readonly bufferedAmount: number;
  binaryType: string;
  on(event: "message", listener: (data: Uint8Array, binary: boolean) => void): void;
  on(event: "open" | "close", listener: () => void): void;
  on(event: "error", listener: (e: Error) => void): void;
  send(data: Uint8Array, options: { binary: true }, done: () => void): void;
  terminate(): void;
}
export interface WebSocketOptions {
  readonly name?: string | undefined;
  /** Bytes behind the Ethernet header, up to 9,000; frames of 2,032 bytes at most without it. */
  readonly mtu?: number | undefined;
}

const mostOwed = 1 << 20;
const opened = 1;

export class WebSocketLine implements Attachment {
  readonly name: string;
  readonly frameLimit: number;
  readonly drops: Readonly<Record<string, number>>;
  problem: string | undefined;
  closed = false;
  /** Ends what makes peers. */
  closing: (() => void) | undefined;
  private readonly counts = new DropCounts();
  private readonly inbox: Inbox;
  private peer: Peer | undefined;
  private unfinished = 0;

  constructor(name: string, { mtu }: WebSocketOptions) {
    this.name = name;
    this.frameLimit = longestFrame(mtu);
    this.drops = this.counts.counts;
    this.inbox = new Inbox(this.frameLimit);
  }
  get connected(): boolean {
    return this.peer !== undefined;
  }
  attach(peer: Peer, afterwards: string): void {
    this.peer = peer;
    this.problem = undefined;
    this.unfinished = 0;
    peer.binaryType = "nodebuffer";
    peer.on("message", (data, binary) => {
      if (!binary) this.counts.add("a text message");
      else if (data.length > this.frameLimit) this.counts.add(reasons.tooLong);
      else if (!this.inbox.fits(data.length)) this.counts.add(reasons.full);
      else {
        this.inbox.put(data);
        this.inbox.wake();
      }
    });
    peer.on("close", () => {
      if (this.peer !== peer) return;
      this.peer = undefined;
      this.problem = afterwards;
    });
  }

  poll(): FrameBatch | null {
    return this.closed ? null : this.inbox.poll();
  }
  release(): void {
    this.inbox.release();
  }
  deliver(...[batch, list, count]: Parameters<Attachment["deliver"]>): number {
    const { peer } = this;
    if (peer?.readyState !== opened) {
      this.counts.add(reasons.unconnected, count);
      return count;
    }
    for (let k = 0; k < count; k++) {
      if (this.unfinished > mostOwed) return k;
      const i = list[k] as number;
      const length = batch.lengths[i] as number;
      // The library keeps it until it is written.
      const copy = new FrameMemory(new ArrayBuffer((length + 15) & -16));
      copyFrame(batch, i, copy, 0);
      this.unfinished += length;
      peer.send(copy.bytes.subarray(0, length), { binary: true }, () => {
        if (this.peer === peer) this.unfinished -= length;
      });
    }
    return count;
  }
  flush(): void {}
  onReady(listener: () => void): () => void {
    return this.inbox.onReady(listener);
  }
  detached(): void {
    if (this.closed) return;
    this.closed = true;
    this.closing?.();
    this.peer?.terminate();
  }
}
