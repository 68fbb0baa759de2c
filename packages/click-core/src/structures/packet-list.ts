/** A list of stored packets linked through their descriptors; 12 bytes of state, any length. */
import {
  type FieldType,
  type FunctionBuilder,
  type I32,
  type I32Like,
  type StagedFields,
  type Struct,
  struct,
  type U32Field,
  u32,
} from "@clickos/codegen";
import { type Packet, packetDescriptor } from "../element/packet.ts";

const list: Struct<{ head: U32Field; tail: U32Field; length: U32Field }> = struct(
  { head: u32, tail: u32, length: u32 },
  { name: "packetList" },
);

export interface StagedPacketList {
  length(): I32;
  append(packet: Packet): void;
  /** Removes the first packet's address, or gives 0. */
  shiftOrZero(): I32;
}

export const packetList: FieldType<StagedPacketList, { readonly length: number }> = {
  name: "packetList",
  size: list.size,
  align: 4,
  stage(c: FunctionBuilder, base: I32Like, offset: number): StagedPacketList {
    const s: StagedFields<(typeof list)["fields"]> = list.stage(c, base, offset);
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
  read: (data, offset) => ({ length: data.getUint32(offset + list.offsets.length, true) }),
  write() {},
};
