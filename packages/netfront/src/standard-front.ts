/**
 * The standard mode: netif rings. Each packet's pages are granted when it is sent and taken back when it is answered;
 * pages for receiving are granted while they are posted. xen/include/public/io/netif.h.
 */
import {
  createRing,
  maximumPacketSlots,
  NETTXF,
  type NetifRxRequest,
  type NetifRxResponse,
  type NetifTxRequest,
  type NetifTxResponse,
  netifRx,
  netifTx,
} from "@clickos/xen-ring";
import { GrantedFrames } from "./granted-frames.ts";
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
  /** By id: the page, and its grant while the back end has it. */
  const page = (): Page => ({ frame: parts.allocateFrame(), ref: -1, busy: false });
  const txPages = Array.from({ length: pages }, page);
  const rxPages = Array.from({ length: pages }, page);
  const free = txPages.map((_, id) => id);
  /** Pages whose grants the back end would not let go of. */
  const stuck: Page[] = [];
  const stats = { sent: 0, received: 0, refused: 0, bad: 0 };
  let closed = false;

  const grant = (page: Page, readOnly: boolean): number => {
    page.busy = true;
    if (page.ref < 0) page.ref = parts.grants.grant(page.frame, { to: parts.backend, readOnly });
    return page.ref;
  };
  /** Takes a page's grant back. One that is held on to is replaced by another page. */
  const regain = (page: Page): void => {
    page.busy = false;
    if (persistent) return;
    if (!parts.grants.end(page.ref)) {
      stuck.push({ ...page });
      page.frame = parts.allocateFrame();
    }
    page.ref = -1;
  };
  const post = (id: number): void => rx.push({ id, pad: 0, gref: grant(rxPages[id] as Page, false) });
  rxPages.forEach((_, id) => {
    post(id);
  });
  rx.publish();

  const takeAnswers = (): void => {
    for (const { id, status } of tx.responses()) {
      const page = txPages[id];
      if (!page?.busy) {
        if (status !== 1) stats.bad++;
        continue;
      }
      if (status < 0) stats.refused++;
      regain(page);
      free.push(id);
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
      if (tx.publish()) parts.notifyTx();
    },
    receive() {
      takeAnswers();
      const frames: Uint8Array[] = [];
      for (const { id, offset, status } of rx.responses()) {
        const page = rxPages[id];
        if (!page?.busy) {
          stats.bad++;
          continue;
        }
        const { frame } = page;
        regain(page);
        if (status < 0) stats.refused++;
        else if (offset + status > frameSize) stats.bad++;
        else {
          const at = frame * frameSize + offset;
          frames.push(bytes.slice(at, at + status));
        }
        post(id);
      }
      stats.received += frames.length;
      if (rx.publish()) parts.notifyRx();
      return frames;
    },
    wait() {
      const some = tx.finalCheck();
      return rx.finalCheck() || some;
    },
    stats,
    close() {
      closed = true;
      let all = rings.close();
      for (const page of [...txPages, ...rxPages, ...stuck]) {
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
