/** Packets that go to another buffer: copies, and those that need more room than theirs has. */
import { type Func, type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import {
  dataOffset,
  loadParts,
  maximumFrame,
  maximumLargeFrame,
  type PacketParts,
  packetDescriptor,
  packetParts,
  saveParts,
} from "../element/packet.ts";
import { routerControl, type StagedPool } from "./platform.ts";

/** A free buffer for a frame of that length, one of the pool where it fits; 0, which is counted, where there is none. */
export function bufferFor(c: FunctionBuilder, pool: StagedPool, length: I32): I32 {
  if (length.constant !== undefined)
    return length.constant <= maximumFrame ? pool.allocate(c) : pool.allocateLarge(c, length);
  const address = c.var("i32", 0, "buffer");
  c.if(
    length.leU(maximumFrame),
    () => address.set(pool.allocate(c)),
    () => address.set(pool.allocateLarge(c, length)),
  );
  return address.get();
}

/** What of a packet is copied. */
type Copied = Record<"address" | "data" | "length" | "network" | "transport", I32>;

/**
 * Copies a packet to another buffer, `data` the new place of its data: descriptor, data, and the bytes before it from `start` on,
 * which are the packet's if it is lengthened at the front.
 */
export function copyTo(c: FunctionBuilder, packet: Copied, start: I32, address: I32, data: I32): PacketParts {
  const { annotations, next } = packetDescriptor.offsets;
  for (let i: number = annotations; i < next; i += 16) c.copy16(address, packet.address, i, i);
  const shift = data.sub(packet.data);
  const to = start.add(shift);
  // Whole blocks of 16: data ends 16 bytes before its buffer does.
  c.for(0, packet.data.sub(start).add(packet.length), 16, (i) => {
    c.copy16(to.add(i), start.add(i));
  });
  const moved = (v: I32): I32 => c.select(v, v.add(shift), c.i32(0));
  const { mac } = staged(c, packetDescriptor, address);
  mac.set(moved(mac.get()));
  const words = { data, length: packet.length, network: moved(packet.network), transport: moved(packet.transport) };
  return packetParts(c, address, (word) => words[word]);
}

/**
 * Moves a packet, which is saved in its descriptor, to a buffer with so much room at its front and end, and frees its own: the
 * address, or 0. Seldom done, so that its code is there once.
 */
export function roomFunction({ module }: FunctionBuilder, pool: StagedPool, control: number): Func<"i32"> {
  return module.once("more room", () =>
    module.func("more room", { address: "i32", front: "i32", back: "i32" }, "i32", (c, { address, front, back }) => {
      const { data, length, network, transport } = staged(c, packetDescriptor, address);
      const packet = {
        address,
        data: data.get(),
        length: length.get(),
        network: network.get(),
        transport: transport.get(),
      };
      const first = address.add(packetDescriptor.size);
      const short = front.sub(packet.data.sub(first));
      const offset = packet.data.sub(address).add(c.select(short.gtS(0), short, c.i32(0)));
      const larger = c.var("i32", 0, "larger");
      c.if(
        front.leU(maximumLargeFrame).and(back.leU(maximumLargeFrame)),
        () => larger.set(bufferFor(c, pool, offset.sub(dataOffset).add(packet.length).add(back))),
        () => staged(c, routerControl, control).poolEmpty.inc(),
      );
      c.if(larger.get(), () => {
        c.store32(larger.get(), c.load32(address, packetDescriptor.offsets.frame), packetDescriptor.offsets.frame);
        saveParts(c, copyTo(c, packet, first, larger.get(), larger.get().add(offset)));
      });
      pool.free(c, address);
      return larger.get();
    }),
  );
}

/** The same for a packet in an element's hands: what it is there, its address 0 where there is no buffer. */
export function moveToRoom(
  c: FunctionBuilder,
  pool: StagedPool,
  control: number,
  parts: PacketParts,
  front: I32,
  back: I32,
): PacketParts {
  const address = c.call(roomFunction(c, pool, control), saveParts(c, parts), front, back);
  return loadParts(c, address);
}
