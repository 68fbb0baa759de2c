/**
 * The front end as staged code, in the optimised mode: all buffers are granted once, a slot of the netmap ring
 * says which one, and events are sent once for a burst, to a back end that has asked for one.
 *
 * A frame in one slot is exchanged, buffer for buffer. One in several (`NS_MOREFRAG`) is copied into a large buffer, or out of one.
 *
 * The guest calls `enter` before a burst and `leave` after it; `device` is what FromDevice and ToDevice use.
 */

import { type Func, type FunctionBuilder, type I32, type StagedOf, staged } from "@clickos/codegen";
import { frameSize, GTF, grantEntry } from "@clickos/grant-table";
import { NS, netmapRing, netmapSlot, ringSlots, xenbusState } from "@clickos/xen-ring";
import { devicePage, devicePageMagic, type RingKind } from "./device-page.ts";
import { type BufferPool, bufferBytes, type GuestContext, largestFrame, type StagedPort } from "./guest.ts";
import { countsOf, hasRoom, sendInPieces, spaceIn } from "./staged-pieces.ts";

const mask = ringSlots - 1;
/** In the word of a slot's length and flags. */
const moreFragments = NS.moreFrag << 16;

/** An interface's places in memory: page-aligned addresses. */
export interface VifPlaces {
  readonly device: number;
  readonly page: number;
  readonly rxRing: number;
  readonly txRing: number;
  readonly rings: RingKind;
}

/** Where an interface's grants are: its own entries, and those of the pool's frames. */
export interface VifGrantPlaces {
  readonly firstRef: number;
  readonly bufferRef: number;
}

export interface StagedVif {
  readonly places: VifPlaces;
  readonly device: StagedPort;
  /** Grants rings, posts receive buffers, announces the interface. Once, at boot; the pool is granted already. */
  connect(c: FunctionBuilder, grants: VifGrantPlaces): void;
  /** Takes back the buffers of frames that were sent. */
  enter(c: FunctionBuilder): void;
  /** Shows the back end what was queued and notifies it if something was, and it asks for that. */
  leave(c: FunctionBuilder, notify: (port: I32) => void): void;
  /** Asks for an event on the next frame; nonzero when one is there already. */
  wait(c: FunctionBuilder): I32;
}

/** Grants the frames of the pool, in a row. */
export function grantPool(c: FunctionBuilder, table: number, pool: BufferPool, backend: I32, bufferRef: number): void {
  c.for(0, poolFrames(c, pool), 1, (i) => grant(c, table, i.add(bufferRef), pool.base(c).shrU(12).add(i), backend));
}

/** Fills in an entry; with its flags it is valid. */
export function grant(
  c: FunctionBuilder,
  table: number,
  ref: I32 | number,
  frame: I32 | number,
  backend: I32,
  flags: number = GTF.permitAccess,
): void {
  const entry = c.i32(ref).shl(3).add(table);
  c.store32(entry, frame, grantEntry.offsets.frame);
  c.atomicStore(entry, backend.shl(16).or(flags));
}

export function poolFrames(c: FunctionBuilder, pool: BufferPool): I32 {
  return pool
    .count(c)
    .mul(bufferBytes)
    .add(frameSize - 1)
    .shrU(12);
}

/** Reserves an interface's memory and stages its code: netmap rings. */
export function stageNetmapVif(context: GuestContext, device: number, table: number): StagedVif {
  const { pool, dataOffset, maximumFrame } = context;
  const places: VifPlaces = {
    rings: "netmap",
    device,
    page: context.reserve(frameSize, frameSize),
    rxRing: context.reserve(frameSize, frameSize),
    txRing: context.reserve(frameSize, frameSize),
  };
  // The guest's own indices: what stands in the rings is for the other side.
  const own = context.reserve(32, 16);
  const [rxHead, txHead, txClean, txShown] = [own, own + 4, own + 8, own + 12];
  // What was read of a frame in several slots: how many they are, and its bytes; the ring's tail + 1, when that was before the
  // frame's last slot: then there is nothing to do until it moves. And slots of a burst that gave no frame of their own. They
  // are in memory, so that frames in one slot have the registers.
  const [frameSlots, frameBytes, unfinished, extraSlots] = [own + 16, own + 20, own + 24, own + 28];
  const counts = countsOf(context);
  /** Whether anybody reads what is received: who does not is not woken by it. */
  let receives = false;
  const rx = (c: FunctionBuilder): StagedOf<typeof netmapRing> => staged(c, netmapRing, places.rxRing);
  const tx = (c: FunctionBuilder): StagedOf<typeof netmapRing> => staged(c, netmapRing, places.txRing);
  const tail = (c: FunctionBuilder, ring: number): I32 => c.atomicLoad(ring, netmapRing.offsets.tail).and(mask);
  const bufferOf = (c: FunctionBuilder, index: I32): I32 => index.shl(11).add(pool.base(c));
  // Data starts at one of four cache lines, by buffer: 2 KiB apart, all would compete for the same few cache sets.
  const dataStart = (index: I32): I32 => index.and(3).shl(6).add(dataOffset);
  const indexOf = (c: FunctionBuilder, address: I32): I32 => address.sub(pool.base(c)).shrU(11);
  /** The address of a slot. */
  const slotAt = (index: I32, ring: number): I32 => index.mul(netmapSlot.size).add(ring + netmapRing.offsets.slots);
  const { bufIdx, len, ptr } = netmapSlot.offsets;

  /**
   * Copies the frame that begins in a slot into one buffer, `fresh` if that does: its address. 0 when there is none, or when the
   * frame's last slot is not there: then `frameSlots` is 0 too.
   */
  const receiveLarge = ({ module }: FunctionBuilder): Func<"i32"> =>
    module.once(`receive large ${device}`, () =>
      module.func(`vif${device} receive large`, { first: "i32", fresh: "i32" }, "i32", (c, { first, fresh }) => {
        const end = tail(c, places.rxRing);
        const ready = end.sub(first).and(mask);
        // Lengths are read twice, and are within their buffers each time: what is copied is no more than there is room for.
        const lengthOf = (word: I32): I32 => {
          const length = word.and(0xffff);
          return c.select(length.ltU(bufferBytes), length, c.i32(bufferBytes));
        };
        const total = c.var("i32", 0, "total");
        const n = c.var("i32", 0, "slots");
        c.store32(frameSlots, 0);
        c.loop(() => {
          c.if(n.get().eq(ready), () => {
            c.store32(unfinished, end.add(1));
            pool.free(c, fresh);
            c.return(0);
          });
          const word = c.load32(slotAt(first.add(n.get()).and(mask), places.rxRing), len);
          total.set(total.get().add(lengthOf(word)));
          n.inc();
          c.if(word.and(moreFragments).eqz(), () => c.break());
        });
        c.store32(frameSlots, n.get());
        c.store32(frameBytes, total.get());
        const buffer = c.var("i32", fresh, "buffer");
        c.if(total.get().gtU(maximumFrame), () => {
          pool.free(c, fresh);
          buffer.set(pool.allocateLarge(c, total.get()));
        });
        c.if(buffer.get(), () => {
          const to = c.var("i32", buffer.get().add(dataOffset), "to");
          c.for(0, n.get(), 1, (i) => {
            const slot = slotAt(first.add(i).and(mask), places.rxRing);
            const length = lengthOf(c.load32(slot, len));
            const part = c.select(length.ltU(total.get()), length, total.get());
            c.copy(to.get(), bufferOf(c, c.load32(slot, bufIdx)).add(c.load32(slot, ptr)), part);
            to.set(to.get().add(part));
            total.set(total.get().sub(part));
          });
        });
        return buffer.get();
      }),
    );
  /** Sends a frame out of a large buffer, or drops it. */
  const transmitLarge = ({ module }: FunctionBuilder): Func<undefined> =>
    module.once(`transmit large ${device}`, () =>
      module.func(
        `vif${device} transmit large`,
        { address: "i32", data: "i32", length: "i32" },
        undefined,
        (c, frame) =>
          sendInPieces(c, pool, frame, counts, (buffer, bytes, more) => {
            const head = c.load32(txHead);
            const slot = slotAt(head, places.txRing);
            c.store32(slot, indexOf(c, buffer), bufIdx);
            c.store32(slot, bytes.or(more.mul(moreFragments)), len);
            c.store32(slot, 0, ptr);
            c.store32(txHead, head.add(1).and(mask));
          }),
      ),
    );

  return {
    places,
    device: {
      receive(c, burst, deliver) {
        receives = true;
        const head = c.load32(rxHead);
        const ready = tail(c, places.rxRing).sub(head).and(mask);
        const count = c.select(ready.ltU(burst), ready, c.i32(burst));
        const done = c.var("i32", 0, "done");
        c.store32(unfinished, 0);
        c.store32(extraSlots, 0);
        c.loop(() => {
          c.if(done.get().geU(count), () => c.break());
          // Each slot gets a fresh buffer for the one it gives; without one the frame waits in the ring.
          c.if(pool.available(c).eqz(), () => c.break());
          const fresh = pool.allocate(c);
          const at = head.add(done.get()).and(mask);
          const slot = rx(c).slots.at(at);
          const [address, data, length] = [c.var("i32", 0), c.var("i32", 0), c.var("i32", 0)];
          c.if(
            slot.flags.get().and(NS.moreFrag),
            () => {
              address.set(c.call(receiveLarge(c), at, fresh));
              const slots = c.load32(frameSlots);
              const taken = address.get().ne(0);
              done.set(done.get().add(slots));
              c.store32(extraSlots, c.load32(extraSlots).add(slots).sub(taken));
              // The rest is for the next turn.
              c.if(taken.eqz(), () => c.break());
              data.set(address.get().add(dataOffset));
              length.set(c.load32(frameBytes));
            },
            () => {
              address.set(bufferOf(c, slot.bufIdx.get()));
              data.set(address.get().add(slot.ptr.get()));
              length.set(slot.len.get());
              const index = indexOf(c, fresh);
              slot.bufIdx.set(index);
              slot.ptr.set(dataStart(index));
              done.inc();
            },
          );
          deliver({ address: address.get(), data: data.get(), length: length.get() });
        });
        const next = head.add(done.get()).and(mask);
        c.store32(rxHead, next);
        c.atomicStore(places.rxRing, next, netmapRing.offsets.head);
        return done.get().sub(c.load32(extraSlots));
      },
      transmit(c, frame) {
        const head = c.load32(txHead);
        const room = hasRoom(tail(c, places.txRing).sub(head).and(mask));
        c.if(room, () => {
          const index = indexOf(c, frame.address);
          c.if(
            index.geU(pool.count(c)),
            () => c.call(transmitLarge(c), frame.address, frame.data, frame.length),
            () => {
              const slot = tx(c).slots.at(head);
              slot.bufIdx.set(index);
              // Its flags too: a frame in several slots may have been here.
              c.store32(slotAt(head, places.txRing), frame.length, len);
              slot.ptr.set(frame.data.sub(frame.address));
              c.store32(txHead, head.add(1).and(mask));
            },
          );
        });
        return room;
      },
      space: (c) => spaceIn(c, tail(c, places.txRing).sub(c.load32(txHead)).and(mask)),
    },

    connect(c, grants) {
      const page = staged(c, devicePage, places.page);
      const backend = page.backendId.get();
      const rxRef = grants.firstRef;
      grant(c, table, rxRef, places.rxRing / frameSize, backend);
      grant(c, table, rxRef + 1, places.txRing / frameSize, backend);

      for (const ring of [rx(c), tx(c)]) {
        ring.numSlots.set(ringSlots);
        ring.nrBufSize.set(bufferBytes);
      }
      // The slot that is kept empty gets its buffer too: buffers are exchanged, never added.
      c.for(0, ringSlots, 1, (i) => {
        const slot = rx(c).slots.at(i);
        const index = indexOf(c, pool.allocate(c));
        slot.bufIdx.set(index);
        slot.ptr.set(dataStart(index));
      });
      tx(c).tail.set(mask);
      rx(c).event.set(1);
      tx(c).event.set(1);
      page.magic.set(devicePageMagic);
      page.rxRingRef.set(rxRef);
      page.txRingRef.set(rxRef + 1);
      page.bufferRef.set(grants.bufferRef);
      page.bufferFrames.set(poolFrames(c, pool));
      page.bufferCount.set(pool.count(c));
      page.frameLimit.set(largestFrame);
      page.state.set(xenbusState.connected);
    },

    enter(c) {
      const done = tail(c, places.txRing).add(1).and(mask);
      c.loop(() => {
        const clean = c.load32(txClean);
        c.if(clean.eq(done), () => c.break());
        pool.free(c, bufferOf(c, tx(c).slots.at(clean).bufIdx.get()));
        c.store32(txClean, clean.add(1).and(mask));
      });
    },

    leave(c, notify) {
      const head = c.load32(txHead);
      c.if(head.ne(c.load32(txShown)), () => {
        c.atomicStore(places.txRing, head, netmapRing.offsets.head);
        c.store32(txShown, head);
        // Who is awake looks by himself. The head is there before it is seen that he is not.
        c.if(c.atomic("xchg", places.txRing, 0, netmapRing.offsets.event).ne(0), () =>
          notify(staged(c, devicePage, places.page).eventChannel.get()),
        );
      });
    },

    wait(c) {
      if (!receives) return c.i32(0);
      c.atomicStore(places.rxRing, 1, netmapRing.offsets.event);
      const end = tail(c, places.rxRing);
      return c
        .load32(rxHead)
        .ne(end)
        .and(c.load32(unfinished).ne(end.add(1)));
    },
  };
}

/** Packet buffers that an interface keeps: posted for receiving, and on their way out. */
export const buffersPerVif: number = ringSlots * 2;
