/**
 * The standard mode: netif rings. Each packet's pages are granted when it is sent and taken back when it is answered;
 * pages for receiving are granted while they are posted. xen/include/public/io/netif.h.
 */
import {
  createRing,
  maximumPacketSlots,
  NETRXF,
  NETTXF,
  type NetifRxRequest,
  type NetifRxResponse,
  type NetifTxRequest,
  type NetifTxResponse,
  netifRx,
  netifTx,
} from "@clickos/xen-ring";
import { GrantedFrames } from "./granted-frames.ts";
import { joined } from "./joined.ts";
import type { FrontParts, NetFront } from "./net-front.ts";

const frameSize = 4096;
/** Pages for sending and for receiving. */
const pages = 64;
/** The size of a packet is a 16-bit number. */
const longest = 65535;

/** A page for packets, and its grant: while the back end has it, or for good. */
interface Page {
  frame: number;
  ref: number;
  busy: boolean;
}

export function openStandardFront(parts: FrontParts, persistent: boolean): NetFront {
  const rings = new GrantedFrames(parts);
  const txRing = rings.add();
  const rxRing = rings.add();
  const { buffer } = parts.memory;
  const tx = createRing<NetifTxRequest, NetifTxResponse>({ buffer, offset: txRing.address }, netifTx).front;
  const rx = createRing<NetifRxRequest, NetifRxResponse>({ buffer, offset: rxRing.address }, netifRx).front;
  const bytes = new Uint8Array(buffer);
  /** By id. `busy` pages await their answer. */
  const page = (): Page => ({ frame: parts.allocateFrame(), ref: -1, busy: false });
  const txPages = Array.from({ length: pages }, page);
  const rxPages = Array.from({ length: pages }, page);
  const free = txPages.map((_, id) => id);
  /** Ids of pages that were answered while the back end still had them mapped: they serve again when it lets go. */
  const held = { tx: [] as number[], rx: [] as number[] };
  const stats = { sent: 0, received: 0, refused: 0, bad: 0 };
  let closed = false;
  /** The frame at hand: it may come in several answers, and in several calls. */
  const frame = { parts: [] as Uint8Array[], good: true, refused: false };

  const grant = (page: Page, readOnly: boolean): number => {
    page.busy = true;
    if (page.ref < 0) page.ref = parts.grants.grant(page.frame, { to: parts.backend, readOnly });
    return page.ref;
  };
  /** Takes an answered page's grant back; false while the back end holds on to it. */
  const regain = (page: Page): boolean => {
    page.busy = false;
    if (persistent) return true;
    if (!parts.grants.end(page.ref)) return false;
    page.ref = -1;
    return true;
  };
  /** Tries again with the pages that were held on to: those that came back. */
  const retry = (ids: number[], pages: readonly Page[]): number[] => {
    const back = ids.filter((id) => regain(pages[id] as Page));
    for (const id of back) ids.splice(ids.indexOf(id), 1);
    return back;
  };
  const post = (id: number): void => rx.push({ id, pad: 0, gref: grant(rxPages[id] as Page, false) });
  rxPages.forEach((_, id) => {
    post(id);
  });
  rx.publish();

  const takeAnswers = (): void => {
    if (held.tx.length > 0) free.push(...retry(held.tx, txPages));
    for (const { id, status } of tx.responses()) {
      const page = txPages[id];
      if (!page?.busy) {
        if (status !== 1) stats.bad++;
        continue;
      }
      if (status < 0) stats.refused++;
      if (regain(page)) free.push(id);
      else held.tx.push(id);
    }
  };

  return {
    mode: "standard",
    keys: {
      "tx-ring-ref": String(txRing.ref),
      "rx-ring-ref": String(rxRing.ref),
      "request-rx-copy": "1",
      "feature-rx-notify": "1",
      "feature-sg": "1",
      "feature-no-csum-offload": "0",
      ...(persistent ? { "feature-persistent": "1" } : {}),
    },
    send(frame, { checksumBlank = false, fragment = frameSize } = {}) {
      if (closed) return false;
      const piece = Math.max(1, Math.min(fragment, frameSize));
      const slots = Math.ceil(frame.length / piece);
      if (frame.length > longest || slots > maximumPacketSlots)
        throw new RangeError(
          `a frame of ${frame.length} bytes in ${slots} pieces; at most ${longest} in ${maximumPacketSlots}`,
        );
      takeAnswers();
      if (slots === 0 || tx.free < slots || free.length < slots) return false;
      for (let s = 0; s < slots; s++) {
        const id = free.pop() as number;
        const page = txPages[id] as Page;
        const part = frame.subarray(s * piece, (s + 1) * piece);
        bytes.set(part, page.frame * frameSize);
        const flags =
          (s === 0 && checksumBlank ? NETTXF.csumBlank | NETTXF.dataValidated : 0) |
          (s < slots - 1 ? NETTXF.moreData : 0);
        tx.push({ gref: grant(page, true), offset: 0, flags, id, size: s === 0 ? frame.length : part.length });
      }
      stats.sent++;
      return true;
    },
    flush() {
      if (!closed && tx.publish()) parts.notifyTx();
    },
    receive() {
      if (closed) return [];
      takeAnswers();
      for (const id of retry(held.rx, rxPages)) post(id);
      const frames: Uint8Array[] = [];
      for (const { id, offset, flags, status } of rx.responses()) {
        const page = rxPages[id];
        if (!page?.busy) {
          stats.bad++;
          continue;
        }
        if (status < 0) frame.refused = true;
        else if (offset + status > frameSize || frame.parts.length === maximumPacketSlots) frame.good = false;
        else {
          const at = page.frame * frameSize + offset;
          frame.parts.push(bytes.slice(at, at + status));
        }
        if ((flags & NETRXF.moreData) === 0) {
          if (frame.refused) stats.refused++;
          else if (frame.good) frames.push(joined(frame.parts));
          else stats.bad++;
          Object.assign(frame, { parts: [], good: true, refused: false });
        }
        if (regain(page)) post(id);
        else held.rx.push(id);
      }
      stats.received += frames.length;
      if (rx.publish()) parts.notifyRx();
      return frames;
    },
    wait() {
      if (closed) return false;
      const some = tx.finalCheck();
      return rx.finalCheck() || some;
    },
    stats,
    close() {
      closed = true;
      let all = rings.close();
      for (const page of [...txPages, ...rxPages]) {
        if (page.frame < 0) continue;
        if (page.ref >= 0 && !parts.grants.end(page.ref)) {
          all = false;
          continue;
        }
        parts.freeFrame(page.frame);
        page.frame = -1;
        page.ref = -1;
      }
      return all;
    },
  };
}
