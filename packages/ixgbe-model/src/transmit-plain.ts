/**
 * Transmission in its plain case: frames in one buffer each, nothing to put in or to compute. They are handed to the wire where they
 * stand. Budget: 10 ns a frame; the benchmark `path` guards it.
 *
 * It is all that another implementation has to do: hand over frames while the next descriptor is plain, move the head, mark what asks
 * for it, count.
 */
import { FrameBatch, type FrameMemory } from "@clickos/vale";
import type { FrameCounts } from "./frame-counts.ts";
import * as R from "./registers.ts";
import type { TransmitRing } from "./transmit-ring.ts";

/** Takes a batch of frames that leave. */
export type Leaves = (batch: FrameBatch) => void;

/** Sends from the head on, up to the tail or a descriptor that is not plain. */
export type PlainTransmit = () => void;

/** Makes one for a ring: the ring's place may change between calls, its memory does not. */
export type MakePlainTransmit = (ring: TransmitRing, counts: FrameCounts, leaves: Leaves) => PlainTransmit;

/** Of a command, what says whether a descriptor is a frame of its own without offloads. */
const kind = R.TX_CMD_EOP | R.TX_CMD_DEXT | R.TX_CMD_VLE | R.TX_CMD_TSE | R.TX_CMD_IC;
const advanced = R.TX_CMD_EOP | R.TX_CMD_DEXT;

/** Whether the descriptor at a word is one. */
function isPlain(words: Int32Array, d: number, command: number): boolean {
  if ((command & kind) === R.TX_CMD_EOP) return true;
  if ((command & kind) !== advanced || (command & R.TX_DTYP) !== R.TX_DTYP_DATA) return false;
  return ((words[d + 3] as number) & R.TX_POPTS) === 0;
}

export const plainTransmit: MakePlainTransmit = (ring, counts, leaves) => {
  const { words } = ring.memory;
  const own = new FrameBatch(ring.memory);
  let lent: FrameBatch | undefined;
  const batchOf = (memory: FrameMemory): FrameBatch => {
    if (memory === ring.memory) return own;
    if (lent?.memory !== memory) lent = new FrameBatch(memory);
    return lent;
  };
  return () => {
    const { line } = ring;
    for (;;) {
      const { base, count, tail, least } = ring;
      let { head } = ring;
      let n = 0;
      let sent = 0;
      // Frames of the same length that follow each other are counted together.
      let lastLength = 0;
      let alike = 0;
      // A batch is of one memory, which may be none.
      const first = ring.wordOf(head);
      const upper = words[first + 1] as number;
      const memory = ring.memoryOf(first);
      const batch = batchOf(memory ?? ring.memory);
      const size = memory ? memory.bytes.length : -1;
      const { offsets, lengths } = batch;
      const { bytes } = batch.memory;
      while (head !== tail && n < offsets.length) {
        if (line !== undefined && !line.free) break;
        const d = (base + head * R.descriptorSize) >> 2;
        const command = words[d + 2] as number;
        if (!isPlain(words, d, command) || words[d + 1] !== upper) break;
        const length = command & 0xffff;
        if (length < least) break;
        const address = words[d] as number;
        if (address < 0 || address + length > size) ring.dmaErrors++;
        else if (length > 0) {
          offsets[n] = address;
          lengths[n] = length;
          n++;
          sent += length;
          if (length === lastLength) alike++;
          else {
            counts.addSizes(lastLength, alike);
            lastLength = length;
            alike = 1;
          }
          if (((bytes[address] as number) & 1) !== 0) counts.addGroup(bytes, address);
          if (line !== undefined) line.take(length);
        }
        if ((command & R.TX_CMD_RS) !== 0) {
          words[d + 3] = R.TX_DD;
          ring.reported = true;
        }
        head = head + 1 === count ? 0 : head + 1;
      }
      const moved = head !== ring.head;
      ring.head = head;
      if (!moved) return;
      if (n === 0) continue;
      counts.addSizes(lastLength, alike);
      counts.addAll(n, sent);
      batch.count = n;
      leaves(batch);
    }
  };
};
