/** A bounded first-in first-out queue of packets, as a field of an element's state. */
import type { FieldType, FunctionBuilder, I32, I32Like } from "@clickos/codegen";
import type { Packet } from "../element/packet.ts";

export interface StagedPacketRing {
  /** How many packets are queued. */
  length(): I32;
  /** Appends the packet, or `full` gets it back. */
  push(packet: Packet, full: (packet: Packet) => void): void;
  /** Appends a packet already stored, without a check. */
  append(address: I32): void;
  /** Removes the oldest packet's address; only when the length is not zero. */
  shift(): I32;
  /** Removes the oldest packet's address, or gives 0. */
  shiftOrZero(): I32;
}

/** What the host sees of a ring. */
export interface HostPacketRing {
  readonly length: number;
}

/** Slots are a power of two, so free-running indices wrap by a mask; `capacity` bounds what is held. */
export function packetRing(capacity: number): FieldType<StagedPacketRing, HostPacketRing> {
  const slots = 2 ** Math.ceil(Math.log2(Math.max(capacity, 1)));
  const head = 0;
  const tail = 4;
  const first = 8;
  return {
    name: `packetRing[${capacity}]`,
    size: first + slots * 4,
    align: 4,
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
        shift,
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
    }),
    write() {},
  };
}
