/** Frames, batches and ports that experiments drive switches and VMs with; and columns for what comes of it. */
import { copyFrame, createMemoryPort, FrameBatch, type Port } from "@clickos/vale";
import type { Column, Row, Spread } from "./experiment.ts";

/** Lengths as the field gives them: with the check sequence of 4 bytes, which buffers in memory do not have. */
export const frameSizes = [64, 128, 256, 512, 1024, 1518] as const;
export const checkSequence = 4;
/** Preamble, start of frame and gap between frames. */
const wireOverhead = 20;

/** Millions of frames a second that a line carries. */
export function lineRateMpps(bytes: number, gbps = 10): number {
  return (gbps * 1000) / ((bytes + wireOverhead) * 8);
}

/** What throughput tables have beside their own columns. */
export const throughputColumns: readonly Column[] = [
  { key: "ns", title: "time a frame", unit: "ns" },
  { key: "spread", title: "spread", unit: "±%", decimals: 0 },
  { key: "mpps", title: "rate", unit: "Mpps" },
  { key: "gbps", title: "on the wire", unit: "Gb/s" },
  { key: "line", title: "of 10 GbE", unit: "%", decimals: 0 },
  { key: "ratio", title: "to the reference", decimals: 1 },
];

/** Cells of `throughputColumns` for frames of so many bytes, with their check sequence. */
export function throughput(ns: Spread, bytes: number, referenceNs: number): Row {
  const mpps = 1000 / ns.median;
  return {
    ns: ns.median,
    spread: spreadPercent(ns),
    mpps,
    gbps: (mpps * (bytes + wireOverhead) * 8) / 1000,
    line: (mpps / lineRateMpps(bytes)) * 100,
    ratio: ns.median / referenceNs,
  };
}

/** Half of the distance between the least and the greatest sample, in per cent of the median. */
export function spreadPercent({ median, low, high }: Spread): number {
  return ((high - low) / 2 / median) * 100;
}

/** Ethernet addresses of stations, from small numbers. */
export const stationAddress = (n: number): number[] => [2, 0, 0x10, n >> 16, (n >> 8) & 255, n & 255];
export const addressText = (bytes: readonly number[]): string =>
  bytes.map((b) => b.toString(16).padStart(2, "0")).join(":");

export interface FrameOptions {
  /** Stations. */
  readonly to?: number;
  readonly from?: number;
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** A UDP datagram over IPv4 in a frame of so many bytes in memory. It has no UDP checksum (RFC 768 has it optional). */
export function udpFrame(length: number, options: FrameOptions = {}): Uint8Array<ArrayBuffer> {
  const { to = 2, from = 1, source = [10, 0, 0, 2], destination = [26, 4, 2, 16] } = options;
  const { sourcePort = 1024, destinationPort = 53 } = options;
  const frame = new Uint8Array(length);
  const total = length - 14;
  frame.set([...stationAddress(to), ...stationAddress(from), 8, 0]);
  frame.set([0x45, 0, total >> 8, total & 255, 0, 0, 0x40, 0, 64, 17, 0, 0, ...source, ...destination], 14);
  let sum = 0;
  for (let i = 14; i < 34; i += 2) sum += ((frame[i] as number) << 8) | (frame[i + 1] as number);
  while (sum >>> 16) sum = (sum & 0xffff) + (sum >>> 16);
  frame.set([(~sum >> 8) & 255, ~sum & 255], 24);
  const udp = [sourcePort, destinationPort, total - 20].flatMap((n) => [n >> 8, n & 255]);
  frame.set(udp, 34);
  return frame;
}

/** A batch of these frames in turn. */
export function batchOf(frames: readonly Uint8Array[], count = 256): FrameBatch {
  const stride = ((Math.max(...frames.map((f) => f.length)) + 63) & -64) + 64;
  const batch = new FrameBatch(count * stride);
  for (let i = 0; i < count; i++) {
    const frame = frames[i % frames.length] as Uint8Array;
    batch.offsets[i] = i * stride;
    batch.lengths[i] = frame.length;
    batch.memory.bytes.set(frame, i * stride);
  }
  batch.count = count;
  return batch;
}

export interface EndlessPort extends Port {
  /** Frames that came. */
  readonly taken: number;
}

/** A port that gives the same batch with every poll, or nothing, and takes all that comes: its frames are copied as a receiver's are. */
export function endlessPort(name: string, batch: FrameBatch | null): EndlessPort {
  const stride = 2112;
  const incoming = new FrameBatch(256 * stride);
  let taken = 0;
  // The code of a port in memory, with room without end.
  const { sink } = createMemoryPort(name);
  return {
    name,
    get taken() {
      return taken;
    },
    poll: () => batch,
    release() {},
    deliver(from, list, count) {
      for (let k = 0; k < count; k++) {
        const slot = taken++ & 255;
        const index = list[k] as number;
        copyFrame(from, index, incoming.memory, slot * stride);
        incoming.lengths[slot] = from.lengths[index] as number;
      }
      return count;
    },
    flush() {},
    ...(sink
      ? {
          sink: {
            ...sink,
            get cursor() {
              return taken & 255;
            },
            begin: () => 256,
            done(frames: number) {
              taken += frames;
            },
          },
        }
      : {}),
  };
}
