/**
 * Reception in its plain case: one queue, legacy descriptors, every frame taken as it is. This is the path of the netmap-mode
 * driver. Budget: 12 ns a 64-byte frame; the benchmark `path` guards it.
 *
 * It is all that another implementation has to do: take frames from the batch while the ring has descriptors, move its head, count.
 */
import { copyFrame, type FrameBatch } from "@clickos/vale";
import type { FrameCounts } from "./frame-counts.ts";
import { nothingToReport, type ReceiveRing } from "./receive-ring.ts";
import * as R from "./registers.ts";

/**
 * Takes frames `first` and after of a batch, until there is no descriptor for one or the batch ends. Returns how many it took; it
 * leaves at a frame longer than `longest`, which is not its to count.
 */
export type PlainReceive = (batch: FrameBatch, first: number, longest: number) => number;

/** Makes one for a ring: the ring's place and buffers may change between calls, its memory does not. */
export type MakePlainReceive = (ring: ReceiveRing, counts: FrameCounts) => PlainReceive;

export const plainReceive: MakePlainReceive = (ring, counts) => (batch, first, longest) => {
  const { memory, base, count, tail, bufferSize } = ring;
  const { words } = memory;
  const size = memory.bytes.length;
  let { head } = ring;
  let packets = 0;
  let octets = 0;
  // Frames of the same length that follow each other are counted together.
  let lastLength = 0;
  let alike = 0;
  let i = first;
  for (; i < batch.count && head !== tail; i++) {
    const length = batch.lengths[i] as number;
    if (length > longest) break;
    const d = (base + head * R.descriptorSize) >> 2;
    const buffer = words[d] as number;
    if (length <= bufferSize && buffer >= 0 && buffer + length <= size && words[d + 1] === 0) {
      copyFrame(batch, i, memory, buffer);
      words[d + 2] = length;
      words[d + 3] = R.RX_DD | R.RX_EOP;
      head = head + 1 === count ? 0 : head + 1;
    } else {
      // It takes several buffers, or its buffer is elsewhere, or bad.
      ring.head = head;
      const put = ring.put(batch, i, length, nothingToReport);
      head = ring.head;
      if (put === "full") break;
      if (put === "lost") continue;
    }
    packets++;
    octets += length;
    if (length === lastLength) alike++;
    else {
      counts.addSizes(lastLength, alike);
      lastLength = length;
      alike = 1;
    }
    const at = batch.offsets[i] as number;
    if (((batch.memory.bytes[at] as number) & 1) !== 0) counts.addGroup(batch.memory.bytes, at);
  }
  ring.head = head;
  counts.addSizes(lastLength, alike);
  counts.addAll(packets, octets);
  return i - first;
};
