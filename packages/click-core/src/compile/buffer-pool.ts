/**
 * Packet buffers. Those of the pool are one behind the other: a stack has the addresses of the free ones, so that the one used
 * last is used next, and those that were never used follow one another. Large ones are blocks of the heap.
 */
import { type Func, type FunctionBuilder, type I32, type I32Like, staged } from "@clickos/codegen";
import { bufferSize, dataLimit, dataOffset, maximumLargeFrame, packetDescriptor } from "../element/packet.ts";
import { heapOf } from "./heap.ts";
import { routerControl, type StagedPool } from "./platform.ts";

/** Where a pool is. */
export interface PoolPlace {
  /** Address of the `routerControl` words. */
  readonly control: number;
  readonly freeStack: number;
  readonly base: number;
  readonly count: number;
}

/** Bytes behind the end of data: moves go by whole blocks of 16 bytes and may touch the rest of the last one. */
const guard = bufferSize - dataLimit;
const { freeCount, poolFresh } = routerControl.offsets;
const { limit } = packetDescriptor.offsets;

/** `place` is asked when code is made. */
export function bufferPool(place: () => PoolPlace): StagedPool {
  /** A buffer that was never used, or 0. In place: a call would cost the loops around it registers. */
  const fresh = (c: FunctionBuilder, result: { set(value: I32Like): void }): void => {
    const { control, base, count } = place();
    const used = c.load32(control, poolFresh);
    c.if(
      used.ltU(count),
      () => {
        c.store32(control, used.add(1), poolFresh);
        result.set(used.mul(bufferSize).add(base));
      },
      () => staged(c, routerControl, control).poolEmpty.inc(),
    );
  };
  const large = ({ module }: FunctionBuilder): Func<"i32"> =>
    module.once("large buffer", () =>
      module.func("large buffer", { bytes: "i32" }, "i32", (c, { bytes }) => {
        const result = c.var("i32", 0, "buffer");
        c.if(bytes.leU(maximumLargeFrame), () => {
          // A power of two, all of which is used.
          const least = bytes.add(dataOffset + guard);
          const size = c.i32(1).shl(c.i32(32).sub(least.sub(1).clz()));
          result.set(heapOf(c).allocate(c, size));
          c.if(result.get(), () => {
            c.store32(result.get(), size.sub(guard), limit);
            staged(c, routerControl, place().control).largeBuffers.inc();
          });
        });
        c.if(result.get().eqz(), () => staged(c, routerControl, place().control).poolEmpty.inc());
        return result.get();
      }),
    );
  const isLarge = (address: I32): I32 => {
    const { base, count } = place();
    return address.geU(base + count * bufferSize);
  };
  return {
    available: (c) => c.load32(place().control, freeCount).add(place().count).sub(c.load32(place().control, poolFresh)),
    base: (c) => c.i32(place().base),
    count: (c) => c.i32(place().count),
    isLarge: (_c, address) => isLarge(address),
    allocate: (c) => {
      const { control, freeStack } = place();
      const count = c.load32(control, freeCount);
      const result = c.var("i32", 0, "buffer");
      c.if(
        count,
        () => {
          const left = count.sub(1);
          c.store32(control, left, freeCount);
          result.set(c.load32(left.shl(2), freeStack));
        },
        () => fresh(c, result),
      );
      return result.get();
    },
    allocateLarge: (c, bytes) => c.call(large(c), bytes),
    free: (c, address) => {
      const { control, freeStack } = place();
      c.if(
        isLarge(address),
        // Its size less `guard` is between that power of two and the one before.
        () => {
          heapOf(c).freeBlock(c, address, c.i32(32).sub(c.load32(address, limit).clz()));
          staged(c, routerControl, control).largeBuffers.inc(-1);
        },
        () => {
          const count = c.load32(control, freeCount);
          c.store32(count.shl(2), address, freeStack);
          c.store32(control, count.add(1), freeCount);
        },
      );
    },
  };
}
