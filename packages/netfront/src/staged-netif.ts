/**
 * The front end as staged code in the standard mode: netif rings. A packet that is sent is its buffer's frame, granted
 * for as long as it is under way, or once for all; what is received comes into pages of the interface's own and is
 * copied from there. A frame that is longer than a buffer of the pool goes in several requests, and comes in one answer or in
 * several. xen/include/public/io/netif.h and ring.h.
 */
import { type Func, type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import { frameSize, GTF } from "@clickos/grant-table";
import {
  NETRXF,
  NETTXF,
  netifRxRequest,
  netifRxResponse,
  netifTxRequest,
  netifTxResponse,
  sring,
  xenbusState,
} from "@clickos/xen-ring";
import { devicePage, devicePageMagic, postedPages, ringKinds } from "./device-page.ts";
import { type GuestContext, largestFrame, type StagedFrame } from "./guest.ts";
import { grant, poolFrames, type StagedVif, type VifPlaces } from "./staged-netmap.ts";
import { countsOf, hasRoom, sendInPieces, spaceIn } from "./staged-pieces.ts";

/** Slots of a ring of one page, for both directions. */
const slots = 256;
const mask = slots - 1;
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
  const pages = context.reserve(postedPages * frameSize, frameSize);
  // The guest's own numbers: next request and next answer of each ring, then the buffer of each request under way.
  const own = context.reserve(64, 16);
  const [txProd, txCons, rxProd, rxCons, grantBase, bufferBase] = [own, own + 4, own + 8, own + 12, own + 16, own + 20];
  // What was read of a frame in several answers: how many they are, and its bytes. Or the back end's index + 1, when that was
  // before the frame's last answer: then there is nothing to do until it moves. And answers of a burst that gave no frame of
  // their own.
  const [frameSlots, frameBytes, unfinished, extraAnswers] = [own + 32, own + 36, own + 40, own + 44];
  const underWay = context.reserve(slots * 4, 16);
  /** Whether anybody reads what is received: who does not is not woken by it. */
  let receives = false;
  const counts = countsOf(context);
  const badAnswer = context.dropCounter("bad receive answer");
  const unknownAnswer = context.dropCounter("answer to nothing that was sent");
  const badIndex = context.dropCounter("bad index of answers");

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
  /**
   * Answers that have come. More than are owed are none, and counted: a back end whose index is nonsense would otherwise keep the
   * guest busy for as many answers as an index has values.
   */
  const answers = (c: FunctionBuilder, at: number, prod: number, cons: number): I32 => {
    const owed = c.load32(prod).sub(c.load32(cons));
    const come = c.var("i32", c.atomicLoad(at, ring.rspProd).sub(c.load32(cons)), "come");
    c.if(come.get().gtU(owed), () => {
      come.set(0);
      c.store64(badIndex, c.load64(badIndex).add(1n));
    });
    return come.get();
  };
  /** Grants a frame to the back end. */
  const give = (c: FunctionBuilder, ref: I32 | number, frame: I32, flags?: number): void => {
    const backend = staged(c, devicePage, places.page).backendId.get();
    grant(c, table, ref, context.machineFrame?.(c, frame) ?? frame, backend, flags);
  };
  /** Posts the page of a number for receiving. */
  const post = (c: FunctionBuilder, id: I32): void => {
    const ref = id.add(c.load32(grantBase)).add(2);
    if (!persistent) give(c, ref, id.add(pages / frameSize));
    const prod = c.load32(rxProd);
    const slot = slotOf(prod, rxRing, rxStride);
    c.store16(slot, id, netifRxRequest.offsets.id);
    c.store16(slot, 0, netifRxRequest.offsets.pad);
    c.store32(slot, ref, netifRxRequest.offsets.gref);
    c.store32(rxProd, prod.add(1));
  };

  /** Takes the page of an answer back and posts it again. */
  const repost = (c: FunctionBuilder, id: I32): void => {
    if (!persistent) c.atomicStore(id.add(c.load32(grantBase)).add(2).shl(3).add(table), 0);
    post(c, id);
  };
  const pageOf = (c: FunctionBuilder, slot: I32): I32 =>
    c.load16(slot, netifRxResponse.offsets.id).and(postedPages - 1);
  /** Offset, flags and bytes of an answer; of no bytes when they are not within its page. */
  const answerOf = (c: FunctionBuilder, slot: I32): { offset: I32; more: I32; bytes: I32 } => {
    const offset = c.load16(slot, netifRxResponse.offsets.offset);
    const status = c.load16(slot, netifRxResponse.offsets.status);
    const more = c.load16(slot, netifRxResponse.offsets.flags).and(NETRXF.moreData);
    return { offset, more, bytes: c.select(offset.add(status).leU(frameSize), status, c.i32(0)) };
  };
  /**
   * Copies the frame of the next answer, or of several, into one buffer: its address. 0 when there is none, when an answer makes
   * no sense, or when the last is not there: then `frameSlots` is 0 too.
   */
  const receiveLarge = ({ module }: FunctionBuilder): Func<"i32"> =>
    module.once(`receive large ${device}`, () =>
      module.func(`vif${device} receive large`, {}, "i32", (c) => {
        const first = c.load32(rxCons);
        const ready = answers(c, rxRing, rxProd, rxCons);
        const total = c.var("i32", 0, "total");
        const good = c.var("i32", 1, "good");
        const n = c.var("i32", 0, "answers");
        c.store32(frameSlots, 0);
        c.loop(() => {
          c.if(n.get().eq(ready), () => {
            c.store32(unfinished, first.add(ready).add(1));
            c.return(0);
          });
          const { more, bytes } = answerOf(c, slotOf(first.add(n.get()), rxRing, rxStride));
          c.if(bytes.eqz(), () => good.set(0));
          total.set(total.get().add(bytes));
          n.inc();
          c.if(more.eqz(), () => c.break());
        });
        c.store32(frameSlots, n.get());
        c.store32(frameBytes, total.get());
        const buffer = c.var("i32", 0, "buffer");
        c.if(
          good.get(),
          () =>
            c.if(
              total.get().leU(maximumFrame),
              () => buffer.set(pool.allocate(c)),
              () => buffer.set(pool.allocateLarge(c, total.get())),
            ),
          () => c.store64(badAnswer, c.load64(badAnswer).add(1n)),
        );
        const to = c.var("i32", buffer.get().add(dataOffset), "to");
        c.for(0, n.get(), 1, (i) => {
          const slot = slotOf(first.add(i), rxRing, rxStride);
          const id = pageOf(c, slot);
          c.if(buffer.get(), () => {
            // Read a second time: what is copied is no more than there is room for.
            const { offset, bytes } = answerOf(c, slot);
            const part = c.select(bytes.ltU(total.get()), bytes, total.get());
            c.copy(to.get(), id.shl(12).add(pages).add(offset), part);
            to.set(to.get().add(part));
            total.set(total.get().sub(part));
          });
          c.store32(rxCons, first.add(i).add(1));
          repost(c, id);
        });
        return buffer.get();
      }),
    );

  const free = (c: FunctionBuilder): I32 => c.i32(slots).sub(c.load32(txProd).sub(c.load32(txCons)));
  /** Where the buffer of a request that is under way is remembered. */
  const entryOf = (index: I32): I32 => index.and(mask).shl(2).add(underWay);
  /** Whether one of the next so many requests' places is in use: answers may come in any order. */
  const isBlocked = (c: FunctionBuilder, count: I32): I32 => {
    const blocked = c.var("i32", 0, "blocked");
    c.for(0, count, 1, (i) => c.if(c.load32(entryOf(c.load32(txProd).add(i))), () => blocked.set(1)));
    return blocked.get();
  };
  /** Queues a request: a buffer of the pool, from an address in it on. `size` is that of the request. */
  const request = (c: FunctionBuilder, frame: StagedFrame, size: I32, flags: I32 | number): void => {
    const prod = c.load32(txProd);
    const id = prod.and(mask);
    c.store32(entryOf(prod), frame.address);
    const ref = persistent
      ? frame.data.sub(pool.base(c)).shrU(12).add(c.load32(bufferBase))
      : id.add(c.load32(grantBase)).add(2 + postedPages);
    if (!persistent) give(c, ref, frame.data.shrU(12), GTF.permitAccess | GTF.readonly);
    const slot = slotOf(prod, txRing, txStride);
    c.store32(slot, ref, netifTxRequest.offsets.gref);
    c.store16(slot, frame.data.and(frameSize - 1), netifTxRequest.offsets.offset);
    c.store16(slot, flags, netifTxRequest.offsets.flags);
    c.store16(slot, id, netifTxRequest.offsets.id);
    c.store16(slot, size, netifTxRequest.offsets.size);
    c.store32(txProd, prod.add(1));
  };
  /** Sends a frame out of a large buffer, or drops it. */
  const transmitLarge = ({ module }: FunctionBuilder): Func<undefined> =>
    module.once(`transmit large ${device}`, () =>
      module.func(
        `vif${device} transmit large`,
        { address: "i32", data: "i32", length: "i32" },
        undefined,
        (c, frame) => {
          // The first has the size of the whole frame.
          const size = c.var("i32", frame.length, "size");
          sendInPieces(
            c,
            pool,
            frame,
            counts,
            (buffer, length, more) => {
              const whole = size.get();
              const part = { address: buffer, data: buffer, length };
              request(c, part, c.select(whole, whole, length), more.mul(NETTXF.moreData));
              size.set(0);
            },
            (pieces) => isBlocked(c, pieces),
          );
        },
      ),
    );

  return {
    places,
    device: {
      receive(c, burst, deliver) {
        receives = true;
        const ready = answers(c, rxRing, rxProd, rxCons);
        const count = c.select(ready.ltU(burst), ready, c.i32(burst));
        const done = c.var("i32", 0, "done");
        c.store32(unfinished, 0);
        c.store32(extraAnswers, 0);
        c.loop(() => {
          c.if(done.get().geU(count), () => c.break());
          c.if(pool.available(c).eqz(), () => c.break());
          const cons = c.load32(rxCons);
          const slot = slotOf(cons, rxRing, rxStride);
          // Read once: the back end could change them. What is out of bounds is no frame.
          const { offset, more, bytes } = answerOf(c, slot);
          const address = c.var("i32", 0, "buffer");
          const length = c.var("i32", bytes, "length");
          c.if(
            bytes.sub(1).ltU(maximumFrame).and(more.eqz()),
            () => {
              const id = pageOf(c, slot);
              address.set(pool.allocate(c));
              c.copy(address.get().add(dataOffset), id.shl(12).add(pages).add(offset), bytes);
              c.store32(rxCons, cons.add(1));
              repost(c, id);
              done.inc();
            },
            () => {
              address.set(c.call(receiveLarge(c)));
              const answered = c.load32(frameSlots);
              const taken = address.get().ne(0);
              done.set(done.get().add(answered));
              c.store32(extraAnswers, c.load32(extraAnswers).add(answered).sub(taken));
              // The rest is for the next turn.
              c.if(taken.eqz(), () => c.break());
              length.set(c.load32(frameBytes));
            },
          );
          deliver({ address: address.get(), data: address.get().add(dataOffset), length: length.get() });
        });
        return done.get().sub(c.load32(extraAnswers));
      },
      transmit(c, frame) {
        const prod = c.load32(txProd);
        const room = hasRoom(free(c)).and(c.load32(entryOf(prod)).eqz());
        c.if(room, () =>
          c.if(
            pool.isLarge(c, frame.address),
            () => c.call(transmitLarge(c), frame.address, frame.data, frame.length),
            () => request(c, frame, frame.length, 0),
          ),
        );
        return room;
      },
      space: (c) => spaceIn(c, free(c)),
    },

    connect(c, grants) {
      const page = staged(c, devicePage, places.page);
      const first = grants.firstRef;
      c.store32(grantBase, first);
      c.store32(bufferBase, grants.bufferRef);
      give(c, first, c.i32(rxRing / frameSize));
      give(c, first + 1, c.i32(txRing / frameSize));
      for (const at of [rxRing, txRing]) {
        c.store32(at, 1, ring.reqEvent);
        c.store32(at, 1, ring.rspEvent);
      }
      c.for(0, postedPages, 1, (id) => {
        if (persistent) give(c, id.add(first + 2), id.add(pages / frameSize));
        post(c, id);
      });
      c.atomicStore(rxRing, postedPages, ring.reqProd);
      page.magic.set(devicePageMagic);
      page.rings.set(ringKinds[places.rings]);
      page.rxRingRef.set(first);
      page.txRingRef.set(first + 1);
      page.bufferRef.set(grants.bufferRef);
      page.bufferFrames.set(persistent ? poolFrames(c, pool) : c.i32(0));
      page.bufferCount.set(0);
      page.frameLimit.set(largestFrame);
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
                .add(2 + postedPages)
                .shl(3)
                .add(table),
              0,
            );
          c.store32(entry, 0);
          pool.free(c, address);
        });
        c.if(address.eqz(), () => c.store64(unknownAnswer, c.load64(unknownAnswer).add(1n)));
      });
    },

    leave(c, notify) {
      // One event is enough for both rings.
      const wanted = publish(c, txRing, c.load32(txProd)).or(publish(c, rxRing, c.load32(rxProd)));
      c.if(wanted, () => notify(staged(c, devicePage, places.page).eventChannel.get()));
    },

    wait(c) {
      // The next answer, or the one after those of a frame that is not whole.
      c.atomicStore(txRing, c.load32(txCons).add(1), ring.rspEvent);
      const sent = answers(c, txRing, txProd, txCons).ne(0);
      if (!receives) return sent;
      const seen = c.load32(unfinished);
      c.atomicStore(rxRing, c.select(seen, seen, c.load32(rxCons).add(1)), ring.rspEvent);
      const received = answers(c, rxRing, rxProd, rxCons);
      return received
        .ne(0)
        .and(seen.ne(received.add(c.load32(rxCons)).add(1)))
        .or(sent);
    },
  };
}
