/**
 * The front end as staged code in the standard mode: netif rings. A packet that is sent is its buffer's frame, granted
 * for as long as it is under way, or once for all; what is received comes into pages of the interface's own and is
 * copied from there. xen/include/public/io/netif.h and ring.h.
 */
import { type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import { frameSize, GTF } from "@clickos/grant-table";
import {
  netifRxRequest,
  netifRxResponse,
  netifTxRequest,
  netifTxResponse,
  sring,
  xenbusState,
} from "@clickos/xen-ring";
import { devicePage, devicePageMagic, ringKinds } from "./device-page.ts";
import type { GuestContext } from "./guest.ts";
import { grant, poolFrames, type StagedVif, type VifPlaces } from "./staged-netmap.ts";

/** Slots of a ring of one page, for both directions. */
const slots = 256;
const mask = slots - 1;
/** Pages posted for receiving. */
const rxPages = 64;
const txStride = 12;
const rxStride = 8;
const { offsets: ring } = sring;
const slotsAt = sring.size;

/** Reserves an interface's memory and stages its code. */
export function stageNetifVif(context: GuestContext, device: number, table: number, persistent: boolean): StagedVif {
  const { pool, dataOffset, maximumFrame } = context;
  const places: VifPlaces = {
    device,
    page: context.reserve(frameSize, frameSize),
    rxRing: context.reserve(frameSize, frameSize),
    txRing: context.reserve(frameSize, frameSize),
    rings: persistent ? "persistent" : "netif",
  };
  const { rxRing, txRing } = places;
  const pages = context.reserve(rxPages * frameSize, frameSize);
  // The guest's own numbers: next request and next answer of each ring, then the buffer of each request under way.
  const own = context.reserve(32, 16);
  const [txProd, txCons, rxProd, rxCons, grantBase, bufferBase] = [own, own + 4, own + 8, own + 12, own + 16, own + 20];
  const underWay = context.reserve(slots * 4, 16);

  const slotOf = (index: I32, at: number, stride: number): I32 =>
    index
      .and(mask)
      .mul(stride)
      .add(at + slotsAt);
  /** Shows requests; whether the back end wants an event for them (`RING_PUSH_REQUESTS_AND_CHECK_NOTIFY`). */
  const publish = (c: FunctionBuilder, at: number, prod: I32): I32 => {
    const old = c.load32(at, ring.reqProd);
    c.atomicStore(at, prod, ring.reqProd);
    const event = c.atomicLoad(at, ring.reqEvent);
    return c.select(prod.eq(old), c.i32(0), prod.sub(event).ltU(prod.sub(old)));
  };
  /** Answers that have come, at most those that are owed. */
  const answers = (c: FunctionBuilder, at: number, prod: number, cons: number): I32 => {
    const owed = c.load32(prod).sub(c.load32(cons));
    const come = c.atomicLoad(at, ring.rspProd).sub(c.load32(cons));
    return c.select(come.ltU(owed), come, owed);
  };
  /** Posts the page of a number for receiving. */
  const post = (c: FunctionBuilder, id: I32): void => {
    const ref = id.add(c.load32(grantBase)).add(2);
    if (!persistent)
      grant(c, table, ref, id.add(pages / frameSize), staged(c, devicePage, places.page).backendId.get());
    const prod = c.load32(rxProd);
    const slot = slotOf(prod, rxRing, rxStride);
    c.store16(slot, id, netifRxRequest.offsets.id);
    c.store16(slot, 0, netifRxRequest.offsets.pad);
    c.store32(slot, ref, netifRxRequest.offsets.gref);
    c.store32(rxProd, prod.add(1));
  };

  return {
    places,
    device: {
      receive(c, burst, deliver) {
        const ready = answers(c, rxRing, rxProd, rxCons);
        const count = c.select(ready.ltU(burst), ready, c.i32(burst));
        const done = c.var("i32", 0, "done");
        c.loop(() => {
          c.if(done.get().geU(count), () => c.break());
          c.if(pool.available(c).eqz(), () => c.break());
          const cons = c.load32(rxCons);
          const slot = slotOf(cons, rxRing, rxStride);
          // Read once: the back end could change them. What is out of bounds is no frame.
          const id = c.load16(slot, netifRxResponse.offsets.id).and(rxPages - 1);
          const offset = c.load16(slot, netifRxResponse.offsets.offset);
          const status = c.load16(slot, netifRxResponse.offsets.status);
          c.store32(rxCons, cons.add(1));
          const good = status.sub(1).ltU(maximumFrame).and(offset.add(status).leU(frameSize));
          done.inc();
          const address = c.var("i32", 0, "buffer");
          c.if(good, () => {
            address.set(pool.allocate(c));
            c.copy(address.get().add(dataOffset), id.shl(12).add(pages).add(offset), status);
          });
          if (!persistent) c.atomicStore(id.add(c.load32(grantBase)).add(2).shl(3).add(table), 0);
          post(c, id);
          c.if(address.get(), () =>
            deliver({ address: address.get(), data: address.get().add(dataOffset), length: status }),
          );
        });
        return done.get();
      },
      transmit(c, frame) {
        const prod = c.load32(txProd);
        const entry = prod.and(mask).shl(2).add(underWay);
        const accepted = prod.sub(c.load32(txCons)).ltU(slots).and(c.load32(entry).eqz());
        c.if(accepted, () => {
          const id = prod.and(mask);
          c.store32(entry, frame.address);
          const ref = persistent
            ? frame.data.sub(pool.base(c)).shrU(12).add(c.load32(bufferBase))
            : id.add(c.load32(grantBase)).add(2 + rxPages);
          if (!persistent) {
            const backend = staged(c, devicePage, places.page).backendId.get();
            grant(c, table, ref, frame.data.shrU(12), backend, GTF.permitAccess | GTF.readonly);
          }
          const slot = slotOf(prod, txRing, txStride);
          c.store32(slot, ref, netifTxRequest.offsets.gref);
          c.store16(slot, frame.data.and(frameSize - 1), netifTxRequest.offsets.offset);
          c.store16(slot, 0, netifTxRequest.offsets.flags);
          c.store16(slot, id, netifTxRequest.offsets.id);
          c.store16(slot, frame.length, netifTxRequest.offsets.size);
          c.store32(txProd, prod.add(1));
        });
        return accepted;
      },
      space: (c) => c.i32(slots).sub(c.load32(txProd).sub(c.load32(txCons))),
    },

    connect(c, grants) {
      const page = staged(c, devicePage, places.page);
      const backend = page.backendId.get();
      const first = grants.firstRef;
      c.store32(grantBase, first);
      c.store32(bufferBase, grants.bufferRef);
      grant(c, table, first, rxRing / frameSize, backend);
      grant(c, table, first + 1, txRing / frameSize, backend);
      for (const at of [rxRing, txRing]) {
        c.store32(at, 1, ring.reqEvent);
        c.store32(at, 1, ring.rspEvent);
      }
      c.for(0, rxPages, 1, (id) => {
        if (persistent) grant(c, table, id.add(first + 2), id.add(pages / frameSize), backend);
        post(c, id);
      });
      c.atomicStore(rxRing, rxPages, ring.reqProd);
      page.magic.set(devicePageMagic);
      page.rings.set(ringKinds[places.rings]);
      page.rxRingRef.set(first);
      page.txRingRef.set(first + 1);
      page.bufferRef.set(grants.bufferRef);
      page.bufferFrames.set(persistent ? poolFrames(c, pool) : c.i32(0));
      page.bufferCount.set(0);
      page.frameLimit.set(maximumFrame);
      page.state.set(xenbusState.connected);
    },

    enter(c) {
      const count = answers(c, txRing, txProd, txCons);
      c.for(0, count, 1, () => {
        const cons = c.load32(txCons);
        const id = c.load16(slotOf(cons, txRing, txStride), netifTxResponse.offsets.id).and(mask);
        c.store32(txCons, cons.add(1));
        const entry = id.shl(2).add(underWay);
        const address = c.load32(entry);
        c.if(address, () => {
          if (!persistent)
            c.atomicStore(
              id
                .add(c.load32(grantBase))
                .add(2 + rxPages)
                .shl(3)
                .add(table),
              0,
            );
          c.store32(entry, 0);
          pool.free(c, address);
        });
      });
    },

    leave(c, notify) {
      // One event is enough for both rings.
      const wanted = publish(c, txRing, c.load32(txProd)).or(publish(c, rxRing, c.load32(rxProd)));
      c.if(wanted, () => notify(staged(c, devicePage, places.page).eventChannel.get()));
    },

    wait(c) {
      for (const [at, cons] of [
        [rxRing, rxCons],
        [txRing, txCons],
      ] as const)
        c.atomicStore(at, c.load32(cons).add(1), ring.rspEvent);
      return c
        .atomicLoad(rxRing, ring.rspProd)
        .ne(c.load32(rxCons))
        .or(c.atomicLoad(txRing, ring.rspProd).ne(c.load32(txCons)));
    },
  };
}
