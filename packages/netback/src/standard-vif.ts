/**
 * The back end of a virtual interface in the standard mode: netif rings, a grant for each packet, data copied in and
 * out of granted frames. Every field of a ring is read once into a local, checked, and then used.
 *
 * Transmit and receive are named from the guest's side. Structures: xen/include/public/io/netif.h and ring.h.
 */
import type { GrantMapper } from "@clickos/grant-table";
import { Wakers } from "@clickos/run-loop";
import { copyFrame, copyPart, FrameBatch, longestFrame } from "@clickos/vale";
import {
  maximumPacketSlots,
  NETIF_RSP,
  NETRXF,
  NETTXF,
  netifRx,
  netifTx,
  XEN_NETIF_EXTRA_FLAG_MORE,
} from "@clickos/xen-ring";
import { completeChecksum } from "./checksum.ts";
import { Backlog, drain, giveAll } from "./held-frames.ts";
import { NetifAnswers } from "./netif-answers.ts";
import { KeptGrants, mapRings, NetifBackRing } from "./netif-ring.ts";
import { type Rate, RateLimit } from "./rate.ts";
import { StandardCounters } from "./standard-counters.ts";
import { NetbackError, receiveLimit, shortestFrame, type Vif } from "./vif.ts";

export interface StandardVifOptions {
  readonly name: string;
  readonly domain: number;
  readonly mapper: GrantMapper;
  readonly txRingRef: number;
  readonly rxRingRef: number;
  /** Grants stay mapped once they were used (`feature-persistent`). */
  readonly persistent?: boolean;
  /** Frames in a batch at most; 1 for an operation and an event for each packet. 64 by default. */
  readonly burst?: number;
  /** What the interface carries behind the Ethernet header, up to 9,000 bytes; without it, frames of 2,032 bytes. */
  readonly mtu?: number | undefined;
  /**
   * Bytes of the longest frame that the guest takes, 2,032 by default. More than that says that it takes frames in several
   * slots (`feature-sg`).
   */
  readonly frameLimit?: number | undefined;
  /** What the guest may send. */
  readonly rate?: Rate;
  /** Microseconds; for the rate. */
  now?(): number;
  /** Calls back at each event from the front end; without it the switch must poll the port. @returns ends it. */
  onEvent?(listener: () => void): () => void;
  /** Send events to the front end: about what it sent, and about what came for it. The same when there is one channel. */
  notifyTx(): void;
  notifyRx(): void;
}

const frameSize = 4096;
/** Space between guest and switch for frames of common length, for each of a burst; and for so many of full length. */
const stride = 2048 + 64;
const longFrames = 8;
/** Frames begin on a cache line. */
const align = (length: number): number => (length + 63) & ~63;
/** From so many bytes on `set` of a part is faster than a loop. */
const longCopy = 256;
/**
 * Slots that a call takes at most, and one packet more, whatever became of them: a ring's worth. A guest that refills its
 * ring while it is read is served again in the next turn.
 */
const slotsPerTurn = 256;

/**
 * Connects to a front end in the standard mode and returns the port.
 *
 * @throws {NetbackError} when a ring is not granted as announced; nothing stays mapped.
 * @throws {RangeError} for an MTU that is none.
 */
export function connectStandardVif(options: StandardVifOptions): Vif {
  const { mapper, domain } = options;
  const limit = longestFrame(options.mtu);
  const window = mapper.window(domain);
  if (!window) throw new NetbackError(`${options.name}: there is no domain ${domain}`);
  const { txAt, rxAt } = mapRings(options, window);
  const tx = new NetifBackRing(window.buffer, txAt, netifTx);
  const rx = new NetifBackRing(window.buffer, rxAt, netifRx);
  const keptTx = options.persistent ? new KeptGrants(window, true) : undefined;
  const keptRx = options.persistent ? new KeptGrants(window, false) : undefined;
  const burst = Math.max(1, Math.min(options.burst ?? 64, 256));
  const now = options.now ?? (() => performance.now() * 1000);
  const rate = options.rate && new RateLimit(options.rate, now());
  const guest = new Uint8Array(window.buffer);
  const staging = Math.max(burst * stride, Math.min(burst, longFrames) * align(limit));
  const batch = new FrameBatch(new ArrayBuffer(staging));
  const staged = batch.memory.bytes;
  /** Where the next frame is put. */
  let stagedTo = 0;
  const rxLimit = receiveLimit(options.frameLimit, limit);
  /** Frames of an interface that was here before. */
  const backlog = new Backlog();
  /** All that was sent is taken now, whatever its rate. */
  let isTaking = false;
  const answered = new NetifAnswers({
    ring: rx,
    memory: guest,
    limit: rxLimit,
    pin: (ref) => (keptRx ? keptRx.pin(ref) : window.pin(ref, false)),
    unpin(ref) {
      if (!keptRx) window.unpin(ref, false);
    },
  });
  const ready = new Wakers();
  const deaf = options.onEvent?.(() => ready.wake());
  let open = true;
  let frozen = false;
  /** A packet was refused before its last slot. */
  let unfinished = false;
  /** Receive slots that may still be bad in this round; the next begins when it is flushed. */
  let badLeft = slotsPerTurn;
  const n = new StandardCounters();
  // The slots of the packet at hand, read once.
  const grefs = new Int32Array(maximumPacketSlots);
  const offsets = new Int32Array(maximumPacketSlots);
  const ids = new Int32Array(maximumPacketSlots * 2);
  const sizes = new Int32Array(maximumPacketSlots);

  const answer = (id: number, status: number): void => {
    const at = tx.respond();
    tx.data.setUint16(at, id, true);
    tx.data.setInt16(at + 2, status, true);
  };
  /** Copies granted bytes to the staging buffer; whether the grant allows it. */
  const copyIn = (ref: number, from: number, size: number, to: number): boolean => {
    const at = keptTx ? keptTx.pin(ref) : window.pin(ref, true);
    if (at < 0) return false;
    if (size >= longCopy) staged.set(guest.subarray(at + from, at + from + size), to);
    else for (let i = 0; i < size; i++) staged[to + i] = guest[at + from + i] as number;
    if (!keptTx) window.unpin(ref, true);
    return true;
  };

  /** Refuses more of a packet of too many slots, so that its rest is not taken for a packet. */
  const takeRest = (waiting: number): void => {
    for (let left = Math.min(waiting, maximumPacketSlots); unfinished && left > 0; left--) {
      const at = tx.slot(tx.reqCons);
      unfinished = (tx.data.getUint16(at + 6, true) & NETTXF.moreData) !== 0;
      const id = tx.data.getUint16(at + 8, true);
      tx.reqCons = (tx.reqCons + 1) >>> 0;
      answer(id, NETIF_RSP.error);
    }
  };
  /** Takes one packet off the ring, of 36 slots at most: 1 staged, 0 answered and dropped, -1 not all is there yet. */
  const takePacket = (waiting: number): number => {
    if (unfinished) {
      takeRest(waiting);
      return 0;
    }
    const first = tx.slot(tx.reqCons);
    let index = tx.reqCons;
    let left = waiting;
    const { data } = tx;
    grefs[0] = data.getUint32(first, true);
    offsets[0] = data.getUint16(first + 4, true);
    const flags = data.getUint16(first + 6, true);
    const firstId = data.getUint16(first + 8, true);
    const total = data.getUint16(first + 10, true);
    index++;
    left--;
    let extras = 0;
    let slots = 1;
    let rest = 0;
    let tooMany = false;
    ids[0] = firstId;
    if (flags & NETTXF.extraInfo)
      for (;;) {
        if (left === 0) return -1;
        const at = tx.slot(index);
        const more = data.getUint8(at + 1) & XEN_NETIF_EXTRA_FLAG_MORE;
        index++;
        left--;
        extras++;
        if (extras >= maximumPacketSlots) tooMany = true;
        if (!more || tooMany) break;
      }
    for (let more = flags & NETTXF.moreData; more && !tooMany; ) {
      if (left === 0) return -1;
      const at = tx.slot(index);
      grefs[slots] = data.getUint32(at, true);
      offsets[slots] = data.getUint16(at + 4, true);
      more = data.getUint16(at + 6, true) & NETTXF.moreData;
      ids[slots] = data.getUint16(at + 8, true);
      sizes[slots] = data.getUint16(at + 10, true);
      rest += sizes[slots] as number;
      index++;
      left--;
      slots++;
      if (slots >= maximumPacketSlots && more) tooMany = unfinished = true;
    }
    tx.reqCons = index >>> 0;
    // The first slot has the size of the whole packet.
    sizes[0] = total - rest;
    let good = false;
    if (tooMany) n.txTooManySlots++;
    else if (extras > 0) n.txExtra++;
    else if ((sizes[0] as number) <= 0 || total < shortestFrame) n.txBadSize++;
    else if (total > limit) n.txTooLong++;
    else good = true;
    const to = stagedTo;
    let at = to;
    for (let s = 0; good && s < slots; s++) {
      const [size, offset] = [sizes[s] as number, offsets[s] as number];
      if (offset + size > frameSize) {
        n.txBadSize++;
        good = false;
      } else if (!copyIn(grefs[s] as number, offset, size, at)) {
        n.txBadGrant++;
        good = false;
      }
      at += size;
    }
    if (good && flags & NETTXF.csumBlank && !completeChecksum(staged, to, total)) {
      n.txChecksum++;
      good = false;
    }
    const status = good ? NETIF_RSP.okay : NETIF_RSP.error;
    answer(firstId, status);
    for (let e = 0; e < extras; e++) answer(0, NETIF_RSP.null);
    for (let s = 1; s < slots; s++) answer(ids[s] as number, status);
    if (!good) return 0;
    batch.offsets[batch.count] = to;
    batch.lengths[batch.count] = total;
    batch.count++;
    stagedTo += align(total);
    n.txPackets++;
    n.txBytes += total;
    rate?.spend(total);
    return 1;
  };
  const showTx = (): void => {
    if (tx.publish()) {
      n.notifications++;
      options.notifyTx();
    }
  };

  const disconnect = (): void => {
    if (!open) return;
    open = false;
    deaf?.();
    keptTx?.close();
    keptRx?.close();
    window.unpin(options.txRingRef, false);
    window.unpin(options.rxRingRef, false);
  };

  const answerRx = (id: number, ref: number, status: number, flags: number): void => {
    answered.note(ref);
    const at = rx.respond();
    rx.data.setUint16(at, id, true);
    rx.data.setUint16(at + 2, 0, true);
    // Nobody has looked at its checksum.
    rx.data.setUint16(at + 4, flags, true);
    rx.data.setInt16(at + 6, status, true);
  };
  /** Whether the guest has asked for so many frames' worth of pages. */
  const hasRequests = (count: number): boolean => {
    const { waiting } = rx;
    if (waiting < 0) n.badIndex++;
    return waiting >= count;
  };
  const pinRx = (ref: number): number => (keptRx ? keptRx.pin(ref) : window.pin(ref, false));
  const unpinRx = (ref: number): void => {
    if (!keptRx) window.unpin(ref, false);
  };
  /** Gives the guest a frame in one page, or in several: all of them are good, or all are answered with an error. */
  const deliverFrame = (from: FrameBatch, i: number, length: number): boolean => {
    const slots = Math.max(1, Math.ceil(length / frameSize));
    while (badLeft > 0 && hasRequests(slots)) {
      let bad = 0;
      for (let s = 0; s < slots; s++) {
        const at = rx.slot(rx.reqCons);
        ids[s] = rx.data.getUint16(at, true);
        const ref = rx.data.getUint32(at + 4, true);
        grefs[s] = ref;
        rx.reqCons = (rx.reqCons + 1) >>> 0;
        const page = bad > 0 ? -1 : pinRx(ref);
        if (page < 0) {
          bad++;
          continue;
        }
        if (slots === 1) copyFrame(from, i, rx.memory, page);
        else copyPart(from, i, s * frameSize, Math.min(frameSize, length - s * frameSize), rx.memory, page);
        unpinRx(ref);
      }
      for (let s = 0; s < slots; s++) {
        const last = s === slots - 1;
        const size = last ? length - s * frameSize : frameSize;
        answerRx(
          ids[s] as number,
          (grefs[s] as number) >>> 0,
          bad > 0 ? NETIF_RSP.error : size,
          last ? 0 : NETRXF.moreData,
        );
      }
      if (bad === 0) return true;
      n.rxBadGrant++;
      badLeft -= slots;
    }
    return false;
  };

  const vif: Vif = {
    name: options.name,
    frameLimit: rxLimit,
    poll() {
      if (!open || window.closed) return null;
      if (!backlog.isEmpty) {
        if (rate && !isTaking && !rate.open(now())) return null;
        const first = backlog.next(burst);
        rate?.spend(backlog.bytes);
        n.txPackets += first.count;
        n.txBytes += backlog.bytes;
        return first;
      }
      batch.count = 0;
      stagedTo = 0;
      let left = slotsPerTurn;
      while (batch.count < burst && left > 0 && stagedTo + limit <= staging) {
        if (rate && !isTaking && !rate.open(now())) break;
        const { waiting } = tx;
        if (waiting < 0) {
          // Until the index makes sense again: once for each time it stops making any.
          if (!frozen) n.badIndex++;
          frozen = true;
          break;
        }
        frozen = false;
        if (waiting === 0) {
          if (tx.sleep(0)) continue;
          break;
        }
        const before = tx.reqCons;
        if (takePacket(waiting) < 0) {
          if (tx.sleep(waiting)) continue;
          break;
        }
        left -= (tx.reqCons - before) >>> 0;
      }
      if (batch.count > 0) return batch;
      showTx();
      // Nothing but bad packets so far: an empty batch says that there may be more.
      return left > 0 ? null : batch;
    },
    release() {
      if (!window.closed) showTx();
    },
    deliver(from, list, count) {
      if (!open || window.closed) return 0;
      let k = 0;
      for (; k < count; k++) {
        const i = list[k] as number;
        const length = from.lengths[i] as number;
        if (!deliverFrame(from, i, length)) break;
        n.rxPackets++;
        n.rxBytes += length;
      }
      return k;
    },
    flush() {
      badLeft = slotsPerTurn;
      if (open && !window.closed && rx.publish()) {
        n.notifications++;
        options.notifyRx();
      }
    },
    onReady: deaf && ((listener) => ready.add(listener)),
    get readyIn() {
      return open && !window.closed ? rate?.opensIn(now()) : undefined;
    },
    get drops() {
      return n.drops;
    },
    take(posted) {
      isTaking = true;
      const frames = { sent: drain(vif), unread: open && !window.closed ? answered.unread(posted) : [] };
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
      return n.stats;
    },
  };
  return vif;
}
