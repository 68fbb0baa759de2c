/**
 * The optimised mode for guests in TypeScript: netmap rings, two buffers to a page, all granted once. A frame that is longer
 * than a buffer has several slots, all but the last with `NS_MOREFRAG`.
 */
import { maximumFrameSlots, NS, netmapRing, ringSlots } from "@clickos/xen-ring";
import { GrantedFrames } from "./granted-frames.ts";
import { joined } from "./joined.ts";
import type { FrontParts, NetFront } from "./net-front.ts";

export type KeyValue = Readonly<Record<string, string>>;

const mask = ringSlots - 1;
const bufferSize = 2048;
/** Where the back end puts data, and where it is put for sending. */
const dataOffset = 0;
/** In the word of a slot's length and flags. */
const moreFragments = NS.moreFrag << 16;
const longest = maximumFrameSlots * bufferSize;

export function openNetmapFront(parts: FrontParts): NetFront {
  const frames = new GrantedFrames(parts);
  const { buffer } = parts.memory;
  const rings = [frames.add(), frames.add()] as const;
  const [rx, tx] = rings.map(({ address }) => netmapRing.view(buffer, address)) as [View, View];
  const words = new Int32Array(buffer);
  const [rxAt, txAt] = rings.map(({ address }) => address >> 2) as [number, number];
  const bytes = new Uint8Array(buffer);
  // A buffer for each slot of both rings; references in a row, as the back end is told only the first.
  const { ref: first, addresses } = frames.addRange(ringSlots);
  const at = (index: number): number => (addresses[index >> 1] as number) + (index & 1) * bufferSize;
  for (const ring of [rx, tx]) {
    ring.numSlots = ringSlots;
    ring.nrBufSize = bufferSize;
  }
  for (let i = 0; i < ringSlots; i++) {
    setSlot(rxAt, i, i, 0);
    setSlot(txAt, i, ringSlots + i, 0);
  }
  tx.tail = mask;
  rx.event = tx.event = 1;
  let rxHead = 0;
  let txHead = 0;
  let txShown = 0;
  let closed = false;
  const stats = { sent: 0, received: 0, refused: 0, bad: 0 };

  function setSlot(ring: number, i: number, index: number, lengthAndFlags: number): void {
    const slot = ring + (netmapRing.offsets.slots >> 2) + i * 3;
    words[slot] = index;
    words[slot + 1] = lengthAndFlags;
    words[slot + 2] = dataOffset;
  }
  const tail = (ring: number): number => Atomics.load(words, ring + (netmapRing.offsets.tail >> 2)) & mask;
  const setHead = (ring: number, head: number): void => {
    Atomics.store(words, ring + (netmapRing.offsets.head >> 2), head);
  };

  return {
    mode: "netmap",
    keys: {
      "feature-netmap": "1",
      "feature-sg": "1",
      "rx-ring-ref": String(rings[0].ref),
      "tx-ring-ref": String(rings[1].ref),
      "buffer-ref": String(first),
      "buffer-frames": String(addresses.length),
      "buffer-count": String(addresses.length * 2),
    },
    send(frame) {
      if (frame.length > longest)
        throw new RangeError(`a frame of ${frame.length} bytes, where ${maximumFrameSlots} slots hold ${longest}`);
      const slots = Math.max(1, Math.ceil(frame.length / bufferSize));
      if (closed || ((tail(txAt) - txHead) & mask) < slots) return false;
      for (let s = 0; s < slots; s++) {
        const part = frame.subarray(s * bufferSize, (s + 1) * bufferSize);
        bytes.set(part, at(ringSlots + txHead) + dataOffset);
        setSlot(txAt, txHead, ringSlots + txHead, part.length | (s < slots - 1 ? moreFragments : 0));
        txHead = (txHead + 1) & mask;
      }
      stats.sent++;
      return true;
    },
    flush() {
      if (closed || txShown === txHead) return;
      txShown = txHead;
      setHead(txAt, txHead);
      if (Atomics.exchange(words, txAt + (netmapRing.offsets.event >> 2), 0) !== 0) parts.notifyTx();
    },
    receive() {
      if (closed) return [];
      const received: Uint8Array[] = [];
      const end = tail(rxAt);
      while (rxHead !== end) {
        const parts: Uint8Array[] = [];
        let good = true;
        let more = true;
        let i = rxHead;
        for (; more && i !== end && parts.length < maximumFrameSlots; i = (i + 1) & mask) {
          const lengthAndFlags = words[rxAt + (netmapRing.offsets.slots >> 2) + i * 3 + 1] as number;
          const length = lengthAndFlags & 0xffff;
          more = (lengthAndFlags & moreFragments) !== 0;
          if (length > bufferSize) good = false;
          parts.push(bytes.subarray(at(i) + dataOffset, at(i) + dataOffset + Math.min(length, bufferSize)));
        }
        // Its end is not there yet.
        if (more && parts.length < maximumFrameSlots) break;
        rxHead = i;
        if (good && !more) received.push(joined(parts));
        else stats.bad++;
      }
      setHead(rxAt, rxHead);
      stats.received += received.length;
      return received;
    },
    wait() {
      if (closed) return false;
      Atomics.store(words, rxAt + (netmapRing.offsets.event >> 2), 1);
      return tail(rxAt) !== rxHead;
    },
    stats,
    close() {
      closed = true;
      return frames.close();
    },
  };
}

type View = ReturnType<typeof netmapRing.view>;
