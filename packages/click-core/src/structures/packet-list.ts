/** A list of stored packets linked through their descriptors; 12 bytes of state, any length. */
import { type FunctionBuilder, type I32, type I32Like, type StagedOf, staged } from "@clickos/codegen";
import { type Struct, struct, type U32Field, u32 } from "@clickos/layout";
import type { PlainField } from "../element/handler.ts";
import { type Packet, packetDescriptor } from "../element/packet.ts";
import type { TransferableField } from "../runtime/transfer.ts";

const list: Struct<{ head: U32Field; tail: U32Field; length: U32Field }> = struct(
  { head: u32, tail: u32, length: u32 },
  { name: "packetList" },
);

export interface StagedPacketList {
  length(): I32;
  append(packet: Packet): void;
  /** The first packet's address, left where it is, or 0. */
  first(): I32;
  /** Removes the first packet's address, or gives 0. */
  shiftOrZero(): I32;
}

/** The list on the host, while the router stands still. */
export interface HostPacketList {
  readonly length: number;
  /** Removes the first packet's address, or gives 0. */
  shiftOrZero(): number;
}

export const packetList: TransferableField<StagedPacketList, HostPacketList> & PlainField = {
  kind: "other",
  name: "packetList",
  size: list.size,
  align: 4,
  plain: { type: "u32", offset: list.offsets.length },
  stage(c: FunctionBuilder, base: I32Like, offset: number): StagedPacketList {
    const s: StagedOf<typeof list> = staged(c, list, base, offset);
    const next = packetDescriptor.offsets.next;
    return {
      length: () => s.length.get(),
      append(packet) {
        const address = packet.store();
        c.store32(address, 0, next);
        c.if(
          s.head.get().eqz(),
          () => s.head.set(address),
          () => c.store32(s.tail.get(), address, next),
        );
        s.tail.set(address);
        s.length.inc();
      },
      first: () => s.head.get(),
      shiftOrZero() {
        const first = s.head.get();
        c.if(first, () => {
          s.head.set(c.load32(first, next));
          s.length.inc(-1);
        });
        return first;
      },
    };
  },
  read(data, offset) {
    const view = list.read(data, offset);
    return {
      get length() {
        return view.length;
      },
      shiftOrZero() {
        const first = view.length === 0 ? 0 : view.head;
        if (first === 0 || first > data.byteLength - packetDescriptor.size) return 0;
        view.head = data.getUint32(first + packetDescriptor.offsets.next, true);
        view.length--;
        return first;
      },
    };
  },
  write() {},
  transfer(mover, before, fromOffset, toOffset) {
    if (before.name !== this.name) return;
    const { next } = packetDescriptor.offsets;
    let last = 0;
    let count = 0;
    let at = mover.from.getUint32(fromOffset + list.offsets.head, true);
    const length = Math.min(mover.from.getUint32(fromOffset + list.offsets.length, true), mover.mostPackets);
    for (let left = length; left > 0; left--) {
      const moved = mover.packet(at);
      at = mover.from.getUint32(at + next, true);
      if (moved === 0) continue;
      mover.to.setUint32(moved + next, 0, true);
      mover.to.setUint32(last === 0 ? toOffset + list.offsets.head : last + next, moved, true);
      last = moved;
      count++;
    }
    mover.to.setUint32(toOffset + list.offsets.tail, last, true);
    mover.to.setUint32(toOffset + list.offsets.length, count, true);
  },
};
