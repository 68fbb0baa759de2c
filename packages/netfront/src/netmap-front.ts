/** The optimised mode for guests in TypeScript: netmap rings, two buffers to a page, all granted once. */
import { netmapRing, ringSlots } from "@clickos/xen-ring";
import { GrantedFrames } from "./granted-frames.ts";
import type { FrontParts, NetFront } from "./net-front.ts";

export type KeyValue = Readonly<Record<string, string>>;

const mask = ringSlots - 1;
const bufferSize = 2048;
/** Where the back end puts data, and where it is put for sending. */
const dataOffset = 0;

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
  rx.event = 1;
  let rxHead = 0;
  let txHead = 0;
  let txShown = 0;
  let closed = false;
  const stats = { sent: 0, received: 0, refused: 0, bad: 0 };

  function setSlot(ring: number, i: number, index: number, length: number): void {
    const slot = ring + (netmapRing.offsets.slots >> 2) + i * 3;
    words[slot] = index;
    words[slot + 1] = length;
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
      "rx-ring-ref": String(rings[0].ref),
      "tx-ring-ref": String(rings[1].ref),
      "buffer-ref": String(first),
      "buffer-frames": String(addresses.length),
      "buffer-count": String(addresses.length * 2),
    },
    send(frame) {
      if (frame.length > bufferSize - 16)
        throw new RangeError(`a frame of ${frame.length} bytes, where a buffer holds ${bufferSize - 16}`);
      if (closed || txHead === tail(txAt)) return false;
      bytes.set(frame, at(ringSlots + txHead) + dataOffset);
      setSlot(txAt, txHead, ringSlots + txHead, frame.length);
      txHead = (txHead + 1) & mask;
      stats.sent++;
      return true;
    },
    flush() {
      if (closed || txShown === txHead) return;
      txShown = txHead;
      setHead(txAt, txHead);
      parts.notifyTx();
    },
    receive() {
      if (closed) return [];
      const received: Uint8Array[] = [];
      const end = tail(rxAt);
      for (; rxHead !== end; rxHead = (rxHead + 1) & mask) {
        const slot = rxAt + (netmapRing.offsets.slots >> 2) + rxHead * 3;
        const length = (words[slot + 1] as number) & 0xffff;
        if (length > bufferSize) stats.bad++;
        else received.push(bytes.slice(at(rxHead) + dataOffset, at(rxHead) + dataOffset + length));
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
