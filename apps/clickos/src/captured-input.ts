/** A capture that is played into a device: the next frame is read ahead, so that its time is known. */
import type { TimedFrame } from "@clickos/click-core";
import { maximumLargeFrame } from "@clickos/click-core/element";
import type { CaptureReader } from "@clickos/pcap";

export class CapturedInput {
  readonly reader: CaptureReader;
  /** The next; `undefined` at the end, and where a pipe has none yet. */
  frame: TimedFrame | undefined;
  /** Frames that are longer than a packet can be, and are left out. */
  tooLong = 0;

  constructor(reader: CaptureReader) {
    this.reader = reader;
    this.advance();
  }

  /** Whether a frame may still come, but is not there yet. */
  get waits(): boolean {
    return !this.frame && !this.reader.ended;
  }

  /** Goes on to the frame after this one. */
  advance(): void {
    this.frame = undefined;
    for (let next = this.reader.next(); next; next = this.reader.next()) {
      if (next.data.length > maximumLargeFrame) this.tooLong++;
      else {
        this.frame = { data: next.data.slice(), timestampNs: next.timestampNs };
        return;
      }
    }
  }

  /** Resolves when it has a frame or has ended, or the signal is given. */
  async arrived(signal: AbortSignal | undefined): Promise<void> {
    while (this.waits && !signal?.aborted) {
      await arrival(this.reader, signal);
      this.advance();
    }
  }
}

/** Resolves when a pipe has more, or has ended, or the signal is given. */
export function arrival(reader: CaptureReader, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      end();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const end = reader.onReady(done);
    signal?.addEventListener("abort", done);
  });
}
