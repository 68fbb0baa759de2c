/** Captures as ports of a switch: one plays a file into it, one records what comes out. */
import type { CaptureReader } from "@clickos/pcap";
import { type CaptureWriter, createCapture, openCapture } from "@clickos/pcap/node";
import { batchSize, FrameBatch, maximumFrame, type Port } from "@clickos/vale";

const slotSize = 2048;
/** A cache line more than the size: buffers a power of two apart compete for the same few cache sets. */
const stride = slotSize + 64;

/** Puts frames of a capture into batches, in order. Frames longer than a port carries are counted and left out. */
export class CapturePlayer {
  readonly reader: CaptureReader;
  readonly batch: FrameBatch = new FrameBatch(new ArrayBuffer(batchSize * stride));
  /** Frames and bytes put into batches. */
  packets = 0;
  bytes = 0;
  /** Frames that are longer than a port carries. */
  tooLong = 0;
  /** When the last frame was captured. */
  timestampNs = 0n;
  private ended = false;

  constructor(reader: CaptureReader) {
    this.reader = reader;
  }

  /** Whether all frames have been put into batches. */
  get done(): boolean {
    return this.ended;
  }

  /** Fills the batch with the next frames, `limit` at most; how many. */
  fill(limit: number = batchSize): number {
    const { batch } = this;
    batch.count = 0;
    while (batch.count < Math.min(limit, batchSize)) {
      const frame = this.reader.next();
      if (!frame) {
        this.ended = this.reader.ended;
        break;
      }
      if (frame.data.length > maximumFrame) {
        this.tooLong++;
        continue;
      }
      const at = batch.count * stride;
      batch.memory.bytes.set(frame.data, at);
      batch.offsets[batch.count] = at;
      batch.lengths[batch.count] = frame.data.length;
      batch.count++;
      this.packets++;
      this.bytes += frame.data.length;
      this.timestampNs = frame.timestampNs;
    }
    return batch.count;
  }
}

/** A port that plays a capture into its switch, as fast as the switch asks. */
export interface CaptureInput extends Port {
  readonly player: CapturePlayer;
}

export function readPcap(path: string, name: string = path): CaptureInput {
  const player = new CapturePlayer(openCapture(path));
  return {
    name,
    player,
    poll: () => (player.batch.count > 0 || player.fill() > 0 ? player.batch : null),
    release() {
      player.batch.count = 0;
    },
    deliver: (_batch, _list, count) => count,
    flush() {},
    onReady: (listener) => player.reader.onReady(listener),
    detached: () => player.reader.close(),
  };
}

/** A port that records what its switch sends to it. */
export interface CaptureOutput extends Port {
  readonly writer: CaptureWriter;
}

export function writePcap(path: string, options: { name?: string; clock?: () => bigint } = {}): CaptureOutput {
  const writer = createCapture(path);
  const clock = options.clock ?? (() => BigInt(Date.now()) * 1_000_000n);
  return {
    name: options.name ?? path,
    writer,
    poll: () => null,
    release() {},
    onReady: () => () => {},
    deliver(batch, list, count) {
      const now = clock();
      for (let k = 0; k < count; k++) {
        const i = list[k] as number;
        const at = batch.offsets[i] as number;
        writer.write(batch.memory.bytes.subarray(at, at + (batch.lengths[i] as number)), now);
      }
      return count;
    },
    flush() {},
    detached: () => writer.close(),
  };
}
