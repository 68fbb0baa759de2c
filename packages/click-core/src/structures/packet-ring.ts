/** A bounded first-in first-out queue of packets, as a field of an element's state. */
import type { FunctionBuilder, I32, I32Like } from "@clickos/codegen";
import type { PlainField } from "../element/handler.ts";
import type { Packet } from "../element/packet.ts";
import type { TransferableField } from "../runtime/transfer.ts";

export interface StagedPacketRing {
  /** How many packets are queued. */
  length(): I32;
  /** Appends the packet, or `full` gets it back. */
  push(packet: Packet, full: (packet: Packet) => void): void;
  /** Appends a packet already stored, without a check. */
  append(address: I32): void;
  /** Puts a packet already stored before the oldest, without a check. */
  prepend(address: I32): void;
  /** Removes the oldest packet's address; only when the length is not zero. */
  shift(): I32;
  /** Removes the newest packet's address; only when the length is not zero. */
  pop(): I32;
  /** Removes the oldest packet's address, or gives 0. */
  shiftOrZero(): I32;
  /** The oldest packet's address, left where it is; only when the length is not zero. */
  peek(): I32;
}

/** What the host sees of a ring. */
export interface HostPacketRing {
  readonly length: number;
  /** Empties the ring; the packets' addresses, for who frees them. */
  take(): number[];
}

/**
 * Slots are a power of two, so free-running indices wrap by a mask; `capacity` bounds what is held. Of a ring that is replaced by a
 * smaller one, the oldest packets stay, unless the `newest` are to.
 */
export function packetRing(
  capacity: number,
  stays: "oldest" | "newest" = "oldest",
): TransferableField<StagedPacketRing, HostPacketRing> & PlainField {
  const slots = 2 ** Math.ceil(Math.log2(Math.max(capacity, 1)));
  return {
    kind: "other",
    name: `packetRing[${capacity}]`,
    size: first + slots * 4,
    align: 4,
    plain: { type: "span", offset: head },
    stage(c: FunctionBuilder, base: I32Like, offset: number): StagedPacketRing {
      const slot = (index: I32): I32 =>
        index
          .and(slots - 1)
          .shl(2)
          .add(base);
      const length = (): I32 => c.load32(base, offset + tail).sub(c.load32(base, offset + head));
      const append = (address: I32): void => {
        const at = c.load32(base, offset + tail);
        c.store32(slot(at), address, offset + first);
        c.store32(base, at.add(1), offset + tail);
      };
      const shift = (): I32 => {
        const at = c.load32(base, offset + head);
        c.store32(base, at.add(1), offset + head);
        return c.load32(slot(at), offset + first);
      };
      return {
        length,
        append,
        prepend(address) {
          const at = c.load32(base, offset + head).sub(1);
          c.store32(slot(at), address, offset + first);
          c.store32(base, at, offset + head);
        },
        shift,
        pop() {
          const at = c.load32(base, offset + tail).sub(1);
          c.store32(base, at, offset + tail);
          return c.load32(slot(at), offset + first);
        },
        peek: () => c.load32(slot(c.load32(base, offset + head)), offset + first),
        push(packet, full) {
          c.if(
            length().geU(capacity),
            () => full(packet),
            () => append(packet.store()),
          );
        },
        shiftOrZero() {
          const result = c.var("i32", 0, "shifted");
          c.if(length(), () => result.set(shift()));
          return result.get();
        },
      };
    },
    read: (data, offset) => ({
      length: (data.getUint32(offset + tail, true) - data.getUint32(offset + head, true)) >>> 0,
      take() {
        const list = stored(data, offset, slots);
        data.setUint32(offset + head, data.getUint32(offset + tail, true), true);
        return list;
      },
    }),
    write() {},
    transfer(mover, before, fromOffset, toOffset) {
      if (!before.name.startsWith("packetRing[")) return;
      const all = stored(mover.from, fromOffset, (before.size - first) / 4);
      const list = stays === "oldest" ? all.slice(0, capacity) : all.slice(Math.max(all.length - capacity, 0));
      const moved = list.map((address) => mover.packet(address)).filter((address) => address !== 0);
      moved.forEach((address, i) => {
        mover.to.setUint32(toOffset + first + i * 4, address, true);
      });
      mover.to.setUint32(toOffset + tail, moved.length, true);
    },
  };
}

const head = 0;
const tail = 4;
const first = 8;

/** Addresses of the packets in a ring, oldest first. */
function stored(data: DataView, offset: number, slots: number): number[] {
  const from = data.getUint32(offset + head, true);
  const count = (data.getUint32(offset + tail, true) - from) >>> 0;
  return Array.from({ length: Math.min(count, slots) }, (_, i) =>
    data.getUint32(offset + first + ((from + i) & (slots - 1)) * 4, true),
  );
}
