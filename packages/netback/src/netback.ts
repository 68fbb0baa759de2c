/**
 * The back end of a virtual interface in the optimised mode: a switch port whose other side is a guest's netmap
 * rings. Every byte of the rings is the guest's to write at any time: each field is read once, checked, and only
 * then used. Budget: 25 ns a 64-byte frame from switch to ring, or the reverse.
 *
 * Transmit and receive are named from the guest's side.
 */
import { Wakers } from "@clickos/run-loop";
import {
  copyFrame,
  copyPart,
  FrameBatch,
  GatheredFrames,
  longestFrame,
  maximumFrame,
  type PlaceNumbers,
} from "@clickos/vale";
import { maximumFrameSlots, netmapRing, netmapSlot, ringSlots } from "@clickos/xen-ring";
import { Backlog, drain, giveAll } from "./held-frames.ts";
import { moreFragments, NetmapChain } from "./netmap-chain.ts";
import { furthestOffset, lastSlot } from "./netmap-ends.ts";
import { mapGrants } from "./netmap-grants.ts";
import { lendNetmap, type NetmapLender } from "./netmap-loan.ts";
import { NetmapSink, NetmapSource, type RingSlots } from "./netmap-rings.ts";
import { RateLimit } from "./rate.ts";
import { bufferSize, receiveLimit, shortestFrame, type Vif } from "./vif.ts";
import type { VifOptions } from "./vif-options.ts";

const mask = ringSlots - 1;
const slotWords = netmapSlot.size >> 2;
const headWord = netmapRing.offsets.head >> 2;
const tailWord = netmapRing.offsets.tail >> 2;
const eventWord = netmapRing.offsets.event >> 2;
const slotsWord = netmapRing.offsets.slots >> 2;

/**
 * Connects to a front end: maps its rings and buffers and returns the port.
 *
 * @throws {NetbackError} when a grant is not as announced; nothing stays mapped.
 * @throws {RangeError} for an MTU that is none.
 */
export function connectVif(options: VifOptions): Vif {
  const limit = longestFrame(options.mtu);
  const { window, rxRing, txRing, offsets, unpinAll } = mapGrants(options);
  const { bufferCount } = options.grants;

  // One view of the guest's memory; only mapped frames are reached through `offsets` and the ring bases.
  const batch = new FrameBatch(window.buffer);
  const { memory } = batch;
  const { words } = memory;
  const rx = rxRing >> 2;
  const tx = txRing >> 2;
  // What was sent is before the slot that is kept empty; what was received is before the tail.
  const tailOf = (ring: number): number => Atomics.load(words, ring + tailWord) & mask;
  let txCur = options.resume ? (tailOf(tx) + 1) & mask : 0;
  let txSeen = txCur;
  let rxTail = options.resume ? tailOf(rx) : 0;
  let rxShown = rxTail;
  const burst = Math.max(1, Math.min(options.burst ?? ringSlots, ringSlots));
  const now = options.now ?? (() => performance.now() * 1000);
  const rate = options.rate && new RateLimit(options.rate, now());
  const rxLimit = receiveLimit(options.frameLimit, limit);
  /** A guest that takes frames in several slots gets the rest of one there, and never has it moved into its headroom. */
  const takesSlots = (options.frameLimit ?? 0) > maximumFrame;
  /** Frames that the guest sends in several slots. */
  const chain = new NetmapChain({ words, ring: tx, buffers: offsets, limit });
  let gathered: GatheredFrames | undefined;
  /** Of a frame that goes to the guest in several slots: bytes in each. */
  const parts = new Int32Array(maximumFrameSlots);
  /** Frames of an interface that was here before. */
  const backlog = new Backlog();
  /** All that was sent is taken now, whatever its rate. */
  let isTaking = false;
  const ready = new Wakers();
  const deaf = options.onEvent?.(() => ready.wake());
  let open = true;
  let txPackets = 0;
  let txBytes = 0;
  let rxPackets = 0;
  let rxBytes = 0;
  let txBadSlot = 0;
  let txTooLong = 0;
  let txTooManySlots = 0;
  let badIndex = 0;
  let rxBadSlot = 0;
  let notifications = 0;

  const disconnect = (): void => {
    if (!open) return;
    open = false;
    deaf?.();
    unpinAll();
  };

  /** Counts a frame that the guest sent and that goes nowhere. */
  const refuse = (fault: NetmapChain["fault"]): void => {
    if (fault === "bad transmit slot") txBadSlot++;
    else if (fault === "transmit frame too long") txTooLong++;
    else txTooManySlots++;
  };
  /** Puts frames together from a slot on, those in one slot too, as long as there is room. Returns the slot after them. */
  const gather = (frames: GatheredFrames, first: number, head: number): number => {
    frames.clear();
    let cur = first;
    while (cur !== head && frames.batch.count < burst && frames.hasRoom) {
      const end = chain.read(cur, head);
      if (end < 0) break;
      cur = chain.unfinished ? chain.skip(end, head) : end;
      if (chain.fault) {
        refuse(chain.fault);
        continue;
      }
      for (let p = 0; p < chain.pieces; p++) frames.add(memory, chain.offsets[p] as number, chain.lengths[p] as number);
      frames.end();
    }
    return cur;
  };
  /** Puts a frame into as many slots as it needs; how many. 0 when there is no room, or a slot makes no sense: nothing is shown. */
  const deliverInSlots = (from: FrameBatch, i: number, room: number): number => {
    const length = from.lengths[i] as number;
    let n = 0;
    for (let done = 0; done < length; n++) {
      if (n === room) return 0;
      const slot = rx + slotsWord + ((rxTail + n) & mask) * slotWords;
      const index = (words[slot] as number) >>> 0;
      const offset = (words[slot + 2] as number) >>> 0;
      if (index >= bufferCount || offset > furthestOffset) {
        rxBadSlot++;
        return 0;
      }
      const part = Math.min(maximumFrame - offset, length - done);
      copyPart(from, i, done, part, memory, (offsets[index] as number) + offset);
      parts[n] = part;
      done += part;
    }
    for (let k = 0; k < n; k++) {
      const more = k === n - 1 ? 0 : moreFragments;
      words[rx + slotsWord + ((rxTail + k) & mask) * slotWords + 1] =
        (parts[k] as number) | more | ((n - k) * lastSlot);
    }
    return n;
  };

  /** What code needs to reach the rings, where it can: buffers in a row, in a memory that modules have. */
  const inRow = offsets.every((offset, i) => offset === (offsets[0] as number) + i * bufferSize);
  const wasm = inRow && bufferCount > 0 && window.memory instanceof WebAssembly.Memory ? window.memory : undefined;
  const placesOf = (ring: number): PlaceNumbers => [ring, offsets[0] as number, bufferCount, 0];
  /** Asks for an event when the guest sends more; the head after that, so that what it sent meanwhile is seen. */
  const headOrEvent = (): number => {
    Atomics.store(words, tx + eventWord, 1);
    return Atomics.load(words, tx + headWord);
  };
  const txSlots: RingSlots = {
    places: placesOf(txRing),
    first: () => txCur,
    given(used = 0) {
      if (!open || window.closed || (rate && !rate.open(now()))) return 0;
      if (!backlog.isEmpty) return -1;
      const waiting = (head: number): number =>
        head >>> 0 >= ringSlots || chain.unfinished ? -1 : (head - txCur) & mask;
      const given = waiting(Atomics.load(words, tx + headWord));
      return given >= 0 && given <= used ? waiting(headOrEvent()) : given;
    },
    giveBack(slots) {
      txCur = (txCur + slots) & mask;
      txSeen = txCur;
      Atomics.store(words, tx + tailWord, (txCur + mask) & mask);
    },
    moved(frames, bytes) {
      txPackets += frames;
      txBytes += bytes;
      rate?.spend(bytes);
    },
  };
  const rxSlots: RingSlots = {
    places: placesOf(rxRing),
    first: () => rxTail,
    given() {
      if (!open || window.closed) return 0;
      const head = Atomics.load(words, rx + headWord);
      return head >>> 0 >= ringSlots ? -1 : (head - rxTail - 1 + ringSlots) & mask;
    },
    giveBack(slots) {
      rxTail = (rxTail + slots) & mask;
    },
    moved(frames, bytes) {
      rxPackets += frames;
      rxBytes += bytes;
    },
  };
  const source = wasm && new NetmapSource(wasm, txSlots, limit, burst);
  const sink = wasm && new NetmapSink(wasm, rxSlots, rxLimit);
  /** Made when somebody asks for it: few interfaces lend their buffers. */
  let lender: NetmapLender | undefined;
  const lend = (memory: WebAssembly.Memory): NetmapLender =>
    lendNetmap({
      memory,
      buffersAt: offsets[0] as number,
      bufferCount,
      frameLimit: limit,
      burst,
      get closed() {
        return !open || window.closed;
      },
      rx: rxSlots,
      tx: txSlots,
      bad(what) {
        if (what === "index") badIndex++;
        else rxBadSlot++;
      },
    });

  /** Frames in the receive ring that the guest has not read; it stands still. */
  const unread = (): Uint8Array[] => {
    const head = Atomics.load(words, rx + headWord);
    if (head >>> 0 >= ringSlots || window.closed) return [];
    return new NetmapChain({ words, ring: rx, buffers: offsets, limit: rxLimit }).frames(head, rxTail, memory.bytes);
  };

  const vif: Vif = {
    name: options.name,
    frameLimit: rxLimit,
    source,
    sink,
    get lender() {
      return wasm && (lender ??= lend(wasm));
    },
    poll() {
      if (!open || window.closed || (lender && lender.lentTx > 0)) return null;
      if (rate && !isTaking && !rate.open(now())) return null;
      if (!backlog.isEmpty) {
        const first = backlog.next(burst);
        rate?.spend(backlog.bytes);
        txPackets += first.count;
        txBytes += backlog.bytes;
        return first;
      }
      let head = Atomics.load(words, tx + headWord);
      if (head === txCur) head = headOrEvent();
      if (head >>> 0 >= ringSlots) {
        badIndex++;
        headOrEvent();
        return null;
      }
      let found = batch;
      let n = 0;
      let total = 0;
      let cur = chain.unfinished ? chain.skip(txCur, head) : txCur;
      for (; cur !== head && n < burst; cur = (cur + 1) & mask) {
        const slot = tx + slotsWord + cur * slotWords;
        const index = (words[slot] as number) >>> 0;
        const lengthAndFlags = words[slot + 1] as number;
        const length = lengthAndFlags & 0xffff;
        const offset = (words[slot + 2] as number) >>> 0;
        if ((lengthAndFlags & moreFragments) !== 0) {
          // A frame in several slots comes in a batch after those that stand in one.
          if (n > 0) break;
          gathered ??= new GatheredFrames(limit);
          cur = gather(gathered, cur, head);
          found = gathered.batch;
          n = found.count;
          for (let i = 0; i < n; i++) total += found.lengths[i] as number;
          break;
        }
        if (index >= bufferCount || offset > bufferSize || offset + length > bufferSize || length < shortestFrame) {
          txBadSlot++;
          continue;
        }
        if (length > limit) {
          txTooLong++;
          continue;
        }
        batch.offsets[n] = (offsets[index] as number) + offset;
        batch.lengths[n] = length;
        total += length;
        n++;
      }
      txSeen = cur;
      rate?.spend(total);
      found.count = n;
      txPackets += n;
      txBytes += total;
      if (n > 0) return found;
      if (txSeen !== txCur) {
        // Nothing but bad slots: they are given back all the same.
        txCur = txSeen;
        Atomics.store(words, tx + tailWord, (txCur + mask) & mask);
      }
      // One that waits for its last slot is looked at again once there is more, which may be by now.
      return headOrEvent() === head ? null : found;
    },
    release() {
      if (window.closed) return;
      txCur = txSeen;
      Atomics.store(words, tx + tailWord, (txCur + mask) & mask);
    },
    deliver(from, list, count) {
      if (!open || window.closed || (lender && lender.lentRx > 0)) return 0;
      const head = Atomics.load(words, rx + headWord);
      if (head >>> 0 >= ringSlots) {
        badIndex++;
        return 0;
      }
      let room = (head - rxTail - 1 + ringSlots) & mask;
      let k = 0;
      let total = 0;
      for (; k < count && room > 0; k++) {
        const slot = rx + slotsWord + rxTail * slotWords;
        const index = (words[slot] as number) >>> 0;
        const offset = (words[slot + 2] as number) >>> 0;
        const i = list[k] as number;
        const length = from.lengths[i] as number;
        if (index >= bufferCount || offset > furthestOffset) {
          // The guest's own fault: it gets nothing until the slot makes sense.
          rxBadSlot++;
          break;
        }
        let slots = 1;
        if (offset + length <= maximumFrame) {
          copyFrame(from, i, memory, (offsets[index] as number) + offset);
          words[slot + 1] = length | lastSlot;
        } else if (!takesSlots && length <= maximumFrame) {
          // It begins earlier in its buffer than the guest proposed, so that the limit is the same in every buffer.
          const at = (maximumFrame - length) & ~63;
          copyFrame(from, i, memory, (offsets[index] as number) + at);
          words[slot + 1] = length | lastSlot;
          words[slot + 2] = at;
        } else {
          slots = deliverInSlots(from, i, room);
          if (slots === 0) break;
        }
        rxTail = (rxTail + slots) & mask;
        room -= slots;
        total += length;
      }
      rxPackets += k;
      rxBytes += total;
      return k;
    },
    flush() {
      if (rxTail === rxShown || !open || window.closed) return;
      rxShown = rxTail;
      Atomics.store(words, rx + tailWord, rxTail);
      // The guest asks for an event when it goes to sleep; one is enough.
      if (Atomics.exchange(words, rx + eventWord, 0) !== 0) {
        notifications++;
        options.notify();
      }
    },
    onReady: deaf && ((listener) => ready.add(listener)),
    get readyIn() {
      // What comes after frames that have not left waits for them.
      if (lender && lender.lentTx > 0) return 100_000n;
      return open && !window.closed ? rate?.opensIn(now()) : undefined;
    },
    get drops() {
      return {
        "bad transmit slot": txBadSlot,
        "transmit frame too long": txTooLong,
        "too many transmit slots": txTooManySlots,
        "bad receive slot": rxBadSlot,
        "bad ring index": badIndex,
      };
    },
    take() {
      isTaking = true;
      const frames = { sent: drain(vif), unread: open ? unread() : [] };
      disconnect();
      return frames;
    },
    put(frames) {
      const left = backlog.add(frames.sent);
      ready.wake();
      return left + giveAll(vif, frames.unread);
    },
    detached: disconnect,
    disconnect,
    get stats() {
      const bad = txBadSlot + txTooLong + txTooManySlots;
      return { txPackets, txBytes, rxPackets, rxBytes, txBadSlot: bad, badIndex, rxBadSlot, notifications };
    },
  };
  return vif;
}
