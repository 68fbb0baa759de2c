/**
 * The front end as staged code, in the optimised mode: all buffers are granted once, a slot of the netmap ring
 * says which one, and events are sent once for a burst.
 *
 * The guest calls `enter` before a burst and `leave` after it; `device` is what FromDevice and ToDevice use.
 */

import { type FunctionBuilder, type I32, type StagedOf, staged } from "@clickos/codegen";
import { frameSize, GTF, grantEntry } from "@clickos/grant-table";
import { netmapRing, ringSlots, xenbusState } from "@clickos/xen-ring";
import { devicePage, devicePageMagic, type RingKind } from "./device-page.ts";
import { type BufferPool, bufferBytes, type GuestContext, type StagedPort } from "./guest.ts";

const mask = ringSlots - 1;

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
  /** Shows the back end what was queued and notifies it if something was. */
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
  const own = context.reserve(16, 16);
  const [rxHead, txHead, txClean, txShown] = [own, own + 4, own + 8, own + 12];
  const rx = (c: FunctionBuilder): StagedOf<typeof netmapRing> => staged(c, netmapRing, places.rxRing);
  const tx = (c: FunctionBuilder): StagedOf<typeof netmapRing> => staged(c, netmapRing, places.txRing);
  const tail = (c: FunctionBuilder, ring: number): I32 => c.atomicLoad(ring, netmapRing.offsets.tail).and(mask);
  const bufferOf = (c: FunctionBuilder, index: I32): I32 => index.shl(11).add(pool.base(c));
  // Data starts at one of four cache lines, by buffer: 2 KiB apart, all would compete for the same few cache sets.
  const dataStart = (index: I32): I32 => index.and(3).shl(6).add(dataOffset);
  const indexOf = (c: FunctionBuilder, address: I32): I32 => address.sub(pool.base(c)).shrU(11);

  return {
    places,
    device: {
      receive(c, burst, deliver) {
        const head = c.load32(rxHead);
        const ready = tail(c, places.rxRing).sub(head).and(mask);
        const count = c.select(ready.ltU(burst), ready, c.i32(burst));
        const done = c.var("i32", 0, "done");
        c.loop(() => {
          c.if(done.get().geU(count), () => c.break());
          // Each slot gets a fresh buffer for the one it gives; without one the frame waits in the ring.
          c.if(pool.available(c).eqz(), () => c.break());
          const fresh = pool.allocate(c);
          const slot = rx(c).slots.at(head.add(done.get()).and(mask));
          const address = bufferOf(c, slot.bufIdx.get());
          const frame = { address, data: address.add(slot.ptr.get()), length: slot.len.get() };
          const index = indexOf(c, fresh);
          slot.bufIdx.set(index);
          slot.ptr.set(dataStart(index));
          done.inc();
          deliver(frame);
        });
        const next = head.add(done.get()).and(mask);
        c.store32(rxHead, next);
        c.atomicStore(places.rxRing, next, netmapRing.offsets.head);
        return done.get();
      },
      transmit(c, frame) {
        const head = c.load32(txHead);
        const accepted = head.ne(tail(c, places.txRing));
        c.if(accepted, () => {
          const slot = tx(c).slots.at(head);
          slot.bufIdx.set(indexOf(c, frame.address));
          slot.len.set(frame.length);
          slot.ptr.set(frame.data.sub(frame.address));
          c.store32(txHead, head.add(1).and(mask));
        });
        return accepted;
      },
      space: (c) => tail(c, places.txRing).sub(c.load32(txHead)).and(mask),
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
      page.magic.set(devicePageMagic);
      page.rxRingRef.set(rxRef);
      page.txRingRef.set(rxRef + 1);
      page.bufferRef.set(grants.bufferRef);
      page.bufferFrames.set(poolFrames(c, pool));
      page.bufferCount.set(pool.count(c));
      page.frameLimit.set(maximumFrame);
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
        notify(staged(c, devicePage, places.page).eventChannel.get());
      });
    },

    wait(c) {
      c.atomicStore(places.rxRing, 1, netmapRing.offsets.event);
      return c.load32(rxHead).ne(tail(c, places.rxRing));
    },
  };
}

/** Packet buffers that an interface keeps: posted for receiving, and on their way out. */
export const buffersPerVif: number = ringSlots * 2;
