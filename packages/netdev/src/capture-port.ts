/** Captures as ports of a switch: one plays a file into it, one records what comes out. */
import type { CapturedFrame, CaptureReader } from "@clickos/pcap";
import { type CaptureWriter, createCapture, openCapture } from "@clickos/pcap/node";
import { batchSize, copyFrame, FrameBatch, FrameMemory, longestFrame, type Port } from "@clickos/vale";

/** A frame begins on a cache line, one line behind the one before: a power of two apart they would compete for few cache sets. */
const line = 64;
/** Room for a whole batch of frames of up to 2,048 bytes, or for one that is shorter of longer frames. */
const batchBytes = batchSize * (2048 + line);

/** How captures are played. */
export interface PlayOptions {
  /** Bytes that frames have behind the Ethernet header, up to 9,000; frames are of 2,032 bytes at most without it. */
  readonly mtu?: number | undefined;
  /** Whether what is added to the file is played too, when it comes. */
  readonly follow?: boolean | undefined;
}

/** Puts frames of a capture into batches, in order. Frames longer than its MTU allows are counted and left out. */
export class CapturePlayer {
  readonly reader: CaptureReader;
  readonly batch: FrameBatch = new FrameBatch(batchBytes);
  /** Frames and bytes put into batches. */
  packets = 0;
  bytes = 0;
  /** Frames that are longer than its MTU allows. */
  tooLong = 0;
  /** When the last frame was captured. */
  timestampNs = 0n;
  /** The next frame, where it was looked at and not put into a batch yet. */
  private ahead: CapturedFrame | undefined;
  private readonly frameLimit: number;

  /** @throws {RangeError} for an MTU that is none. */
  constructor(reader: CaptureReader, options: PlayOptions = {}) {
    this.reader = reader;
    this.frameLimit = longestFrame(options.mtu);
  }

  /** Whether all frames have been put into batches. */
  get done(): boolean {
    return !this.ahead && this.reader.ended;
  }

  /** When the next frame was captured; `undefined` at the end, and where a pipe has none yet. */
  get nextTime(): bigint | undefined {
    if (!this.ahead) {
      const frame = this.take();
      // What the reader gave is its own by the next turn.
      this.ahead = frame && { ...frame, data: frame.data.slice() };
    }
    return this.ahead?.timestampNs;
  }

  private take(): CapturedFrame | undefined {
    const { ahead } = this;
    this.ahead = undefined;
    if (ahead) return ahead;
    for (let frame = this.reader.next(); frame; frame = this.reader.next()) {
      if (frame.data.length <= this.frameLimit) return frame;
      this.tooLong++;
    }
    return undefined;
  }

  /** Fills the batch with the next frames, `limit` at most and those that were captured by `until`; how many. */
  fill(limit: number = batchSize, until?: bigint): number {
    const { batch } = this;
    batch.count = 0;
    let at = 0;
    while (batch.count < Math.min(limit, batchSize) && at + this.frameLimit <= batchBytes) {
      if (until !== undefined && (this.nextTime ?? until) > until) break;
      const frame = this.take();
      if (!frame) break;
      batch.memory.bytes.set(frame.data, at);
      batch.offsets[batch.count] = at;
      batch.lengths[batch.count] = frame.data.length;
      batch.count++;
      at += ((frame.data.length + line - 1) & -line) + line;
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

/** @throws {CaptureError} @throws {RangeError} for an MTU that is none. */
export function readPcap(path: string, name: string = path, options: PlayOptions = {}): CaptureInput {
  // Before the file is opened: nobody would close it.
  longestFrame(options.mtu);
  const player = new CapturePlayer(openCapture(path, { follow: options.follow }), options);
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

/** How captures are recorded. */
export interface RecordOptions {
  /** The port's name, which a pcapng has too; the path by default. */
  readonly name?: string | undefined;
  /** Nanoseconds since 1970; the system's clock by default. */
  readonly clock?: (() => bigint) | undefined;
  /** Whether a pcap has nanoseconds; a pcapng always does. */
  readonly nanoseconds?: boolean | undefined;
  /** Whether frames are in the file at the end of each round, for who follows it. */
  readonly live?: boolean | undefined;
  /** Bytes after which the next file begins: `x.pcap`, `x.1.pcap`, `x.2.pcap` and so on. */
  readonly rotateBytes?: number | undefined;
  /** How many files there are at most: the first follows the last then, and is written anew. */
  readonly files?: number | undefined;
}

/** A port that records what its switch sends to it. */
export interface CaptureOutput extends Port {
  /** The file that is being written. */
  readonly writer: CaptureWriter;
}

/** What a frame takes in a file besides its bytes, at most. */
const recordBytes = 32;

/** @throws {CaptureError} @throws {RangeError} for a number of files or of bytes that is none. */
export function writePcap(path: string, options: RecordOptions = {}): CaptureOutput {
  const {
    name = path,
    nanoseconds,
    rotateBytes = Number.POSITIVE_INFINITY,
    files = Number.POSITIVE_INFINITY,
  } = options;
  if (!(rotateBytes >= 1)) throw new RangeError(`files of ${rotateBytes} bytes`);
  if (!(files >= 1)) throw new RangeError(`${files} files`);
  const open = (number: number): CaptureWriter =>
    createCapture(number === 0 ? path : path.replace(/(?=(\.pcap(ng)?)?(\.(gz|bz2|Z))?$)/, `.${number}`), {
      nanoseconds,
      interfaceName: name,
    });
  let writer = open(0);
  let number = 0;
  let bytes = 0;
  const clock = options.clock ?? (() => BigInt(Date.now()) * 1_000_000n);
  /** Frames in memory that a guest can write to: their addresses are those that were looked up. */
  let copy: FrameMemory | undefined;
  const bytesOf = (batch: FrameBatch, i: number): Uint8Array => {
    const [at, length] = [batch.offsets[i] as number, batch.lengths[i] as number];
    if (!batch.addressed) return batch.memory.bytes.subarray(at, at + length);
    if (!copy || copy.bytes.length < length) copy = new FrameMemory(new ArrayBuffer((length + 4095) & -4096));
    copyFrame(batch, i, copy, 0);
    return copy.bytes.subarray(0, length);
  };
  return {
    name,
    get writer() {
      return writer;
    },
    poll: () => null,
    release() {},
    onReady: () => () => {},
    deliver(batch, list, count) {
      const now = clock();
      for (let k = 0; k < count; k++) {
        const frame = bytesOf(batch, list[k] as number);
        if (bytes > 0 && bytes + frame.length + recordBytes > rotateBytes) {
          writer.close();
          number = (number + 1) % files;
          writer = open(number);
          bytes = 0;
        }
        writer.write(frame, now);
        bytes += frame.length + recordBytes;
      }
      return count;
    },
    flush() {
      if (options.live) writer.flush();
    },
    detached: () => writer.close(),
  };
}
