/** A NIC with queues of one's own, and frames for it. */
import { createIxgbe, type Ixgbe, type IxgbeOptions, registers as R } from "@clickos/ixgbe-model";
import { FrameBatch } from "@clickos/vale";

export const mac = "02:00:00:00:00:01";
export const macBytes: readonly number[] = [2, 0, 0, 0, 0, 1];
const stride = 10_240;

export function batchOf(frames: readonly Uint8Array[]): FrameBatch {
  const batch = new FrameBatch(new ArrayBuffer(Math.max(1, frames.length) * stride));
  frames.forEach((frame, i) => {
    batch.memory.bytes.set(frame, i * stride);
    batch.offsets[i] = i * stride;
    batch.lengths[i] = frame.length;
  });
  batch.count = frames.length;
  return batch;
}
export const framesOf = (batch: FrameBatch): Uint8Array[] =>
  Array.from({ length: batch.count }, (_, i) =>
    batch.memory.bytes.slice(batch.offsets[i]!, batch.offsets[i]! + batch.lengths[i]!),
  );

/** Descriptors of each queue, where its ring and its buffers of 2 KiB are. */
export const descriptors = 16;
export const ringAt = (direction: "rx" | "tx", queue: number): number =>
  (direction === "rx" ? 0 : 32_768) + queue * 256;
export const bufferAt = (direction: "rx" | "tx", queue: number, i: number): number =>
  65_536 + ((direction === "rx" ? queue : 16 + queue) * descriptors + i) * 2048;
const dmaBytes = bufferAt("tx", 16, 0);

export interface Rig {
  readonly nic: Ixgbe;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly sent: Uint8Array[];
  /** The four words of a descriptor, not negative. */
  descriptor(direction: "rx" | "tx", queue: number, i: number): number[];
}

/** A NIC that takes frames to its address and broadcasts, without queues. */
export function rig(options: Partial<IxgbeOptions> = {}): Rig {
  const dma = new ArrayBuffer(dmaBytes);
  const nic = createIxgbe({ mac, dma, ...options });
  const sent: Uint8Array[] = [];
  nic.connect({ receive: (batch) => void sent.push(...framesOf(batch)) });
  nic.write32(R.FCTRL, R.FCTRL_BAM);
  nic.write32(R.HLREG0, nic.read32(R.HLREG0) & ~R.HLREG0_TXPADEN);
  const words = new Int32Array(dma);
  return {
    nic,
    bytes: new Uint8Array(dma),
    words,
    sent,
    descriptor: (direction, queue, i) =>
      [0, 1, 2, 3].map((k) => words[(ringAt(direction, queue) >> 2) + i * 4 + k]! >>> 0),
  };
}

/** Starts a receive queue, by the steps of section 4.6.7. */
export function startReceive(
  { nic, words }: Rig,
  queue = 0,
  { srrctl = R.SRRCTL_ADVANCED | 2, rxdctl = 0 } = {},
): void {
  const at = ringAt("rx", queue);
  for (let i = 0; i < descriptors; i++) words.set([bufferAt("rx", queue, i), 0, 0, 0], (at >> 2) + i * 4);
  nic.write32(R.offsetOf("RDBAL", queue), at);
  nic.write32(R.offsetOf("RDBAH", queue), 0);
  nic.write32(R.offsetOf("RDLEN", queue), descriptors * R.descriptorSize);
  nic.write32(R.offsetOf("SRRCTL", queue), srrctl);
  nic.write32(R.offsetOf("RXDCTL", queue), R.DCTL_ENABLE | rxdctl);
  nic.write32(R.RXCTRL, R.RXCTRL_RXEN);
  nic.write32(R.offsetOf("RDT", queue), descriptors - 1);
}
/** Starts a transmit queue, by the steps of section 4.6.8. */
export function startTransmit({ nic }: Rig, queue = 0): void {
  nic.write32(R.offsetOf("TDBAL", queue), ringAt("tx", queue));
  nic.write32(R.offsetOf("TDLEN", queue), descriptors * R.descriptorSize);
  nic.write32(R.DMATXCTL, nic.read32(R.DMATXCTL) | R.DMATXCTL_TE);
  nic.write32(R.offsetOf("TXDCTL", queue), R.DCTL_ENABLE);
}
/** Puts a descriptor into a transmit ring. */
export function put({ words }: Rig, queue: number, i: number, descriptor: readonly number[]): void {
  words.set(descriptor, (ringAt("tx", queue) >> 2) + i * 4);
}
/** What a queue received: the descriptors' frames, by their lengths. */
export function received(r: Rig, queue = 0, from = 0): Uint8Array[] {
  const head = r.nic.read32(R.offsetOf("RDH", queue));
  const frames: Uint8Array[] = [];
  for (let i = from; i < head; i++) {
    const length = r.descriptor("rx", queue, i)[3]! & 0xffff;
    frames.push(r.bytes.slice(bufferAt("rx", queue, i), bufferAt("rx", queue, i) + length));
  }
  return frames;
}

const sum = (bytes: Uint8Array, start = 0): number => {
  let total = start;
  for (let i = 0; i < bytes.length; i += 2) total += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
};
/** The checksum of bytes in which it is right is 0. */
export const checksum = (bytes: Uint8Array, start = 0): number => ~sum(bytes, start) & 0xffff;
export const ones = sum;

export interface PacketOptions {
  readonly to?: readonly number[];
  readonly tag?: number;
  readonly version?: 4 | 6;
  readonly protocol?: 6 | 17;
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
  readonly ports?: readonly [number, number];
  readonly payload?: number;
  readonly fragment?: number;
  readonly options?: number;
}
/** A packet with right checksums. */
export function packet(o: PacketOptions = {}): Uint8Array {
  const { to = macBytes, tag, version = 4, protocol = 17, ports = [1000, 2000], payload = 40, fragment = 0 } = o;
  const l4Header = protocol === 6 ? 20 : 8;
  const l4 = new Uint8Array(l4Header + payload).map((_, i) => (i * 11) & 255);
  const view = new DataView(l4.buffer);
  view.setUint16(0, ports[0]);
  view.setUint16(2, ports[1]);
  if (protocol === 6) view.setUint16(12, 0x5018);
  else view.setUint16(4, l4.length);
  const at = protocol === 6 ? 16 : 6;
  view.setUint16(at, 0);
  const source = o.source ?? (version === 4 ? [10, 0, 0, 1] : [0xfe, 0x80, ...Array(13).fill(0), 1]);
  const destination = o.destination ?? (version === 4 ? [10, 0, 0, 2] : [0xfe, 0x80, ...Array(13).fill(0), 2]);
  const pseudo = sum(Uint8Array.from([...source, ...destination]), protocol + l4.length);
  view.setUint16(at, checksum(l4, pseudo) || (protocol === 17 ? 0xffff : 0));
  const headerBytes = version === 4 ? 20 + (o.options ?? 0) : 40;
  const ip = new Uint8Array(headerBytes);
  const ipView = new DataView(ip.buffer);
  if (version === 4) {
    ip[0] = 0x40 | (headerBytes / 4);
    ipView.setUint16(2, headerBytes + l4.length);
    ipView.setUint16(4, 0x1234);
    ipView.setUint16(6, fragment);
    ip.set([64, protocol], 8);
    ip.set([...source, ...destination], 12);
    ipView.setUint16(10, checksum(ip));
  } else {
    ip[0] = 0x60;
    ipView.setUint16(4, l4.length);
    ip.set([protocol, 64, ...source, ...destination], 6);
  }
  const type = version === 4 ? [8, 0] : [0x86, 0xdd];
  const tagBytes = tag === undefined ? [] : [0x81, 0, tag >> 8, tag & 255];
  return Uint8Array.from([...to, 2, 0, 0, 0, 0, 9, ...tagBytes, ...type, ...ip, ...l4]);
}
