/**
 * Devices of a router that runs in process: two rings in the router's memory, the host at their other end.
 * Both ends run on one thread, in turn.
 */
import { staged } from "@clickos/codegen";
import { type ArrayField, array, type Struct, struct, type U32Field, u32 } from "@clickos/layout";
import type { PlatformContext, StagedDevice } from "../compile/platform.ts";
import { dataOffset, maximumLargeFrame, packetDescriptor } from "../element/packet.ts";
import type { HostMemory } from "./host-memory.ts";

const { timestamp } = packetDescriptor.offsets;

/** Slots of a ring; a power of two. */
export const ringSlots = 512;

type SlotFields = { address: U32Field; data: U32Field; length: U32Field; spare: U32Field };
const slot: Struct<SlotFields> = struct({ address: u32, data: u32, length: u32, spare: u32 }, { name: "slot" });

/** One direction. Indices run free: the producer moves `tail`, the consumer `head`. */
export const deviceRing: Struct<{
  head: U32Field;
  tail: U32Field;
  slots: ArrayField<Struct<SlotFields>>;
}> = struct(
  {
    head: u32,
    tail: u32,
    slots: array(slot, ringSlots),
  },
  { name: "deviceRing", at: { slots: 16 } },
);

/** Where a device's rings are. */
export interface DeviceRings {
  readonly receive: number;
  readonly transmit: number;
}

/** Reserves the rings and stages the guest's side of them. */
export function stageDeviceRings(
  context: PlatformContext,
  number: number,
  places: Map<number, DeviceRings>,
): StagedDevice {
  const rings = { receive: context.reserve(deviceRing.size, 64), transmit: context.reserve(deviceRing.size, 64) };
  places.set(number, rings);
  return {
    receive(c, burst, deliver) {
      const ring = staged(c, deviceRing, rings.receive);
      const head = ring.head.get();
      const ready = ring.tail.get().sub(head);
      const count = c.select(ready.ltU(burst), ready, c.i32(burst));
      c.for(0, count, 1, (i) => {
        const s = ring.slots.at(head.add(i).and(ringSlots - 1));
        const address = s.address.get();
        deliver({
          address,
          data: s.data.get(),
          length: s.length.get(),
          timestamp: c.load64(address, timestamp),
        });
      });
      ring.head.set(head.add(count));
      return count;
    },
    transmit(c, frame) {
      const ring = staged(c, deviceRing, rings.transmit);
      const tail = ring.tail.get();
      const accepted = tail.sub(ring.head.get()).ltU(ringSlots);
      c.if(accepted, () => {
        const s = ring.slots.at(tail.and(ringSlots - 1));
        s.address.set(frame.address);
        s.data.set(frame.data);
        s.length.set(frame.length);
        ring.tail.set(tail.add(1));
      });
      return accepted;
    },
    space(c) {
      const ring = staged(c, deviceRing, rings.transmit);
      return c.i32(ringSlots).sub(ring.tail.get().sub(ring.head.get()));
    },
  };
}

/** What the router's configuration calls a device, seen from outside it. */
export interface RouterDevice {
  /**
   * Puts frames where `FromDevice` will find them; their packets have the time at which it does.
   *
   * @returns how many were taken: fewer than given when the ring is full or there is no packet buffer.
   * @throws {RangeError} for a frame longer than a packet can be; nothing of the batch is taken.
   */
  send(frames: readonly Uint8Array[]): number;
  /** The same with the times that their packets have; 0 is that at which `FromDevice` finds them. */
  sendTimed(frames: readonly TimedFrame[]): number;
  /** Takes what `ToDevice` sent, oldest first; at most `limit` frames. The arrays are the caller's. */
  receive(limit?: number): Uint8Array[];
  /** The same with the timestamps of the packets. */
  receiveTimed(limit?: number): TimedFrame[];
  /** How many frames `receive` would give. */
  readonly pending: number;

  /** The memory that packets are in; another one after the configuration has changed. */
  readonly buffer: ArrayBufferLike;
  /**
   * `send` of one frame without an array for it: its packet is where `FromDevice` will find it, and the caller writes its bytes before
   * the router runs.
   *
   * @returns where the bytes go in `buffer`; 0 when the ring is full or there is no packet buffer.
   * @throws {RangeError} for a frame longer than a packet can be.
   */
  place(length: number): number;
  /**
   * `receive` without arrays for frames: writes where in `buffer` they stand and how long they are, for as many as there is room for.
   * They stay there until `giveBack`.
   *
   * @returns how many; none as long as frames that a former configuration sent wait for `receive`.
   */
  take(offsets: Int32Array, lengths: Int32Array): number;
  /** Ends the use of what `take` gave. */
  giveBack(): void;
}

/** A frame and its time, in nanoseconds since 1970. */
export interface TimedFrame {
  readonly data: Uint8Array;
  readonly timestampNs: bigint;
}

/** A device with what is needed to carry its frames over to another configuration. */
export interface HostDevice extends RouterDevice {
  /** Takes back the frames that the router has not looked at. */
  takeUnread(): TimedFrame[];
}

export function hostDevice(host: HostMemory, rings: DeviceRings): HostDevice {
  const { buffer } = host.data;
  const words = new Uint32Array(buffer);
  const bytes = new Uint8Array(buffer);
  const { head, tail, slots } = deviceRing.offsets;
  const word = (address: number): number => address >>> 2;
  const rx = { head: word(rings.receive + head), tail: word(rings.receive + tail), slots: word(rings.receive + slots) };
  const tx = {
    head: word(rings.transmit + head),
    tail: word(rings.transmit + tail),
    slots: word(rings.transmit + slots),
  };
  const read = (index: number): number => words[index] as number;
  /** Frames that `take` gave: the first ones of the ring. */
  let taken = 0;
  const takeFrom = (ring: typeof rx): TimedFrame => {
    const at = read(ring.head);
    const s = ring.slots + (at & (ringSlots - 1)) * 4;
    const [buffer, data] = [read(s), read(s + 1)];
    const frame = {
      data: bytes.slice(data, data + read(s + 2)),
      timestampNs: host.data.getBigUint64(buffer + timestamp, true),
    };
    host.freeBuffer(buffer);
    words[ring.head] = at + 1;
    return frame;
  };
  const takeAll = (ring: typeof rx, limit = Number.POSITIVE_INFINITY): TimedFrame[] => {
    const frames: TimedFrame[] = [];
    if (ring === tx) taken = 0;
    while (frames.length < limit && read(ring.head) !== read(ring.tail)) frames.push(takeFrom(ring));
    return frames;
  };
  /** Puts a packet of so many bytes into the ring: where they go, or 0. */
  const place = (length: number, timestampNs: bigint): number => {
    const at = read(rx.tail);
    if ((at - read(rx.head)) >>> 0 >= ringSlots) return 0;
    const buffer = host.takeBuffer(length);
    if (buffer === 0) return 0;
    host.data.setBigUint64(buffer + timestamp, timestampNs, true);
    const s = rx.slots + (at & (ringSlots - 1)) * 4;
    words[s] = buffer;
    words[s + 1] = buffer + dataOffset;
    words[s + 2] = length;
    words[rx.tail] = at + 1;
    return buffer + dataOffset;
  };
  const put = (frame: Uint8Array, timestampNs: bigint): boolean => {
    const at = place(frame.length, timestampNs);
    if (at !== 0) bytes.set(frame, at);
    return at !== 0;
  };
  const checkLength = ({ length }: { readonly length: number }): void => {
    if (length > maximumLargeFrame)
      throw new RangeError(`a frame of ${length} bytes is longer than a packet can be (${maximumLargeFrame})`);
  };
  return {
    send(frames) {
      frames.forEach(checkLength);
      const refused = frames.findIndex((frame) => !put(frame, 0n));
      return refused < 0 ? frames.length : refused;
    },
    sendTimed(frames) {
      for (const { data } of frames) checkLength(data);
      const refused = frames.findIndex(({ data, timestampNs }) => !put(data, timestampNs));
      return refused < 0 ? frames.length : refused;
    },
    receive: (limit) => takeAll(tx, limit).map(({ data }) => data),
    receiveTimed: (limit) => takeAll(tx, limit),
    takeUnread: () => takeAll(rx),
    get pending() {
      return (read(tx.tail) - read(tx.head)) >>> 0;
    },
    buffer,
    place(length) {
      checkLength({ length });
      return place(length, 0n);
    },
    take(offsets, lengths) {
      const head = read(tx.head);
      taken = Math.min((read(tx.tail) - head) >>> 0, offsets.length, lengths.length);
      for (let i = 0; i < taken; i++) {
        const s = tx.slots + ((head + i) & (ringSlots - 1)) * 4;
        offsets[i] = read(s + 1);
        lengths[i] = read(s + 2);
      }
      return taken;
    },
    giveBack() {
      const head = read(tx.head);
      for (let i = 0; i < taken; i++) host.freeBuffer(read(tx.slots + ((head + i) & (ringSlots - 1)) * 4));
      words[tx.head] = head + taken;
      taken = 0;
    },
  };
}
